/* All tokens of a module; see token.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "provision/msg.h"
#include "provision/rv.h"
#include "provision/tokenint.h"

#define OURS "Infineon"

struct list {
	struct token t;
	P11KitUri *uri;
	const struct token_options *opts;
	CK_SLOT_ID *slots;
	CK_ULONG nslots;
	CK_TOKEN_INFO *infos; /* of those that fit, nhits */
	size_t nhits;
};

static bool
get_slots(struct list *l)
{
	CK_FUNCTION_LIST *m = l->t.module;
	CK_RV rv;

	do {
		rv = m->C_GetSlotList(CK_TRUE, NULL, &l->nslots);
		if (rv != CKR_OK)
			break;
		free(l->slots);
		l->slots = calloc(l->nslots + 1, sizeof(*l->slots));
		if (l->slots == NULL) {
			prov_error("out of memory");
			return false;
		}
		rv = m->C_GetSlotList(CK_TRUE, l->slots, &l->nslots);
	} while (rv == CKR_BUFFER_TOO_SMALL); /* one has come meanwhile */
	if (rv == CKR_OK)
		return true;
	rv_error(rv, "cannot list the tokens");
	return false;
}

/* The selector of our own module's device, if the field has room for all of it. */
static char *
place_of(struct list *l, CK_SLOT_ID slot)
{
	CK_SLOT_INFO info;
	size_t len;

	if (l->t.module->C_GetSlotInfo(slot, &info) != CKR_OK)
		return NULL;
	len = p11_kit_space_strlen(info.manufacturerID, sizeof(info.manufacturerID));
	if (len != strlen(OURS) || memcmp(info.manufacturerID, OURS, len) != 0)
		return NULL;
	len = p11_kit_space_strlen(info.slotDescription, sizeof(info.slotDescription));
	if (len == sizeof(info.slotDescription) || memchr(info.slotDescription, ':', len) == NULL)
		return NULL;
	return p11_kit_space_strdup(info.slotDescription, sizeof(info.slotDescription));
}

static char *
uri_of(const CK_TOKEN_INFO *info)
{
	P11KitUri *uri = p11_kit_uri_new();
	CK_TOKEN_INFO *t;
	char *text = NULL;

	if (uri == NULL)
		return NULL;
	t = p11_kit_uri_get_token_info(uri);
	memcpy(t->serialNumber, info->serialNumber, sizeof(t->serialNumber));
	if (p11_kit_uri_format(uri, P11_KIT_URI_FOR_TOKEN, &text) != P11_KIT_URI_OK)
		text = NULL;
	p11_kit_uri_free(uri);
	return text;
}

/* A chip can show its key slots as tokens of their own: one serial number, one chip. */
static bool
seen_before(const struct list *l, const CK_TOKEN_INFO *info)
{
	for (size_t i = 0; i < l->nhits; i++)
		if (memcmp(l->infos[i].serialNumber, info->serialNumber,
			sizeof(info->serialNumber)) == 0)
			return true;
	return false;
}

static bool
show(struct list *l, CK_SLOT_ID slot, const CK_TOKEN_INFO *info,
    bool (*visit)(const struct token_seen *t, void *arg), void *arg)
{
	char *label = p11_kit_space_strdup(info->label, sizeof(info->label));
	char *serial = p11_kit_space_strdup(info->serialNumber, sizeof(info->serialNumber));
	char *uri = uri_of(info), *place = place_of(l, slot);
	bool ok = label != NULL && serial != NULL && uri != NULL;

	if (ok)
		ok = visit(&(struct token_seen){ label, serial, uri, place }, arg);
	else
		prov_error("out of memory");
	free(label);
	free(serial);
	free(uri);
	free(place);
	return ok;
}

static bool
show_all(struct list *l, bool (*visit)(const struct token_seen *t, void *arg), void *arg)
{
	l->infos = calloc(l->nslots + 1, sizeof(*l->infos));
	if (l->infos == NULL) {
		prov_error("out of memory");
		return false;
	}
	for (CK_ULONG i = 0; i < l->nslots; i++) {
		CK_TOKEN_INFO *info = &l->infos[l->nhits];

		if (l->t.module->C_GetTokenInfo(l->slots[i], info) != CKR_OK ||
		    !token_matches(info, l->uri, l->opts->token) || seen_before(l, info))
			continue;
		l->nhits++;
		if (!show(l, l->slots[i], info, visit, arg))
			return false;
	}
	if (l->nhits > 0)
		return true;
	if (l->opts->token != NULL)
		prov_error("there is no token \"%s\"", l->opts->token);
	else
		token_say_none();
	return false;
}

bool
token_list(const struct token_options *opts, bool (*visit)(const struct token_seen *t, void *arg),
    void *arg)
{
	struct list l = { .opts = opts };
	bool ok;

	ok = token_parse_uri(opts->token, &l.uri) && token_load(&l.t, opts->module) &&
	     get_slots(&l) && show_all(&l, visit, arg);
	if (l.t.initialized)
		(void)p11_kit_module_finalize(l.t.module);
	if (l.t.module != NULL)
		p11_kit_module_release(l.t.module);
	p11_kit_uri_free(l.uri);
	free(l.slots);
	free(l.infos);
	return ok;
}
