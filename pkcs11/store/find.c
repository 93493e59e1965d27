/* Search: PKCS #11 5.7, asking the chip no more than the template needs (D9). */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/view.h"

struct search {
	const CK_ATTRIBUTE *tmpl;
	CK_ULONG n;
	CK_OBJECT_HANDLE *found;
	CK_ULONG nfound, cap;
	struct buf value;
};

static int
add(struct store *st, struct search *s, const struct object *o)
{
	if (s->nfound == s->cap) {
		const CK_ULONG cap = s->cap + 16;
		CK_OBJECT_HANDLE *p = reallocarray(s->found, cap, sizeof(*p));

		if (p == NULL)
			return HAL_ENOMEM;
		s->found = p;
		s->cap = cap;
	}
	return object_handle(st, o, &s->found[s->nfound++]);
}

/* Whether objects of this kind have every attribute of the template. */
static bool
may_match(const struct store *st, const struct search *s, const struct object *o)
{
	for (CK_ULONG i = 0; i < s->n; i++)
		if (attr_find(st, o, s->tmpl[i].type) == NULL)
			return false;
	return true;
}

/* Holds the attributes of one cost against the template. */
static int
match(struct store *st, struct search *s, const struct object *o, enum attr_cost cost, bool *yes)
{
	for (CK_ULONG i = 0; i < s->n && *yes; i++) {
		const CK_ATTRIBUTE *want = &s->tmpl[i];
		const struct attr *a = attr_find(st, o, want->type);
		int r;

		if (a->cost != cost)
			continue;
		buf_reset(&s->value);
		r = attr_value(st, o, a, &s->value);
		if (r == STORE_EATTR_TYPE || r == STORE_EATTR_SENSITIVE)
			*yes = false;
		else if (r != 0)
			return r;
		else
			*yes = s->value.len == want->ulValueLen &&
			       (s->value.len == 0 ||
				   (want->pValue != NULL &&
				       memcmp(s->value.data, want->pValue, s->value.len) == 0));
	}
	return 0;
}

static int
search_at(struct store *st, struct search *s, struct object *o)
{
	bool yes = view_has_place(st, o) && may_match(st, s, o);
	int r = 0;

	for (enum attr_cost cost = ATTR_FREE; cost <= ATTR_READ && r == 0 && yes; cost++) {
		/* Up to here the place may be empty. */
		if (cost == ATTR_META)
			r = view_exists(st, o, &yes);
		if (r == 0 && yes)
			r = match(st, s, o, cost, &yes);
	}
	return r != 0 || !yes ? r : add(st, s, o);
}

static bool
has_attribute(const struct search *s, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < s->n; i++)
		if (s->tmpl[i].type == type)
			return true;
	return false;
}

/* Hidden ones are for those who know of them (PKCS #11 4.3.1, 5.7). */
static bool
asked_for(const struct search *s, const struct kind *k)
{
	return k->search == KIND_SHOWN || has_attribute(s, CKA_CLASS) ||
	       (k->search == KIND_BY_CLASS_OR_OID && has_attribute(s, CKA_OPTIGA_OID));
}

static int
search_all(struct store *st, struct search *s)
{
	struct object o;
	int r = 0;

	for (enum obj_kind kind = OBJ_PRIVATE; kind < OBJ_NKINDS && r == 0; kind++) {
		o = (struct object){ .kind = kind };
		if (!asked_for(s, kinds[kind]))
			continue;
		for (size_t i = 0; r == 0 && kinds[kind]->at(st, i, &o); i++)
			r = search_at(st, s, &o);
	}
	return r;
}

int
store_find(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE **handlesp,
    CK_ULONG *np)
{
	struct search s = { .tmpl = tmpl, .n = n, .value = BUF_INIT };
	int r;

	*handlesp = NULL;
	*np = 0;
	if ((r = store_enter(st)) != 0)
		return r;
	if ((r = search_all(st, &s)) == 0) {
		*handlesp = s.found;
		*np = s.nfound;
		if (s.nfound == 0) {
			free(s.found);
			*handlesp = NULL;
		}
	} else {
		free(s.found);
	}
	buf_free(&s.value);
	return store_leave(st, r);
}
