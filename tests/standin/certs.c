/* Calls about certificates. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/standin/standin.h"

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

void
si_keep_cert(struct si_cx *cx, X509 *cert, const char *status, json_t *more)
{
	json_t *all = si_table(cx, "certificates"), *e;
	json_int_t order = json_integer_value(json_object_get(cx->s->state, "nextOrder"));
	char id[65], *arn, *pem;

	si_cert_id(cert, id);
	arn = si_arn(cx, "cert", id);
	pem = si_pem(cert);
	e = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:[], s:s}", "certificateId", id,
	    "certificateArn", arn, "certificatePem", pem, "status", status, "creationDate",
	    si_time(cx), "lastModifiedDate", si_time(cx), "order", order, "policies",
	    "certificateMode", "DEFAULT");
	if (more != NULL)
		(void)json_object_update(e, more);
	json_decref(more);
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
	bool active = si_flag(cx, "setAsActive");
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
		si_keep_cert(cx, cert, active ? "ACTIVE" : "INACTIVE", NULL);
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
			(void)json_object_set_new(e, "lastModifiedDate", si_time(cx));
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
	bool force = si_flag(cx, "forceDelete");
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

static bool
is_of_ca(const json_t *e, const char *ca)
{
	const char *of = json_string_value(json_object_get(e, "caCertificateId"));

	return of != NULL && strcmp(of, ca) == 0;
}

/* The state's own order is by ID. */
void
si_list_certs(struct si_cx *cx, const char *ca)
{
	bool ascending = si_flag(cx, "isAscendingOrder");
	json_t *all = si_table(cx, "certificates"), *items = json_array(), *e;
	json_int_t top = json_integer_value(json_object_get(cx->s->state, "nextOrder"));
	const char *id;

	for (json_int_t k = 0; k < top; k++)
		json_object_foreach(all, id, e)
		{
			if (json_integer_value(json_object_get(e, "order")) !=
			    (ascending ? k : top - 1 - k))
				continue;
			if (ca != NULL && !is_of_ca(e, ca))
				continue;
			(void)json_array_append_new(
			    items, json_pack("{s:O, s:O, s:O, s:O, s:O}", "certificateArn",
				       json_object_get(e, "certificateArn"), "certificateId",
				       json_object_get(e, "certificateId"), "status",
				       json_object_get(e, "status"), "certificateMode",
				       json_object_get(e, "certificateMode"), "creationDate",
				       json_object_get(e, "creationDate")));
		}
	si_page(cx, items, "certificates", "pageSize", "marker", "nextMarker");
}

static void
list(struct si_cx *cx)
{
	si_list_certs(cx, NULL);
}

const struct si_call si_cert_calls[] = {
	{ "CreateCertificateFromCsr", "POST", "/certificates", "setAsActive",
	    "certificateSigningRequest*", NULL, create_from_csr },
	{ "ListCertificates", "GET", "/certificates", "pageSize marker isAscendingOrder", NULL,
	    NULL, list },
	{ "DescribeCertificate", "GET", "/certificates/{}", "", NULL, NULL, describe },
	{ "UpdateCertificate", "PUT", "/certificates/{}", "newStatus", NULL, NULL, update },
	{ "DeleteCertificate", "DELETE", "/certificates/{}", "forceDelete", NULL, NULL, delete },
	{ .name = NULL },
};
