/* The command line, and the table of commands. */
#ifndef PROVISION_OPTIONS_H
#define PROVISION_OPTIONS_H

#include <stdbool.h>

#include "provision/aws.h"
#include "provision/msg.h"
#include "provision/plan.h"
#include "provision/token.h"

struct options {
	struct token_options token;
	struct aws_options aws;
	bool ca_aws;
	const char *ca_dir;  /* of --ca local:DIR; NULL: the user's own */
	const char *ca_file; /* trust anchors for verify; NULL: those of --ca local */
	const char *policy_file;
	const char *in;
	const char *out;
	const char *slot;
	const char *config; /* NULL: none given */
	bool json;
	bool replace;
	bool dry_run;
	bool help;
	bool version;
	enum step stop_after; /* STEP_COUNT: go on to the end */
};

struct command {
	const char *name;
	const char *synopsis; /* behind the name */
	const char *text;
	enum prov_exit (*run)(const struct options *o);
	const char *options; /* short forms of those it takes, besides the global ones */
	bool needs_config;
};

/* Rows until one without a name. */
extern const struct command commands[];

enum prov_exit cmd_run(const struct options *o);
enum prov_exit cmd_csr(const struct options *o);
enum prov_exit cmd_sign(const struct options *o);
enum prov_exit cmd_write(const struct options *o);
enum prov_exit cmd_register(const struct options *o);
enum prov_exit cmd_verify(const struct options *o);
enum prov_exit cmd_show(const struct options *o);

/*
 * The command that argv asks for, and its options. NULL: --help or --version (o says which), or a
 * mistake that was named (neither is set).
 */
const struct command *options_parse(int argc, char **argv, struct options *o);

/* The text of --help. */
void options_help(void);

#endif
