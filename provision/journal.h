/*
 * What is neither on the chip nor certain in the cloud: that a certificate was asked for a key, and
 * which one came back, until it is on the chip. One file per public key and CA, mode 0600, in
 * $XDG_STATE_HOME/optiga-provision; replaced in one step. Functions say why they failed.
 */
#ifndef PROVISION_JOURNAL_H
#define PROVISION_JOURNAL_H

#include <stdbool.h>

#include "provision/plan.h"

struct journal {
	char *path;
	enum pending pending; /* PENDING_NONE: there is no file */
	double since; /* of the first request that may have been answered; seconds since 1970 */
	unsigned int requests; /* sent */
	bool replaces;         /* another one of this key, which goes at last */
	char replaced[65];     /* that one's certificateId, "": not known */
	char id[65];           /* certificateId, when issued */
	char *pem;
	char *chain; /* PEM of the issuers that go with it; NULL: none */
};

/* The directory, made; malloc'ed. */
char *journal_dir(void);

/*
 * Reads the file of a key (hex of its SHA-256) and a CA, if there is one. ca: the region for AWS
 * IoT, else the CA's kind.
 */
bool journal_open(struct journal *j, const char *key, const char *ca);
void journal_close(struct journal *j);

/* Before a request is sent. */
bool journal_asked(struct journal *j);

/* When its certificate is in hand; chain may be NULL. */
bool journal_issued(struct journal *j, const char *id, const char *pem, const char *chain);

/* When chip and cloud agree again. */
bool journal_forget(struct journal *j);

#endif
