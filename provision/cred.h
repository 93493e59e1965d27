/*
 * Who calls AWS, where: credentials, region and endpoint, found where users of the AWS command line
 * keep them (environment, ~/.aws/config, ~/.aws/credentials).
 *
 * Functions that return bool have said why (prov_error, prov_hint) when they return false. Strings
 * from getters belong to the configuration.
 */
#ifndef PROVISION_CRED_H
#define PROVISION_CRED_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Both files and the chosen profile. */
struct cred_conf;

/* profile: from the command line, or NULL. Then the keys of the environment are not used. */
bool cred_conf_open(const char *profile, struct cred_conf **cp);
void cred_conf_close(struct cred_conf **cp);

/* A variable of the environment; set but empty counts as not set: NULL. */
const char *cred_env(const char *name);

/* A key of the profile; the credentials file wins. Empty counts as not there: NULL. */
const char *cred_conf_get(const struct cred_conf *c, const char *key);
/* The same of [services NAME] that the profile points to, in the block of one service. */
const char *cred_conf_service(const struct cred_conf *c, const char *service, const char *key);

/* The variable, or else the key. */
const char *cred_setting(const struct cred_conf *c, const char *env, const char *key);
bool cred_switch(const struct cred_conf *c, const char *env, const char *key);

struct cred {
	char *access_key;
	char *secret_key;
	char *token;      /* NULL: none */
	time_t expires;   /* 0: does not say */
	bool renewable;   /* a process gave them and can give new ones */
	char source[256]; /* where they are from, for people */
};

bool cred_load(const struct cred_conf *c, struct cred *out);
void cred_clear(struct cred *cr);

/* Runs a credential_process (words as in a shell, no shell), at most limit seconds. */
bool cred_process(const char *command, unsigned int limit, struct cred *out);

/* Region: option, AWS_REGION, AWS_DEFAULT_REGION, profile; checked. NULL: said why. */
const char *cred_region(const struct cred_conf *c, const char *option);

/* The second field of ARNs, by region: "aws", "aws-cn", ... */
const char *cred_partition(const char *region);

enum cred_service {
	CRED_IOT,
	CRED_STS,
};

/*
 * scheme://host[:port][/prefix] without a slash at the end, malloc'ed; NULL: said why. option is
 * --endpoint-url: it is STS's too unless the host is one of Amazon's own, which serve one service.
 */
char *cred_endpoint(
    const struct cred_conf *c, enum cred_service service, const char *option, const char *region);

/* File of trusted certificates, NULL: the system's. False: said why. */
bool cred_ca_bundle(const struct cred_conf *c, const char *option, const char **file);

/* AWS_MAX_ATTEMPTS or max_attempts, else 3. False: said why. */
bool cred_max_attempts(const struct cred_conf *c, unsigned int *n);

#endif
