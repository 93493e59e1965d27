/*
 * AWS IoT Core and STS: one function per call that provisioning makes (API version 2015-05-28,
 * REST-JSON; service model "iot-2015-05-28"). Retries of throttled and failed requests that may
 * be repeated, clock correction and error decoding happen here; the order of calls does not.
 *
 * Functions return AWS_OK or the reason; a failed call has said why, with prov_error and
 * prov_hint, unless the result is one that callers decide on: AWS_NOT_FOUND, AWS_EXISTS,
 * AWS_UNKNOWN, each from the calls named below alone. Strings given back are malloc'ed, for the
 * caller to free; NULL on failure. Undoing what is not there (delete, detach) is AWS_OK. "Not
 * found" of something that this run has just created is repeated for some seconds.
 */
#ifndef PROVISION_AWS_H
#define PROVISION_AWS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct aws;

enum aws_result {
	AWS_OK,
	AWS_NOT_FOUND, /* aws_get_policy, aws_describe_thing, aws_describe_certificate */
	AWS_EXISTS,    /* aws_create_policy, aws_create_thing: something else has the name */
	AWS_UNKNOWN,   /* aws_create_certificate: one may have been issued; warned why */
	AWS_FAILED,    /* said why; a call that is safe to repeat may have taken effect */
};

/* The command line's part, NULL: not given; the rest comes from the environment and ~/.aws. */
struct aws_options {
	const char *profile;
	const char *region;
	const char *endpoint_url; /* plain http only to loopback */
	const char *ca_bundle;
};

/*
 * Resolves credentials, region and endpoint; sends nothing. AWS_FAILED has said what is missing and
 * where to put it. opts may be NULL.
 */
enum aws_result aws_open(const struct aws_options *opts, struct aws **awsp);

/* Wipes the secrets and frees. */
void aws_close(struct aws **awsp);

const char *aws_region(const struct aws *a);
const char *aws_partition(const struct aws *a);

/*
 * Local checks with a message that names the bad character: 1..128 of [a-zA-Z0-9:_-] for things,
 * of [a-zA-Z0-9_+=,.@-] for policies, there not "." or "..".
 */
bool aws_thing_name_ok(const char *name);
bool aws_policy_name_ok(const char *name);

/* STS GetCallerIdentity; account: 12 digits and NUL. */
enum aws_result aws_caller_account(struct aws *a, char account[13]);

enum aws_result aws_get_policy(struct aws *a, const char *name, char **document);
enum aws_result aws_create_policy(struct aws *a, const char *name, const char *document);

/* Same name and configuration: AWS_OK. */
enum aws_result aws_create_thing(struct aws *a, const char *name, char **arn);
enum aws_result aws_describe_thing(struct aws *a, const char *name, char **arn);

struct aws_cert {
	char id[65];
	char *arn;
	char *pem;       /* NULL from a list */
	char status[24]; /* "ACTIVE", "INACTIVE", ... "" when the call does not tell */
	double created;  /* seconds since 1970 */
};
void aws_cert_clear(struct aws_cert *c);

/* Not idempotent; never repeated here unless nothing can have been issued. setAsActive=false
 * always. */
enum aws_result aws_create_certificate(struct aws *a, const char *csr_pem, struct aws_cert *out);
enum aws_result aws_describe_certificate(struct aws *a, const char *id, struct aws_cert *out);
enum aws_result aws_update_certificate(struct aws *a, const char *id, const char *status);
enum aws_result aws_delete_certificate(struct aws *a, const char *id);

/*
 * Newest first through all pages; visit gets each (no pem) and returns false to stop early.
 */
enum aws_result aws_list_certificates(
    struct aws *a, bool (*visit)(const struct aws_cert *c, void *arg), void *arg);

enum aws_result aws_attach_policy(struct aws *a, const char *policy, const char *cert_arn);
enum aws_result aws_detach_policy(struct aws *a, const char *policy, const char *cert_arn);
enum aws_result aws_attach_thing(struct aws *a, const char *thing, const char *cert_arn);
enum aws_result aws_detach_thing(struct aws *a, const char *thing, const char *cert_arn);

/* Names, through all pages; visit returns false to stop early. */
enum aws_result aws_list_attached_policies(
    struct aws *a, const char *cert_arn, bool (*visit)(const char *name, void *arg), void *arg);
enum aws_result aws_list_principal_things(
    struct aws *a, const char *cert_arn, bool (*visit)(const char *name, void *arg), void *arg);

/* endpointType=iot:Data-ATS: the host devices connect to. */
enum aws_result aws_data_endpoint(struct aws *a, char **host);

#endif
