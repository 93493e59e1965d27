/*
 * For the tests of the cloud side: a clean environment, what was said on stderr, and a stand-in
 * for AWS that lives as long as the test.
 */
#ifndef TESTS_AWS_UTIL_H
#define TESTS_AWS_UTIL_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>

#include "provision/aws.h"

/* No AWS_ variables, and a new empty home directory, which it returns. */
const char *clean_env(void);
/* Writes a file below the home directory, mode 0600. */
void write_home(const char *name, const char *text);
void remove_home(void);

/* What goes to stderr until said_end, at most 16 kB. */
void said_begin(void);
const char *said_end(void);
/* What said_end gave last, and that it has the text in it. */
const char *said_last(void);
void heard(const char *text);

/* A call with its result, to be heard afterwards. */
#define SAYS(call, result)                                                                         \
	do {                                                                                       \
		enum aws_result res_;                                                              \
		said_begin();                                                                      \
		res_ = (call);                                                                     \
		(void)said_end();                                                                  \
		ck_assert_msg(res_ == (result), "%d: %s", (int)res_, said_last());                 \
	} while (0)

struct standin {
	pid_t pid;
	char dir[96];
	char url[64];
	char ca[128];
};

/*
 * Starts it with up to 8 more arguments, NULL at the end, and points the environment at it (key,
 * region, endpoint, CA). Its CAs are made once per program.
 */
void standin_start(struct standin *s, ...) __attribute__((sentinel));
/* Kills it and starts it again, without its arguments, on what it left in its directory. */
void standin_restart(struct standin *s);
void standin_stop(struct standin *s);
/* Removes the CAs: at the end of main. */
void standin_forget(void);

/* How many requests of a call its log has; of all for NULL. */
unsigned int standin_count(const struct standin *s, const char *call);
/* The line of the log with this number, from 1; static. */
const char *standin_line(const struct standin *s, unsigned int number);
/* The faults from now on. */
void standin_faults(const struct standin *s, const char *text);
/* A new reference. */
json_t *standin_state(const struct standin *s);

/* As the environment says. */
struct aws *open_aws(void);

/* PEM of a request for a new key, a curve or "RSA-1024" and the like, CN "x"; malloc'ed. */
char *make_csr(const char *key_type);

#endif
