/*
 * Inside of the aws*.c files: one request with its retries, and the calls as a table.
 */
#ifndef PROVISION_AWSCALL_H
#define PROVISION_AWSCALL_H

#include <stdbool.h>
#include <time.h>

#include <jansson.h>

#include "provision/aws.h"
#include "provision/cred.h"
#include "provision/http.h"

struct aws {
	struct cred_conf *conf;
	struct cred cred;
	struct http *http;
	char *region;
	char *endpoint;        /* AWS IoT */
	char *endpoint_option; /* NULL: none given */
	unsigned int max_attempts;
	time_t clock_offset; /* the server's time minus ours */
	bool clock_corrected;
	char request_id[128]; /* of the last answer */
	bool refused;         /* the last call was, for good */
	time_t created_at;    /* when this run last created something, monotonic; 0: never */
};

enum call_id {
	CALL_GET_CALLER_IDENTITY,
	CALL_GET_POLICY,
	CALL_CREATE_POLICY,
	CALL_DELETE_POLICY,
	CALL_CREATE_THING,
	CALL_DESCRIBE_THING,
	CALL_UPDATE_THING,
	CALL_DELETE_THING,
	CALL_CREATE_THING_TYPE,
	CALL_DESCRIBE_THING_TYPE,
	CALL_CREATE_THING_GROUP,
	CALL_DESCRIBE_THING_GROUP,
	CALL_ADD_THING_TO_THING_GROUP,
	CALL_REMOVE_THING_FROM_THING_GROUP,
	CALL_LIST_THING_GROUPS_FOR_THING,
	CALL_CREATE_CERTIFICATE_FROM_CSR,
	CALL_DESCRIBE_CERTIFICATE,
	CALL_UPDATE_CERTIFICATE,
	CALL_DELETE_CERTIFICATE,
	CALL_LIST_CERTIFICATES,
	CALL_REGISTER_CERTIFICATE,
	CALL_REGISTER_CERTIFICATE_WITHOUT_CA,
	CALL_ATTACH_POLICY,
	CALL_DETACH_POLICY,
	CALL_ATTACH_THING_PRINCIPAL,
	CALL_DETACH_THING_PRINCIPAL,
	CALL_LIST_ATTACHED_POLICIES,
	CALL_LIST_PRINCIPAL_THINGS,
	CALL_LIST_THING_PRINCIPALS,
	CALL_GET_REGISTRATION_CODE,
	CALL_REGISTER_CA_CERTIFICATE,
	CALL_DESCRIBE_CA_CERTIFICATE,
	CALL_UPDATE_CA_CERTIFICATE,
	CALL_DELETE_CA_CERTIFICATE,
	CALL_LIST_CA_CERTIFICATES,
	CALL_LIST_CERTIFICATES_BY_CA,
	CALL_DESCRIBE_PROVISIONING_TEMPLATE,
	CALL_DESCRIBE_ENDPOINT,
	CALL_COUNT,
};

enum call_flags {
	CALL_VOID = 1,      /* answers nothing, with an empty body or {} */
	CALL_ONCE = 2,      /* must not run twice unnoticed */
	CALL_CREATES = 4,   /* what it makes may stay invisible to other calls for seconds */
	CALL_NEEDS = 8,     /* uses what this run may just have created */
	CALL_UNDO = 16,     /* "not found" means done */
	CALL_STS = 32,      /* a form to AWS STS, the answer is text */
	CALL_FINDS = 64,    /* "not found" is an answer for the caller */
	CALL_EXISTS = 128,  /* "already exists" is an answer for the caller */
	CALL_VERSION = 256, /* "another version" is an answer for the caller */
};

struct call {
	const char *name;
	const char *method;
	const char *path; /* %s: the encoded path argument */
	unsigned int flags;
};

const struct call *aws_call(enum call_id id);

#define CALL_QUERY_MAX 3

struct call_args {
	const char *path;      /* NULL: the path has no argument */
	const char *about;     /* whom messages name; NULL: path, or nobody */
	const char *principal; /* NULL: no x-amzn-principal header */
	json_t *body;          /* NULL: none; the caller's */
	struct {
		const char *name;
		const char *value; /* NULL: left out */
	} query[CALL_QUERY_MAX];
};

struct call_reply {
	json_t *json; /* NULL for CALL_VOID and CALL_STS; of AWS_EXISTS the error, or NULL */
	char *text;   /* CALL_STS alone */
};

/* Clear the reply in every case. */
enum aws_result aws_do(
    struct aws *a, enum call_id id, const struct call_args *args, struct call_reply *reply);
void call_reply_clear(struct call_reply *reply);

/* A call whose answer does not matter. */
enum aws_result aws_simple(struct aws *a, enum call_id id, const struct call_args *args);
/* The same with args->body, which it takes; what: the text in it that may be no UTF-8. */
enum aws_result aws_with_body(
    struct aws *a, enum call_id id, struct call_args *args, const char *what);
/* A call that answers one string that matters. */
enum aws_result aws_one_text(
    struct aws *a, enum call_id id, const struct call_args *args, const char *name, char **out);
/* A member that must be a string; NULL: it is not. */
const char *aws_text(const json_t *o, const char *name);
/* Copies the member to *out; false: missing, of another type, or no memory. */
bool aws_take_text(const json_t *o, const char *name, char **out);

/* An answer that says yes but not what it must: said, AWS_FAILED. */
enum aws_result aws_unusable(
    struct aws *a, enum call_id id, const struct call_args *args, const char *why);

/* The address of a call, everything encoded; malloc'ed. NULL: no memory. */
char *aws_make_url(const struct call *call, const struct call_args *args, const char *endpoint);

/* Signs for now and sends once. body: NULL for none. */
enum http_result aws_send(struct aws *a, const struct call *call, const struct call_args *args,
    const char *url, const char *body, struct http_answer *ans);

/*
 * One certificate of an answer, to be cleared in every case. Returns NULL, or what is wrong with
 * it.
 */
const char *aws_take_cert(const json_t *o, bool with_pem, struct aws_cert *out);

/* The same for one of the account's CAs. */
const char *aws_take_ca(const json_t *o, bool with_pem, struct aws_ca *out);

/* What is wrong with a PEM that must hold exactly one certificate; NULL: nothing. id: 64 hex, of
 * its DER. */
const char *aws_cert_pem_check(const char *pem, char id[65]);

/* 1..128 printable characters without blanks: goes into headers. */
bool aws_arn_ok(const char *arn);
bool aws_cert_id_ok(const char *id);

#endif
