/* A job's beginning and end: configuration, token, locks, CA; see job.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/cert.h"
#include "provision/cloud.h"
#include "provision/file.h"
#include "provision/job.h"

/* What the templates stand for, on this chip. */
static bool
expand(struct job *j)
{
	const struct config_names names = { .serial = token_serial(j->token),
		.model = token_model(j->token),
		.label = token_label(j->token),
		.uid = j->uid };

	return config_expand(j->config, &names);
}

static bool
open_token(struct job *j, bool write)
{
	struct token_options opts = j->opts->token;

	opts.write = write;
	j->token = token_open(&opts);
	if (j->token == NULL)
		return false;
	prov_step("token \"%s\", serial %s", token_label(j->token), token_serial(j->token));
	if (j->config != NULL && j->config->own_format)
		j->uid = token_uid(j->token);
	return j->config == NULL || expand(j);
}

bool
job_open_slot(struct job *j, const struct options *o, struct config *c, bool write)
{
	*j = (struct job){ .opts = o, .lock_fd = -1, .other_fd = -1, .config = c, .slot = c->slot };
	return open_token(j, write);
}

bool
job_open(struct job *j, const struct options *o, bool write)
{
	struct config *c;

	*j = (struct job){ .opts = o, .lock_fd = -1, .other_fd = -1 };
	if (o->config != NULL) {
		c = config_load_slot(o->config, o->slot);
		return c != NULL && job_open_slot(j, o, c, write);
	}
	if (o->slot != NULL && (j->slot = slot_parse("--slot", o->slot)) == NULL)
		return false;
	return open_token(j, write);
}

void
job_close(struct job *j)
{
	/* It may hold a key on the chip. */
	if (j->issuer != NULL)
		j->ca->close(j->issuer);
	token_certs_clear(j->certs, j->ncerts);
	token_key_clear(&j->key);
	token_key_clear(&j->old_key);
	X509_free(j->cert);
	X509_REQ_free(j->request);
	token_close(&j->token);
	aws_cert_clear(&j->cloud);
	aws_close(&j->aws);
	journal_close(&j->journal);
	certs_free(&j->chain);
	config_free(&j->config);
	free(j->uid);
	if (j->other_fd >= 0)
		(void)close(j->other_fd);
	if (j->lock_fd >= 0)
		(void)close(j->lock_fd);
}

static bool
lock_name(const char *name, const char *what, int *fd, bool *busy)
{
	char *dir = journal_dir(), *path = NULL;

	*fd = -1;
	*busy = false;
	if (dir == NULL)
		return false;
	if (name == NULL || asprintf(&path, "%s/%s.lock", dir, name) < 0) {
		prov_error("out of memory");
		path = NULL;
	} else {
		*fd = file_lock(path, false, busy);
	}
	free(dir);
	free(path);
	if (*busy && what != NULL) {
		prov_error("another optiga-provision is at work on %s", what);
		prov_hint("wait until it has ended, then run again");
	}
	return *fd >= 0;
}

bool
job_lock_name(struct job *j, const char *name, const char *what)
{
	bool busy;

	return lock_name(name, what, &j->lock_fd, &busy);
}

bool
job_lock(struct job *j)
{
	char *name = token_slot_name(j->token, j->slot), what[64];
	bool ok;

	(void)snprintf(
	    what, sizeof(what), "slot \"%s\" (%04X) of this chip", j->slot->name, j->slot->key_oid);
	ok = job_lock_name(j, name, what);
	free(name);
	return ok;
}

enum found
job_lock_other(struct job *j, const struct slot *s)
{
	char *name;
	bool busy, ok;

	/* Nothing is locked where nothing will be changed. */
	if (j->lock_fd < 0 || s == j->role)
		return FOUND_ONE;
	if (j->other_fd >= 0)
		(void)close(j->other_fd);
	name = token_slot_name(j->token, s);
	ok = lock_name(name, NULL, &j->other_fd, &busy);
	free(name);
	if (busy)
		return FOUND_NONE;
	return ok ? FOUND_ONE : FOUND_FAILED;
}

/* The factory's key is where it is, whatever slot the configuration names. */
static void
use_factory_slot(struct job *j)
{
	static const struct slot factory = { "first", 0xE0F0, 0xE0E0, KEY_EC };

	j->slot = &factory;
	if (j->config != NULL)
		j->config->slot = &factory;
}

/* Where the certificate becomes known. */
static bool
choose_register(struct job *j)
{
	enum config_register how = j->opts->registration;

	if (how == REGISTER_DEFAULT && j->config != NULL)
		how = j->config->registration;
	if (how == REGISTER_DEFAULT && j->ca->as_is)
		how = REGISTER_AWS;
	j->state.cloud = j->state.by_aws || how == REGISTER_AWS;
	j->first_connect = how == REGISTER_FIRST_CONNECT;
	if (!j->state.by_aws || how == REGISTER_DEFAULT || how == REGISTER_AWS)
		return true;
	prov_error("a certificate by AWS IoT is known there; it cannot be otherwise");
	prov_hint("leave out \"register\", or choose another CA");
	return false;
}

bool
job_choose_ca(struct job *j)
{
	const struct config *c = j->config;
	const char *value = j->opts->ca, *where = "--ca";

	if (value == NULL && c != NULL && c->ca != NULL) {
		value = c->ca;
		where = c->path;
	}
	j->ca = issuer_find(where, value != NULL ? value : issuer_aws.name, &j->ca_argument);
	if (j->ca == NULL)
		return false;
	if (j->ca->as_is)
		use_factory_slot(j);
	j->state.by_aws = j->ca == &issuer_aws;
	j->state.update_thing = j->opts->update_thing;
	j->state.replace = j->opts->in_place;
	j->state.finishes = j->ca->finish != NULL;
	return choose_register(j);
}

/* Of a key that is there already nothing is asked but that AWS IoT takes its certificate. */
static bool
fits_aws(const struct job *j)
{
	if (j->config == NULL)
		return true;
	return j->ca->as_is ? config_has_thing(j->config) : config_fits_aws(j->config);
}

bool
job_open_ca(struct job *j)
{
	const struct issuer_ask ask = {
		.opts = j->opts,
		.config = j->config,
		.argument = j->ca_argument,
		.token = j->token,
		.looks = j->looks,
	};

	if (j->state.cloud && (!fits_aws(j) || !cloud_open(j)))
		return false;
	if (j->ca->open == NULL)
		return true;
	j->issuer = j->ca->open(&ask);
	return j->issuer != NULL;
}
