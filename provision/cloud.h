/* The steps of a job that concern AWS IoT. Functions say why they failed. */
#ifndef PROVISION_CLOUD_H
#define PROVISION_CLOUD_H

#include "provision/job.h"

/* Ask for credentials, region, endpoint; sends nothing. */
bool cloud_open(struct job *j);

/* Fills the cloud's part of j->state. The key's certificate on the chip, if any, is in j->cert. */
bool cloud_read(struct job *j);

/* The journal of the key j->key.pub; a certificate in hand becomes j->cert and j->cloud. */
bool cloud_journal(struct job *j);

/* How AWS IoT knows a certificate, into j->cloud; sets *known. */
bool cloud_find(struct job *j, const char *id, bool *known);

bool cloud_policy(struct job *j);
bool cloud_thing_type(struct job *j);
bool cloud_thing(struct job *j);
bool cloud_update_thing(struct job *j);
bool cloud_groups(struct job *j);

/* The thing, its type, attributes and groups, against the configuration. */
bool cloud_read_thing(struct job *j);

/*
 * An attribute of the thing says when a certificate was asked for, and for which key: for whoever
 * comes later and does not have the journal. A thing without room for it goes without, and so
 * does one that may not be changed.
 */
bool cloud_note(struct job *j);
bool cloud_forget_note(struct job *j);

/* Looks for one name in a list. */
struct name_search {
	const char *name;
	bool found;
};
bool cloud_match(const char *name, void *search);

/* A new certificate for j->request, INACTIVE, noted in the journal. */
bool cloud_sign(struct job *j);

/* The newest certificate that an interrupted run was given is taken; none: state.pending is
 * PENDING_NONE. */
bool cloud_resume(struct job *j);

/* Another CA's certificate, INACTIVE. */
bool cloud_register(struct job *j);

bool cloud_attach_policy(struct job *j);
bool cloud_attach_thing(struct job *j);
bool cloud_activate(struct job *j);

/* Deletes INACTIVE, unattached certificates of this key that were asked for in vain; ends the
 * journal. */
bool cloud_tidy(struct job *j);

/*
 * After a refusal: what this run has attached is detached, and the certificate deleted that it, or
 * an interrupted run, has had issued or registered; it is not active yet. Things and policies stay:
 * they authorise nobody, and others may be about to use them.
 */
bool cloud_undo(struct job *j);

/* Whether there is anything to undo. */
bool cloud_may_undo(const struct job *j);

/* An issued certificate that cannot be used is deleted again. */
void cloud_take_back(struct job *j);

#endif
