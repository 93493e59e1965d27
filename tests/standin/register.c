/* Calls that make certificates of others known, and about provisioning templates. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "tests/standin/standin.h"

/* The certificate and the status it is to have; NULL has answered. */
static X509 *
asked(struct si_cx *cx, const char **status)
{
	const char *why = NULL;
	X509 *cert = si_read_cert(si_member(cx, "certificatePem"), &why);
	json_t *there;
	char id[65];

	*status = si_member(cx, "status");
	if (*status == NULL)
		*status = "INACTIVE";
	if (strcmp(*status, "ACTIVE") != 0 && strcmp(*status, "INACTIVE") != 0)
		si_error(cx, 400, "InvalidRequestException", "status must be ACTIVE or INACTIVE");
	if (cert != NULL)
		why = si_key_problem(X509_get0_pubkey(cert));
	if (why != NULL)
		si_error(cx, 400, "CertificateValidationException", "%s", why);
	else if (cert != NULL) {
		si_cert_id(cert, id);
		there = json_object_get(si_table(cx, "certificates"), id);
		if (there != NULL)
			si_exists(cx, "Certificate", id, json_object_get(there, "certificateArn"));
	}
	if (cx->status == 200)
		return cert;
	X509_free(cert);
	return NULL;
}

static void
keep(struct si_cx *cx, X509 *cert, const char *status, json_t *more)
{
	si_keep_cert(cx, cert, status, more);
	(void)json_object_del(cx->out, "certificatePem");
}

static bool
issued(const json_t *ca_entry, X509 *cert)
{
	const char *why;
	X509 *ca =
	    si_read_cert(json_string_value(json_object_get(ca_entry, "certificatePem")), &why);
	bool yes = ca != NULL &&
		   X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(ca)) == 0 &&
		   X509_verify(cert, X509_get0_pubkey(ca)) == 1;

	ERR_clear_error();
	X509_free(ca);
	return yes;
}

static unsigned int
cas_named(struct si_cx *cx, const X509_NAME *name)
{
	unsigned int n = 0;
	const char *id, *why;
	json_t *e;

	json_object_foreach(si_table(cx, "cas"), id, e)
	{
		X509 *ca =
		    si_read_cert(json_string_value(json_object_get(e, "certificatePem")), &why);

		n += X509_NAME_cmp(X509_get_subject_name(ca), name) == 0;
		X509_free(ca);
	}
	return n;
}

/* The registered CA that issued it; NULL has answered. */
static json_t *
issuer_of(struct si_cx *cx, X509 *cert)
{
	const char *given = si_member(cx, "caCertificatePem"), *id, *why = "";
	X509 *ca = given != NULL ? si_read_cert(given, &why) : NULL;
	json_t *e, *found = NULL;
	char ca_id[65] = "";

	if (given != NULL && ca == NULL)
		si_error(cx, 400, "CertificateValidationException", "caCertificatePem: %s", why);
	if (ca != NULL)
		si_cert_id(ca, ca_id);
	X509_free(ca);
	if (given == NULL && cas_named(cx, X509_get_issuer_name(cert)) > 1)
		si_error(cx, 409, "CertificateConflictException",
		    "several CAs have this subject: caCertificatePem is needed");
	json_object_foreach(si_table(cx, "cas"), id,
	    e) if (issued(e, cert) && (given == NULL || strcmp(id, ca_id) == 0)) found = e;
	if (found == NULL)
		si_error(cx, 400, "CertificateValidationException",
		    "no CA certificate is registered that has signed this certificate");
	else if (strcmp(json_string_value(json_object_get(found, "status")), "ACTIVE") != 0)
		si_error(cx, 406, "CertificateStateException", "the CA certificate is not ACTIVE");
	return cx->status == 200 ? found : NULL;
}

static void
register_certificate(struct si_cx *cx)
{
	const char *status;
	X509 *cert = asked(cx, &status);
	json_t *ca = cert != NULL ? issuer_of(cx, cert) : NULL;

	if (ca != NULL)
		keep(cx, cert, status,
		    json_pack("{s:O, s:O}", "caCertificateId", json_object_get(ca, "certificateId"),
			"certificateMode", json_object_get(ca, "certificateMode")));
	X509_free(cert);
}

static void
register_without_ca(struct si_cx *cx)
{
	const char *status;
	X509 *cert = asked(cx, &status);

	if (cert != NULL)
		keep(cx, cert, status, json_pack("{s:s}", "certificateMode", "SNI_ONLY"));
	X509_free(cert);
}

static void
create_template(struct si_cx *cx)
{
	const char *name = si_member(cx, "templateName"), *type = si_member(cx, "type");
	json_t *body = json_loads(si_member(cx, "templateBody"), 0, NULL), *e;
	char *arn;

	if (strlen(name) > 36 || strchr(name, ':') != NULL)
		si_error(cx, 400, "InvalidRequestException", "templateName is not valid");
	if (!json_is_object(body) || strlen(si_member(cx, "templateBody")) > 10240)
		si_error(cx, 400, "InvalidRequestException", "templateBody is not valid");
	if (type != NULL && strcmp(type, "JITP") != 0 && strcmp(type, "FLEET_PROVISIONING") != 0)
		si_error(cx, 400, "InvalidRequestException", "type is not valid");
	json_decref(body);
	e = json_object_get(si_table(cx, "templates"), name);
	if (e != NULL)
		si_exists(cx, "Provisioning template", name, json_object_get(e, "templateArn"));
	if (cx->status != 200 || !si_name_ok(cx, name, "templateName"))
		return;
	arn = si_arn(cx, "provisioningtemplate", name);
	e = json_copy(cx->body);
	(void)json_object_set_new(e, "templateArn", json_string(arn));
	(void)json_object_set_new(e, "defaultVersionId", json_integer(1));
	(void)json_object_set_new(e, "creationDate", si_time(cx));
	if (type == NULL)
		(void)json_object_set_new(e, "type", json_string("FLEET_PROVISIONING"));
	if (json_object_get(e, "enabled") == NULL)
		(void)json_object_set_new(e, "enabled", json_false());
	(void)json_object_set_new(si_table(cx, "templates"), name, e);
	si_created(cx, e);
	cx->out = json_pack(
	    "{s:s, s:s, s:i}", "templateArn", arn, "templateName", name, "defaultVersionId", 1);
	free(arn);
}

static void
describe_template(struct si_cx *cx)
{
	json_t *e = si_find(cx, "templates", cx->arg, "Provisioning template");

	if (e == NULL)
		return;
	cx->out = json_copy(e);
	(void)json_object_del(cx->out, "visibleFrom");
	(void)json_object_del(cx->out, "tags");
}

const struct si_call si_register_calls[] = {
	{ "RegisterCertificate", "POST", "/certificate/register", "setAsActive",
	    "certificatePem* caCertificatePem status", NULL, register_certificate },
	{ "RegisterCertificateWithoutCA", "POST", "/certificate/register-no-ca", "",
	    "certificatePem* status", NULL, register_without_ca },
	{ "CreateProvisioningTemplate", "POST", "/provisioning-templates", "",
	    "templateName* templateBody* provisioningRoleArn* description enabled type "
	    "preProvisioningHook tags",
	    NULL, create_template },
	{ "DescribeProvisioningTemplate", "GET", "/provisioning-templates/{}", "", NULL, NULL,
	    describe_template },
	{ .name = NULL },
};
