/*
 * Inside the reader of the configuration file (config.h): JSON members with their place in the
 * file, what is said about them, and the values' limits.
 */
#ifndef PROVISION_CONFNODE_H
#define PROVISION_CONFNODE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "provision/config.h"

/* One file being read. What was said once about a default is not said again for each slot. */
struct conf {
	const char *file;
	json_t *said;       /* messages, as members */
	bool said_last;     /* the last message was said: its hint is too */
	bool own;           /* the file is in our own format */
	const char *bad_ca; /* a default that was found wrong already */
};

/* One object of the file, or of one of its slots and of the file, whose members are its defaults.
 */
struct node {
	struct conf *conf;
	const char *prefix; /* "slots[1].", or "" */
	const char *path;   /* "csr_config.key_info", a row's object in the table of members */
	json_t *obj;        /* the slot's; NULL: it has none */
	json_t *base;       /* the file's, below a slot; NULL: none */
};

/* The member's value, the slot's before the file's; NULL: there is none. */
json_t *node_get(const struct node *n, const char *member);

/* "file: "slots[1].csr_config.member"": where the value is, or was missed. Until the next call. */
const char *node_at(const struct node *n, const char *member);

/* The objects that are member of parent. false: said that there is none, or no object. */
bool node_object(const struct node *parent, const char *member, const char *path, struct node *out);

/* NULL: not there, or no string, which sets *ok to false; so does a missing one that is required.
 */
const char *node_string(const struct node *n, const char *member, bool required, bool *ok);

/* "a string", for messages. */
const char *json_kind(const json_t *v);

/* An error about a member, and what to do; fmt goes on after the place, with its space or colon. */
__attribute__((format(printf, 3, 4))) void node_error(
    const struct node *n, const char *member, const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void node_warn(
    const struct node *n, const char *member, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void node_hint(const struct node *n, const char *fmt, ...);

/* What nobody asks for is most often a misspelling. */
void node_warn_unknown(const struct node *n);

/* Whether the file has any member that is not the vendor's, or a template. */
bool conf_is_own(const json_t *root, const char *path);

/*
 * Limits. true: v breaks them, why says how, beginning with a verb, and *hint what to do, or is
 * NULL. part: v is only the fixed part of a template, so it may be too short.
 */
struct problem {
	char why[256];
	const char *hint;
};

/* Names and values in the cloud (aws-iot 4). */
struct name_rule {
	const char *what;
	size_t max;
	const char *punctuation; /* allowed besides letters and digits */
	bool may_be_empty;
};
enum name_kind {
	NAME_THING,
	NAME_THING_TYPE,
	NAME_GROUP,
	NAME_POLICY,
	NAME_ATTRIBUTE,
	NAME_VALUE,
};
bool field_problem(const struct subject_field *f, const char *v, bool part, struct problem *p);
bool name_problem(enum name_kind kind, const char *v, bool part, struct problem *p);
bool name_char_ok(enum name_kind kind, char c);

/* Templates. NULL: ok; else what is wrong, until the next call. */
const char *template_problem(const char *text);
bool template_has(const char *text);

/* malloc'ed; *missing names a template that the token has no value for. Cloud: see config_expand.
 */
#define TEMPLATE_SUBJECT (-1)
char *template_fill(
    const char *text, const struct config_names *names, int kind, const char **missing);

/* Checks a value that may have templates, as far as it goes without a chip. */
bool node_check_field(
    const struct node *n, const char *member, const struct subject_field *f, const char *v);
bool node_check_name(const struct node *n, const char *member, enum name_kind kind, const char *v);

/* A name without templates. */
bool node_check_fixed(const struct node *n, const char *member, enum name_kind kind, const char *v);

/* The two parts of a slot's configuration. */
bool conf_read_vendor(struct config *c, const struct node *root);
bool conf_read_more(struct config *c, const struct node *root);

#endif
