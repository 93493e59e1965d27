/* Calls about certificates. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/standin/standin.h"

static json_t *
number_now(const struct si_cx *cx)
{
	return json_real((double)si_now(cx->s) + 0.25);
}

static const char *
bool_param(struct si_cx *cx, const char *name)
{
	const char *v = si_query(cx, name);

	if (v == NULL || strcmp(v, "false") == 0)
		return "false";
	if (strcmp(v, "true") != 0)
		si_error(cx, 400, "InvalidRequestException", "%s must be true or false", name);
	return v;
}

static void
answer_certificate(struct si_cx *cx, const json_t *e)
{
	const char *pem = json_string_value(json_object_get(e, "certificatePem"));
	json_t *shown =
	    cx->fault == SI_TWOCERTS ? json_sprintf("%s%s", pem, pem) : json_string(pem);

	cx->out =
	    json_pack("{s:O, s:O, s:o}", "certificateArn", json_object_get(e, "certificateArn"),
		"certificateId", json_object_get(e, "certificateId"), "certificatePem", shown);
}

static void
keep(struct si_cx *cx, X509 *cert, bool active)
{
	json_t *all = json_object_get(cx->s->state, "certificates"), *e;
	json_int_t order = json_integer_value(json_object_get(cx->s->state, "nextOrder"));
	char id[65], *arn, *pem;

	si_cert_id(cert, id);
	arn = si_arn(cx, "cert", id);
	pem = si_pem(cert);
	e = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:[]}", "certificateId", id,
	    "certificateArn", arn, "certificatePem", pem, "status", active ? "ACTIVE" : "INACTIVE",
	    "creationDate", number_now(cx), "lastModifiedDate", number_now(cx), "order", order,
	    "policies");
	free(arn);
	free(pem);
	(void)json_object_set_new(all, id, e);
	(void)json_object_set_new(cx->s->state, "nextOrder", json_integer(order + 1));
	si_created(cx, e);
	answer_certificate(cx, e);
}

static void
create_from_csr(struct si_cx *cx)
{
	const char *pem = si_member(cx, "certificateSigningRequest"), *why;
	const char *active = bool_param(cx, "setAsActive");
	X509_REQ *req;
	X509 *cert;

	if (pem == NULL || cx->status != 200)
		return;
	req = si_csr(pem, &why);
	if (req == NULL) {
		si_error(cx, 400, "InvalidRequestException", "The CSR is not valid: %s", why);
		return;
	}
	cert = si_issue(&cx->s->issuer, req, cx->fault);
	if (cert != NULL)
		keep(cx, cert, strcmp(active, "true") == 0);
	else
		si_error(cx, 500, "InternalFailureException", "cannot issue");
	X509_REQ_free(req);
	X509_free(cert);
}

static void
describe(struct si_cx *cx)
{
	json_t *e = si_cert(cx, cx->arg), *d;

	if (e == NULL)
		return;
	d = json_copy(e);
	(void)json_object_del(d, "policies");
	(void)json_object_del(d, "order");
	(void)json_object_del(d, "visibleFrom");
	(void)json_object_set_new(d, "ownedBy", json_string(SI_ACCOUNT));
	(void)json_object_set_new(d, "customerVersion", json_integer(1));
	(void)json_object_set_new(d, "certificateMode", json_string("DEFAULT"));
	cx->out = json_pack("{s:o}", "certificateDescription", d);
}

static void
update(struct si_cx *cx)
{
	static const char *const settable[] = { "ACTIVE", "INACTIVE", "REVOKED" };
	const char *status = si_query(cx, "newStatus");
	json_t *e = si_cert(cx, cx->arg);

	for (size_t i = 0; e != NULL && status != NULL && i < SI_NITEMS(settable); i++)
		if (strcmp(settable[i], status) == 0) {
			(void)json_object_set_new(e, "status", json_string(status));
			(void)json_object_set_new(e, "lastModifiedDate", number_now(cx));
			si_state_save(cx->s);
			return;
		}
	if (e != NULL)
		si_error(cx, 400, "InvalidRequestException",
		    "newStatus must be ACTIVE, INACTIVE or "
		    "REVOKED");
}

static bool
has_thing(const struct si_cx *cx, const json_t *arn)
{
	const char *name;
	json_t *thing, *p;
	size_t i;

	json_object_foreach(json_object_get(cx->s->state, "things"), name, thing)
	    json_array_foreach(
		json_object_get(thing, "principals"), i, p) if (json_equal(p, arn)) return true;
	return false;
}

static void delete (struct si_cx *cx)
{
	bool force = strcmp(bool_param(cx, "forceDelete"), "true") == 0;
	json_t *e = si_cert(cx, cx->arg);

	if (e == NULL || cx->status != 200)
		return;
	if (strcmp(json_string_value(json_object_get(e, "status")), "ACTIVE") == 0)
		si_error(cx, 406, "CertificateStateException",
		    "Certificate must be deactivated (not ACTIVE) before deletion. id: %s",
		    cx->arg);
	else if (json_array_size(json_object_get(e, "policies")) != 0 && !force)
		si_error(cx, 409, "DeleteConflictException",
		    "Certificate policies must be detached before deletion. id: %s", cx->arg);
	else if (has_thing(cx, json_object_get(e, "certificateArn")))
		si_error(cx, 409, "DeleteConflictException",
		    "Things must be detached before deletion. id: %s", cx->arg);
	else
		(void)json_object_del(json_object_get(cx->s->state, "certificates"), cx->arg);
	si_state_save(cx->s);
}

/* By order of creation; the state's own order is by ID. */
static void
list(struct si_cx *cx)
{
	bool ascending = strcmp(bool_param(cx, "isAscendingOrder"), "true") == 0;
	json_t *all = json_object_get(cx->s->state, "certificates"), *items = json_array(), *e;
	json_int_t top = json_integer_value(json_object_get(cx->s->state, "nextOrder"));
	const char *id;

	for (json_int_t k = 0; k < top; k++)
		json_object_foreach(all, id, e)
		{
			if (json_integer_value(json_object_get(e, "order")) !=
			    (ascending ? k : top - 1 - k))
				continue;
			(void)json_array_append_new(
			    items, json_pack("{s:O, s:O, s:O, s:s, s:O}", "certificateArn",
				       json_object_get(e, "certificateArn"), "certificateId",
				       json_object_get(e, "certificateId"), "status",
				       json_object_get(e, "status"), "certificateMode", "DEFAULT",
				       "creationDate", json_object_get(e, "creationDate")));
		}
	si_page(cx, items, "certificates", "pageSize", "marker", "nextMarker");
}

const struct si_call si_cert_calls[] = {
	{ "CreateCertificateFromCsr", "POST", "/certificates", "setAsActive",
	    "certificateSigningRequest", NULL, create_from_csr },
	{ "ListCertificates", "GET", "/certificates", "pageSize marker isAscendingOrder", NULL,
	    NULL, list },
	{ "DescribeCertificate", "GET", "/certificates/{}", "", NULL, NULL, describe },
	{ "UpdateCertificate", "PUT", "/certificates/{}", "newStatus", NULL, NULL, update },
	{ "DeleteCertificate", "DELETE", "/certificates/{}", "forceDelete", NULL, NULL, delete },
	{ .name = NULL },
};
