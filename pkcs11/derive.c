/*
 * C_DeriveKey: PKCS #11 v2.40, 5.13; ECDH, 2.3.7 of its mechanisms.
 *
 * The result is a session object. It is in host memory, or stays in a session context of the
 * chip when the template asks for a secret that nobody can read (CKA_SENSITIVE true,
 * CKA_EXTRACTABLE false) and the base key is on the chip.
 */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/calls.h"
#include "pkcs11/derive.h"
#include "pkcs11/mod.h"
#include "pkcs11/pkcs11v3.h"
#include "pkcs11/sobj.h"
#include "pkcs11/store/der.h"
#include "pkcs11/store/spki.h"
#include "pkcs11/store/tmpl.h"

CK_RV
mod_derive_chip(struct derivation *d,
    int (*fn)(struct chip *chip, const struct mod_key *key, void *arg), void *arg)
{
	const int r = mod_turn(d->s, &d->base, d->on_chip ? &d->context : NULL, fn, arg);

	switch (r) {
	case HAL_EBUSY: return d->on_chip ? CKR_DEVICE_MEMORY : mod_rv(r);
	case STORE_EHANDLE: return CKR_KEY_HANDLE_INVALID;
	default: return mod_rv(r);
	}
}

/* --- ECDH ------------------------------------------------------------------------------------- */

static const struct {
	CK_ULONG kdf;
	const char *hash;
} kdfs[] = {
	{ CKD_NULL, NULL },
	{ CKD_SHA1_KDF, "SHA1" },
	{ CKD_SHA224_KDF, "SHA2-224" },
	{ CKD_SHA256_KDF, "SHA2-256" },
	{ CKD_SHA384_KDF, "SHA2-384" },
	{ CKD_SHA512_KDF, "SHA2-512" },
};

/*
 * The other side's point, bare or as a DER OCTET STRING, in the form the chip takes. One that
 * is not on the curve would tell of the private key: it is refused.
 */
static CK_RV
peer_bits(const struct chip_keytype *kt, const uint8_t *p, size_t len, struct buf *bits)
{
	struct buf spki = BUF_INIT;
	struct cur point;
	int r;

	if ((r = spki_from_point(kt, p, len, &spki)) == 0 && (r = spki_point(&spki, &point)) == 0 &&
	    (r = der_put_head(bits, DER_BIT_STRING, point.len + 1)) == 0 &&
	    (r = buf_put_u8(bits, 0)) == 0)
		r = buf_put(bits, point.p, point.len);
	buf_free(&spki);
	return r == HAL_EFORMAT ? CKR_MECHANISM_PARAM_INVALID : mod_rv(r);
}

struct agreement {
	struct derivation *d;
	struct buf bits; /* of the other side's public key */
};

static int
agree(struct chip *chip, const struct mod_key *key, void *arg)
{
	const struct agreement *a = arg;
	struct derivation *d = a->d;

	return chip_ecdh(chip, key->oid, key->type->alg, a->bits.data, a->bits.len,
	    d->on_chip ? d->context.oid : CHIP_EXPORT, d->on_chip ? NULL : &d->out);
}

/* The last len bytes of the secret (2.3.7: "removes bytes from the leading end"). */
static CK_RV
shorten(struct derivation *d, size_t len)
{
	if (len > d->out.len)
		return CKR_KEY_SIZE_RANGE;
	memmove(d->out.data, d->out.data + d->out.len - len, len);
	OPENSSL_cleanse(d->out.data + len, d->out.len - len);
	d->out.len = len;
	return CKR_OK;
}

CK_RV
mod_derive_ecdh(struct derivation *d)
{
	const CK_ECDH1_DERIVE_PARAMS *p = d->mechanism->pParameter;
	const size_t size = d->base.type->size;
	struct agreement a = { .d = d };
	const char *hash = NULL;
	bool known = false;
	CK_RV rv;

	if (p == NULL || d->mechanism->ulParameterLen != sizeof(*p) || p->public_data == NULL ||
	    (p->shared_data == NULL && p->shared_data_len != 0))
		return CKR_MECHANISM_PARAM_INVALID;
	for (size_t i = 0; i < NITEMS(kdfs); i++)
		if (kdfs[i].kdf == p->kdf) {
			hash = kdfs[i].hash;
			known = true;
		}
	if (!known || (hash == NULL && p->shared_data_len != 0))
		return CKR_MECHANISM_PARAM_INVALID;
	if (hash != NULL && d->len == 0)
		return CKR_TEMPLATE_INCOMPLETE; /* any length would do */
	/* The chip keeps the whole secret or none of it. */
	if (hash != NULL || (d->len != 0 && d->len != size))
		d->on_chip = false;
	if ((rv = peer_bits(d->base.type, p->public_data, p->public_data_len, &a.bits)) == CKR_OK)
		rv = mod_derive_chip(d, agree, &a);
	if (rv == CKR_OK && hash != NULL)
		rv = mod_kdf_x963(d, hash, p->shared_data, p->shared_data_len, d->len);
	else if (rv == CKR_OK && d->len != 0 && !d->on_chip)
		rv = shorten(d, d->len);
	if (d->on_chip)
		d->len = size;
	buf_free(&a.bits);
	return rv;
}

/* --- the call --------------------------------------------------------------------------------- */

static const struct {
	CK_MECHANISM_TYPE type;
	CK_RV (*run)(struct derivation *d);
} runs[] = {
	{ CKM_ECDH1_DERIVE, mod_derive_ecdh },
	{ CKM_HKDF_DERIVE, mod_derive_hkdf },
	{ CKM_TLS12_MASTER_KEY_DERIVE, mod_derive_tls_master },
	{ CKM_TLS12_MASTER_KEY_DERIVE_DH, mod_derive_tls_master },
	{ CKM_TLS_KDF, mod_derive_tls_kdf },
};

/* What the template wants: a secret key of a type and, maybe, a length. */
static CK_RV
read_template(struct derivation *d, const CK_ATTRIBUTE *tmpl, CK_ULONG n, enum key_kind *kind)
{
	CK_OBJECT_CLASS cls = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	bool token, sensitive, extractable;
	CK_RV rv;

	if ((rv = mod_check_template(tmpl, n, true)) != CKR_OK ||
	    (rv = mod_template_bool(tmpl, n, CKA_TOKEN, false, &token)) != CKR_OK ||
	    (rv = mod_template_bool(tmpl, n, CKA_SENSITIVE, false, &sensitive)) != CKR_OK ||
	    (rv = mod_template_bool(tmpl, n, CKA_EXTRACTABLE, true, &extractable)) != CKR_OK ||
	    (rv = mod_rv(tmpl_ulong(tmpl, n, CKA_CLASS, &cls))) != CKR_OK ||
	    (rv = mod_rv(tmpl_ulong(tmpl, n, CKA_KEY_TYPE, &type))) != CKR_OK ||
	    (rv = mod_rv(tmpl_ulong(tmpl, n, CKA_VALUE_LEN, &d->len))) != CKR_OK)
		return rv;
	if (token)
		log_info("derived keys are session objects: CKA_TOKEN = true is refused");
	if (token || cls != CKO_SECRET_KEY || (type != CKK_GENERIC_SECRET && type != CKK_AES))
		return CKR_TEMPLATE_INCONSISTENT;
	*kind = type == CKK_AES ? KEY_AES : KEY_GENERIC;
	d->on_chip = sensitive && !extractable && d->base.oid != 0 && *kind == KEY_GENERIC;
	return CKR_OK;
}

static CK_RV
check_base(const struct derivation *d)
{
	const bool ec = d->mech->key == MECH_KEY_EC;

	if (d->base.cls != (ec ? CKO_PRIVATE_KEY : CKO_SECRET_KEY) ||
	    d->base.kind != (ec ? KEY_EC : KEY_GENERIC))
		return CKR_KEY_TYPE_INCONSISTENT;
	return (d->base.uses & CKF_DERIVE) != 0 ? CKR_OK : CKR_KEY_FUNCTION_NOT_PERMITTED;
}

static CK_RV
add_object(struct derivation *d, enum key_kind kind, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
    CK_OBJECT_HANDLE *keyp)
{
	const struct sobj_origin from = {
		.mechanism = CK_UNAVAILABLE_INFORMATION,
		.always_sensitive = d->base.oid != 0,
		.never_extractable = d->base.oid != 0,
		.len = d->len,
	};
	struct mod_key k = MOD_KEY_INIT;
	CK_RV rv;

	k.cls = CKO_SECRET_KEY;
	k.kind = kind;
	if (d->on_chip) {
		k.oid = d->context.oid;
		k.boot = d->context.boot;
		k.uses = CKF_DERIVE;
		if (chip_model_can(
			mod_token_model(d->s->token), CHIP_CMD_ENCRYPT_SYM, CHIP_MAC_HMAC_SHA256))
			k.uses |= CKF_SIGN | CKF_VERIFY;
	} else {
		k.value = d->out;
	}
	rv = sobj_add_key(d->s, CKO_SECRET_KEY, &k, &from, tmpl, n, keyp);
	if (rv != CKR_OK && d->on_chip)
		mod_context_give(d->s->token, &d->context);
	return rv;
}

static CK_RV
derive(struct derivation *d, CK_OBJECT_HANDLE base, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
    CK_OBJECT_HANDLE *keyp)
{
	enum key_kind kind;
	CK_RV rv;

	if (keyp == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = mod_token_mech(d->s->token, d->mechanism, CKF_DERIVE, &d->mech)) != CKR_OK ||
	    (rv = mod_key_get(d->s, base, &d->base)) != CKR_OK || (rv = check_base(d)) != CKR_OK ||
	    (rv = mod_key_allows(d->s, base, d->mech->type)) != CKR_OK ||
	    (rv = read_template(d, tmpl, n, &kind)) != CKR_OK)
		return rv;
	rv = CKR_MECHANISM_INVALID;
	for (size_t i = 0; i < NITEMS(runs); i++)
		if (runs[i].type == d->mech->type)
			rv = runs[i].run(d);
	return rv != CKR_OK ? rv : add_object(d, kind, tmpl, n, keyp);
}

CK_RV
mod_C_DeriveKey(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
    CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *keyp)
{
	struct derivation d = { .mechanism = mechanism, .base = MOD_KEY_INIT };
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	d.s = s;
	rv = derive(&d, base, tmpl, n, keyp);
	mod_key_free(&d.base);
	buf_free(&d.out);
	return mod_leave_session(s, rv);
}
