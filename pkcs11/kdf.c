/*
 * Key derivation from one secret: HKDF (PKCS #11 v3.0, 2.62 of its mechanisms; RFC 5869) and the
 * pseudorandom function of TLS 1.2 (v2.40, 2.40; RFC 5246, 5). Secrets of the chip are derived
 * from by the chip, those in host memory by OpenSSL.
 */
#include <config.h>

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/derive.h"
#include "pkcs11/mod.h"
#include "pkcs11/pkcs11v3.h"
#include "pkcs11/store/ossl.h"

#define OUT_MAX 8192 /* bytes of one derived secret; more than any key */

static const struct kdf_hash {
	CK_MECHANISM_TYPE type;
	const char *name;
	size_t len;
	enum chip_kdf hkdf, prf; /* 0: the chip has none */
} hashes[] = {
	{ CKM_SHA256, "SHA2-256", 32, CHIP_KDF_HKDF_SHA256, CHIP_KDF_PRF_SHA256 },
	{ CKM_SHA384, "SHA2-384", 48, CHIP_KDF_HKDF_SHA384, CHIP_KDF_PRF_SHA384 },
	{ CKM_SHA512, "SHA2-512", 64, CHIP_KDF_HKDF_SHA512, CHIP_KDF_PRF_SHA512 },
};

static const struct kdf_hash *
find_hash(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < NITEMS(hashes); i++)
		if (hashes[i].type == type)
			return &hashes[i];
	log_info("derivation: hash 0x%lx is none of SHA-256, SHA-384 and SHA-512", type);
	return NULL;
}

/* --- on the host ------------------------------------------------------------------------------ */

/* len bytes appended to out. */
static CK_RV
host_kdf(const char *name, const OSSL_PARAM *params, size_t len, struct buf *out)
{
	EVP_KDF *kdf = NULL;
	EVP_KDF_CTX *ctx = NULL;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (len == 0 || len > OUT_MAX)
		return CKR_KEY_SIZE_RANGE;
	if (ossl_ctx() == NULL || buf_put_fill(out, 0, len) != 0 ||
	    (kdf = EVP_KDF_fetch(ossl_ctx(), name, "provider=default")) == NULL)
		rv = CKR_HOST_MEMORY;
	else if ((ctx = EVP_KDF_CTX_new(kdf)) != NULL &&
		 EVP_KDF_derive(ctx, out->data + out->len - len, len, params) == 1)
		rv = CKR_OK;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return rv;
}

static OSSL_PARAM
octets(const char *key, const uint8_t *p, size_t len)
{
	/* OpenSSL does not write to it, and takes no NULL. */
	union {
		const uint8_t *in;
		void *out;
	} u = { p != NULL ? p : (const uint8_t *)"" };

	return OSSL_PARAM_construct_octet_string(key, u.out, len);
}

static OSSL_PARAM
text(const char *key, const char *value)
{
	union {
		const char *in;
		char *out;
	} u = { value };

	return OSSL_PARAM_construct_utf8_string(key, u.out, 0);
}

CK_RV
mod_kdf_x963(
    struct derivation *d, const char *hash, const uint8_t *info, size_t info_len, size_t len)
{
	const OSSL_PARAM params[] = {
		text(OSSL_KDF_PARAM_DIGEST, hash),
		octets(OSSL_KDF_PARAM_KEY, d->out.data, d->out.len),
		octets(OSSL_KDF_PARAM_INFO, info, info_len),
		OSSL_PARAM_construct_end(),
	};
	struct buf key = BUF_INIT;
	CK_RV rv = host_kdf("X963KDF", params, len, &key);

	buf_move(&d->out, &key);
	buf_free(&key);
	return rv;
}

/* --- on the chip ------------------------------------------------------------------------------ */

struct chip_job {
	struct derivation *d;
	struct chip_derivation what;
};

static int
run_chip(struct chip *chip, const struct mod_key *key, void *arg)
{
	struct chip_job *j = arg;
	struct derivation *d = j->d;

	j->what.secret = key->oid;
	return chip_derive(chip, &j->what, d->len, d->on_chip ? d->context.oid : CHIP_EXPORT,
	    d->on_chip ? NULL : &d->out);
}

/* Lengths that the chip does not do (SRM 4.4.1, DeriveKey). */
static CK_RV
by_chip(struct derivation *d, const struct chip_derivation *cd)
{
	struct chip_job j = { d, *cd };
	const struct chip_model *model = mod_token_model(d->s->token);

	if (model == NULL || !chip_model_can(model, CHIP_CMD_DERIVE, cd->kdf)) {
		log_info("derivation: this chip does not do it with that hash");
		return CKR_MECHANISM_PARAM_INVALID;
	}
	if (d->len > 256 || (d->on_chip && (d->len < 16 || d->len > model->session_max))) {
		log_info("derivation of %lu bytes: the chip gives 1 to 256, and keeps 16 to %zu",
		    d->len, model->session_max);
		return CKR_KEY_SIZE_RANGE;
	}
	return mod_derive_chip(d, run_chip, &j);
}

/* --- HKDF ------------------------------------------------------------------------------------- */

static CK_RV
host_hkdf(
    struct derivation *d, const CK_HKDF_PARAMS *p, const struct kdf_hash *h, const struct buf *salt)
{
	const char *mode = !p->bExpand   ? "EXTRACT_ONLY"
			   : p->bExtract ? "EXTRACT_AND_EXPAND"
					 : "EXPAND_ONLY";
	OSSL_PARAM params[6] = {
		text(OSSL_KDF_PARAM_MODE, mode),
		text(OSSL_KDF_PARAM_DIGEST, h->name),
		octets(OSSL_KDF_PARAM_KEY, d->base.value.data, d->base.value.len),
		octets(OSSL_KDF_PARAM_INFO, p->pInfo, p->ulInfoLen),
	};

	params[4] = salt->len != 0 ? octets(OSSL_KDF_PARAM_SALT, salt->data, salt->len)
				   : OSSL_PARAM_construct_end();
	params[5] = OSSL_PARAM_construct_end();
	return host_kdf("HKDF", params, d->len, &d->out);
}

/* The salt's bytes; that of a key only if the key is in host memory. */
static CK_RV
take_salt(struct derivation *d, const CK_HKDF_PARAMS *p, struct buf *salt)
{
	struct mod_key k = MOD_KEY_INIT;
	CK_RV rv = CKR_OK;

	switch (p->ulSaltType) {
	case CKF_HKDF_SALT_NULL: return CKR_OK;
	case CKF_HKDF_SALT_DATA:
		if (p->pSalt == NULL && p->ulSaltLen != 0)
			return CKR_MECHANISM_PARAM_INVALID;
		return mod_rv(buf_put(salt, p->pSalt, p->ulSaltLen));
	case CKF_HKDF_SALT_KEY: break;
	default: return CKR_MECHANISM_PARAM_INVALID;
	}
	if ((rv = mod_key_get(d->s, p->hSaltKey, &k)) == CKR_OK) {
		if (k.cls != CKO_SECRET_KEY)
			rv = CKR_KEY_TYPE_INCONSISTENT;
		else if (k.oid != 0)
			rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
		else
			rv = mod_rv(buf_put(salt, k.value.data, k.value.len));
	}
	mod_key_free(&k);
	return rv;
}

static CK_RV
chip_hkdf(
    struct derivation *d, const CK_HKDF_PARAMS *p, const struct kdf_hash *h, const struct buf *salt)
{
	struct chip_derivation cd = {
		.kdf = h->hkdf,
		.seed = salt->data,
		.seed_len = salt->len,
		.info = p->pInfo,
		.info_len = p->ulInfoLen,
	};

	if (!p->bExtract || !p->bExpand) {
		log_info("HKDF: the chip extracts and expands in one step only");
		return CKR_MECHANISM_PARAM_INVALID;
	}
	if (salt->len > 1024 || p->ulInfoLen > 256) {
		log_info("HKDF: the chip takes at most 1024 bytes of salt and 256 of info");
		return CKR_MECHANISM_PARAM_INVALID;
	}
	return by_chip(d, &cd);
}

CK_RV
mod_derive_hkdf(struct derivation *d)
{
	const CK_HKDF_PARAMS *p = d->mechanism->pParameter;
	const struct kdf_hash *h;
	struct buf salt = BUF_INIT;
	CK_RV rv;

	if (p == NULL || d->mechanism->ulParameterLen != sizeof(*p) ||
	    (!p->bExtract && !p->bExpand) || (p->pInfo == NULL && p->ulInfoLen != 0) ||
	    (h = find_hash(p->prfHashMechanism)) == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	if (!p->bExpand && d->len == 0)
		d->len = h->len;
	if (d->len == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	if (d->len > 255 * h->len || (!p->bExpand && d->len != h->len))
		return CKR_KEY_SIZE_RANGE;
	if ((rv = take_salt(d, p, &salt)) == CKR_OK)
		rv = d->base.oid != 0 ? chip_hkdf(d, p, h, &salt) : host_hkdf(d, p, h, &salt);
	buf_free(&salt);
	return rv;
}

/* --- TLS 1.2 ------------------------------------------------------------------------------------
 */

#define MASTER_LEN 48

/* PRF(secret, label, seed), seed being all that comes after the label. */
static CK_RV
prf(struct derivation *d, const struct kdf_hash *h, const struct buf *label_seed)
{
	const OSSL_PARAM params[] = {
		text(OSSL_KDF_PARAM_DIGEST, h->name),
		octets(OSSL_KDF_PARAM_SECRET, d->base.value.data, d->base.value.len),
		octets(OSSL_KDF_PARAM_SEED, label_seed->data, label_seed->len),
		OSSL_PARAM_construct_end(),
	};
	struct chip_derivation cd = {
		.kdf = h->prf,
		.seed = label_seed->data,
		.seed_len = label_seed->len,
	};

	if (d->base.oid == 0)
		return host_kdf("TLS1-PRF", params, d->len, &d->out);
	if (label_seed->len < 8 || label_seed->len > 1024) {
		log_info("TLS PRF: the chip takes 8 to 1024 bytes of label and seed");
		return CKR_MECHANISM_PARAM_INVALID;
	}
	return by_chip(d, &cd);
}

static bool
random_valid(const CK_SSL3_RANDOM_DATA *r)
{
	return (r->pClientRandom != NULL || r->ulClientRandomLen == 0) &&
	       (r->pServerRandom != NULL || r->ulServerRandomLen == 0) &&
	       r->ulClientRandomLen <= 1024 && r->ulServerRandomLen <= 1024;
}

static int
put_seed(struct buf *seed, const void *label, size_t len, const CK_SSL3_RANDOM_DATA *r)
{
	int rc;

	if ((rc = buf_put(seed, label, len)) != 0 ||
	    (rc = buf_put(seed, r->pClientRandom, r->ulClientRandomLen)) != 0)
		return rc;
	return buf_put(seed, r->pServerRandom, r->ulServerRandomLen);
}

/*
 * The version is in the first two bytes of the pre-master secret of an RSA key exchange, which
 * the chip does not reveal; the mechanism for Diffie-Hellman has none (RFC 5246, 8.1).
 */
static CK_RV
tell_version(const struct derivation *d, CK_VERSION *version)
{
	if (version == NULL)
		return CKR_OK;
	if (d->mech->type != CKM_TLS12_MASTER_KEY_DERIVE || d->base.oid != 0 ||
	    d->base.value.len < 2)
		return CKR_MECHANISM_PARAM_INVALID;
	version->major = d->base.value.data[0];
	version->minor = d->base.value.data[1];
	return CKR_OK;
}

CK_RV
mod_derive_tls_master(struct derivation *d)
{
	static const char label[] = "master secret";
	const CK_TLS12_MASTER_KEY_DERIVE_PARAMS *p = d->mechanism->pParameter;
	const struct kdf_hash *h;
	struct buf seed = BUF_INIT;
	CK_RV rv;

	if (p == NULL || d->mechanism->ulParameterLen != sizeof(*p) ||
	    !random_valid(&p->RandomInfo) || (h = find_hash(p->prfHashMechanism)) == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	if (d->len != 0 && d->len != MASTER_LEN)
		return CKR_KEY_SIZE_RANGE;
	d->len = MASTER_LEN;
	if ((rv = tell_version(d, p->pVersion)) == CKR_OK &&
	    (rv = mod_rv(put_seed(&seed, label, sizeof(label) - 1, &p->RandomInfo))) == CKR_OK)
		rv = prf(d, h, &seed);
	buf_free(&seed);
	return rv;
}

/* With a context its length goes before it (RFC 5705, 4). */
CK_RV
mod_derive_tls_kdf(struct derivation *d)
{
	const CK_TLS_KDF_PARAMS *p = d->mechanism->pParameter;
	const struct kdf_hash *h;
	struct buf seed = BUF_INIT;
	int r;
	CK_RV rv;

	if (p == NULL || d->mechanism->ulParameterLen != sizeof(*p) ||
	    !random_valid(&p->RandomInfo) || p->pLabel == NULL || p->ulLabelLength == 0 ||
	    p->ulLabelLength > 1024 ||
	    (p->pContextData == NULL ? p->ulContextDataLength != 0
				     : p->ulContextDataLength > 0xFFFF) ||
	    (h = find_hash(p->prfMechanism)) == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	if (d->len == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	r = put_seed(&seed, p->pLabel, p->ulLabelLength, &p->RandomInfo);
	if (r == 0 && p->pContextData != NULL &&
	    (r = buf_put_u16(&seed, (uint16_t)p->ulContextDataLength)) == 0)
		r = buf_put(&seed, p->pContextData, p->ulContextDataLength);
	rv = r == 0 ? prf(d, h, &seed) : mod_rv(r);
	buf_free(&seed);
	return rv;
}
