/*
 * Which step comes next: a pure function of what chip and cloud have. The order is that of AWS
 * IoT's safe one (aws-iot 1): until the certificate is activated, last of all, whatever a crash
 * leaves behind authorises nobody.
 */
#ifndef PROVISION_PLAN_H
#define PROVISION_PLAN_H

#include <stdbool.h>
#include <stddef.h>

enum step {
	STEP_POLICY,       /* create the policy */
	STEP_THING_TYPE,   /* create the thing type */
	STEP_THING,        /* create the thing, with type and attributes */
	STEP_UPDATE_THING, /* give it the configuration's type and attributes, on the user's word */
	STEP_GROUPS,       /* put it into its groups */
	STEP_KEY,          /* generate the key on the chip */
	STEP_RESUME,       /* find the certificate that an interrupted run asked for */
	STEP_CSR,          /* make the request, signed by the chip */
	STEP_SIGN,         /* have it signed: a certificate, not active yet */
	STEP_REMOVE,       /* remove another certificate from the chip, on the user's word */
	STEP_WRITE,        /* write the certificate to the chip, read it back */
	STEP_FINISH,       /* tell its CA that the certificate is on the chip */
	STEP_REGISTER,     /* make another CA's certificate known to AWS IoT, not active yet */
	STEP_ATTACH_POLICY, /* to the certificate */
	STEP_ATTACH_THING,
	STEP_ACTIVATE,
	STEP_SWITCH,   /* the new key stands for its slot from now on */
	STEP_DROP_OLD, /* the certificate before goes from AWS IoT, its key from the chip */
	STEP_TIDY,     /* delete what an interrupted run asked for in vain; forget the journal */
	STEP_DONE,     /* nothing is missing */
	STEP_REFUSED,
};
#define STEP_COUNT STEP_DONE

/* The certificate on the chip. */
enum chip_cert {
	CERT_NONE,
	CERT_GOOD,      /* for the key, by the chosen CA */
	CERT_FOREIGN,   /* for the key, but the chosen CA does not know it */
	CERT_STALE,     /* for the key, of an interrupted run; its CA will never make it good */
	CERT_REVOKED,   /* for the key, and the cloud will not have it again */
	CERT_OTHER_KEY, /* for some other key, or unreadable */
};

/* What is neither on the chip nor certain in the cloud. */
enum pending {
	PENDING_NONE,
	PENDING_ASKED,  /* a request was sent; what came of it is unknown */
	PENDING_ISSUED, /* a certificate is in hand */
};

struct state {
	bool cloud;    /* AWS IoT shall know the certificate, with thing and policy */
	bool by_aws;   /* and issues it, too */
	bool replace;  /* the user said that another certificate may go: --in-place */
	bool renewing; /* the key is to take another's place */
	bool old;      /* what it has taken the place of is still there */
	bool key;
	bool request;
	enum chip_cert cert;
	enum pending pending;
	bool finishes; /* the CA is told when its certificate is on the chip */
	bool finish;   /* and was not told yet */
	bool journal;  /* something is written down that must be forgotten in the end */
	bool policy;
	bool thing;
	bool type_missing;   /* the thing's type does not exist */
	bool thing_differs;  /* its type or attributes are not the configuration's */
	bool update_thing;   /* the user said that they may be changed */
	bool groups_missing; /* it is not in all of its groups */
	bool registered;     /* of a certificate of another CA */
	bool policy_attached;
	bool thing_attached;
	bool active;
};

/* The step that is missing next, STEP_DONE, or STEP_REFUSED: the certificate on the chip is in the
 * way. */
enum step plan_next(const struct state *s);

/* What the state becomes when a step has succeeded (STEP_RESUME: with nothing found). */
void plan_apply(struct state *s, enum step step);

/* All steps to come, in order; returns how many, at most STEP_COUNT. */
size_t plan_list(const struct state *s, enum step list[STEP_COUNT]);

/* "write", and "write the certificate to the chip". */
const char *step_name(enum step step);
const char *step_text(enum step step);

/* STEP_COUNT: no such step. */
enum step step_by_name(const char *name);

#endif
