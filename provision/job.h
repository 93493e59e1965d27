/*
 * One provisioning under way: configuration, chip, CA and cloud, and what they were found to have.
 * job_read reads everything, job_step does one step of the plan. Functions say why they failed.
 */
#ifndef PROVISION_JOB_H
#define PROVISION_JOB_H

#include <stdbool.h>

#include "provision/issuer.h"
#include "provision/journal.h"
#include "provision/options.h"

#define JOB_CERTS 8

struct job {
	const struct options *opts;
	struct config *config;
	const struct slot *slot; /* the configuration's, or --slot */
	struct token *token;
	char *uid; /* NULL: the token has none, or nobody asked */
	int lock_fd;
	int other_fd; /* of the slot that it is renewed into */

	const struct slot *role;     /* that the key stands for; slot: where it is */
	const struct slot *old_slot; /* of the key before, while it is there; NULL: none */
	struct token_key old_key;
	char old_id[65];       /* of the certificate that is replaced in place; "": not known */
	unsigned int reserved; /* rows of the slot table that the configuration wants besides */

	struct token_key key;
	struct token_cert certs[JOB_CERTS]; /* on the chip, with the key's ID */
	size_t ncerts;
	const char *cert_problem; /* why the certificate on the chip is not good */
	X509_REQ *request;
	X509 *cert;             /* the good one: on the chip, or issued and not there yet */
	STACK_OF(X509) * chain; /* its issuers, as far as they go to the chip; NULL: none */
	char cert_id[65];
	bool first_connect; /* AWS IoT learns of the certificate from the device */
	bool later;         /* the request waits for its CA */

	const struct issuer_kind *ca;
	const char *ca_argument;
	bool looks;   /* it will not be asked to sign */
	void *issuer; /* NULL for AWS IoT */

	struct aws *aws;        /* NULL: AWS IoT has no part in it */
	struct aws_cert cloud;  /* the certificate as AWS IoT has it; id "" when it has none */
	bool thing_full;        /* no attribute more fits into the thing */
	bool noted;             /* it has our note that a certificate was asked for */
	double noted_at;        /* the note's time; 0: there is none */
	char noted_key[65];     /* and key */
	bool made_registration; /* by this run */
	struct journal journal;

	struct state state;
};

/* Configuration (or --slot) and chip, opened for writing or not. false: said why. */
bool job_open(struct job *j, const struct options *o, bool write);

/* The same for a configuration at hand, which is the job's from then on. */
bool job_open_slot(struct job *j, const struct options *o, struct config *c, bool write);
void job_close(struct job *j);

/* No other run on this chip's slot at the same time. */
bool job_lock(struct job *j);

/*
 * And none that renews into this one, or is at work there, as far as j is locked. FOUND_NONE,
 * without a word: another run is.
 */
enum found job_lock_other(struct job *j, const struct slot *s);

/* The same for anything that has a name; what is it for people. */
bool job_lock_name(struct job *j, const char *name, const char *what);

/*
 * Who signs, and whether AWS IoT shall know: by command line and configuration. job_open_ca opens
 * them after it and checks the configuration against them; it changes nothing.
 */
bool job_choose_ca(struct job *j);
bool job_open_ca(struct job *j);

/*
 * --replace: the keys that stand for the slot, will, or did, into the job, which goes to where its
 * key is; a renewal begun here or by an interrupted run (renew.c).
 */
bool renew_find(struct job *j);
bool renew_begin(struct job *j);
bool renew_switch(struct job *j);
bool renew_drop_old(struct job *j);

/* The key in the slot: one of the configured kind, or none. */
bool job_read_key(struct job *j);

/* Certificates on the chip, and the cloud. */
bool job_read(struct job *j);

/* The journal says that the certificate on the chip is one that was to be replaced in place. */
void job_take_replaces(struct job *j);

/* Before a certificate is asked for: into the journal. */
bool job_asked(struct job *j);

/* Says why the plan was refused. */
void job_say_refused(const struct job *j);

bool job_step(struct job *j, enum step step);

/* Certificate for key, key signs a challenge. */
bool job_prove(struct job *j);

/* A request made or read, kept in the job. */
bool job_make_request(struct job *j);

/*
 * What was asked for comes as a certificate: j->cert, j->chain, j->cert_id, written into the
 * journal. false: said why; j->later: its CA has to be waited for. job_sign_plain has no journal
 * and no key at hand, and is not for AWS IoT.
 */
bool job_sign(struct job *j);
bool job_sign_plain(struct job *j);

#endif
