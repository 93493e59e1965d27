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
	AWS_NOT_FOUND, /* aws_get_policy, aws_describe_*, aws_list_certificates_of_ca */
	AWS_EXISTS,    /* aws_create_*, aws_register_*: something (for certificates: it) is there */
	AWS_CHANGED,   /* aws_update_thing, aws_delete_thing: not the version that was expected */
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

/* Whether the last call failed because it was refused: trying it again would not help. */
bool aws_refused(const struct aws *a);

const char *aws_region(const struct aws *a);
const char *aws_partition(const struct aws *a);

/*
 * Local checks with a message that names the bad character: 1..128 of [a-zA-Z0-9:_-] for things,
 * of [a-zA-Z0-9_+=,.@-] for policies, there not "." or "..".
 */
bool aws_thing_name_ok(const char *name);
bool aws_policy_name_ok(const char *name);
/* As things; 1..36 of [a-zA-Z0-9_-] for templates. */
bool aws_type_name_ok(const char *name);
bool aws_group_name_ok(const char *name);
bool aws_template_name_ok(const char *name);
/* Name 1..128 of [a-zA-Z0-9_.,@/:#-], value up to 800 of these and [=[]]. */
bool aws_attribute_ok(const char *name, const char *value);
#define AWS_ATTRIBUTES       3 /* of a thing without a type */
#define AWS_ATTRIBUTES_TYPED 50

/* STS GetCallerIdentity; account: 12 digits and NUL. */
enum aws_result aws_caller_account(struct aws *a, char account[13]);

enum aws_result aws_get_policy(struct aws *a, const char *name, char **document);
enum aws_result aws_create_policy(struct aws *a, const char *name, const char *document);
/* It must not be attached to anything. */
enum aws_result aws_delete_policy(struct aws *a, const char *name);

struct aws_pair {
	char *name;
	char *value;
};

struct aws_thing {
	char *arn;
	char *type;                  /* NULL: none */
	struct aws_pair *attributes; /* in the order of their names */
	size_t nattributes;
	long long version;
};
void aws_thing_clear(struct aws_thing *t);

/* Same name, type and attributes: AWS_OK. type may be NULL. */
enum aws_result aws_create_thing_as(struct aws *a, const char *name, const char *type,
    const struct aws_pair *attributes, size_t nattributes, char **arn);
enum aws_result aws_create_thing(struct aws *a, const char *name, char **arn);
enum aws_result aws_get_thing(struct aws *a, const char *name, struct aws_thing *out);
enum aws_result aws_describe_thing(struct aws *a, const char *name, char **arn);
/*
 * The type becomes this one, or stays for NULL. The attributes are added; those with the value ""
 * go. Nothing happens unless the thing has the version expected; 0: any. After AWS_CHANGED read it
 * again: a first try whose answer was lost may have done it.
 */
enum aws_result aws_update_thing(struct aws *a, const char *name, const char *type,
    const struct aws_pair *attributes, size_t nattributes, long long expected);
/* It must have no certificate attached. expected as above. */
enum aws_result aws_delete_thing(struct aws *a, const char *name, long long expected);

enum aws_result aws_create_thing_type(struct aws *a, const char *name);
enum aws_result aws_describe_thing_type(struct aws *a, const char *name, bool *deprecated);

/* Static groups. */
enum aws_result aws_create_group(struct aws *a, const char *name);
enum aws_result aws_describe_group(struct aws *a, const char *name);
enum aws_result aws_add_to_group(struct aws *a, const char *thing, const char *group);
enum aws_result aws_remove_from_group(struct aws *a, const char *thing, const char *group);

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
 * A certificate that somebody else has issued. ca_pem: its CA's, needed when several of the
 * account's CAs have that subject, else NULL. Of out id and arn are set, for AWS_EXISTS too; there
 * the status may be another.
 */
enum aws_result aws_register_certificate(
    struct aws *a, const char *pem, const char *ca_pem, bool active, struct aws_cert *out);
/* Its CA need not be known; the device must send SNI. */
enum aws_result aws_register_certificate_without_ca(
    struct aws *a, const char *pem, bool active, struct aws_cert *out);

/*
 * Newest first through all pages; visit gets each (no pem) and returns false to stop early.
 */
enum aws_result aws_list_certificates(
    struct aws *a, bool (*visit)(const struct aws_cert *c, void *arg), void *arg);

enum aws_result aws_attach_policy(struct aws *a, const char *policy, const char *cert_arn);
enum aws_result aws_detach_policy(struct aws *a, const char *policy, const char *cert_arn);
enum aws_result aws_attach_thing(struct aws *a, const char *thing, const char *cert_arn);
enum aws_result aws_detach_thing(struct aws *a, const char *thing, const char *cert_arn);

/* The account's certificates of one of its CAs, as above. */
enum aws_result aws_list_certificates_of_ca(struct aws *a, const char *ca_id,
    bool (*visit)(const struct aws_cert *c, void *arg), void *arg);

/* Names (of principals: ARNs), through all pages; visit returns false to stop early. */
enum aws_result aws_list_thing_principals(
    struct aws *a, const char *thing, bool (*visit)(const char *arn, void *arg), void *arg);
enum aws_result aws_list_thing_groups(
    struct aws *a, const char *thing, bool (*visit)(const char *name, void *arg), void *arg);
enum aws_result aws_list_attached_policies(
    struct aws *a, const char *cert_arn, bool (*visit)(const char *name, void *arg), void *arg);
enum aws_result aws_list_principal_things(
    struct aws *a, const char *cert_arn, bool (*visit)(const char *name, void *arg), void *arg);

/* CAs of the account's own. The code is the common name of a certificate that proves possession. */
enum aws_result aws_registration_code(struct aws *a, char code[65]);

struct aws_ca_wanted {
	const char *pem;
	const char *verification;  /* PEM; NULL: SNI_ONLY */
	bool auto_registration;    /* at a device's first connection */
	const char *template_name; /* NULL: none */
};

struct aws_ca {
	char id[65];
	char *arn;
	char *pem;           /* NULL from a list */
	char status[16];     /* "ACTIVE", "INACTIVE" */
	char *template_name; /* NULL: none by name */
	bool auto_registration, sni_only;
	bool mode_told; /* else sni_only says nothing */
	double created;
};
void aws_ca_clear(struct aws_ca *c);

/* ACTIVE at once. id is set for AWS_EXISTS too. */
enum aws_result aws_register_ca(struct aws *a, const struct aws_ca_wanted *w, char id[65]);
enum aws_result aws_describe_ca(struct aws *a, const char *id, struct aws_ca *out);
/* What of status and template is NULL stays. */
enum aws_result aws_update_ca(struct aws *a, const char *id, const char *status,
    bool auto_registration, const char *template_name);
/* It must be INACTIVE. */
enum aws_result aws_delete_ca(struct aws *a, const char *id);
enum aws_result aws_list_cas(
    struct aws *a, bool (*visit)(const struct aws_ca *c, void *arg), void *arg);

struct aws_template {
	char *body;
	char type[24]; /* "FLEET_PROVISIONING", "JITP" */
	bool enabled;
};
void aws_template_clear(struct aws_template *t);
enum aws_result aws_describe_template(struct aws *a, const char *name, struct aws_template *out);

/* Which calls these credentials may make: tried, without a change to anything and without a word.
 */
enum aws_probe_result {
	AWS_PROBE_ALLOWED,
	AWS_PROBE_DENIED,
	AWS_PROBE_THROTTLED, /* not known */
	AWS_PROBE_FAILED,    /* not known: why */
	AWS_PROBE_SKIPPED,   /* it would change something */
};
struct aws_probe {
	enum aws_probe_result result;
	char action[96]; /* "iot:GetPolicy" */
	char why[928];   /* what the answer said */
};
/* Rights may be limited to names: those that the user means. */
struct aws_probe_names {
	const char *account;
	const char *policy, *thing;
	bool thing_is_there; /* found out on the way: what would change it is not tried */
};
/* i from 0; false: that was the last one. */
bool aws_probe(struct aws *a, size_t i, struct aws_probe_names *names, struct aws_probe *out);

/* endpointType=iot:Data-ATS: the host devices connect to. */
enum aws_result aws_data_endpoint(struct aws *a, char **host);

#endif
