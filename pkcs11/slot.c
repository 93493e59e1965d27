/*
 * Slots and tokens: PKCS #11 v2.40, 5.5. One configured chip is one slot, or several (layout.h);
 * the chip is spoken to when somebody asks whether the token is there.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

#define MANUFACTURER "Infineon"

/* BCD, as the chip tells its firmware build. */
static unsigned char
from_bcd(uint8_t v)
{
	return (unsigned char)((v >> 4) * 10 + (v & 0x0F));
}

static CK_VERSION
firmware(const struct store_info *si)
{
	CK_VERSION v = { from_bcd(si->build[0]), from_bcd(si->build[1]) };

	return v;
}

int
mod_token_present(struct mod *m, struct token *t)
{
	const int r = store_present(mod_token_lock(t));

	mod_token_unlock(t);
	mod_lock(&m->lock);
	t->seen = r == 0 ? PRESENCE_YES : PRESENCE_NO;
	mod_unlock(&m->lock);
	return r;
}

/*
 * In a layout of several slots each has the names that the vendor's sample gave it, with the
 * number of the slot; the chip's serial number tells the tokens of two chips apart.
 */
static int
token_info(struct mod *m, struct token *t, struct store_info *si)
{
	int r = mod_token_present(m, t);

	if (r == 0) {
		r = store_info(mod_token_lock(t), si);
		mod_token_unlock(t);
	}
	if (r == 0 && t->view != NULL)
		(void)snprintf(si->label, sizeof(si->label), "Token%lu", t->id);
	return r;
}

CK_RV
mod_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *np)
{
	CK_ULONG n = 0, room;
	struct mod *m;
	CK_RV rv;

	if ((rv = mod_enter(&m)) != CKR_OK)
		return rv;
	if (np == NULL)
		return mod_leave(CKR_ARGUMENTS_BAD);
	room = list != NULL ? *np : 0; /* it may be anything in a query */
	for (size_t i = 0; i < m->ntokens; i++) {
		if (present && mod_token_present(m, &m->tokens[i]) != 0)
			continue;
		if (list != NULL && n < room)
			list[n] = m->tokens[i].id;
		n++;
	}
	*np = n;
	return mod_leave(list != NULL && room < n ? CKR_BUFFER_TOO_SMALL : CKR_OK);
}

CK_RV
mod_C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info)
{
	char slot[32];
	struct store_info si;
	struct token *t;
	struct mod *m;
	CK_RV rv;

	if ((rv = mod_enter_slot(id, &m, &t)) != CKR_OK)
		return rv;
	if (info == NULL)
		return mod_leave(CKR_ARGUMENTS_BAD);
	memset(info, 0, sizeof(*info));
	(void)snprintf(slot, sizeof(slot), "Slot%lu", t->id);
	mod_pad(info->slotDescription, sizeof(info->slotDescription),
	    t->view != NULL ? slot : store_selector(t->device->store));
	mod_pad(info->manufacturerID, sizeof(info->manufacturerID), MANUFACTURER);
	info->flags = CKF_HW_SLOT;
	if (token_info(m, t, &si) == 0) {
		info->flags |= CKF_TOKEN_PRESENT;
		info->firmwareVersion = firmware(&si);
	} else {
		/* The standard knows no empty slot that nothing can be put into. */
		info->flags |= CKF_REMOVABLE_DEVICE;
	}
	return mod_leave(CKR_OK);
}

CK_RV
mod_C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	struct store_info si;
	struct token *t;
	struct mod *m;
	CK_RV rv;
	int r;

	if ((rv = mod_enter_slot(id, &m, &t)) != CKR_OK)
		return rv;
	if (info == NULL)
		return mod_leave(CKR_ARGUMENTS_BAD);
	if ((r = token_info(m, t, &si)) != 0)
		return mod_leave(mod_rv_absent(r));
	memset(info, 0, sizeof(*info));
	mod_pad(info->label, sizeof(info->label), si.label);
	mod_pad(info->manufacturerID, sizeof(info->manufacturerID), MANUFACTURER);
	mod_pad(info->model, sizeof(info->model), si.model);
	mod_pad(info->serialNumber, sizeof(info->serialNumber), si.serial);
	mod_pad(info->utcTime, sizeof(info->utcTime), "");
	info->flags = CKF_RNG | CKF_TOKEN_INITIALIZED;
	info->ulMaxSessionCount = CK_EFFECTIVELY_INFINITE;
	info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
	/* Any PIN is taken (C_Login), so none may be too long for a program that checks. */
	info->ulMaxPinLen = 255;
	info->ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
	info->firmwareVersion = firmware(&si);
	mod_lock(&m->lock);
	info->ulSessionCount = t->nsessions;
	info->ulRwSessionCount = t->nrw;
	mod_unlock(&m->lock);
	return mod_leave(CKR_OK);
}

/* The slot's model; the token is attached first. */
static CK_RV
enter_model(CK_SLOT_ID id, struct token **tp, const struct chip_model **modelp)
{
	struct mod *m;
	CK_RV rv;
	int r;

	if ((rv = mod_enter_slot(id, &m, tp)) != CKR_OK)
		return rv;
	if ((r = mod_token_present(m, *tp)) != 0)
		return mod_leave(mod_rv_absent(r));
	if ((*modelp = mod_token_model(*tp)) == NULL)
		return mod_leave(CKR_TOKEN_NOT_RECOGNIZED);
	return CKR_OK;
}

CK_RV
mod_C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *list, CK_ULONG *np)
{
	const struct chip_model *model;
	const struct mech *mech;
	CK_ULONG n = 0, room;
	struct token *t;
	CK_RV rv;

	if ((rv = enter_model(id, &t, &model)) != CKR_OK)
		return rv;
	if (np == NULL)
		return mod_leave(CKR_ARGUMENTS_BAD);
	room = list != NULL ? *np : 0;
	for (size_t i = 0; (mech = mod_mech_at(i)) != NULL; i++) {
		if (!mod_mech_offered(mech, model, t->view))
			continue;
		if (list != NULL && n < room)
			list[n] = mech->type;
		n++;
	}
	*np = n;
	return mod_leave(list != NULL && room < n ? CKR_BUFFER_TOO_SMALL : CKR_OK);
}

CK_RV
mod_C_GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	const struct chip_model *model;
	const struct mech *mech;
	struct token *t;
	CK_RV rv;

	if ((rv = enter_model(id, &t, &model)) != CKR_OK)
		return rv;
	if (info == NULL)
		return mod_leave(CKR_ARGUMENTS_BAD);
	for (size_t i = 0; (mech = mod_mech_at(i)) != NULL; i++) {
		if (mech->type != type || !mod_mech_offered(mech, model, t->view))
			continue;
		mod_mech_sizes(mech, model, &info->ulMinKeySize, &info->ulMaxKeySize);
		info->flags = mech->flags;
		return mod_leave(CKR_OK);
	}
	return mod_leave(CKR_MECHANISM_INVALID);
}
