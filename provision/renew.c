/* --replace: a key and a certificate in a free slot, in place of those in use; see job.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "provision/cert.h"
#include "provision/cloud.h"
#include "provision/retire.h"

/* FOUND_ONE: there is no key in it. */
static enum found
is_empty(struct job *j, const struct slot *s)
{
	struct token_key k;
	enum found found = token_find_key(j->token, s, &k);

	token_key_clear(&k);
	if (found == FOUND_FAILED)
		return found;
	return found == FOUND_NONE ? FOUND_ONE : FOUND_NONE;
}

/* Another run may fill it until it is locked: it is looked at once more. */
static enum found
take_empty(struct job *j, const struct slot *s)
{
	enum found found = is_empty(j, s);

	if (found == FOUND_ONE)
		found = job_lock_other(j, s);
	return found == FOUND_ONE ? is_empty(j, s) : found;
}

/* A slot of the same kind without a key, that the configuration does not want for something else.
 */
static enum found
find_free(struct job *j, const struct slot **out)
{
	const struct slot *s;

	for (size_t i = 0; (s = slot_row(i)) != NULL; i++) {
		enum found found;

		if (s->type != j->slot->type || s == j->slot ||
		    (s != j->role && (j->reserved >> i & 1) != 0))
			continue;
		found = take_empty(j, s);
		if (found == FOUND_ONE)
			*out = s;
		if (found != FOUND_NONE)
			return found;
	}
	prov_error("no slot for another %s key is free: the one in slot \"%s\" (%04X) cannot be "
		   "renewed beside itself",
	    j->slot->type == KEY_RSA ? "RSA" : "EC", j->slot->name, j->slot->key_oid);
	prov_hint("free one with \"retire\", or write a new certificate for the same key with "
		  "--in-place");
	return FOUND_FAILED;
}

static void
go_to(struct job *j, const struct slot *s)
{
	j->slot = s;
	if (j->config != NULL)
		j->config->slot = s;
}

/* The key in use, if it has a certificate, becomes the old one; the job goes on in a free slot. */
static bool
begin(struct job *j)
{
	struct token_cert certs[JOB_CERTS];
	const struct slot *free_slot = NULL;
	size_t n = 0;
	bool any;

	if (!token_certs(j->token, &j->key, certs, JOB_CERTS, &n))
		return false;
	any = n > 0;
	token_certs_clear(certs, n);
	if (!any)
		return true;
	if (find_free(j, &free_slot) != FOUND_ONE)
		return false;
	j->old_slot = j->slot;
	j->old_key = j->key;
	j->key = (struct token_key){ .pub = NULL };
	j->state.key = false;
	j->state.renewing = true;
	go_to(j, free_slot);
	return true;
}

bool
renew_find(struct job *j)
{
	const struct slot *next_at = NULL, *old_at = NULL, *at = NULL;
	struct token_key next;
	enum found found = token_find_role(j->token, j->slot, KEY_OLD, &j->old_key, &old_at), more;

	j->role = j->slot;
	if (found == FOUND_FAILED)
		return false;
	j->old_slot = old_at;
	more = token_find_role(j->token, j->role, KEY_NEXT, &next, &next_at);
	if (more == FOUND_ONE) {
		/* Begun by a run that was interrupted. */
		if (found == FOUND_NONE &&
		    (found = token_find_current(j->token, j->role, &j->old_key, &at)) == FOUND_ONE)
			j->old_slot = at;
		j->key = next;
		j->state.key = true;
		j->state.renewing = true;
		go_to(j, next_at);
		return found != FOUND_FAILED;
	}
	j->state.old = found == FOUND_ONE;
	if (more == FOUND_NONE)
		more = token_find_current(j->token, j->role, &j->key, &at);
	j->state.key = more == FOUND_ONE;
	if (more == FOUND_ONE)
		go_to(j, at);
	return more != FOUND_FAILED;
}

bool
renew_begin(struct job *j)
{
	if (!j->opts->replace || j->opts->in_place || !j->state.key || j->state.renewing ||
	    j->state.old || j->ca->as_is)
		return true;
	return begin(j);
}

bool
renew_switch(struct job *j)
{
	return job_prove(j) &&
	       (j->old_slot == NULL || token_set_role(j->token, &j->old_key, j->role, KEY_OLD)) &&
	       token_set_role(j->token, &j->key, j->role, KEY_CURRENT);
}

static bool
do_plan(struct job *j, const struct retire_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		char *text = retire_text(j, &p->list[i]);

		prov_step("  %s", text != NULL ? text : "");
		free(text);
		if (!retire_do(j, &p->list[i]))
			return false;
	}
	return true;
}

/* Its certificates at AWS IoT, then those on the chip and the key. */
static bool
drop_old_key(struct job *j)
{
	struct job old = {
		.opts = j->opts,
		.token = j->token,
		.aws = j->aws,
		.slot = j->old_slot,
		.key = j->old_key,
		.lock_fd = -1,
		.state.key = true,
	};
	struct retire_plan p = { .n = 0 };
	bool ok = retire_find(&old, 0, &p) && do_plan(&old, &p);

	retire_clear(&p);
	token_certs_clear(old.certs, old.ncerts);
	aws_cert_clear(&old.cloud);
	return ok;
}

/* The certificates of a thing, by their IDs. */
struct principals {
	char id[JOB_CERTS][65];
	size_t n;
};

static bool
take_principal(const char *arn, void *arg)
{
	struct principals *p = arg;
	const char *id = strrchr(arn, '/');

	if (id != NULL && strlen(id + 1) == 64)
		(void)snprintf(p->id[p->n++], sizeof(p->id[0]), "%s", id + 1);
	return p->n < JOB_CERTS;
}

/* One that was detached by an interrupted run is known from the journal alone. */
static void
add_replaced(const struct journal *n, struct principals *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->id[i], n->replaced) == 0)
			return;
	if (n->replaced[0] != '\0' && p->n < JOB_CERTS)
		memcpy(p->id[p->n++], n->replaced, sizeof(p->id[0]));
}

static bool
drop_one(struct job *j, X509 *cert)
{
	struct job old = { .opts = j->opts, .aws = j->aws, .slot = j->slot, .lock_fd = -1 };
	struct retire_plan p = { .n = 0 };
	bool ok;

	old.certs[0].cert = cert;
	old.ncerts = 1;
	ok = retire_find(&old, 0, &p) && do_plan(&old, &p);
	retire_clear(&p);
	aws_cert_clear(&old.cloud);
	return ok;
}

/* In place: another certificate of the thing for this very key is the one before. */
static bool
drop_old_certs(struct job *j)
{
	struct principals p = { .n = 0 };
	bool ok = aws_list_thing_principals(j->aws, j->config->thing, take_principal, &p) == AWS_OK;

	add_replaced(&j->journal, &p);
	for (size_t i = 0; ok && i < p.n; i++) {
		struct aws_cert c = { .id = "" };
		X509 *cert = NULL;
		enum aws_result r;

		if (strcmp(p.id[i], j->cert_id) == 0)
			continue;
		r = aws_describe_certificate(j->aws, p.id[i], &c);
		ok = r == AWS_OK || r == AWS_NOT_FOUND;
		if (r == AWS_OK && c.pem != NULL)
			cert = cert_from_pem("a certificate at AWS IoT", c.pem);
		if (cert != NULL && cert_is_for(cert, j->key.pub))
			ok = drop_one(j, cert);
		X509_free(cert);
		aws_cert_clear(&c);
	}
	return ok;
}

bool
renew_drop_old(struct job *j)
{
	if (j->old_slot != NULL)
		return drop_old_key(j);
	return !j->state.cloud || drop_old_certs(j);
}
