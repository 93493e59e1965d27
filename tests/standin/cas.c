/* Calls about CAs of the account's own, and about the templates they and fleets may name. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tests/standin/standin.h"

#define PER_SUBJECT 10

static const char code[] = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

static void
registration_code(struct si_cx *cx)
{
	cx->out = json_pack("{s:s}", "registrationCode", code);
}

static void
bad_certificate(struct si_cx *cx, const char *why)
{
	si_error(cx, 400, "CertificateValidationException", "%s", why);
}

/* Its common name is the registration code, and the CA's key has signed it. */
static void
check_verification(struct si_cx *cx, X509 *ca, const char *pem)
{
	const char *why;
	X509 *cert = si_read_cert(pem, &why);
	char name[80] = "";

	if (cert == NULL) {
		bad_certificate(cx, why);
		return;
	}
	(void)X509_NAME_get_text_by_NID(
	    X509_get_subject_name(cert), NID_commonName, name, sizeof(name));
	if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(ca)) != 0 ||
	    X509_verify(cert, X509_get0_pubkey(ca)) != 1)
		bad_certificate(cx, "the verification certificate is not signed by the CA's key");
	else if (X509_cmp_current_time(X509_get0_notBefore(cert)) >= 0 ||
		 X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
		bad_certificate(cx, "the verification certificate is not valid now");
	else if (strcmp(name, code) != 0)
		si_error(cx, 400, "RegistrationCodeValidationException",
		    "the common name of the verification certificate is not the registration code");
	ERR_clear_error();
	X509_free(cert);
}

static void
check_ca(struct si_cx *cx, X509 *ca)
{
	const char *why = si_key_problem(X509_get0_pubkey(ca));

	if (X509_get_extension_flags(ca) & EXFLAG_INVALID || X509_check_ca(ca) != 1)
		bad_certificate(cx, "the CA certificate lacks basicConstraints CA:TRUE");
	else if (why != NULL)
		bad_certificate(cx, why);
	else if (X509_cmp_current_time(X509_get0_notAfter(ca)) <= 0)
		bad_certificate(cx, "the CA certificate has expired");
}

/* templateName, or templateBody with roleArn. */
static void
check_config(struct si_cx *cx, const json_t *config)
{
	const char *name = json_string_value(json_object_get(config, "templateName")), *type;
	const json_t *body = json_object_get(config, "templateBody"), *t;

	if (config == NULL)
		return;
	if (name == NULL && (body == NULL || json_object_get(config, "roleArn") == NULL)) {
		si_error(cx, 400, "InvalidRequestException",
		    "registrationConfig needs templateName, or templateBody and roleArn");
		return;
	}
	if (name == NULL)
		return;
	t = si_find(cx, "templates", name, "Provisioning template");
	type = json_string_value(json_object_get(t, "type"));
	if (body != NULL)
		si_error(cx, 400, "InvalidRequestException",
		    "templateName and templateBody exclude each other");
	else if (type != NULL && strcmp(type, "JITP") != 0)
		si_error(
		    cx, 400, "InvalidRequestException", "template %s is not of type JITP", name);
}

static void
check_subject(struct si_cx *cx, X509 *ca)
{
	const char *id, *why;
	unsigned int same = 0;
	json_t *e;

	json_object_foreach(si_table(cx, "cas"), id, e)
	{
		X509 *other =
		    si_read_cert(json_string_value(json_object_get(e, "certificatePem")), &why);

		same += X509_NAME_cmp(X509_get_subject_name(other), X509_get_subject_name(ca)) == 0;
		X509_free(other);
	}
	if (same >= PER_SUBJECT)
		si_error(cx, 410, "LimitExceededException", "too many CAs have this subject");
}

static void
keep_ca(struct si_cx *cx, X509 *ca, const char *mode)
{
	json_t *config = json_object_get(cx->body, "registrationConfig"), *e;
	char id[65], *arn, *pem = si_pem(ca);

	si_cert_id(ca, id);
	arn = si_arn(cx, "cacert", id);
	e = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "certificateId", id, "certificateArn",
	    arn, "certificatePem", pem, "status",
	    si_flag(cx, "setAsActive") ? "ACTIVE" : "INACTIVE", "autoRegistrationStatus",
	    si_flag(cx, "allowAutoRegistration") ? "ENABLE" : "DISABLE", "certificateMode", mode,
	    "creationDate", si_time(cx));
	if (config != NULL)
		(void)json_object_set(e, "registrationConfig", config);
	cx->out = json_pack("{s:s, s:s}", "certificateArn", arn, "certificateId", id);
	(void)json_object_set_new(si_table(cx, "cas"), id, e);
	si_created(cx, e);
	free(arn);
	free(pem);
}

static void
register_ca(struct si_cx *cx)
{
	const char *verification = si_member(cx, "verificationCertificate"), *why;
	const char *mode = si_member(cx, "certificateMode");
	bool sni = mode != NULL && strcmp(mode, "SNI_ONLY") == 0;
	X509 *ca = si_read_cert(si_member(cx, "caCertificate"), &why);
	const json_t *there;
	char id[65];

	if (ca == NULL) {
		bad_certificate(cx, why);
		return;
	}
	si_cert_id(ca, id);
	there = json_object_get(si_table(cx, "cas"), id);
	if (mode != NULL && !sni && strcmp(mode, "DEFAULT") != 0)
		si_error(cx, 400, "InvalidRequestException", "certificateMode is not valid");
	else if (sni && verification != NULL)
		si_error(cx, 400, "InvalidRequestException",
		    "SNI_ONLY excludes a verification certificate");
	else if (!sni && verification == NULL)
		si_error(cx, 400, "InvalidRequestException", "verificationCertificate is required");
	check_ca(cx, ca);
	if (verification != NULL)
		check_verification(cx, ca, verification);
	check_config(cx, json_object_get(cx->body, "registrationConfig"));
	if (there != NULL)
		si_exists(cx, "CA certificate", id, json_object_get(there, "certificateArn"));
	check_subject(cx, ca);
	(void)si_flag(cx, "setAsActive");
	(void)si_flag(cx, "allowAutoRegistration");
	if (cx->status == 200)
		keep_ca(cx, ca, sni ? "SNI_ONLY" : "DEFAULT");
	X509_free(ca);
}

static void
describe(struct si_cx *cx)
{
	json_t *e = si_find(cx, "cas", cx->arg, "CA certificate"), *d;

	if (e == NULL)
		return;
	d = json_copy(e);
	(void)json_object_del(d, "visibleFrom");
	(void)json_object_del(d, "registrationConfig");
	(void)json_object_set_new(d, "ownedBy", json_string(SI_ACCOUNT));
	(void)json_object_set_new(d, "customerVersion", json_integer(1));
	cx->out = json_pack("{s:o, s:O*}", "certificateDescription", d, "registrationConfig",
	    json_object_get(e, "registrationConfig"));
}

/* Sets one of two words, if it was given. */
static void
set_word(struct si_cx *cx, json_t *e, const char *param, const char *member, const char *one,
    const char *other)
{
	const char *v = si_query(cx, param);

	if (v == NULL)
		return;
	if (strcmp(v, one) != 0 && strcmp(v, other) != 0)
		si_error(cx, 400, "InvalidRequestException", "%s is not valid", param);
	else
		(void)json_object_set_new(e, member, json_string(v));
}

static void
update(struct si_cx *cx)
{
	json_t *e = si_find(cx, "cas", cx->arg, "CA certificate"), *config;

	config = json_object_get(cx->body, "registrationConfig");
	check_config(cx, config);
	if (cx->status != 200)
		return;
	set_word(cx, e, "newStatus", "status", "ACTIVE", "INACTIVE");
	set_word(cx, e, "newAutoRegistrationStatus", "autoRegistrationStatus", "ENABLE", "DISABLE");
	if (config != NULL)
		(void)json_object_set(e, "registrationConfig", config);
	if (json_is_true(json_object_get(cx->body, "removeAutoRegistration")))
		(void)json_object_del(e, "registrationConfig");
	si_state_save(cx->s);
}

static void delete (struct si_cx *cx)
{
	const json_t *e = si_find(cx, "cas", cx->arg, "CA certificate");

	if (e == NULL)
		return;
	if (strcmp(json_string_value(json_object_get(e, "status")), "ACTIVE") == 0) {
		si_error(cx, 406, "CertificateStateException",
		    "CA certificate must be INACTIVE before deletion. id: %s", cx->arg);
		return;
	}
	(void)json_object_del(si_table(cx, "cas"), cx->arg);
	si_state_save(cx->s);
	cx->out = json_object();
}

static void
list(struct si_cx *cx)
{
	const char *id, *template = si_query(cx, "templateName"), *has;
	json_t *items = json_array(), *e;

	(void)si_flag(cx, "isAscendingOrder");
	json_object_foreach(si_table(cx, "cas"), id, e)
	{
		has = json_string_value(
		    json_object_get(json_object_get(e, "registrationConfig"), "templateName"));
		if (template != NULL && (has == NULL || strcmp(has, template) != 0))
			continue;
		(void)json_array_append_new(items,
		    json_pack("{s:O, s:O, s:O, s:O}", "certificateArn",
			json_object_get(e, "certificateArn"), "certificateId",
			json_object_get(e, "certificateId"), "status", json_object_get(e, "status"),
			"creationDate", json_object_get(e, "creationDate")));
	}
	si_page(cx, items, "certificates", "pageSize", "marker", "nextMarker");
}

static void
list_by_ca(struct si_cx *cx)
{
	si_list_certs(cx, cx->arg);
}

const struct si_call si_ca_calls[] = {
	{ "GetRegistrationCode", "GET", "/registrationcode", "", NULL, NULL, registration_code },
	{ "RegisterCACertificate", "POST", "/cacertificate", "setAsActive allowAutoRegistration",
	    "caCertificate* verificationCertificate certificateMode registrationConfig tags", NULL,
	    register_ca },
	{ "DescribeCACertificate", "GET", "/cacertificate/{}", "", NULL, NULL, describe },
	{ "UpdateCACertificate", "PUT", "/cacertificate/{}", "newStatus newAutoRegistrationStatus",
	    "registrationConfig removeAutoRegistration", NULL, update },
	{ "DeleteCACertificate", "DELETE", "/cacertificate/{}", "", NULL, NULL, delete },
	{ "ListCACertificates", "GET", "/cacertificates",
	    "pageSize marker isAscendingOrder templateName", NULL, NULL, list },
	{ "ListCertificatesByCA", "GET", "/certificates-by-ca/{}",
	    "pageSize marker isAscendingOrder", NULL, NULL, list_by_ca },
	{ .name = NULL },
};
