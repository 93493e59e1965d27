/*
 * What on a token is open, weak, at its end or made for tests: a table of rules over the object
 * map, and what was found by them.
 */
#ifndef PROVISION_AUDIT_H
#define PROVISION_AUDIT_H

#include "provision/show.h"

enum audit_level {
	AUDIT_INFO,
	AUDIT_WARNING,
	AUDIT_ERROR,
	AUDIT_LEVELS,
};

/* What a rule looks at, one after the other. */
enum audit_scope {
	AUDIT_CHIP,   /* the chip as a whole, once; not when slots were asked for */
	AUDIT_OBJECT, /* every chip object */
	AUDIT_KEY,
	AUDIT_CERT,
};

struct audit {
	const struct show *show;
	long days;          /* a certificate that ends sooner is expiring */
	int factory_secret; /* 1: the binding secret is the factory's; 0: not; -1: not known */
	struct audit_finding *findings;
	size_t n;
	bool failed; /* out of memory */
};

/* What a rule is asked about; according to its scope. */
struct audit_subject {
	const struct chip_object *object;
	size_t key, cert; /* indexes into the map */
};

struct audit_rule {
	const char *id;
	enum audit_level level;
	enum audit_scope scope;
	const char *means;  /* why it matters */
	const char *remedy; /* what to do, with the command that does it */
	/* Whether it is so; what says what exactly, and may stay empty. */
	bool (*found)(const struct audit *a, const struct audit_subject *x, char *what, size_t n);
};

struct audit_finding {
	const struct audit_rule *rule;
	uint16_t oid; /* 0: of the chip as a whole, or of a token without chip objects */
	char *name;   /* of the object, key or certificate */
	char *what;   /* what exactly; may be "" */
	bool accepted;
};

/* A row past the last is NULL. */
const struct audit_rule *audit_rule_row(size_t i);
const struct audit_rule *audit_rule_find(const char *id);

const char *audit_level_name(enum audit_level l);
bool audit_level_parse(const char *name, enum audit_level *out);

/* Adds what is found on what a->show wants, the gravest first. */
void audit_run(struct audit *a);
void audit_free(struct audit *a);

/* --- accepted findings: auditaccept.c --- */

/*
 * Marks the findings that a file accepts. Its lines are "ID OID", an asterisk standing for any, and
 * comments from # on. Lines that fit nothing are warned about. false: said why.
 */
bool audit_accept(struct audit *a, const char *path);

#endif
