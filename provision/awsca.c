/* CAs of the account's own, certificates of others, provisioning templates; see aws.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/awscall.h"
#include "provision/msg.h"

enum aws_result
aws_registration_code(struct aws *a, char code[65])
{
	static const char allowed[] =
	    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
	static const struct call_args args;
	char *text = NULL;
	enum aws_result res =
	    aws_one_text(a, CALL_GET_REGISTRATION_CODE, &args, "registrationCode", &text);

	code[0] = '\0';
	/* 64 hex digits; a common name takes that and no more. */
	if (res == AWS_OK &&
	    (text[0] == '\0' || strlen(text) > 64 || text[strspn(text, allowed)] != '\0'))
		res = aws_unusable(
		    a, CALL_GET_REGISTRATION_CODE, &args, "it cannot be a common name");
	else if (res == AWS_OK)
		(void)snprintf(code, 65, "%s", text);
	free(text);
	return res;
}

/* The id of something that is registered: of the answer, of the error, or, since that is how ids
 * are made, of the certificate itself. */
static const char *
registered_id(const json_t *reply, enum aws_result res, const char *own)
{
	const char *id = aws_text(reply, res == AWS_OK ? "certificateId" : "resourceId");

	if (id != NULL && aws_cert_id_ok(id))
		return id;
	return res == AWS_OK ? NULL : own;
}

enum aws_result
aws_register_ca(struct aws *a, const struct aws_ca_wanted *w, char id[65])
{
	struct call_args args = {
		.body = json_pack("{s:s, s:s*, s:s*}", "caCertificate", w->pem,
		    "verificationCertificate", w->verification, "certificateMode",
		    w->verification == NULL ? "SNI_ONLY" : NULL),
		.query = { { "allowAutoRegistration", w->auto_registration ? "true" : "false" },
		    { "setAsActive", "true" } },
	};
	struct call_reply reply;
	enum aws_result res;
	const char *given;
	char own[65];

	id[0] = '\0';
	if (args.body == NULL || aws_cert_pem_check(w->pem, own) != NULL) {
		prov_error(
		    "RegisterCACertificate: the CA certificate is no PEM of one certificate");
		json_decref(args.body);
		return AWS_FAILED;
	}
	args.about = own;
	if (w->template_name != NULL)
		(void)json_object_set_new(args.body, "registrationConfig",
		    json_pack("{s:s}", "templateName", w->template_name));
	res = aws_do(a, CALL_REGISTER_CA_CERTIFICATE, &args, &reply);
	if (res == AWS_OK || res == AWS_EXISTS) {
		given = registered_id(reply.json, res, own);
		if (given == NULL)
			res = aws_unusable(
			    a, CALL_REGISTER_CA_CERTIFICATE, &args, "no certificateId in it");
		else
			(void)snprintf(id, 65, "%s", given);
	}
	json_decref(args.body);
	call_reply_clear(&reply);
	return res;
}

void
aws_ca_clear(struct aws_ca *c)
{
	free(c->arn);
	free(c->pem);
	free(c->template_name);
	memset(c, 0, sizeof(*c));
}

static bool
is_text(const json_t *o, const char *name, const char *wanted)
{
	const char *s = aws_text(o, name);

	return s != NULL && strcmp(s, wanted) == 0;
}

const char *
aws_take_ca(const json_t *o, bool with_pem, struct aws_ca *out)
{
	const char *id = aws_text(o, "certificateId"), *status = aws_text(o, "status");

	memset(out, 0, sizeof(*out));
	if (id == NULL || !aws_cert_id_ok(id))
		return "certificateId is not 64 hex digits";
	(void)snprintf(out->id, sizeof(out->id), "%s", id);
	if (!aws_take_text(o, "certificateArn", &out->arn) || !aws_arn_ok(out->arn))
		return "no certificateArn in it";
	if (with_pem && !aws_take_text(o, "certificatePem", &out->pem))
		return "no certificatePem in it";
	if (status == NULL)
		return "no status in it";
	(void)snprintf(out->status, sizeof(out->status), "%s", status);
	out->auto_registration = is_text(o, "autoRegistrationStatus", "ENABLE");
	out->mode_told = aws_text(o, "certificateMode") != NULL;
	out->sni_only = is_text(o, "certificateMode", "SNI_ONLY");
	out->created = json_number_value(json_object_get(o, "creationDate"));
	return NULL;
}

enum aws_result
aws_describe_ca(struct aws *a, const char *id, struct aws_ca *out)
{
	struct call_args args = { .path = id };
	struct call_reply reply;
	enum aws_result res = aws_do(a, CALL_DESCRIBE_CA_CERTIFICATE, &args, &reply);
	const char *why = NULL;
	const json_t *config;

	memset(out, 0, sizeof(*out));
	if (res == AWS_OK)
		why = aws_take_ca(json_object_get(reply.json, "certificateDescription"), true, out);
	if (why == NULL && res == AWS_OK && strcmp(out->id, id) != 0)
		why = "it is about another CA certificate";
	config = json_object_get(reply.json, "registrationConfig");
	if (why == NULL && json_is_string(json_object_get(config, "templateName")) &&
	    !aws_take_text(config, "templateName", &out->template_name))
		why = "out of memory";
	if (why != NULL) {
		aws_ca_clear(out);
		res = aws_unusable(a, CALL_DESCRIBE_CA_CERTIFICATE, &args, why);
	}
	call_reply_clear(&reply);
	return res;
}

enum aws_result
aws_update_ca(struct aws *a, const char *id, const char *status, bool auto_registration,
    const char *template_name)
{
	struct call_args args = {
		.path = id,
		.query = { { "newAutoRegistrationStatus",
			       auto_registration ? "ENABLE" : "DISABLE" },
		    { "newStatus", status } },
		.body = json_object(),
	};

	if (template_name != NULL)
		(void)json_object_set_new(args.body, "registrationConfig",
		    json_pack("{s:s}", "templateName", template_name));
	return aws_with_body(a, CALL_UPDATE_CA_CERTIFICATE, &args, "template name");
}

enum aws_result
aws_delete_ca(struct aws *a, const char *id)
{
	return aws_simple(a, CALL_DELETE_CA_CERTIFICATE, &(struct call_args){ .path = id });
}

/* ARNs of one account and region differ in their ends alone; the error may not give it. */
static const char *
take_registered(const json_t *reply, enum aws_result res, const char *own, struct aws_cert *out)
{
	const char *id = registered_id(reply, res, own);
	const char *arn = res == AWS_OK ? "certificateArn" : "resourceArn";

	if (id == NULL)
		return "no certificateId in it";
	(void)snprintf(out->id, sizeof(out->id), "%s", id);
	if (aws_take_text(reply, arn, &out->arn) && aws_arn_ok(out->arn))
		return NULL;
	free(out->arn);
	out->arn = NULL;
	return res == AWS_OK ? "no certificateArn in it" : NULL;
}

/* When the error has no ARN, the description has. */
static enum aws_result
complete(struct aws *a, struct aws_cert *out)
{
	struct aws_cert whole;
	enum aws_result res = aws_describe_certificate(a, out->id, &whole);

	if (res == AWS_OK) {
		out->arn = whole.arn;
		whole.arn = NULL;
	}
	aws_cert_clear(&whole);
	if (res == AWS_NOT_FOUND) {
		prov_error(
		    "AWS IoT says that the certificate %s exists, and that it does not", out->id);
		prov_hint("it may be registered in another account or region");
		res = AWS_FAILED;
	}
	return res == AWS_OK ? AWS_EXISTS : res;
}

static enum aws_result
register_certificate(
    struct aws *a, enum call_id id, const char *pem, json_t *body, struct aws_cert *out)
{
	struct call_args args = { .body = body };
	struct call_reply reply;
	enum aws_result res;
	const char *why;
	char own[65];

	memset(out, 0, sizeof(*out));
	if (body == NULL || aws_cert_pem_check(pem, own) != NULL) {
		prov_error("%s: the certificate is no PEM of one certificate", aws_call(id)->name);
		json_decref(body);
		return AWS_FAILED;
	}
	args.about = own;
	res = aws_do(a, id, &args, &reply);
	json_decref(body);
	if (res == AWS_OK || res == AWS_EXISTS) {
		why = take_registered(reply.json, res, own, out);
		if (why != NULL)
			res = aws_unusable(a, id, &args, why);
	}
	call_reply_clear(&reply);
	if (res == AWS_EXISTS && out->arn == NULL)
		res = complete(a, out);
	if (res != AWS_OK && res != AWS_EXISTS)
		aws_cert_clear(out);
	return res;
}

enum aws_result
aws_register_certificate(
    struct aws *a, const char *pem, const char *ca_pem, bool active, struct aws_cert *out)
{
	return register_certificate(a, CALL_REGISTER_CERTIFICATE, pem,
	    json_pack("{s:s, s:s*, s:s}", "certificatePem", pem, "caCertificatePem", ca_pem,
		"status", active ? "ACTIVE" : "INACTIVE"),
	    out);
}

enum aws_result
aws_register_certificate_without_ca(
    struct aws *a, const char *pem, bool active, struct aws_cert *out)
{
	return register_certificate(a, CALL_REGISTER_CERTIFICATE_WITHOUT_CA, pem,
	    json_pack(
		"{s:s, s:s}", "certificatePem", pem, "status", active ? "ACTIVE" : "INACTIVE"),
	    out);
}

void
aws_template_clear(struct aws_template *t)
{
	free(t->body);
	memset(t, 0, sizeof(*t));
}

enum aws_result
aws_describe_template(struct aws *a, const char *name, struct aws_template *out)
{
	struct call_args args = { .path = name };
	struct call_reply reply;
	enum aws_result res = aws_do(a, CALL_DESCRIBE_PROVISIONING_TEMPLATE, &args, &reply);
	const char *type = aws_text(reply.json, "type");

	memset(out, 0, sizeof(*out));
	/* Templates are older than their types: none means what all were then. */
	(void)snprintf(
	    out->type, sizeof(out->type), "%s", type != NULL ? type : "FLEET_PROVISIONING");
	out->enabled = json_is_true(json_object_get(reply.json, "enabled"));
	if (res == AWS_OK && !aws_take_text(reply.json, "templateBody", &out->body))
		res = aws_unusable(
		    a, CALL_DESCRIBE_PROVISIONING_TEMPLATE, &args, "no templateBody in it");
	call_reply_clear(&reply);
	return res;
}
