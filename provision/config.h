/*
 * The configuration file (.jsn): what the request says, which key slot, which thing and policy.
 * The format is that of the vendor's provisioning scripts; their files work unchanged.
 */
#ifndef PROVISION_CONFIG_H
#define PROVISION_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_type {
	KEY_EC,
	KEY_RSA,
};

struct curve {
	const char *name;  /* SEC 2, RFC 5639 */
	const char *other; /* another common name */
	int nid;           /* OpenSSL's number */
	unsigned int bits;
	bool aws; /* AWS IoT takes keys on it (aws-iot 8.1) */
};

struct hash {
	const char *name;
	unsigned int bits;
};

/* A key slot of the chip and the names users know it by. */
struct slot {
	const char *name;
	uint16_t key_oid;
	uint16_t cert_oid; /* 0: its certificate's number names another slot */
	enum key_type type;
};

/* A field of the subject, with the limits of X.520 and RFC 5280, appendix A. */
struct subject_field {
	const char *member; /* in the configuration */
	const char *other;  /* another spelling of it */
	int nid;
	size_t max; /* characters */
	size_t min;
};
#define SUBJECT_MAX 8

struct config {
	char *path;
	char *subject[SUBJECT_MAX]; /* UTF-8, by row of the field table; NULL: not given */
	enum key_type type;
	const struct curve *curve; /* EC */
	unsigned int rsa_bits;     /* RSA */
	const struct slot *slot;
	const struct hash *hash;
	char *thing; /* NULL with policy: no aws_iot_config */
	char *policy;
};

/* Reads and checks a file. NULL: every mistake found was named on stderr. */
struct config *config_load(const char *path);
void config_free(struct config **cp);

/* Whether AWS IoT takes keys of this kind; and also whether there is a thing and a policy. Say what
 * is wrong. */
bool config_key_fits_aws(const struct config *c);
bool config_fits_aws(const struct config *c);

/* "P-256" style name of the configured key, for people. */
const char *config_key_name(const struct config *c);

/* The tables. A row past the last is NULL. */
const struct curve *curve_row(size_t i);
const struct hash *hash_row(size_t i);
const struct slot *slot_row(size_t i);
const struct subject_field *subject_row(size_t i);

/* By any of its names, in any case; NULL: unknown. */
const struct curve *curve_by_name(const char *name);
const struct hash *hash_by_name(const char *name);
const struct slot *slot_by_name(const char *name);

/* As slot_by_name; says what is wrong with a name, where it was found. */
const struct slot *slot_parse(const char *where, const char *name);

/* "secp256r1, secp384r1, ...", for hints. */
const char *curve_names(void);
const char *slot_names(void);

#endif
