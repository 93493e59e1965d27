/*
 * C_UnwrapKey: PKCS #11 v2.40, 5.13. The chip unwraps nothing but protected updates: keys and
 * data that somebody has signed, and may have encrypted, for one of its objects (SRM,
 * SetObjectProtected). The mechanism is the module's own (optiga-pkcs11.h).
 */
#include <config.h>

#include <stdlib.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/tmpl.h"

/* --- the manifest ------------------------------------------------------------------------------
 */

struct manifest {
	uint16_t anchor, target;
};

/* A byte string of strict CBOR (RFC 8949, 3.1): the head tells the length in its shortest form. */
static bool
take_bytes(struct cur *c, struct cur *value)
{
	uint8_t head, len8;
	uint16_t len;

	if (!cur_u8(c, &head) || (head & 0xE0) != 0x40)
		return false;
	if (head < 0x58)
		len = head & 0x1F;
	else if (head == 0x58 && cur_u8(c, &len8))
		len = len8;
	else if (head != 0x59 || !cur_u16(c, &len))
		return false;
	value->len = len;
	return cur_bytes(c, len, &value->p);
}

/* An OID as a byte string. */
static bool
take_oid(struct cur *c, uint16_t *oid)
{
	struct cur v;

	return take_bytes(c, &v) && v.len == 2 && cur_u16(&v, oid);
}

/*
 * COSE_Sign1: 84 <protected> A1 04 <trust anchor> <payload> <signature>; the payload is an array
 * whose end is the OID of the target. The chip checks the rest.
 */
static bool
take_manifest(const uint8_t *p, size_t len, struct manifest *m)
{
	struct cur c = { p, len }, skip, payload, end;
	uint8_t array, map, label;

	if (!cur_u8(&c, &array) || array != 0x84 || !take_bytes(&c, &skip) || !cur_u8(&c, &map) ||
	    map != 0xA1 || !cur_u8(&c, &label) || label != 0x04 || !take_oid(&c, &m->anchor) ||
	    !take_bytes(&c, &payload) || payload.len < 3)
		return false;
	end = (struct cur){ payload.p + payload.len - 3, 3 };
	return take_oid(&end, &m->target);
}

/* --- checks --------------------------------------------------------------------------------------
 */

static const struct tmpl_row rows[] = {
	{ CKA_OPTIGA_OID, TMPL_USED },
	{ CKA_OPTIGA_REPLACE, TMPL_USED },
	{ CKA_CLASS, TMPL_IGNORE },
	{ CKA_KEY_TYPE, TMPL_IGNORE },
	{ CKA_TOKEN, TMPL_TRUE },
	{ CKA_PRIVATE, TMPL_IGNORE },
	{ CKA_SENSITIVE, TMPL_TRUE },
	{ CKA_EXTRACTABLE, TMPL_FALSE },
	{ 0, TMPL_END },
};

/* The key that "unwraps" is the trust anchor: its certificate object. */
static CK_RV
check_anchor(struct store *st, CK_OBJECT_HANDLE h, const struct manifest *m)
{
	CK_OBJECT_CLASS cls = 0;
	uint8_t oid[2] = { 0 };
	CK_ATTRIBUTE a[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_OPTIGA_OID, oid, sizeof(oid) } };
	const int r = store_attributes(st, h, a, 2);

	if (r == STORE_EHANDLE)
		return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
	if (r != 0)
		return mod_rv(r);
	if (cls != CKO_CERTIFICATE)
		return CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
	if ((oid[0] << 8 | oid[1]) == m->anchor)
		return CKR_OK;
	log_info(
	    "protected update: signed for trust anchor %04X, not for the certificate in %02X%02X",
	    m->anchor, oid[0], oid[1]);
	return CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
}

/* Handles of keys, certificates and data in an object. */
static CK_RV
objects_at(struct store *st, uint16_t target, CK_OBJECT_HANDLE *first, CK_ULONG *np)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_CERTIFICATE,
		CKO_DATA };
	uint8_t oid[2] = { (uint8_t)(target >> 8), (uint8_t)target };
	CK_OBJECT_HANDLE *list;
	CK_OBJECT_CLASS cls;
	CK_ATTRIBUTE want[] = { { CKA_OPTIGA_OID, oid, sizeof(oid) },
		{ CKA_CLASS, &cls, sizeof(cls) } };
	CK_ULONG n;
	int r;

	*np = 0;
	for (size_t i = 0; i < NITEMS(classes); i++) {
		cls = classes[i];
		if ((r = store_find(st, want, 2, &list, &n)) != 0)
			return mod_rv(r);
		if (*np == 0 && n != 0)
			*first = list[0];
		*np += n;
		free(list);
	}
	return CKR_OK;
}

static CK_RV
check_target(struct store *st, const struct manifest *m, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	const CK_ATTRIBUTE *named = tmpl_find(tmpl, n, CKA_OPTIGA_OID);
	CK_OBJECT_HANDLE first;
	bool replace = false;
	const uint8_t *oid;
	CK_ULONG there;
	CK_RV rv;

	if (named != NULL) {
		if (named->ulValueLen != 2)
			return CKR_ATTRIBUTE_VALUE_INVALID;
		oid = named->pValue;
		if ((oid[0] << 8 | oid[1]) != m->target) {
			log_info("protected update: is for %04X, not for %02X%02X", m->target,
			    oid[0], oid[1]);
			return CKR_TEMPLATE_INCONSISTENT;
		}
	}
	if ((rv = mod_template_bool(tmpl, n, CKA_OPTIGA_REPLACE, false, &replace)) != CKR_OK ||
	    replace || (rv = objects_at(st, m->target, &first, &there)) != CKR_OK || there == 0)
		return rv;
	log_info("protected update: %04X is in use; CKA_OPTIGA_REPLACE says that it may be "
		 "overwritten",
	    m->target);
	return CKR_ACTION_PROHIBITED;
}

/* --- the call ------------------------------------------------------------------------------------
 */

static const struct {
	int err;
	const char *why;
} refusals[] = {
	{ CHIP_E_MANIFEST, "the chip cannot read the manifest" },
	{ CHIP_E_VERSION, "its version is not newer than the object's" },
	{ CHIP_E_SIGNATURE, "the signature is not the trust anchor's" },
	{ CHIP_E_INTEGRITY, "the fragments are not those of the manifest" },
};

static CK_RV
send_update(struct chip *chip, const CK_OPTIGA_PROTECTED_UPDATE_PARAMS *p, const unsigned char *in,
    CK_ULONG len)
{
	const int r = chip_protected_update(chip, p->pManifest, p->ulManifestLen, in, len);

	for (size_t i = 0; i < NITEMS(refusals); i++)
		if (refusals[i].err == r) {
			log_info("protected update refused: %s", refusals[i].why);
			return CKR_WRAPPED_KEY_INVALID;
		}
	return mod_rv(r);
}

struct update {
	const CK_OPTIGA_PROTECTED_UPDATE_PARAMS *params;
	struct manifest manifest;
	CK_OBJECT_HANDLE anchor;
	const unsigned char *fragments;
	CK_ULONG len;
	const CK_ATTRIBUTE *tmpl;
	CK_ULONG n;
};

/* The chip is held: nobody makes a key in the target after the look at it. */
static CK_RV
update_held(struct store *st, const struct update *u, CK_OBJECT_HANDLE *keyp)
{
	CK_ULONG there;
	CK_RV rv;

	if ((rv = check_anchor(st, u->anchor, &u->manifest)) != CKR_OK ||
	    (rv = check_target(st, &u->manifest, u->tmpl, u->n)) != CKR_OK ||
	    (rv = send_update(store_chip(st), u->params, u->fragments, u->len)) != CKR_OK)
		return rv;
	*keyp = CK_INVALID_HANDLE; /* metadata alone may have been the object of the update */
	return objects_at(st, u->manifest.target, keyp, &there);
}

static CK_RV
update(struct session *s, const struct update *u, CK_OBJECT_HANDLE *keyp)
{
	struct chip *chip;
	CK_RV rv;
	int r;

	if ((r = mod_token_chip(s->token, &chip)) == 0 && (r = chip_acquire(chip)) == 0) {
		rv = update_held(s->token->device->store, u, keyp);
		chip_release(chip);
	} else {
		rv = mod_rv(r);
	}
	mod_token_unlock(s->token);
	return rv;
}

static CK_RV
unwrap(struct session *s, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping,
    const unsigned char *in, CK_ULONG len, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
    CK_OBJECT_HANDLE *keyp)
{
	struct update u = {
		.anchor = unwrapping, .fragments = in, .len = len, .tmpl = tmpl, .n = n
	};
	const CK_OPTIGA_PROTECTED_UPDATE_PARAMS *p;
	const struct mech *mech;
	CK_RV rv;

	if (in == NULL || keyp == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = mod_token_mech(s->token, mechanism, CKF_UNWRAP, &mech)) != CKR_OK ||
	    (rv = mod_check_template(tmpl, n, true)) != CKR_OK ||
	    (rv = mod_rv(tmpl_check(tmpl, n, rows))) != CKR_OK)
		return rv;
	p = mechanism->pParameter;
	if (p == NULL || mechanism->ulParameterLen != sizeof(*p) || p->pManifest == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	if (!take_manifest(p->pManifest, p->ulManifestLen, &u.manifest)) {
		log_info("protected update: %lu bytes that are no manifest", p->ulManifestLen);
		return CKR_MECHANISM_PARAM_INVALID;
	}
	if (len == 0)
		return CKR_WRAPPED_KEY_LEN_RANGE;
	if (!s->rw)
		return CKR_SESSION_READ_ONLY;
	u.params = p;
	return update(s, &u, keyp);
}

CK_RV
mod_C_UnwrapKey(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping,
    unsigned char *in, CK_ULONG len, CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *keyp)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, unwrap(s, mechanism, unwrapping, in, len, tmpl, n, keyp));
}
