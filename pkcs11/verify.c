/* Verifying, on the host: PKCS #11 v2.40, 5.12. */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "hal/base/err.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"
#include "pkcs11/store/ossl.h"

#define DIGEST_MAX 64 /* as for signing */

static CK_RV
public_key(struct session *s, CK_OBJECT_HANDLE h, EVP_PKEY **pubp)
{
	struct buf spki = BUF_INIT;
	const unsigned char *p;
	CK_RV rv;

	rv = mod_rv(store_public_key(mod_token_lock(s->token), h, &spki));
	mod_token_unlock(s->token);
	if (rv == CKR_OK) {
		p = spki.data;
		*pubp = d2i_PUBKEY_ex(NULL, &p, (long)spki.len, ossl_ctx(), "provider=default");
		if (*pubp == NULL)
			rv = CKR_FUNCTION_FAILED;
	}
	buf_free(&spki);
	return rv;
}

static CK_RV
begin(struct session *s, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE h)
{
	const struct mech *mech;
	struct store_key key;
	EVP_PKEY *pub = NULL;
	CK_RV rv;

	rv = mod_mech_get(mechanism, CKF_VERIFY, mod_token_model(s->token), &mech);
	if (rv != CKR_OK)
		return rv;
	if (s->verify.mech != NULL)
		return CKR_OPERATION_ACTIVE;
	rv = mod_op_key(mod_token_lock(s->token), mech, CKO_PUBLIC_KEY, h, &key);
	mod_token_unlock(s->token);
	if (rv == CKR_OK && (rv = public_key(s, h, &pub)) == CKR_OK &&
	    (rv = mod_op_begin(&s->verify, mech)) == CKR_OK) {
		s->verify.key = key;
		s->verify.pub = pub;
		pub = NULL; /* now the operation's */
	}
	EVP_PKEY_free(pub);
	return rv;
}

CK_RV
mod_C_VerifyInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, begin(s, mechanism, key));
}

/* r || s as DER, which is what OpenSSL reads. der: OPENSSL_free. */
static int
ecdsa_der(const unsigned char *sig, size_t size, unsigned char **derp)
{
	BIGNUM *r = BN_bin2bn(sig, (int)size, NULL);
	BIGNUM *s = BN_bin2bn(sig + size, (int)size, NULL);
	ECDSA_SIG *es = ECDSA_SIG_new();
	int len = -1;

	if (r != NULL && s != NULL && es != NULL && ECDSA_SIG_set0(es, r, s) == 1) {
		r = s = NULL; /* now the signature's */
		len = i2d_ECDSA_SIG(es, derp);
	}
	ECDSA_SIG_free(es);
	BN_free(r);
	BN_free(s);
	return len;
}

/* md: the digest's name for PKCS#1 v1.5, NULL for ECDSA. */
static CK_RV
check(EVP_PKEY *pub, const char *md_name, const uint8_t *digest, size_t len,
    const unsigned char *sig, size_t sig_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(ossl_ctx(), pub, "provider=default");
	EVP_MD *md = NULL;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1)
		goto out;
	if (md_name != NULL) {
		md = EVP_MD_fetch(ossl_ctx(), md_name, "provider=default");
		if (md == NULL || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
		    EVP_PKEY_CTX_set_signature_md(ctx, md) != 1)
			goto out;
	}
	rv = EVP_PKEY_verify(ctx, sig, sig_len, digest, len) == 1 ? CKR_OK : CKR_SIGNATURE_INVALID;
out:
	EVP_MD_free(md);
	EVP_PKEY_CTX_free(ctx);
	return rv;
}

static CK_RV
check_rsa(struct session *s, const struct buf *data, const unsigned char *sig, size_t sig_len)
{
	const struct mech_hash *hash = s->verify.mech->hash;
	const uint8_t *digest = data->data;
	CK_RV rv;

	if (hash == NULL && (rv = mod_mech_rsa_digest(mod_token_model(s->token), data->data,
				 data->len, &digest, &hash)) != CKR_OK)
		return rv;
	return check(s->verify.pub, hash->name, digest, hash->len, sig, sig_len);
}

static CK_RV
check_ecdsa(struct session *s, const struct buf *data, const unsigned char *sig)
{
	unsigned char *der = NULL;
	int der_len;
	CK_RV rv;

	if (data->len == 0 || data->len > DIGEST_MAX)
		return CKR_DATA_LEN_RANGE;
	if ((der_len = ecdsa_der(sig, s->verify.key.type->size, &der)) < 0)
		return CKR_HOST_MEMORY;
	rv = check(s->verify.pub, NULL, data->data, data->len, der, (size_t)der_len);
	OPENSSL_free(der);
	return rv;
}

/* Ends the operation in any case. */
static CK_RV
finish(struct session *s, const unsigned char *data, CK_ULONG len, const unsigned char *sig,
    CK_ULONG sig_len)
{
	struct buf tbs = BUF_INIT;
	CK_RV rv;

	if (sig == NULL || (data == NULL && len != 0))
		rv = CKR_ARGUMENTS_BAD;
	else if (sig_len != mod_op_signature_len(&s->verify))
		rv = CKR_SIGNATURE_LEN_RANGE;
	else if ((rv = mod_op_update(&s->verify, data, len)) == CKR_OK &&
		 (rv = mod_op_digest(&s->verify, &tbs)) == CKR_OK)
		rv = s->verify.key.type->rsa ? check_rsa(s, &tbs, sig, sig_len)
					     : check_ecdsa(s, &tbs, sig);
	mod_op_end(&s->verify);
	buf_free(&tbs);
	return rv;
}

CK_RV
mod_C_Verify(
    CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len, unsigned char *sig, CK_ULONG sig_len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->verify.mech == NULL || s->verify.parts) {
		mod_op_end(&s->verify);
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	}
	return mod_leave_session(s, finish(s, data, len, sig, sig_len));
}

CK_RV
mod_C_VerifyUpdate(CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->verify.mech == NULL)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	s->verify.parts = true;
	if ((rv = mod_op_update(&s->verify, data, len)) != CKR_OK)
		mod_op_end(&s->verify);
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_VerifyFinal(CK_SESSION_HANDLE h, unsigned char *sig, CK_ULONG sig_len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->verify.mech == NULL)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	return mod_leave_session(s, finish(s, NULL, 0, sig, sig_len));
}
