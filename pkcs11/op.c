/* Operations; see op.h. OpenSSL is used through the module's own library context alone. */
#include <config.h>

#include <string.h>

#include <openssl/evp.h>

#include "hal/base/err.h"
#include "pkcs11/mod.h"
#include "pkcs11/op.h"
#include "pkcs11/store/ossl.h"

/* More than any digest (64), any curve (66) and any DigestInfo (83). */
#define COLLECT_MAX 128

/* The chip signs with keys for signing and, as the factory's first key, for authentication. */
#define USE_SIGNS (CHIP_USE_SIGN | CHIP_USE_AUTH)

CK_RV
mod_op_begin(struct op *op, const struct mech *mech)
{
	EVP_MD_CTX *ctx = NULL;
	EVP_MD *md = NULL;
	CK_RV rv = CKR_HOST_MEMORY;

	if (mech->hash != NULL) {
		if (ossl_ctx() == NULL || (ctx = EVP_MD_CTX_new()) == NULL)
			goto out;
		md = EVP_MD_fetch(ossl_ctx(), mech->hash->name, "provider=default");
		if (md == NULL || EVP_DigestInit_ex2(ctx, md, NULL) != 1) {
			rv = CKR_FUNCTION_FAILED;
			goto out;
		}
	}
	op->mech = mech;
	op->parts = false;
	op->md = ctx;
	ctx = NULL; /* now the operation's */
	rv = CKR_OK;
out:
	EVP_MD_free(md);
	EVP_MD_CTX_free(ctx);
	return rv;
}

CK_RV
mod_op_update(struct op *op, const unsigned char *data, CK_ULONG len)
{
	if (data == NULL && len != 0)
		return CKR_ARGUMENTS_BAD;
	if (len == 0)
		return CKR_OK;
	if (op->md != NULL)
		return EVP_DigestUpdate(op->md, data, len) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
	if (len > COLLECT_MAX - op->data.len)
		return CKR_DATA_LEN_RANGE;
	return mod_rv(buf_put(&op->data, data, len));
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
	buf_free(&op->pub);
	buf_free(&op->data);
	memset(op, 0, sizeof(*op));
}

CK_RV
mod_op_key(struct store *store, const struct mech *mech, CK_OBJECT_CLASS cls, CK_OBJECT_HANDLE h,
    struct store_key *key)
{
	int r = store_key(store, h, key);

	if (r != 0)
		return r == STORE_EHANDLE ? CKR_KEY_HANDLE_INVALID : mod_rv(r);
	if (key->cls != cls || key->type == NULL || key->type->rsa != (mech->key == MECH_KEY_RSA))
		return CKR_KEY_TYPE_INCONSISTENT;
	if ((key->usage & USE_SIGNS) == 0)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	return CKR_OK;
}

size_t
mod_op_signature_len(const struct op *op)
{
	return op->key.type->rsa ? op->key.type->size : 2 * op->key.type->size;
}
