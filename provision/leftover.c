/*
 * Certificates that an interrupted run asked for: a request has no token by which to recognise its
 * answer, so INACTIVE certificates are looked through, newest first, for the chip's public key
 * (aws-iot 3.1).
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/cert.h"
#include "provision/cloud.h"

/* Seconds by which this clock and AWS's may differ; looking too far back only costs time. */
#define CLOCK_MARGIN (24 * 3600)

/* A list that has not been caught up yet: looked through this often, with a pause between. */
#define LOOKS   2U
#define PAUSE_S 2U

struct ids {
	char (*id)[65];
	size_t n, room;
	double since;
	bool failed;
};

static bool
collect(const struct aws_cert *c, void *arg)
{
	struct ids *l = arg;

	/* A list that gives no time of creation is read to its end. */
	if (c->created > 0 && c->created < l->since)
		return false;
	if (strcmp(c->status, "INACTIVE") != 0)
		return true;
	if (l->n == l->room) {
		size_t room = l->room != 0 ? 2 * l->room : 16;
		char(*more)[65] = reallocarray(l->id, room, sizeof(*more));

		if (more == NULL) {
			l->failed = true;
			return false;
		}
		l->id = more;
		l->room = room;
	}
	memcpy(l->id[l->n++], c->id, sizeof(c->id));
	return true;
}

/* INACTIVE certificates young enough, newest first. */
static bool
list_inactive(struct job *j, struct ids *l)
{
	*l = (struct ids){ .since = j->journal.since - CLOCK_MARGIN };
	if (aws_list_certificates(j->aws, collect, l) == AWS_OK && !l->failed)
		return true;
	if (l->failed)
		prov_error("out of memory");
	free(l->id);
	return false;
}

/* Describes one; *oursp: it is for the chip's key. One that has just been deleted is not ours. */
static bool
is_ours(struct job *j, const char *id, struct aws_cert *c, bool *oursp)
{
	enum aws_result r = aws_describe_certificate(j->aws, id, c);
	X509 *cert = NULL;

	*oursp = false;
	if (r == AWS_NOT_FOUND)
		return true;
	if (r != AWS_OK)
		return false;
	if (c->pem != NULL && strcmp(c->status, "INACTIVE") == 0)
		cert = cert_from_pem("a certificate at AWS IoT", c->pem);
	*oursp = cert != NULL && cert_is_for(cert, j->key.pub);
	X509_free(cert);
	return true;
}

/* The newest becomes j->cloud. */
static bool
look(struct job *j, bool *found)
{
	struct ids l;
	bool ok = list_inactive(j, &l);

	*found = false;
	if (!ok)
		return false;
	for (size_t i = 0; ok && !*found && i < l.n; i++) {
		aws_cert_clear(&j->cloud);
		ok = is_ours(j, l.id[i], &j->cloud, found);
	}
	if (!*found)
		aws_cert_clear(&j->cloud);
	free(l.id);
	return ok;
}

bool
cloud_resume(struct job *j)
{
	bool found = false;

	for (unsigned int i = 0; i < LOOKS && !found; i++) {
		if (i > 0)
			(void)sleep(PAUSE_S);
		if (!look(j, &found))
			return false;
	}
	if (!found) {
		j->state.pending = PENDING_NONE;
		return true;
	}
	X509_free(j->cert);
	j->cert = cert_from_pem("the certificate from AWS IoT", j->cloud.pem);
	if (j->cert == NULL)
		return false;
	memcpy(j->cert_id, j->cloud.id, sizeof(j->cert_id));
	prov_step("found the certificate %s, asked for by an interrupted run", j->cert_id);
	j->state.pending = PENDING_ISSUED;
	return journal_issued(&j->journal, j->cloud.id, j->cloud.pem, NULL);
}

static bool
count_name(const char *name, void *arg)
{
	(void)name;
	++*(unsigned int *)arg;
	return false;
}

/* What has something attached is somebody's. */
static bool
delete_unused(struct job *j, const struct aws_cert *c)
{
	unsigned int links = 0;

	if (aws_list_attached_policies(j->aws, c->arn, count_name, &links) != AWS_OK ||
	    aws_list_principal_things(j->aws, c->arn, count_name, &links) != AWS_OK)
		return false;
	if (links > 0) {
		prov_warn(
		    "the INACTIVE certificate %s is for this key too, and in use; it was left",
		    c->id);
		return true;
	}
	prov_step("deleting the certificate %s, asked for in vain", c->id);
	return aws_delete_certificate(j->aws, c->id) == AWS_OK;
}

static bool
delete_leftovers(struct job *j)
{
	struct ids l;
	bool ok = list_inactive(j, &l);

	if (!ok)
		return false;
	for (size_t i = 0; ok && i < l.n; i++) {
		struct aws_cert c = { .id = "" };
		bool ours;

		if (strcmp(l.id[i], j->cert_id) == 0)
			continue;
		ok = is_ours(j, l.id[i], &c, &ours) && (!ours || delete_unused(j, &c));
		aws_cert_clear(&c);
	}
	free(l.id);
	return ok;
}

bool
cloud_tidy(struct job *j)
{
	/* One request whose answer is on the chip: there can be no other. */
	bool sure = j->journal.requests <= 1 && j->journal.pending == PENDING_ISSUED &&
		    strcmp(j->journal.id, j->cert_id) == 0;

	if (!sure && !delete_leftovers(j))
		return false;
	return cloud_forget_note(j) && journal_forget(&j->journal);
}
