/*
 * What the vendor does to a chip before it is sold: unique ID, key E0F0, and its certificate in
 * E0E0, signed by a CA that exists only here. Its private key is no secret: it is derived
 * from a constant, so a certificate of a simulated chip proves nothing but that it is one.
 */
#include <config.h>

#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"
#include "hal/sim/rng.h"

#define CERT_MAX 1024

/* DER written from the end to the front: lengths are known when they are needed. */
struct der {
	uint8_t bytes[CERT_MAX];
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

static const uint8_t oid_ecdsa_sha384[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03 };
static const uint8_t oid_ec[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };
static const uint8_t oid_p256[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const uint8_t oid_p384[] = { 0x2B, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t oid_policy[] = { 0x2A, 0x82, 0x14, 0x00, 0x44, 0x01, 0x14, 0x01 };

struct rdn {
	uint8_t attribute; /* last arc below 2.5.4 */
	const char *value;
};
static const struct rdn ca_name[] = {
	{ 6, "DE" },
	{ 10, "Simulated Vendor" },
	{ 11, "OPTIGA(TM)" },
	{ 3, "Simulated OPTIGA(TM) Trust M CA 300" },
};
static const struct rdn leaf_name[] = { { 3, "InfineonIoTNode" } };

static void
put_name(struct der *d, const struct rdn *rdn, size_t n)
{
	const size_t end = d->at;

	while (n-- > 0) {
		const uint8_t oid[] = { 0x55, 0x04, rdn[n].attribute };
		const size_t set = d->at;

		put_tlv(d, rdn[n].attribute == 6 ? 0x13 : 0x0C, rdn[n].value, strlen(rdn[n].value));
		put_tlv(d, 0x06, oid, sizeof(oid));
		wrap(d, 0x30, set);
		wrap(d, 0x31, set);
	}
	wrap(d, 0x30, end);
}

static void
put_algorithm(struct der *d)
{
	const size_t end = d->at;

	put_tlv(d, 0x06, oid_ecdsa_sha384, sizeof(oid_ecdsa_sha384));
	wrap(d, 0x30, end);
}

/* Extension { id-ce n, critical, OCTET STRING value }. */
static void
put_extension(struct der *d, uint8_t n, bool critical, const uint8_t *value, size_t len)
{
	const uint8_t oid[] = { 0x55, 0x1D, n };
	const size_t end = d->at;

	put_tlv(d, 0x04, value, len);
	if (critical)
		put(d, "\x01\x01\xFF", 3);
	put_tlv(d, 0x06, oid, sizeof(oid));
	wrap(d, 0x30, end);
}

static void
put_extensions(struct der *d, bool ca, const uint8_t ca_id[SHA_DIGEST_LENGTH])
{
	static const uint8_t bc_leaf[] = { 0x30, 0x00 }, bc_ca[] = { 0x30, 0x03, 0x01, 0x01, 0xFF };
	static const uint8_t ku_leaf[] = { 0x03, 0x02, 0x07, 0x80 },
			     ku_ca[] = { 0x03, 0x02, 0x02, 0x04 };
	uint8_t key_id[2 + SHA_DIGEST_LENGTH] = { 0x04, SHA_DIGEST_LENGTH };
	uint8_t authority[4 + SHA_DIGEST_LENGTH] = { 0x30, 2 + SHA_DIGEST_LENGTH, 0x80,
		SHA_DIGEST_LENGTH };
	uint8_t policy[14] = { 0x30, 12, 0x30, 10, 0x06, 8 };
	const size_t end = d->at;

	memcpy(key_id + 2, ca_id, SHA_DIGEST_LENGTH);
	memcpy(authority + 4, ca_id, SHA_DIGEST_LENGTH);
	memcpy(policy + 6, oid_policy, sizeof(oid_policy));
	if (ca) {
		put_extension(d, 14, false, key_id, sizeof(key_id));
		put_extension(d, 15, true, ku_ca, sizeof(ku_ca));
		put_extension(d, 19, true, bc_ca, sizeof(bc_ca));
	} else {
		put_extension(d, 35, false, authority, sizeof(authority));
		put_extension(d, 32, false, policy, sizeof(policy));
		put_extension(d, 19, true, bc_leaf, sizeof(bc_leaf));
		put_extension(d, 15, true, ku_leaf, sizeof(ku_leaf));
	}
	wrap(d, 0x30, end);
	wrap(d, 0xA3, end);
}

static void
put_public_key(struct der *d, const struct sim_key *key)
{
	uint8_t bits[PUB_MAX];
	const size_t end = d->at, n = ec_public(key, bits);
	size_t alg;

	put(d, bits, n);
	alg = d->at;
	if (key->alg == ALG_P256)
		put_tlv(d, 0x06, oid_p256, sizeof(oid_p256));
	else
		put_tlv(d, 0x06, oid_p384, sizeof(oid_p384));
	put_tlv(d, 0x06, oid_ec, sizeof(oid_ec));
	wrap(d, 0x30, alg);
	wrap(d, 0x30, end);
}

/* SHA-1 of the public key's bits (RFC 5280, 4.2.1.2 method 1). */
static void
key_id(const struct sim_key *key, uint8_t out[SHA_DIGEST_LENGTH])
{
	uint8_t bits[PUB_MAX];
	const size_t n = ec_public(key, bits), head = n > 130 ? 4 : 3;

	(void)SHA1(bits + head, n > head ? n - head : 0, out);
}

/* TBSCertificate for key, by the CA with ca_id. */
static void
put_tbs(struct der *d, bool ca, const struct sim_key *key, const uint8_t ca_id[SHA_DIGEST_LENGTH],
    const uint8_t serial[16])
{
	const size_t end = d->at;
	size_t part;

	put_extensions(d, ca, ca_id);
	put_public_key(d, key);
	put_name(d, ca ? ca_name : leaf_name, ca ? NITEMS(ca_name) : NITEMS(leaf_name));
	part = d->at;
	put_tlv(d, 0x17, ca ? "491231235959Z" : "450101000000Z", 13);
	put_tlv(d, 0x17, ca ? "200101000000Z" : "250101000000Z", 13);
	wrap(d, 0x30, part);
	put_name(d, ca_name, NITEMS(ca_name));
	put_algorithm(d);
	put_tlv(d, 0x02, serial, 16);
	put(d, "\xA0\x03\x02\x01\x02", 5);
	wrap(d, 0x30, end);
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

/* A whole certificate, signed by ca_key with randoms from app. Its length, 0 on failure. */
static size_t
certificate(struct sim_app *app, bool ca, const struct sim_key *key, const struct sim_key *ca_key,
    uint8_t out[CERT_MAX])
{
	struct der tbs = { .at = CERT_MAX }, d = { .at = CERT_MAX };
	uint8_t id[SHA_DIGEST_LENGTH], serial[16], digest[SHA384_DIGEST_LENGTH], r[48], s[48];
	size_t n;

	key_id(ca_key, id);
	rng_bytes(app, serial, sizeof(serial));
	serial[0] = (uint8_t)((serial[0] & 0x3F) | 0x40); /* positive, always 16 bytes */
	put_tbs(&tbs, ca, key, id, serial);
	n = CERT_MAX - tbs.at;
	(void)SHA384(tbs.bytes + tbs.at, n, digest);
	if (!ecdsa_raw(app, ca_key, digest, sizeof(digest), r, s))
		return 0;
	put_minimal_integer(&d, s, sizeof(s));
	put_minimal_integer(&d, r, sizeof(r));
	wrap(&d, 0x30, CERT_MAX);
	put_u8(&d, 0x00);
	wrap(&d, 0x03, CERT_MAX);
	put_algorithm(&d);
	put(&d, tbs.bytes + tbs.at, n);
	wrap(&d, 0x30, CERT_MAX);
	n = CERT_MAX - d.at;
	memcpy(out, d.bytes + d.at, n);
	return n;
}

static struct {
	struct sim_key key;
	uint8_t cert[CERT_MAX];
	size_t len;
} vendor;

static void
vendor_make(void)
{
	static struct sim_app app; /* only its random stream is used */

	rng_seed(&app, 0x56454E444F52); /* "VENDOR" */
	if (ec_generate(&app, ALG_P384, &vendor.key))
		vendor.len = certificate(&app, true, &vendor.key, &vendor.key, vendor.cert);
}

static bool
vendor_ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, vendor_make);
	return vendor.len > 0;
}

const uint8_t *
sim_vendor_ca(size_t *len)
{
	*len = vendor_ready() ? vendor.len : 0;
	return vendor.cert;
}

/* Fixed silicon, the lot and the place on the wafer drawn; build 2440. */
static void
make_uid(struct sim_app *app)
{
	static const uint8_t sample[27] = { 0xCD, 0x16, 0x33, 0x93, 0x01, 0x00, 0x1C, 0x00, 0x05,
		0x00, 0x00, 0x0A, 0x09, 0xA4, 0x13, 0x00, 0x0A, 0x00, 0x2F, 0x00, 0x2E, 0x80, 0x10,
		0x10, 0x71, 0x24, 0x40 };
	uint8_t *uid = object_content(app, (size_t)object_find(0xE0C2));

	memcpy(uid, sample, sizeof(sample));
	rng_bytes(app, uid + 13, 4);
	rng_bytes(app, uid + 18, 1);
	rng_bytes(app, uid + 20, 1);
}

/* TLS identity: C0, length of the rest, chain length, certificate length, certificate. */
static bool
make_certificate(struct sim_app *app)
{
	const size_t i = (size_t)object_find(0xE0E0);
	uint8_t cert[CERT_MAX], *c = object_content(app, i);
	size_t n;

	if (!vendor_ready() || (n = certificate(app, false, &app->key[0], &vendor.key, cert)) == 0)
		return false;
	c[0] = 0xC0;
	c[1] = (uint8_t)((n + 6) >> 8);
	c[2] = (uint8_t)(n + 6);
	c[3] = 0x00;
	c[4] = (uint8_t)((n + 3) >> 8);
	c[5] = (uint8_t)(n + 3);
	c[6] = 0x00;
	c[7] = (uint8_t)(n >> 8);
	c[8] = (uint8_t)n;
	memcpy(c + 9, cert, n);
	object_set_used(app, i, n + 9);
	return true;
}

int
sim_app_factory(struct sim_app *app, const char *model, uint64_t seed, double speed, bool monitor)
{
	const struct model *m = model_named(model);

	if (m == NULL || m->silicon != ON_V3 || m->personalised || !(speed > 0))
		return HAL_EINVAL;
	memset(app, 0, sizeof(*app));
	app->model = (uint8_t)(m - model_at(0));
	app->speed = speed;
	app->monitor = monitor;
	rng_seed(app, seed);
	objects_factory(app);
	make_uid(app);
	if (!ec_generate(app, ALG_P256, &app->key[0]) || !make_certificate(app))
		return HAL_ECRYPTO;
	sim_app_reset(app, 0, true);
	return 0;
}
