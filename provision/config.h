/*
 * The configuration file (.jsn): what the request says, which key slots, which things and policies.
 * The format is that of the vendor's provisioning scripts, whose files work unchanged, with further
 * members: optiga-provision.conf(5). A file that has one of these, or a template such as {serial},
 * is in our own format.
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

/* A name and a value. */
struct config_pair {
	char *name;
	char *value;
	char *at; /* where the file has it, for messages */
};

/* What the key is for; 0 is the default, signing. */
enum config_use {
	CONFIG_USE_SIGN = 1,
	CONFIG_USE_DERIVE = 2,
	CONFIG_USE_DECRYPT = 4,
};

/* How the certificate comes to be known in the cloud, as --register. */
enum config_register {
	REGISTER_DEFAULT,
	REGISTER_AWS,
	REGISTER_FIRST_CONNECT,
	REGISTER_NO,
};

/* What one key slot shall have. */
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

	bool own_format;    /* else a file as the vendor's scripts take it: nothing is expanded */
	bool extensions;    /* requests carry those of the vendor's scripts */
	unsigned int usage; /* enum config_use, or-ed */
	char *ca;           /* as --ca takes it; NULL: not given */
	enum config_register registration;
	char *thing_type; /* NULL: none */
	struct config_pair *attributes;
	size_t nattributes; /* of the thing */
	char **groups;
	size_t ngroups;    /* of things */
	char *policy_file; /* template of the policy; NULL */
	char *lock_policy; /* access conditions to set at the end; NULL */

	/* Where the file has them, for messages about what they expand to. */
	char *subject_at[SUBJECT_MAX];
	char *thing_at;
	char *groups_at;
};

/* A file: one slot, or as many as its "slots" lists. */
struct config_set {
	char *path;
	struct config *list;
	size_t n;
};

/* What the templates stand for. NULL: the token has no such thing. */
struct config_names {
	const char *uid;
	const char *serial;
	const char *model;
	const char *label;
	const char *slot; /* NULL: the configuration's own, "E0F1" */
};

/* Reads and checks a file. NULL: every mistake found was named on stderr. */
struct config_set *config_set_load(const char *path);

/* The same of its text. */
struct config_set *config_set_parse(const char *path, const char *text, size_t len);
void config_set_free(struct config_set **sp);

/*
 * One slot of a file: that with the given name, of any of its names; NULL: the file must have one
 * alone.
 */
struct config *config_load_slot(const char *path, const char *slot);
struct config *config_load(const char *path);

/* Slot i of a set, taken out of it; NULL: said why. */
struct config *config_take(struct config_set *s, size_t i);

/* The index of the slot that has the name; s->n: said that there is none. */
size_t config_find(const struct config_set *s, const char *slot);
void config_free(struct config **cp);

/*
 * Fills in the templates of subject, thing, attributes and groups for one chip: {uid} {serial}
 * {model} {slot}, "{{" for a brace. Once for each config. false: said what does not fit.
 */
bool config_expand(struct config *c, const struct config_names *names);

/*
 * A template for all files from now on: {NAME} of "NAME=VALUE", which stays the caller's. false:
 * said what is wrong with it.
 */
bool config_set_template(const char *pair);
/* NULL: there is none. */
const char *config_template(const char *name);

/* Whether AWS IoT takes keys of this kind; and also whether there is a thing and a policy. Say what
 * is wrong. */
bool config_key_fits_aws(const struct config *c);
bool config_fits_aws(const struct config *c);
bool config_has_thing(const struct config *c);

/* "P-256" style name of the configured key, for people. */
const char *config_key_name(const struct config *c);

/* A member of the format, for whoever lists them all. */
struct config_member {
	const char *object; /* "csr_config.key_info"; "": the file itself */
	const char *name;
	bool own; /* not in the vendor's format */
};

/* The tables. A row past the last is NULL. */
const struct config_member *config_member_row(size_t i);
const struct curve *curve_row(size_t i);
const struct hash *hash_row(size_t i);
const struct slot *slot_row(size_t i);
const struct subject_field *subject_row(size_t i);
const char *register_row(size_t i); /* by enum config_register, from 1 */

/* By any of its names, in any case; NULL: unknown. */
const struct curve *curve_by_name(const char *name);
const struct hash *hash_by_name(const char *name);
const struct slot *slot_by_name(const char *name);

/* REGISTER_DEFAULT: unknown. */
enum config_register register_by_name(const char *name);

/* As slot_by_name; says what is wrong with a name, where it was found. */
const struct slot *slot_parse(const char *where, const char *name);

/* "secp256r1, secp384r1, ...", for hints. */
const char *curve_names(void);
const char *slot_names(void);

#endif
