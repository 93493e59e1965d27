/* pair: the platform binding made, rotated, imported, shown, locked, forgotten. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/ask.h"
#include "provision/lockint.h"
#include "provision/options.h"
#include "provision/pair.h"
#include "provision/report.h"

/* What becomes of E140 with --renewable and --sealed. */
static const char renewable[] =
    "{ \"objects\": [ { \"object\": \"E140\", \"change\": \"paired host\", \"read\": \"never\", "
    "\"life_cycle\": \"operational\" } ] }";
static const char sealed[] =
    "{ \"objects\": [ { \"object\": \"E140\", \"change\": \"never\", \"read\": \"never\", "
    "\"life_cycle\": \"operational\" } ] }";

static const char *const whose_words[] = {
	[PAIR_THIS_HOST] = "this host",
	[PAIR_FACTORY] = "factory",
	[PAIR_OTHER] = "unknown to this host",
};

static void
add_words(struct token *t, const struct pair_state *p, json_t *r)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		const char *name;
	} rows[] = { { CKA_OPTIGA_CHANGE, "change" }, { CKA_OPTIGA_READ, "read" } };
	CK_ULONG lcs = 0;
	size_t len;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char words[ACCESS_WORDS_MAX];
		struct access a;

		if (token_chip_get(t, p->binding, rows[i].type, a.expr, ACCESS_MAX, &a.len) !=
		    CKR_OK)
			continue;
		access_words(&a, words);
		report_add(r, rows[i].name, words);
	}
	(void)token_chip_get(t, p->binding, CKA_OPTIGA_LIFE_CYCLE, &lcs, sizeof(lcs), &len);
	report_add(r, "life_cycle", lock_state_word((int)lcs));
}

static json_t *
state_report(struct token *t, const struct pair_state *p)
{
	json_t *r = report_new();

	report_add(r, "token", token_label(t));
	report_add(r, "serial", token_serial(t));
	report_add(r, "paired", p->whose == PAIR_THIS_HOST ? "yes" : "no");
	report_add(r, "secret_of", whose_words[p->whose]);
	if (p->personalised)
		report_add(
		    r, "authorization", p->authorized ? "this host" : "unknown to this host");
	add_words(t, p, r);
	return r;
}

/* What was done; looked at afresh. */
static enum prov_exit
report(struct token *t, const struct options *o, const char *result)
{
	struct pair_state now;
	json_t *r;

	if (strcmp(result, "nothing to do") == 0 && !o->json)
		return puts(result) < 0 ? PROV_FAILED : PROV_OK;
	if (!pair_look(t, &now))
		return PROV_FAILED;
	r = state_report(t, &now);
	report_add(r, "result", result);
	return report_print(r, o->json) ? PROV_OK : PROV_FAILED;
}

static enum prov_exit
show_status(struct token *t, const struct pair_state *p, const struct options *o)
{
	if (p->whose == PAIR_FACTORY)
		prov_warn("the chip has the secret of the factory, which protects nothing");
	return report_print(state_report(t, p), o->json) ? PROV_OK : PROV_FAILED;
}

/* The only copy of what a locked chip never takes another of. */
static bool
may_forget(const struct pair_state *p, const struct options *o)
{
	if (!p->locked || p->whose != PAIR_THIS_HOST)
		return true;
	prov_warn(
	    "the chip is locked to this secret; without a copy of it no host can ever use what "
	    "asks for the encrypted connection");
	if (!o->irreversible) {
		prov_error("this can never be undone; nothing was changed");
		prov_hint("keep a copy of the secret's file, then add --irreversible");
		return false;
	}
	return o->yes || ask_yes("Forget the secret? It cannot be had from the chip.");
}

static enum prov_exit
do_forget(struct token *t, const struct pair_state *p, const struct options *o)
{
	if (!may_forget(p, o) || !pair_forget(t, p))
		return PROV_FAILED;
	return report(t, o, "forgotten");
}

static enum prov_exit
do_portal(struct token *t, const struct pair_state *p, const struct options *o)
{
	struct portal file;
	bool ok;

	if (!portal_load(o->portal, &file))
		return PROV_FAILED;
	ok = pair_import(t, p, o->portal, &file);
	portal_clear(&file);
	if (!ok)
		return PROV_FAILED;
	return report(t, o,
	    p->whose == PAIR_THIS_HOST && p->authorized == p->personalised ? "nothing to do"
									   : "imported");
}

/* Another host's secret is taken away only when that was asked for. */
static bool
may_pair(const struct pair_state *p, const struct options *o)
{
	if (p->whose != PAIR_OTHER || o->rotate)
		return true;
	prov_error("the chip has a secret that this host does not have");
	prov_hint(p->locked
		      ? "it is locked to it: copy the secret's file from the host that has it, or "
			"give --portal FILE"
		      : "give --portal FILE, or --rotate to take the chip from the host that has "
			"it");
	return false;
}

/* The lock, once paired. */
static enum prov_exit
do_lock(struct token *t, const struct options *o, bool made)
{
	struct lock_policy *policy = lock_policy_parse(
	    o->sealed ? "--sealed" : "--renewable", o->sealed ? sealed : renewable);
	unsigned int flags = LOCK_IRREVERSIBLE | (o->yes ? LOCK_YES : 0);
	enum lock_result result = policy != NULL ? lock_apply(t, policy, NULL, flags) : LOCK_FAILED;

	lock_policy_free(&policy);
	if (result == LOCK_DONE)
		return report(t, o, made ? "paired and locked" : "locked");
	if (result == LOCK_NOTHING)
		return report(t, o, made ? "paired" : "nothing to do");
	if (made)
		prov_hint("the chip is paired and not locked");
	return PROV_FAILED;
}

static enum prov_exit
do_pair(struct token *t, const struct pair_state *p, const struct options *o)
{
	const bool make = p->whose != PAIR_THIS_HOST || o->rotate;
	const bool lock = o->renewable || o->sealed;

	if (lock && !p->locked && !o->irreversible) {
		prov_error("--%s can never be undone, by anyone; nothing was changed",
		    o->sealed ? "sealed" : "renewable");
		prov_hint("%s; if that is meant, add --irreversible",
		    o->sealed ? "the secret could never be changed again, and a host that loses it "
				"never be replaced"
			      : "the secret could be changed only by the host that has it");
		return PROV_FAILED;
	}
	if (!may_pair(p, o) || (make && !pair_make(t, p)))
		return PROV_FAILED;
	if (lock)
		return do_lock(t, o, make);
	return report(t, o, !make ? "nothing to do" : o->rotate ? "rotated" : "paired");
}

static bool
options_fit(const struct options *o)
{
	if (o->status + o->forget + o->rotate + (o->portal != NULL) > 1) {
		prov_error("--status, --forget, --rotate and --portal exclude each other");
		return false;
	}
	if (o->renewable && o->sealed) {
		prov_error("--renewable and --sealed exclude each other");
		return false;
	}
	if ((o->renewable || o->sealed) && (o->status || o->forget || o->portal != NULL)) {
		prov_error("--renewable and --sealed are for pairing and --rotate");
		return false;
	}
	return true;
}

enum prov_exit
cmd_pair(const struct options *o)
{
	struct token_options opts = o->token;
	enum prov_exit status = PROV_FAILED;
	struct pair_state p;
	struct token *t;

	if (!options_fit(o))
		return PROV_USAGE;
	opts.write = !o->status;
	t = token_open(&opts);
	if (t != NULL && pair_look(t, &p))
		status = o->status           ? show_status(t, &p, o)
			 : o->forget         ? do_forget(t, &p, o)
			 : o->portal != NULL ? do_portal(t, &p, o)
					     : do_pair(t, &p, o);
	token_close(&t);
	return status;
}
