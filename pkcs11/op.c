/* Operations; see op.h. OpenSSL is used through the module's own library context alone. */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/aes.h"
#include "pkcs11/mac.h"
#include "pkcs11/mod.h"
#include "pkcs11/op.h"
#include "pkcs11/rsa.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/turn.h"

CK_RV
mod_op_update(struct session *s, struct op *op, const unsigned char *data, CK_ULONG len)
{
	if (data == NULL && len != 0)
		return CKR_ARGUMENTS_BAD;
	if (len == 0)
		return CKR_OK;
	if (op->mech->mac != 0)
		return mod_mac_update(s, op, data, len);
	if (op->md != NULL)
		return EVP_DigestUpdate(op->md, data, len) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
	/* Nobody signs more: a digest and what tells its kind, or what RSA takes in. */
	if (len > RSA_MAX_BYTES - op->data.len)
		return CKR_DATA_LEN_RANGE;
	return mod_rv(buf_put(&op->data, data, len));
}

CK_RV
mod_op_part(struct session *s, struct op *op, const unsigned char *data, CK_ULONG len)
{
	CK_RV rv;

	if (op->mech == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	op->parts = true;
	if ((rv = mod_op_update(s, op, data, len)) != CKR_OK)
		mod_op_end(op);
	return rv;
}

CK_RV
mod_op_digest(struct op *op, struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	buf_reset(out);
	if (op->md == NULL)
		return mod_rv(buf_put(out, op->data.data, op->data.len));
	if (EVP_DigestFinal_ex(op->md, digest, &len) != 1)
		return CKR_FUNCTION_FAILED;
	return mod_rv(buf_put(out, digest, len));
}

void
mod_op_end(struct op *op)
{
	EVP_MD_CTX_free(op->md);
	EVP_MAC_CTX_free(op->hmac);
	buf_free(&op->data);
	mod_key_free(&op->key);
	OPENSSL_cleanse(op, sizeof(*op));
}

/* --- keys ----------------------------------------------------------------------------------- */

static const struct {
	enum key_kind kind;
	CK_OBJECT_CLASS other; /* signs, decrypts, derives */
	CK_OBJECT_CLASS pub;   /* verifies, encrypts */
} keys[] = {
	[MECH_KEY_EC] = { KEY_EC, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY },
	[MECH_KEY_RSA] = { KEY_RSA, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY },
	[MECH_KEY_AES] = { KEY_AES, CKO_SECRET_KEY, CKO_SECRET_KEY },
	[MECH_KEY_GENERIC] = { KEY_GENERIC, CKO_SECRET_KEY, CKO_SECRET_KEY },
};

static CK_RV
check_key(const struct mech *mech, CK_FLAGS use, const struct mod_key *key)
{
	const bool pub = (use & (CKF_VERIFY | CKF_ENCRYPT)) != 0;

	if (key->cls != (pub ? keys[mech->key].pub : keys[mech->key].other) ||
	    key->kind != keys[mech->key].kind)
		return CKR_KEY_TYPE_INCONSISTENT;
	if ((key->uses & use) == 0)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	if (key->kind == KEY_AES && key->oid == 0 && !mod_aes_fits(key->value.len))
		return CKR_KEY_SIZE_RANGE;
	return CKR_OK;
}

/* Of no use but to see whether the key is there. */
static int
look(struct chip *chip, const struct mod_key *key, void *arg)
{
	(void)chip;
	(void)key;
	(void)arg;
	return 0;
}

/* The key for a mechanism and use, with its value if it is public. */
static CK_RV
find_key(struct session *s, const struct mech *mech, CK_FLAGS use, CK_OBJECT_HANDLE h,
    struct mod_key *key)
{
	CK_RV rv;

	if ((rv = mod_key_get(s, h, key)) != CKR_OK)
		return rv;
	if ((rv = check_key(mech, use, key)) == CKR_OK)
		rv = mod_key_allows(s, h, mech->type);
	if (rv == CKR_OK && key->cls == CKO_PUBLIC_KEY)
		rv = mod_key_public(s, h, key);
	if (rv == CKR_OK && key->cls == CKO_PUBLIC_KEY && key->kind == KEY_RSA &&
	    mod_rsa_size(&key->value) == 0)
		rv = CKR_KEY_SIZE_RANGE;
	if (rv == CKR_OK && key->cls != CKO_PUBLIC_KEY && mod_key_volatile(key) &&
	    (rv = mod_op_chip(s, key, look, NULL)) == CKR_OPERATION_NOT_INITIALIZED)
		rv = CKR_KEY_HANDLE_INVALID;
	if (rv != CKR_OK)
		mod_key_free(key);
	return rv;
}

size_t
mod_op_signature_len(const struct op *op)
{
	if (op->mech->mac != 0)
		return op->mac_len;
	if (op->key.kind == KEY_RSA)
		return op->key.cls == CKO_PUBLIC_KEY ? mod_rsa_size(&op->key.value)
						     : op->key.type->size;
	return 2 * op->key.type->size;
}

/* --- the beginning --------------------------------------------------------------------------- */

static CK_RV
begin_hash(struct op *op, const struct mech_hash *hash)
{
	EVP_MD *md = NULL;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (ossl_ctx() == NULL || (op->md = EVP_MD_CTX_new()) == NULL)
		return CKR_HOST_MEMORY;
	md = EVP_MD_fetch(ossl_ctx(), hash->name, "provider=default");
	if (md != NULL && EVP_DigestInit_ex2(op->md, md, NULL) == 1)
		rv = CKR_OK;
	EVP_MD_free(md);
	return rv;
}

/* mod_mech_get has checked it. */
static void
take_param(struct op *op, const CK_MECHANISM *mechanism)
{
	CK_ULONG n;

	op->mac_len = op->mech->mac_len;
	if (op->mech->param == MECH_PARAM_IV) {
		memcpy(op->iv, mechanism->pParameter, sizeof(op->iv));
	} else if (op->mech->param == MECH_PARAM_LEN) {
		memcpy(&n, mechanism->pParameter, sizeof(n));
		op->mac_len = n;
	}
}

/* The key is the operation's from here on. Nothing is left behind on failure. */
static CK_RV
begin(struct op *op, const struct mech *mech, const CK_MECHANISM *mechanism, CK_FLAGS use,
    const struct mod_key *key)
{
	CK_RV rv = CKR_OK;

	memset(op, 0, sizeof(*op));
	op->mech = mech;
	op->decrypt = use == CKF_DECRYPT;
	op->key = *key;
	take_param(op, mechanism);
	if (mech->mac != 0)
		rv = mod_mac_begin(op);
	else if (mech->hash != NULL)
		rv = begin_hash(op, mech->hash);
	if (rv != CKR_OK)
		mod_op_end(op);
	return rv;
}

CK_RV
mod_op_init(struct session *s, struct op *op, CK_FLAGS use, const CK_MECHANISM *mechanism,
    CK_OBJECT_HANDLE h)
{
	struct mod_key key = MOD_KEY_INIT;
	const struct mech *mech;
	CK_RV rv;

	if (mechanism == NULL && op->mech != NULL) {
		mod_op_end(op);
		return CKR_OK;
	}
	if ((rv = mod_token_mech(s->token, mechanism, use, &mech)) != CKR_OK)
		return rv;
	if (op->mech != NULL)
		return CKR_OPERATION_ACTIVE;
	if (use != CKF_DIGEST && (rv = find_key(s, mech, use, h, &key)) != CKR_OK)
		return rv;
	return begin(op, mech, mechanism, use, &key);
}

/* --- the chip ------------------------------------------------------------------------------- */

/*
 * The codes that the standard gives for what an object refuses are not among those of the
 * functions that go on with an operation. The log says what it was.
 */
static CK_RV
in_operation(int r)
{
	switch (r) {
	case STORE_EHANDLE: return CKR_OPERATION_NOT_INITIALIZED; /* its key is gone */
	case CHIP_E_OID:
	case CHIP_E_ACCESS:
	case CHIP_E_SEQUENCE: /* no key there any more */
	case CHIP_E_COUNTER:
	case CHIP_E_UNSUPPORTED_ID:
	case CHIP_E_AUTHORIZATION:
		log_info("the chip refuses the key's use: %s", hal_strerror(r));
		return CKR_FUNCTION_FAILED;
	default: return mod_rv(r);
	}
}

CK_RV
mod_op_chip(struct session *s, const struct mod_key *key,
    int (*fn)(struct chip *chip, const struct mod_key *key, void *arg), void *arg)
{
	return in_operation(mod_turn(s, key, NULL, fn, arg));
}
