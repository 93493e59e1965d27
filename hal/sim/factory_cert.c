/*
 * Factory certificates and the CAs that sign them, which exist only here. The private keys of
 * the CAs are no secret: they are derived from a constant, so a certificate of a simulated chip
 * proves nothing but that it is one. Form and extensions follow the vendor's certificates.
 */
#include <config.h>

#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/factory.h"
#include "hal/sim/rng.h"

#define ID_LEN SHA_DIGEST_LENGTH

/* DER written from the end to the front: lengths are known when they are needed. */
struct der {
	uint8_t bytes[FACTORY_CERT_MAX];
	size_t at; /* what is written begins here */
};

static void
put(struct der *d, const void *p, size_t n)
{
	if (n > d->at)
		n = d->at; /* nothing here comes near the size */
	d->at -= n;
	memcpy(d->bytes + d->at, p, n);
}

static void
put_u8(struct der *d, unsigned v)
{
	const uint8_t b = (uint8_t)v;

	put(d, &b, 1);
}

/* Puts tag and length in front of everything written since end (the value of at then). */
static void
wrap(struct der *d, unsigned tag, size_t end)
{
	const size_t n = end - d->at;

	put_u8(d, (unsigned)n);
	if (n > 255) {
		put_u8(d, (unsigned)(n >> 8));
		put_u8(d, 0x82);
	} else if (n > 127) {
		put_u8(d, 0x81);
	}
	put_u8(d, tag);
}

static void
put_tlv(struct der *d, unsigned tag, const void *p, size_t n)
{
	const size_t end = d->at;

	put(d, p, n);
	wrap(d, tag, end);
}

static const uint8_t oid_ec[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };
static const uint8_t oid_p256[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const uint8_t oid_p384[] = { 0x2B, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t oid_ecdsa_sha256[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02 };
static const uint8_t oid_ecdsa_sha384[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03 };
static const uint8_t oid_rsa[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01 };
static const uint8_t oid_rsa_sha256[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B };
static const uint8_t oid_policy[] = { 0x2A, 0x82, 0x14, 0x00, 0x44, 0x01, 0x14, 0x01 };
static const uint8_t oid_aia[] = { 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01 };
static const uint8_t oid_ca_issuers[] = { 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02 };
static const uint8_t oid_subject_id[] = { 0x55, 0x1D, 0x0E };
static const uint8_t oid_key_usage[] = { 0x55, 0x1D, 0x0F };
static const uint8_t oid_constraints[] = { 0x55, 0x1D, 0x13 };
static const uint8_t oid_crl_points[] = { 0x55, 0x1D, 0x1F };
static const uint8_t oid_policies[] = { 0x55, 0x1D, 0x20 };
static const uint8_t oid_authority_id[] = { 0x55, 0x1D, 0x23 };

/* Roots here; the vendor's own CAs have one above them. */
static const struct ca {
	const char *cn;
	uint8_t alg;
	uint8_t digest_len;
	const uint8_t *sig_oid;
	uint8_t sig_oid_len;
	const char *issuer_url, *crl_url;
} cas[CA_COUNT] = {
	[CA_X101] = { "Simulated OPTIGA(TM) Trust X CA 101", ALG_P256, 32, oid_ecdsa_sha256, 8,
	    NULL, NULL },
	[CA_M101] = { "Simulated OPTIGA(TM) Trust M CA 101", ALG_P256, 32, oid_ecdsa_sha256, 8,
	    NULL, NULL },
	[CA_M300] = { "Simulated OPTIGA(TM) Trust M CA 300", ALG_P384, 48, oid_ecdsa_sha384, 8,
	    NULL, NULL },
	[CA_M306] = { "Simulated OPTIGA(TM) Trust M CA 306", ALG_P384, 48, oid_ecdsa_sha384, 8,
	    "http://pki.example/OptigaTrustM/CA306.crt",
	    "http://pki.example/OptigaTrustM/CA306.crl" },
	[CA_M309] = { "Simulated OPTIGA(TM) Trust M CA 309", ALG_RSA2048, 32, oid_rsa_sha256, 9,
	    "http://pki.example/OptigaTrustM/CA309.crt",
	    "http://pki.example/OptigaTrustM/CA309.crl" },
};

#define RDN_COUNTRY      6 /* last arcs below 2.5.4 */
#define RDN_ORGANISATION 10
#define RDN_UNIT         11
#define RDN_NAME         3

static void
put_rdn(struct der *d, uint8_t attribute, const char *value)
{
	const uint8_t oid[] = { 0x55, 0x04, attribute };
	const size_t end = d->at;

	put_tlv(d, attribute == RDN_COUNTRY ? 0x13 : 0x0C, value, strlen(value));
	put_tlv(d, 0x06, oid, sizeof(oid));
	wrap(d, 0x30, end);
	wrap(d, 0x31, end);
}

static void
put_ca_name(struct der *d, const struct ca *ca)
{
	const size_t end = d->at;

	put_rdn(d, RDN_NAME, ca->cn);
	put_rdn(d, RDN_UNIT, "OPTIGA(TM)");
	put_rdn(d, RDN_ORGANISATION, "Simulated Vendor");
	put_rdn(d, RDN_COUNTRY, "DE");
	wrap(d, 0x30, end);
}

static void
put_leaf_name(struct der *d, const struct factory_leaf *leaf)
{
	const size_t end = d->at;

	if (leaf->country != NULL)
		put_rdn(d, RDN_COUNTRY, leaf->country);
	put_rdn(d, RDN_NAME, leaf->cn);
	wrap(d, 0x30, end);
}

static void
put_algorithm(struct der *d, const struct ca *ca)
{
	const size_t end = d->at;

	if (ca->alg == ALG_RSA2048)
		put_tlv(d, 0x05, "", 0);
	put_tlv(d, 0x06, ca->sig_oid, ca->sig_oid_len);
	wrap(d, 0x30, end);
}

/* --- extensions ---------------------------------------------------------------------------- */

/* Around the value written since end: Extension { id, critical, OCTET STRING value }. */
static void
wrap_extension(struct der *d, const uint8_t *oid, size_t oid_len, bool critical, size_t end)
{
	wrap(d, 0x04, end);
	if (critical)
		put(d, "\x01\x01\xFF", 3);
	put_tlv(d, 0x06, oid, oid_len);
	wrap(d, 0x30, end);
}

static void
put_extension(struct der *d, const uint8_t oid[3], bool critical, const char *value, size_t len)
{
	const size_t end = d->at;

	put(d, value, len);
	wrap_extension(d, oid, 3, critical, end);
}

static void
put_subject_id(struct der *d, const uint8_t id[ID_LEN])
{
	const size_t end = d->at;

	put_tlv(d, 0x04, id, ID_LEN);
	wrap_extension(d, oid_subject_id, sizeof(oid_subject_id), false, end);
}

static void
put_authority_id(struct der *d, const uint8_t id[ID_LEN])
{
	const size_t end = d->at;

	put_tlv(d, 0x80, id, ID_LEN);
	wrap(d, 0x30, end);
	wrap_extension(d, oid_authority_id, sizeof(oid_authority_id), false, end);
}

static void
put_policy(struct der *d)
{
	const size_t end = d->at;

	put_tlv(d, 0x06, oid_policy, sizeof(oid_policy));
	wrap(d, 0x30, end);
	wrap(d, 0x30, end);
	wrap_extension(d, oid_policies, sizeof(oid_policies), false, end);
}

static void
put_crl_point(struct der *d, const char *url)
{
	const size_t end = d->at;

	put_tlv(d, 0x86, url, strlen(url));
	wrap(d, 0xA0, end);
	wrap(d, 0xA0, end);
	wrap(d, 0x30, end);
	wrap(d, 0x30, end);
	wrap_extension(d, oid_crl_points, sizeof(oid_crl_points), false, end);
}

static void
put_authority_access(struct der *d, const char *url)
{
	const size_t end = d->at;

	put_tlv(d, 0x86, url, strlen(url));
	put_tlv(d, 0x06, oid_ca_issuers, sizeof(oid_ca_issuers));
	wrap(d, 0x30, end);
	wrap(d, 0x30, end);
	wrap_extension(d, oid_aia, sizeof(oid_aia), false, end);
}

static void
put_ca_extensions(struct der *d, const uint8_t id[ID_LEN])
{
	const size_t end = d->at;

	put_subject_id(d, id);
	put_extension(d, oid_key_usage, true, "\x03\x02\x02\x04", 4); /* certificates */
	put_extension(d, oid_constraints, true, "\x30\x03\x01\x01\xFF", 5);
	wrap(d, 0x30, end);
	wrap(d, 0xA3, end);
}

static void
put_leaf_extensions(struct der *d, const struct ca *ca, const struct factory_leaf *leaf,
    const uint8_t ca_id[ID_LEN], const uint8_t id[ID_LEN])
{
	const size_t end = d->at;

	if (leaf->personal) {
		put_authority_access(d, ca->issuer_url);
		put_subject_id(d, id);
	}
	if (leaf->crl)
		put_crl_point(d, ca->crl_url);
	put_authority_id(d, ca_id);
	put_policy(d);
	put_extension(d, oid_constraints, true, "\x30\x00", 2);
	put_extension(d, oid_key_usage, true, "\x03\x02\x07\x80", 4); /* signatures */
	wrap(d, 0x30, end);
	wrap(d, 0xA3, end);
}

/* --- keys and signatures ------------------------------------------------------------------- */

static size_t
public_bits(const struct sim_key *key, uint8_t out[PUB_MAX])
{
	return rsa_size(key->alg) != 0 ? rsa_public(key, out) : ec_public(key, out);
}

static void
put_public_key(struct der *d, const struct sim_key *key)
{
	uint8_t bits[PUB_MAX];
	const size_t end = d->at;
	size_t alg;

	put(d, bits, public_bits(key, bits));
	alg = d->at;
	if (rsa_size(key->alg) != 0) {
		put_tlv(d, 0x05, "", 0);
		put_tlv(d, 0x06, oid_rsa, sizeof(oid_rsa));
	} else {
		if (key->alg == ALG_P256)
			put_tlv(d, 0x06, oid_p256, sizeof(oid_p256));
		else
			put_tlv(d, 0x06, oid_p384, sizeof(oid_p384));
		put_tlv(d, 0x06, oid_ec, sizeof(oid_ec));
	}
	wrap(d, 0x30, alg);
	wrap(d, 0x30, end);
}

/* SHA-1 of the public key's bits (RFC 5280, 4.2.1.2 method 1). */
static void
key_id(const struct sim_key *key, uint8_t out[ID_LEN])
{
	uint8_t bits[PUB_MAX];
	const size_t n = public_bits(key, bits), head = n > 258 ? 5 : n > 130 ? 4 : 3;

	(void)SHA1(bits + head, n > head ? n - head : 0, out);
}

static void
put_minimal_integer(struct der *d, const uint8_t *v, size_t n)
{
	const size_t end = d->at;

	while (n > 1 && v[0] == 0) {
		v++;
		n--;
	}
	put(d, v, n);
	if (v[0] >= 0x80)
		put_u8(d, 0x00);
	wrap(d, 0x02, end);
}

static bool
put_signature(struct der *d, struct sim_app *app, const struct ca *ca, const struct sim_key *key,
    const uint8_t *tbs, size_t len)
{
	uint8_t digest[EVP_MAX_MD_SIZE], r[66], s[66], sig[256];
	const size_t end = d->at;

	(void)(ca->digest_len == 48 ? SHA384(tbs, len, digest) : SHA256(tbs, len, digest));
	if (ca->alg == ALG_RSA2048) {
		if (!rsa_sign(key, digest, ca->digest_len, sig))
			return false;
		put(d, sig, sizeof(sig));
	} else {
		if (!ecdsa_raw(app, key, digest, ca->digest_len, r, s))
			return false;
		put_minimal_integer(d, s, ec_size(ca->alg));
		put_minimal_integer(d, r, ec_size(ca->alg));
		wrap(d, 0x30, end);
	}
	put_u8(d, 0x00);
	wrap(d, 0x03, end);
	return true;
}

/* --- certificates -------------------------------------------------------------------------- */

/* TBSCertificate for key; leaf NULL: the CA's own. */
static void
put_tbs(struct der *d, const struct ca *ca, const struct factory_leaf *leaf,
    const struct sim_key *key, const struct sim_key *ca_key, const uint8_t serial[16])
{
	uint8_t id[ID_LEN], ca_id[ID_LEN];
	const size_t end = d->at;
	size_t part;

	key_id(key, id);
	key_id(ca_key, ca_id);
	if (leaf != NULL)
		put_leaf_extensions(d, ca, leaf, ca_id, id);
	else
		put_ca_extensions(d, ca_id);
	put_public_key(d, key);
	if (leaf != NULL)
		put_leaf_name(d, leaf);
	else
		put_ca_name(d, ca);
	part = d->at;
	put_tlv(d, 0x17, leaf == NULL ? "491231235959Z" : "450101000000Z", 13);
	put_tlv(d, 0x17, leaf == NULL ? "200101000000Z" : "250101000000Z", 13);
	wrap(d, 0x30, part);
	put_ca_name(d, ca);
	put_algorithm(d, ca);
	put_tlv(d, 0x02, serial, 16);
	put(d, "\xA0\x03\x02\x01\x02", 5);
	wrap(d, 0x30, end);
}

/* A whole certificate with randoms from app. Its length, 0 on failure. */
static size_t
certificate(struct sim_app *app, const struct ca *ca, const struct factory_leaf *leaf,
    const struct sim_key *key, const struct sim_key *ca_key, uint8_t out[FACTORY_CERT_MAX])
{
	struct der tbs = { .at = FACTORY_CERT_MAX }, d = { .at = FACTORY_CERT_MAX };
	uint8_t serial[16];
	size_t n;

	rng_bytes(app, serial, sizeof(serial));
	serial[0] = (uint8_t)((serial[0] & 0x3F) | 0x40); /* positive, always 16 bytes */
	put_tbs(&tbs, ca, leaf, key, ca_key, serial);
	n = FACTORY_CERT_MAX - tbs.at;
	if (!put_signature(&d, app, ca, ca_key, tbs.bytes + tbs.at, n))
		return 0;
	put_algorithm(&d, ca);
	put(&d, tbs.bytes + tbs.at, n);
	wrap(&d, 0x30, FACTORY_CERT_MAX);
	n = FACTORY_CERT_MAX - d.at;
	memcpy(out, d.bytes + d.at, n);
	return n;
}

struct vendor {
	struct sim_key key;
	uint8_t cert[FACTORY_CERT_MAX];
	size_t len;
};

/* Key and certificate of a CA, made at the first use; NULL if host cryptography fails. */
static const struct vendor *
vendor(enum model_ca ca)
{
	static struct vendor vendors[CA_COUNT];
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct sim_app app; /* only its random stream is used */
	struct vendor *v = &vendors[ca];

	(void)pthread_mutex_lock(&lock);
	if (v->len == 0) {
		rng_seed(&app, 0x56454E444F52 + (uint64_t)ca - CA_M300); /* "VENDOR" */
		if (cas[ca].alg == ALG_RSA2048 ? rsa_generate(&app, cas[ca].alg, &v->key)
					       : ec_generate(&app, cas[ca].alg, &v->key))
			v->len = certificate(&app, &cas[ca], NULL, &v->key, &v->key, v->cert);
	}
	(void)pthread_mutex_unlock(&lock);
	return v->len > 0 ? v : NULL;
}

size_t
factory_certificate(struct sim_app *app, enum model_ca ca, const struct factory_leaf *leaf,
    const struct sim_key *key, uint8_t out[FACTORY_CERT_MAX])
{
	const struct vendor *v = vendor(ca);

	return v != NULL ? certificate(app, &cas[ca], leaf, key, &v->key, out) : 0;
}

const uint8_t *
sim_vendor_ca(const char *model, size_t n, size_t *len)
{
	const struct model *m = model_named(model);
	const struct vendor *v;
	unsigned seen = 0;

	for (size_t i = 0; m != NULL && i < NITEMS(m->keys) && m->keys[i].key != 0; i++) {
		if ((seen & 1u << m->keys[i].ca) != 0)
			continue;
		seen |= 1u << m->keys[i].ca;
		if (n-- > 0)
			continue;
		v = vendor((enum model_ca)m->keys[i].ca);
		*len = v != NULL ? v->len : 0;
		return v != NULL ? v->cert : NULL;
	}
	return NULL;
}
