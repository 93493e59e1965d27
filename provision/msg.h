/*
 * How optiga-provision speaks: results on stdout, talk on stderr.
 *
 * Messages read "optiga-provision: what failed: why": lower case, no full stop, the user's names
 * quoted; then a hint on a line of its own when the user can act.
 */
#ifndef PROVISION_MSG_H
#define PROVISION_MSG_H

#include <stdbool.h>

/* Exit status of the program (design D13). */
enum prov_exit {
	PROV_OK = 0,          /* done, or nothing to do */
	PROV_FAILED = 1,      /* failed */
	PROV_USAGE = 2,       /* wrong command line */
	PROV_INTERRUPTED = 3, /* interrupted and resumable */
};

/* "optiga-provision: ..." on stderr. */
void prov_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The last of them, without the program's name; "" when there was none. */
const char *prov_last_error(void);

/* "  hint: ..." on stderr: what to do next. */
void prov_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "optiga-provision: warning: ..." on stderr. */
void prov_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Progress on stderr, only when stderr is a terminal or --verbose was given; one line per step. */
void prov_step(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What is said is kept from now on, the first of each kind, and not shown. NULL: shown again. */
struct prov_kept {
	char error[1024], hint[1024], warning[1024];
};
void prov_keep(struct prov_kept *k);

/* --verbose and --quiet. */
void prov_set_verbose(bool on);

#endif
