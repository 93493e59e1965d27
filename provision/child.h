/* A program of the user's: text in, text out, within limits. */
#ifndef PROVISION_CHILD_H
#define PROVISION_CHILD_H

#include <stdbool.h>
#include <stddef.h>

enum child_end {
	CHILD_EXITED,  /* status */
	CHILD_KILLED,  /* by signal status */
	CHILD_LATE,    /* it took too long, and was killed */
	CHILD_VERBOSE, /* it wrote too much, and was killed */
	CHILD_FAILED,  /* could not be run: status is the errno */
};

struct child_result {
	enum child_end end;
	int status;
	bool given; /* it may have read something */
	char *out;  /* with a NUL behind it; NULL with CHILD_FAILED */
	size_t out_len;
};

/*
 * argv[0], looked for in PATH, with input on its standard input (NULL: ours) and what it writes to
 * standard output in r->out, at most max bytes; standard error is ours. It keeps the terminal, if
 * there is one, to ask the user something. The result is to be cleared, which wipes it.
 */
void child_run(char *const argv[], const char *input, size_t max, unsigned int seconds,
    struct child_result *r);
void child_clear(struct child_result *r);

#endif
