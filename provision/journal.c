/* The journal; see journal.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "provision/file.h"
#include "provision/journal.h"
#include "provision/msg.h"

#define JOURNAL_VERSION 1
#define JOURNAL_MAX     131072U

char *
journal_dir(void)
{
	char *dir = file_user_dir("XDG_STATE_HOME", ".local/state");

	if (dir != NULL && !file_make_dir(dir)) {
		free(dir);
		dir = NULL;
	}
	return dir;
}

static bool
id_ok(const char *id)
{
	return strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64;
}

/* A file that somebody changed is not guessed at. */
static bool
decode(struct journal *j, json_t *json)
{
	const char *state, *replaced = "", *id = "", *pem = "", *chain = NULL;
	int version, requests, replaces = 0;
	double since;

	if (json_unpack(json, "{s:i, s:s, s:F, s:i, s?b, s?s, s?s, s?s, s?s}", "version", &version,
		"state", &state, "since", &since, "requests", &requests, "replaces", &replaces,
		"replaced", &replaced, "certificateId", &id, "certificatePem", &pem, "chainPem",
		&chain) != 0 ||
	    version != JOURNAL_VERSION || requests < 0)
		return false;
	j->since = since;
	j->replaces = replaces != 0;
	if (id_ok(replaced))
		memcpy(j->replaced, replaced, sizeof(j->replaced));
	j->requests = (unsigned int)requests;
	if (strcmp(state, "asked") == 0) {
		j->pending = PENDING_ASKED;
		return true;
	}
	if (strcmp(state, "issued") != 0 || !id_ok(id) || (j->pem = strdup(pem)) == NULL ||
	    (chain != NULL && (j->chain = strdup(chain)) == NULL))
		return false;
	memcpy(j->id, id, sizeof(j->id));
	j->pending = PENDING_ISSUED;
	return true;
}

bool
journal_open(struct journal *j, const char *key, const char *ca)
{
	char *dir = journal_dir(), *text = NULL;
	bool absent = false, ok = false;
	json_t *json = NULL;
	size_t len;

	memset(j, 0, sizeof(*j));
	if (dir == NULL)
		return false;
	if (asprintf(&j->path, "%s/%s.%s.json", dir, key, ca) < 0) {
		prov_error("out of memory");
		j->path = NULL;
		goto out;
	}
	text = file_read_if(j->path, JOURNAL_MAX, &len, &absent);
	if (text == NULL) {
		ok = absent;
		goto out;
	}
	json = json_loadb(text, len, 0, NULL);
	ok = json != NULL && decode(j, json);
	if (!ok) {
		prov_error("the journal \"%s\" is damaged", j->path);
		prov_hint(
		    "remove it, and look in AWS IoT for INACTIVE certificates of this device");
	}
out:
	json_decref(json);
	free(text);
	free(dir);
	if (!ok)
		journal_close(j);
	return ok;
}

void
journal_close(struct journal *j)
{
	free(j->path);
	free(j->pem);
	free(j->chain);
	memset(j, 0, sizeof(*j));
}

static bool
save(const struct journal *j)
{
	json_t *json = json_pack("{s:i, s:s, s:f, s:i, s:b}", "version", JOURNAL_VERSION, "state",
	    j->pending == PENDING_ASKED ? "asked" : "issued", "since", j->since, "requests",
	    (int)j->requests, "replaces", (int)j->replaces);
	char *text = NULL;
	bool ok = json != NULL;

	if (ok && j->replaced[0] != '\0')
		ok = json_object_set_new(json, "replaced", json_string(j->replaced)) == 0;
	if (ok && j->pending == PENDING_ISSUED)
		ok = json_object_set_new(json, "certificateId", json_string(j->id)) == 0 &&
		     json_object_set_new(json, "certificatePem", json_string(j->pem)) == 0;
	if (ok && j->pending == PENDING_ISSUED && j->chain != NULL)
		ok = json_object_set_new(json, "chainPem", json_string(j->chain)) == 0;
	if (ok)
		text = json_dumps(json, JSON_INDENT(2));
	if (text == NULL) {
		prov_error("cannot write the journal \"%s\": out of memory", j->path);
		ok = false;
	} else {
		ok = file_replace(j->path, text, strlen(text), 0600);
	}
	free(text);
	json_decref(json);
	return ok;
}

bool
journal_asked(struct journal *j)
{
	if (j->requests == 0)
		j->since = (double)time(NULL);
	j->requests++;
	j->pending = PENDING_ASKED;
	return save(j);
}

bool
journal_issued(struct journal *j, const char *id, const char *pem, const char *chain)
{
	char *copy = strdup(pem), *chain_copy = chain != NULL ? strdup(chain) : NULL;

	if (copy == NULL || (chain != NULL && chain_copy == NULL)) {
		prov_error("out of memory");
		free(copy);
		free(chain_copy);
		return false;
	}
	free(j->pem);
	free(j->chain);
	j->pem = copy;
	j->chain = chain_copy;
	(void)snprintf(j->id, sizeof(j->id), "%s", id);
	j->pending = PENDING_ISSUED;
	return save(j);
}

bool
journal_forget(struct journal *j)
{
	if (!file_remove(j->path))
		return false;
	free(j->pem);
	free(j->chain);
	j->pem = j->chain = NULL;
	j->pending = PENDING_NONE;
	j->requests = 0;
	j->replaces = false;
	j->replaced[0] = '\0';
	return true;
}
