/* The command line: the tables of options and of commands, and what was given. */
#ifndef PROVISION_OPTIONS_H
#define PROVISION_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "provision/aws.h"
#include "provision/config.h"
#include "provision/msg.h"
#include "provision/plan.h"
#include "provision/token.h"

#define OPTIONS_GIVEN_MAX  96
#define OPTIONS_MAX        128 /* rows of the table */
#define OPTIONS_PARAMETERS 16

struct options {
	struct token_options token;
	struct aws_options aws;
	const char
	    *ca; /* who signs (provision/issuer.h); NULL: the configuration says, or AWS IoT */
	enum config_register registration;
	const char *ca_file; /* trust anchors for verify; NULL: the CA's own */
	/* The own CA, when it is made, and its keys' passphrase; see ca.h. */
	const char *ca_key;
	const char *ca_pass_file;
	const char *subject;
	bool intermediate;
	/* Of ca register. */
	const char *template_name;
	bool auto_registration;
	bool sni_only;
	bool deactivate;
	unsigned int ca_timeout; /* seconds; 0: not given */
	const char *est_client;
	const char *est_user;
	const char *est_password_file;
	const char *policy_file;
	const char *in;
	const char *out;
	const char *slot;
	const char *lock_policy; /* of lock */
	const char *portal;      /* of pair */
	const char *config;      /* NULL: none given */
	char **args;             /* what stands behind the command, CONFIG included */
	size_t nargs;
	const char *claim_cert;
	const char *claim_key;
	const char *claim_slot;
	const char *parameters[OPTIONS_PARAMETERS]; /* NAME=VALUE */
	size_t nparameters;
	unsigned int answer_timeout; /* seconds for an answer over MQTT; 0: the default */
	const char *data_endpoint;   /* HOST[:PORT]; NULL: AWS IoT is asked */
	const char *thing;           /* NULL: as CONFIG says */
	bool connect;
	bool cert;              /* of export */
	const char *export_for; /* a program; NULL: not given */
	const char *report;
	unsigned int jobs, attempts, timeout; /* of a fleet; 0: not given */
	bool quiet;
	bool json;
	bool all;
	const char *html;   /* file to draw a page into */
	const char *level;  /* of audit, as given */
	unsigned int days;  /* of audit; 0: not given */
	const char *accept; /* of audit: file of findings that are meant */
	bool replace;
	bool in_place;
	bool update_thing;
	bool dry_run;
	bool irreversible; /* what can never be undone is meant */
	bool yes;          /* nothing is asked */
	bool delete_thing; /* too */
	bool keep_key;     /* what is on the chip stays */
	bool rotate;
	bool renewable;
	bool sealed;
	bool status;
	bool forget;
	bool verbose;
	bool help;
	bool version;
	struct {
		const struct option_row *row;
		const char *value;  /* NULL: it has no argument */
	} given[OPTIONS_GIVEN_MAX]; /* in order, for workers */
	size_t ngiven;
	enum step stop_after; /* STEP_COUNT: go on to the end */
};

/* How an option's argument is kept in struct options. */
enum option_kind {
	OPTION_FLAG,   /* bool, no argument */
	OPTION_TEXT,   /* const char * */
	OPTION_NUMBER, /* unsigned int, between the row's bounds */
	OPTION_PARSED, /* by a function of its own */
};

struct option_row {
	const char *name;
	const char
	    *argument;    /* FILE, DIR, SLOT and the like also tell what completes it; NULL: none */
	const char *text; /* for --help, wrapped there */
	enum option_kind kind;
	size_t where; /* offset in struct options */
	unsigned int min, max;
	bool (*parse)(const char *value, struct options *o); /* false: said what is wrong */
	const char *(*words)(size_t i); /* what the argument may be, up to NULL; to complete it */
	/* FILE, DIR or the like behind the colon of such a word, len long; NULL: nothing */
	const char *(*behind)(const char *word, size_t len);
	/* The i-th word with what it means, for --help; NULL past the last */
	const char *(*explain)(size_t i, char *word, size_t size);
	char letter; /* its short form, or 0 */
	bool global; /* every command takes it */
};

struct command {
	const char *name;     /* "run", or two words: "ca register" */
	const char *synopsis; /* behind the name */
	const char *text;     /* one line */
	const char *about;    /* more for its own --help; NULL: nothing */
	const char *example;  /* lines for a shell, each ending with a newline; NULL: none */
	const char
	    *options; /* names of those it takes, besides the global ones, with spaces between */
	unsigned int min, max; /* operands */
	bool config;           /* the first operand is a CONFIG */
	enum prov_exit (*run)(const struct options *o);
};

/* The tables; a row past the last is NULL. */
const struct option_row *option_row(size_t i);
const struct command *command_row(size_t i);

/* Whether a command takes an option. */
bool command_takes(const struct command *c, const struct option_row *o);

enum prov_exit cmd_run(const struct options *o);
enum prov_exit cmd_fleet(const struct options *o);
enum prov_exit cmd_csr(const struct options *o);
enum prov_exit cmd_sign(const struct options *o);
enum prov_exit cmd_write(const struct options *o);
enum prov_exit cmd_register(const struct options *o);
enum prov_exit cmd_verify(const struct options *o);
enum prov_exit cmd_export(const struct options *o);
enum prov_exit cmd_show(const struct options *o);
enum prov_exit cmd_ca_init(const struct options *o);
enum prov_exit cmd_ca_register(const struct options *o);
enum prov_exit cmd_retire(const struct options *o);
enum prov_exit cmd_lock(const struct options *o);
enum prov_exit cmd_pair(const struct options *o);
enum prov_exit cmd_doctor(const struct options *o);
enum prov_exit cmd_audit(const struct options *o);

/*
 * The command that argv asks for, and its options. NULL: a mistake that was named, or none and
 * --help or --version without a command (o says which).
 */
const struct command *options_parse(int argc, char **argv, struct options *o);

/* What could stand for the last of words: "words", "files" or "dirs", and what fits, in lines. */
void options_complete(int n, char **words);

/* The text of --help: of one command, or for NULL of them all. */
void options_help(FILE *out, const struct command *c);

#endif
