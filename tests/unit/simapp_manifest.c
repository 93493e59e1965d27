/* See simapp_manifest.h. */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tests/unit/simapp_manifest.h"
#include "tests/unit/simapp_rig.h"

#define LABEL     "Test"
#define PLAIN_MAX 608
#define TAG       8

struct out {
	uint8_t b[1024];
	size_t n;
};

static void
put(struct out *o, const void *p, size_t n)
{
	ck_assert_uint_le(o->n + n, sizeof(o->b));
	if (n > 0)
		memcpy(o->b + o->n, p, n);
	o->n += n;
}

static void
head(struct out *o, unsigned major, size_t v)
{
	uint8_t b[5];
	size_t n = 0;

	if (v < 24) {
		b[n++] = (uint8_t)(major << 5 | v);
	} else if (v < 0x100) {
		b[n++] = (uint8_t)(major << 5 | 24);
		b[n++] = (uint8_t)v;
	} else if (v < 0x10000) {
		b[n++] = (uint8_t)(major << 5 | 25);
		b[n++] = (uint8_t)(v >> 8);
		b[n++] = (uint8_t)v;
	} else {
		b[n++] = (uint8_t)(major << 5 | 26);
		for (int i = 24; i >= 0; i -= 8)
			b[n++] = (uint8_t)(v >> i);
	}
	put(o, b, n);
}

static void
bytes(struct out *o, const void *p, size_t n)
{
	head(o, 2, n);
	put(o, p, n);
}

static void
oid(struct out *o, unsigned v)
{
	const uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	bytes(o, b, 2);
}

static void
seed_of(uint8_t seed[16])
{
	for (int i = 0; i < 16; i++)
		seed[i] = (uint8_t)(0xC0 + i);
}

static void
put_decryption(struct out *o, const struct mf_spec *s)
{
	struct out r = { .n = 0 };
	uint8_t seed[16];

	seed_of(seed);
	head(&r, 5, 3);
	head(&r, 0, 4);
	oid(&r, s->secret_oid);
	head(&r, 0, 1);
	head(&r, 1, 65719);
	head(&r, 0, 5);
	head(&r, 4, 2);
	bytes(&r, LABEL, strlen(LABEL));
	bytes(&r, seed, sizeof(seed));
	head(o, 4, 2);
	head(o, 0, 1);
	head(o, 4, 3);
	bytes(o, "\xA1\x01\x0A", 3);
	head(o, 4, 1);
	head(o, 4, 2);
	bytes(o, r.b, r.n);
	put(o, "\xF6\xF6", 2);
}

static void
put_body(struct out *o, const struct mf_spec *s, const uint8_t hash[32])
{
	struct out h = { .n = 0 };

	head(&h, 4, 2);
	head(&h, 0, 41);
	bytes(&h, hash, 32);
	head(o, 4, 6);
	head(o, 0, 1);
	put(o, "\xF6\xF6", 2);
	head(o, 4, 4);
	head(o, 1, s->type - 1);
	head(o, 0, s->claimed != 0 ? s->claimed : s->len);
	head(o, 0, s->version);
	head(o, 4, 2);
	head(o, 0, s->info[0]);
	head(o, 0, s->info[1]);
	head(o, 4, 2);
	head(o, 4, 2);
	head(o, 1, 0);
	bytes(o, h.b, h.n);
	if (s->secret_oid != 0)
		put_decryption(o, s);
	else
		put(o, "\xF6", 1);
	head(o, 4, 2);
	bytes(o, s->uid, s->uid != NULL ? 25 : 0);
	oid(o, s->target);
}

/* --- fragments ----------------------------------------------------------------------------- */

static void
derive(const struct mf_spec *s, uint8_t out[27])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	char digest[] = "SHA256";
	uint8_t in[4 + 16], secret[64];
	OSSL_PARAM p[4];

	memcpy(in, LABEL, 4);
	seed_of(in + 4);
	memcpy(secret, s->secret, s->secret_len);
	p[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
	p[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret, s->secret_len);
	p[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, in, sizeof(in));
	p[3] = OSSL_PARAM_construct_end();
	ck_assert_int_eq(EVP_KDF_derive(ctx, out, 27, p), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void
encrypt(
    const struct mf_spec *s, size_t number, size_t off, const uint8_t *in, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const uint8_t aad[8] = { (uint8_t)(s->version >> 8), (uint8_t)s->version,
		(uint8_t)(off >> 16), (uint8_t)(off >> 8), (uint8_t)off, (uint8_t)(s->len >> 16),
		(uint8_t)(s->len >> 8), (uint8_t)s->len };
	uint8_t key[27], nonce[13];
	int m;

	derive(s, key);
	memcpy(nonce, key + 16, 11);
	nonce[11] = (uint8_t)(number >> 8);
	nonce[12] = (uint8_t)number;
	ck_assert_int_eq(EVP_EncryptInit_ex(c, EVP_aes_128_ccm(), NULL, NULL, NULL), 1);
	ck_assert_int_eq(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, 13, NULL), 1);
	ck_assert_int_eq(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, NULL), 1);
	ck_assert_int_eq(EVP_EncryptInit_ex(c, NULL, NULL, key, nonce), 1);
	ck_assert_int_eq(EVP_EncryptUpdate(c, NULL, &m, NULL, (int)n), 1);
	ck_assert_int_eq(EVP_EncryptUpdate(c, NULL, &m, aad, sizeof(aad)), 1);
	ck_assert_int_eq(EVP_EncryptUpdate(c, out, &m, in, (int)n), 1);
	ck_assert_int_eq(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, out + n), 1);
	EVP_CIPHER_CTX_free(c);
}

/* Cut from the front, chained from the back: each has the hash of the next. */
static void
make_fragments(const struct mf_spec *s, struct mf *m)
{
	const size_t tag = s->secret_oid != 0 ? TAG : 0, step = PLAIN_MAX - tag;
	size_t off = 0;

	for (m->n = 0; m->n == 0 || off < s->len; m->n++) {
		/* The last one has room for 32 bytes more. */
		const size_t left = s->len - off, n = left <= step + 32 ? left : step;

		ck_assert_uint_lt(m->n, MF_FRAGMENTS);
		if (tag != 0)
			encrypt(s, m->n + 1, off, s->payload + off, n, m->fragment[m->n]);
		else
			memcpy(m->fragment[m->n], s->payload + off, n);
		off += n;
		m->fragment_len[m->n] = off < s->len ? 640 : n + tag;
	}
	for (size_t i = m->n - 1; i > 0; i--)
		(void)SHA256(m->fragment[i], m->fragment_len[i], m->fragment[i - 1] + PLAIN_MAX);
}

/* --- signatures ---------------------------------------------------------------------------- */

static size_t
sign(EVP_PKEY *key, const uint8_t hash[32], uint8_t out[256])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	uint8_t der[300];
	const uint8_t *p = der;
	size_t n = sizeof(der), size = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	ECDSA_SIG *sig;

	ck_assert_int_eq(EVP_PKEY_sign_init(c), 1);
	if (EVP_PKEY_is_a(key, "RSA")) {
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING), 1);
		ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()), 1);
	}
	ck_assert_int_eq(EVP_PKEY_sign(c, der, &n, hash, 32), 1);
	EVP_PKEY_CTX_free(c);
	if (EVP_PKEY_is_a(key, "RSA")) {
		memcpy(out, der, n);
		return n;
	}
	sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
	ck_assert_ptr_nonnull(sig);
	ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)size), (int)size);
	ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + size, (int)size), (int)size);
	ECDSA_SIG_free(sig);
	return 2 * size;
}

void
mf_make(const struct mf_spec *s, struct mf *m)
{
	static const uint8_t es[] = { 0xA1, 0x01, 0x26 };
	static const uint8_t rs[] = { 0xA1, 0x01, 0x3A, 0x00, 0x01, 0x00, 0xA3 };
	const bool rsa = EVP_PKEY_is_a(s->key, "RSA");
	struct out body = { .n = 0 }, tbs = { .n = 0 }, o = { .n = 0 };
	uint8_t hash[32], sig[256];

	make_fragments(s, m);
	(void)SHA256(m->fragment[0], m->fragment_len[0], hash);
	put_body(&body, s, hash);

	put(&tbs, s->text_context ? "\x84\x6ASignature1" : "\x84\x4ASignature1", 12);
	bytes(&tbs, rsa ? rs : es, rsa ? sizeof(rs) : sizeof(es));
	bytes(&tbs, "", 0);
	bytes(&tbs, body.b, body.n);
	(void)SHA256(tbs.b, tbs.n, hash);

	head(&o, 4, 4);
	bytes(&o, rsa ? rs : es, rsa ? sizeof(rs) : sizeof(es));
	head(&o, 5, 1);
	head(&o, 0, 4);
	oid(&o, s->anchor);
	bytes(&o, body.b, body.n);
	bytes(&o, sig, sign(s->key, hash, sig));
	memcpy(m->manifest, o.b, o.n);
	m->manifest_len = o.n;
}

EVP_PKEY *
mf_key(const char *curve)
{
	EVP_PKEY *key = strcmp(curve, "RSA") == 0 ? EVP_RSA_gen(1024) : EVP_EC_gen(curve);

	ck_assert_ptr_nonnull(key);
	return key;
}

void
mf_anchor(unsigned object, EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	uint8_t der[1200], *p = der;
	int n;

	ck_assert_int_eq(X509_set_version(x, X509_VERSION_3), 1);
	ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
	ck_assert_int_eq(
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"TA", -1, -1, 0),
	    1);
	ck_assert_int_eq(X509_set_issuer_name(x, name), 1);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(x), 0));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(x), 86400));
	ck_assert_int_eq(X509_set_pubkey(x, key), 1);
	ck_assert_int_gt(X509_sign(x, key, EVP_sha256()), 0);
	n = i2d_X509(x, NULL);
	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, (int)sizeof(der));
	ck_assert_int_eq(i2d_X509(x, &p), n);
	X509_free(x);
	ok("8240", text("%04X0000%s", object, rig_hex(der, (size_t)n)), "");
	meta_write(object, "D30100E80111");
}

/* --- sending ------------------------------------------------------------------------------- */

static unsigned
send_tlv(uint8_t tag, const uint8_t *p, size_t n)
{
	uint8_t cmd[4 + 3 + 1024] = { 0x83, 0x01 };
	static const uint8_t get_error[] = { 0x01, 0x00, 0x00, 0x02, 0xF1, 0xC2 };

	ck_assert_uint_le(n, 1024);
	cmd[2] = (uint8_t)((n + 3) >> 8);
	cmd[3] = (uint8_t)(n + 3);
	cmd[4] = tag;
	cmd[5] = (uint8_t)(n >> 8);
	cmd[6] = (uint8_t)n;
	memcpy(cmd + 7, p, n);
	rig_send(cmd, n + 7);
	if (rig.rsp[0] == 0)
		return 0;
	rig_send(get_error, sizeof(get_error));
	ck_assert_uint_ne(rig.rsp[4], 0);
	return rig.rsp[4];
}

unsigned
mf_start(const struct mf *m)
{
	return send_tlv(0x30, m->manifest, m->manifest_len);
}

unsigned
mf_fragment(const struct mf *m, size_t i)
{
	return send_tlv(i == m->n - 1 ? 0x31 : 0x32, m->fragment[i], m->fragment_len[i]);
}

unsigned
mf_send(const struct mf *m)
{
	unsigned err = mf_start(m);

	for (size_t i = 0; err == 0 && i < m->n; i++)
		err = mf_fragment(m, i);
	return err;
}
