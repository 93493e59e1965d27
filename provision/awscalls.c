/* The calls of provisioning, as a table and one function each; see aws.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/awscall.h"
#include "provision/awserr.h"
#include "provision/msg.h"

/* HTTP as in the service model; %s is the path argument. */
static const struct call calls[] = {
	[CALL_GET_CALLER_IDENTITY] = { "GetCallerIdentity", "POST", "/", CALL_STS },
	[CALL_GET_POLICY] = { "GetPolicy", "GET", "/policies/%s", CALL_FINDS },
	[CALL_CREATE_POLICY] = { "CreatePolicy", "POST", "/policies/%s",
	    CALL_CREATES | CALL_EXISTS },
	[CALL_DELETE_POLICY] = { "DeletePolicy", "DELETE", "/policies/%s", CALL_VOID | CALL_UNDO },
	[CALL_CREATE_THING] = { "CreateThing", "POST", "/things/%s",
	    CALL_CREATES | CALL_EXISTS | CALL_NEEDS },
	[CALL_DESCRIBE_THING] = { "DescribeThing", "GET", "/things/%s", CALL_FINDS },
	[CALL_UPDATE_THING] = { "UpdateThing", "PATCH", "/things/%s",
	    CALL_VOID | CALL_NEEDS | CALL_VERSION },
	[CALL_DELETE_THING] = { "DeleteThing", "DELETE", "/things/%s",
	    CALL_VOID | CALL_UNDO | CALL_VERSION },
	[CALL_CREATE_THING_TYPE] = { "CreateThingType", "POST", "/thing-types/%s",
	    CALL_CREATES | CALL_EXISTS },
	[CALL_DESCRIBE_THING_TYPE] = { "DescribeThingType", "GET", "/thing-types/%s", CALL_FINDS },
	[CALL_CREATE_THING_GROUP] = { "CreateThingGroup", "POST", "/thing-groups/%s",
	    CALL_CREATES | CALL_EXISTS },
	[CALL_DESCRIBE_THING_GROUP] = { "DescribeThingGroup", "GET", "/thing-groups/%s",
	    CALL_FINDS },
	[CALL_ADD_THING_TO_THING_GROUP] = { "AddThingToThingGroup", "PUT",
	    "/thing-groups/addThingToThingGroup", CALL_VOID | CALL_NEEDS },
	[CALL_REMOVE_THING_FROM_THING_GROUP] = { "RemoveThingFromThingGroup", "PUT",
	    "/thing-groups/removeThingFromThingGroup", CALL_VOID | CALL_UNDO },
	[CALL_LIST_THING_GROUPS_FOR_THING] = { "ListThingGroupsForThing", "GET",
	    "/things/%s/thing-groups", CALL_NEEDS },
	[CALL_CREATE_CERTIFICATE_FROM_CSR] = { "CreateCertificateFromCsr", "POST", "/certificates",
	    CALL_ONCE | CALL_CREATES },
	[CALL_DESCRIBE_CERTIFICATE] = { "DescribeCertificate", "GET", "/certificates/%s",
	    CALL_FINDS },
	[CALL_UPDATE_CERTIFICATE] = { "UpdateCertificate", "PUT", "/certificates/%s",
	    CALL_VOID | CALL_NEEDS },
	[CALL_DELETE_CERTIFICATE] = { "DeleteCertificate", "DELETE", "/certificates/%s",
	    CALL_VOID | CALL_UNDO },
	[CALL_LIST_CERTIFICATES] = { "ListCertificates", "GET", "/certificates", 0 },
	[CALL_REGISTER_CERTIFICATE] = { "RegisterCertificate", "POST", "/certificate/register",
	    CALL_CREATES | CALL_EXISTS },
	[CALL_REGISTER_CERTIFICATE_WITHOUT_CA] = { "RegisterCertificateWithoutCA", "POST",
	    "/certificate/register-no-ca", CALL_CREATES | CALL_EXISTS },
	[CALL_ATTACH_POLICY] = { "AttachPolicy", "PUT", "/target-policies/%s",
	    CALL_VOID | CALL_NEEDS },
	[CALL_DETACH_POLICY] = { "DetachPolicy", "POST", "/target-policies/%s",
	    CALL_VOID | CALL_UNDO },
	[CALL_ATTACH_THING_PRINCIPAL] = { "AttachThingPrincipal", "PUT", "/things/%s/principals",
	    CALL_VOID | CALL_NEEDS },
	[CALL_DETACH_THING_PRINCIPAL] = { "DetachThingPrincipal", "DELETE", "/things/%s/principals",
	    CALL_VOID | CALL_UNDO },
	[CALL_LIST_ATTACHED_POLICIES] = { "ListAttachedPolicies", "POST", "/attached-policies/%s",
	    CALL_NEEDS },
	[CALL_LIST_PRINCIPAL_THINGS] = { "ListPrincipalThings", "GET", "/principals/things",
	    CALL_NEEDS },
	[CALL_LIST_THING_PRINCIPALS] = { "ListThingPrincipals", "GET", "/things/%s/principals",
	    CALL_NEEDS },
	[CALL_GET_REGISTRATION_CODE] = { "GetRegistrationCode", "GET", "/registrationcode", 0 },
	[CALL_REGISTER_CA_CERTIFICATE] = { "RegisterCACertificate", "POST", "/cacertificate",
	    CALL_CREATES | CALL_EXISTS },
	[CALL_DESCRIBE_CA_CERTIFICATE] = { "DescribeCACertificate", "GET", "/cacertificate/%s",
	    CALL_FINDS | CALL_NEEDS },
	[CALL_UPDATE_CA_CERTIFICATE] = { "UpdateCACertificate", "PUT", "/cacertificate/%s",
	    CALL_VOID | CALL_NEEDS },
	[CALL_DELETE_CA_CERTIFICATE] = { "DeleteCACertificate", "DELETE", "/cacertificate/%s",
	    CALL_VOID | CALL_UNDO },
	[CALL_LIST_CA_CERTIFICATES] = { "ListCACertificates", "GET", "/cacertificates", 0 },
	[CALL_LIST_CERTIFICATES_BY_CA] = { "ListCertificatesByCA", "GET", "/certificates-by-ca/%s",
	    CALL_FINDS },
	[CALL_DESCRIBE_PROVISIONING_TEMPLATE] = { "DescribeProvisioningTemplate", "GET",
	    "/provisioning-templates/%s", CALL_FINDS },
	[CALL_DESCRIBE_ENDPOINT] = { "DescribeEndpoint", "GET", "/endpoint", 0 },
};

const struct call *
aws_call(enum call_id id)
{
	return &calls[id];
}

const char *
aws_text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

bool
aws_take_text(const json_t *o, const char *name, char **out)
{
	const char *s = aws_text(o, name);

	*out = s != NULL ? strdup(s) : NULL;
	return *out != NULL;
}

enum aws_result
aws_simple(struct aws *a, enum call_id id, const struct call_args *args)
{
	struct call_reply reply;
	enum aws_result res = aws_do(a, id, args, &reply);

	call_reply_clear(&reply);
	return res;
}

enum aws_result
aws_one_text(
    struct aws *a, enum call_id id, const struct call_args *args, const char *name, char **out)
{
	struct call_reply reply;
	enum aws_result res = aws_do(a, id, args, &reply);
	char why[64];

	*out = NULL;
	(void)snprintf(why, sizeof(why), "no \"%s\" in it", name);
	if (res == AWS_OK && !aws_take_text(reply.json, name, out))
		res = aws_unusable(a, id, args, why);
	call_reply_clear(&reply);
	return res;
}

enum aws_result
aws_with_body(struct aws *a, enum call_id id, struct call_args *args, const char *what)
{
	enum aws_result res;

	if (args->body == NULL) {
		prov_error("%s: the %s is not UTF-8 text", aws_call(id)->name, what);
		return AWS_FAILED;
	}
	res = aws_simple(a, id, args);
	json_decref(args->body);
	return res;
}

/* JSON of the same nesting as the XML, when STS honours our Accept header. */
static bool
take_account(const char *text, char account[13])
{
	json_t *root = json_loads(text, 0, NULL);
	const json_t *o = json_object_get(
	    json_object_get(root, "GetCallerIdentityResponse"), "GetCallerIdentityResult");
	const char *s = aws_text(o, "Account");
	bool ok;

	if (s != NULL)
		ok = snprintf(account, 13, "%s", s) == 12;
	else
		ok = aws_xml_text(text, "Account", account, 13);
	json_decref(root);
	return ok && strspn(account, "0123456789") == 12;
}

enum aws_result
aws_caller_account(struct aws *a, char account[13])
{
	static const struct call_args args;
	struct call_reply reply;
	enum aws_result res = aws_do(a, CALL_GET_CALLER_IDENTITY, &args, &reply);

	account[0] = '\0';
	if (res == AWS_OK && !take_account(reply.text, account))
		res = aws_unusable(a, CALL_GET_CALLER_IDENTITY, &args, "no account number in it");
	call_reply_clear(&reply);
	return res;
}

enum aws_result
aws_get_policy(struct aws *a, const char *name, char **document)
{
	return aws_one_text(
	    a, CALL_GET_POLICY, &(struct call_args){ .path = name }, "policyDocument", document);
}

enum aws_result
aws_create_policy(struct aws *a, const char *name, const char *document)
{
	return aws_with_body(a, CALL_CREATE_POLICY,
	    &(struct call_args){
		.path = name, .body = json_pack("{s:s}", "policyDocument", document) },
	    "policy document");
}

enum aws_result
aws_delete_policy(struct aws *a, const char *name)
{
	return aws_simple(a, CALL_DELETE_POLICY, &(struct call_args){ .path = name });
}

void
aws_cert_clear(struct aws_cert *c)
{
	free(c->arn);
	free(c->pem);
	memset(c, 0, sizeof(*c));
}

const char *
aws_take_cert(const json_t *o, bool with_pem, struct aws_cert *out)
{
	const char *id = aws_text(o, "certificateId"), *status = aws_text(o, "status");
	size_t arn_len;

	memset(out, 0, sizeof(*out));
	if (id == NULL || !aws_cert_id_ok(id))
		return "certificateId is not 64 hex digits";
	(void)snprintf(out->id, sizeof(out->id), "%s", id);
	if (!aws_take_text(o, "certificateArn", &out->arn) || !aws_arn_ok(out->arn))
		return "no certificateArn in it";
	arn_len = strlen(out->arn);
	if (arn_len < sizeof(out->id) || strcmp(out->arn + arn_len - 64, id) != 0)
		return "certificateArn is not that of certificateId";
	if (with_pem && !aws_take_text(o, "certificatePem", &out->pem))
		return "no certificatePem in it";
	if (status != NULL)
		(void)snprintf(out->status, sizeof(out->status), "%s", status);
	out->created = json_number_value(json_object_get(o, "creationDate"));
	return NULL;
}

/* The documentation does not promise it, so a difference is told and no more. */
static void
compare_id(const struct aws_cert *c, const char *digest)
{
	if (strcmp(c->id, digest) != 0)
		prov_warn("certificate %s: its SHA-256 is %s, not its ID", c->id, digest);
}

enum aws_result
aws_create_certificate(struct aws *a, const char *csr_pem, struct aws_cert *out)
{
	struct call_args args = { .query[0] = { "setAsActive", "false" },
		.body = json_pack("{s:s}", "certificateSigningRequest", csr_pem) };
	struct call_reply reply;
	enum aws_result res;
	const char *why;
	char digest[65];

	memset(out, 0, sizeof(*out));
	if (args.body == NULL) {
		prov_error("the certificate signing request is not UTF-8 text");
		return AWS_FAILED;
	}
	res = aws_do(a, CALL_CREATE_CERTIFICATE_FROM_CSR, &args, &reply);
	json_decref(args.body);
	if (res == AWS_OK) {
		why = aws_take_cert(reply.json, true, out);
		if (why == NULL)
			why = aws_cert_pem_check(out->pem, digest);
		/* A certificate was issued, but which one this answer does not say. */
		if (why != NULL) {
			prov_warn("CreateCertificateFromCsr: the answer cannot be used: %s "
				  "(request id %s)",
			    why, a->request_id[0] != '\0' ? a->request_id : "not given");
			aws_cert_clear(out);
			res = AWS_UNKNOWN;
		} else {
			compare_id(out, digest);
		}
	}
	call_reply_clear(&reply);
	return res;
}

enum aws_result
aws_describe_certificate(struct aws *a, const char *id, struct aws_cert *out)
{
	struct call_args args = { .path = id };
	struct call_reply reply;
	enum aws_result res = aws_do(a, CALL_DESCRIBE_CERTIFICATE, &args, &reply);
	const char *why = NULL;

	memset(out, 0, sizeof(*out));
	if (res == AWS_OK)
		why =
		    aws_take_cert(json_object_get(reply.json, "certificateDescription"), true, out);
	if (why == NULL && res == AWS_OK && strcmp(out->id, id) != 0)
		why = "it is about another certificate";
	if (why != NULL) {
		aws_cert_clear(out);
		res = aws_unusable(a, CALL_DESCRIBE_CERTIFICATE, &args, why);
	}
	call_reply_clear(&reply);
	return res;
}

enum aws_result
aws_update_certificate(struct aws *a, const char *id, const char *status)
{
	return aws_simple(a, CALL_UPDATE_CERTIFICATE,
	    &(struct call_args){ .path = id, .query[0] = { "newStatus", status } });
}

enum aws_result
aws_delete_certificate(struct aws *a, const char *id)
{
	return aws_simple(a, CALL_DELETE_CERTIFICATE, &(struct call_args){ .path = id });
}

static enum aws_result
policy_link(struct aws *a, enum call_id id, const char *policy, const char *arn)
{
	return aws_with_body(a, id,
	    &(struct call_args){ .path = policy, .body = json_pack("{s:s}", "target", arn) },
	    "certificate ARN");
}

enum aws_result
aws_attach_policy(struct aws *a, const char *policy, const char *cert_arn)
{
	return policy_link(a, CALL_ATTACH_POLICY, policy, cert_arn);
}

enum aws_result
aws_detach_policy(struct aws *a, const char *policy, const char *cert_arn)
{
	return policy_link(a, CALL_DETACH_POLICY, policy, cert_arn);
}

static enum aws_result
thing_link(struct aws *a, enum call_id id, const char *thing, const char *arn)
{
	if (!aws_arn_ok(arn)) {
		prov_error("\"%s\" is no certificate ARN", arn);
		return AWS_FAILED;
	}
	return aws_simple(a, id, &(struct call_args){ .path = thing, .principal = arn });
}

enum aws_result
aws_attach_thing(struct aws *a, const char *thing, const char *cert_arn)
{
	return thing_link(a, CALL_ATTACH_THING_PRINCIPAL, thing, cert_arn);
}

enum aws_result
aws_detach_thing(struct aws *a, const char *thing, const char *cert_arn)
{
	return thing_link(a, CALL_DETACH_THING_PRINCIPAL, thing, cert_arn);
}

enum aws_result
aws_data_endpoint(struct aws *a, char **host)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	const struct call_args args = { .query[0] = { "endpointType", "iot:Data-ATS" } };
	enum aws_result res =
	    aws_one_text(a, CALL_DESCRIBE_ENDPOINT, &args, "endpointAddress", host);

	if (res != AWS_OK || (**host != '\0' && (*host)[strspn(*host, allowed)] == '\0'))
		return res;
	free(*host);
	*host = NULL;
	return aws_unusable(a, CALL_DESCRIBE_ENDPOINT, &args, "endpointAddress is no host name");
}
