/* GenKeyPair: SRM 4.4.1, and the public keys it returns: SRM 6.2. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"

#define TAG_KEY_OID      0x01 /* of the command */
#define TAG_KEY_USAGE    0x02
#define TAG_PRIVATE_KEY  0x01 /* of the response */
#define TAG_PUBLIC_KEY   0x02

#define DER_INTEGER      0x02
#define DER_BIT_STRING   0x03
#define DER_OCTET_STRING 0x04
#define DER_SEQUENCE     0x30

/* One DER element with its length in the shortest form, as in every key the chip sends. */
static bool
der_take(struct cur *c, uint8_t tag, struct cur *value)
{
	uint8_t t, first;
	size_t len = 0;

	if (!cur_u8(c, &t) || t != tag || !cur_u8(c, &first))
		return false;
	if (first < 0x80) {
		len = first;
	} else {
		unsigned n = first & 0x7F;
		uint8_t b = 0;

		if (n < 1 || n > 2)
			return false;
		for (; n > 0; n--) {
			if (!cur_u8(c, &b))
				return false;
			len = len << 8 | b;
		}
		if (len < 0x80 || (first == 0x82 && len < 0x100))
			return false;
	}
	if (!cur_bytes(c, len, &value->p))
		return false;
	value->len = len;
	return true;
}

/* SEQUENCE { n, e }: n of exactly the modulus size with its leading 00, e positive and odd. */
static bool
rsa_key_valid(const struct chip_keytype *kt, struct cur c)
{
	struct cur seq, n, e;

	if (!der_take(&c, DER_SEQUENCE, &seq) || c.len != 0 || !der_take(&seq, DER_INTEGER, &n) ||
	    !der_take(&seq, DER_INTEGER, &e) || seq.len != 0)
		return false;
	if (n.len != kt->size + 1 || n.p[0] != 0 || (n.p[1] & 0x80) == 0)
		return false;
	return e.len >= 1 && e.len <= 4 && (e.p[0] & 0x80) == 0 && (e.p[e.len - 1] & 1) != 0;
}

bool
chip_pubkey_valid(const struct chip_keytype *kt, const uint8_t *pub, size_t len)
{
	struct cur c = { pub, len }, bits;
	uint8_t b;

	if (!der_take(&c, DER_BIT_STRING, &bits) || c.len != 0 || !cur_u8(&bits, &b) || b != 0)
		return false;
	if (kt->rsa)
		return rsa_key_valid(kt, bits);
	return bits.len == 1 + 2 * kt->size && bits.p[0] == 0x04; /* uncompressed point */
}

/* OutData: TLVs in any order, those of other tags skipped. */
static bool
find_tlv(const struct buf *out, uint8_t wanted, struct cur *value)
{
	struct cur c = { out->data, out->len }, v;
	bool found = false;
	uint8_t tag;

	while (c.len > 0) {
		if (!cur_tlv(&c, &tag, &v))
			return false;
		if (tag == wanted && !found) {
			*value = v;
			found = true;
		}
	}
	return found;
}

static int
take_public_key(const struct chip_keytype *kt, const struct buf *out, struct buf *pub)
{
	struct cur v;

	if (!find_tlv(out, TAG_PUBLIC_KEY, &v) || !chip_pubkey_valid(kt, v.p, v.len)) {
		log_debug("GenKeyPair %s: %zu bytes hold no such public key", kt->name, out->len);
		return HAL_EPROTO;
	}
	buf_reset(pub);
	return buf_put(pub, v.p, v.len);
}

/* OCTET STRING of exactly the curve's or modulus' size. */
static int
take_private_key(const struct chip_keytype *kt, const struct buf *out, struct buf *priv)
{
	struct cur v, d;

	if (!find_tlv(out, TAG_PRIVATE_KEY, &v) || !der_take(&v, DER_OCTET_STRING, &d) ||
	    v.len != 0 || d.len != kt->size)
		return HAL_EPROTO;
	buf_reset(priv);
	return buf_put(priv, d.p, d.len);
}

/* 0 when the slot takes keys of this type; a slot of another family is the caller's mistake. */
static int
check_slot(const struct chip *c, uint16_t oid, const struct chip_keytype *kt)
{
	const struct chip_object *o = chip_model_object(c->model, oid);

	if (!chip_model_has_alg(c->model, kt->alg))
		return HAL_ENOTSUP;
	if (o == NULL)
		return HAL_EINVAL;
	if (o->kind == CHIP_KIND_SESSION)
		return 0;
	return o->kind == (kt->rsa ? CHIP_KIND_RSA_KEY : CHIP_KIND_ECC_KEY) ? 0 : HAL_EINVAL;
}

static int
keypair_held(
    struct chip *c, uint16_t oid, const struct chip_keytype *kt, uint8_t usage, struct buf *pub)
{
	const struct chip_apdu gen = {
		.cmd = CHIP_CMD_GEN_KEY,
		.param = (uint8_t)kt->alg,
		.writes = !chip_oid_is_session(oid),
		.deadline_ms = kt->rsa ? APDU_DEADLINE_RSA_MS : APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT, out = BUF_INIT;
	int r;

	if ((r = check_slot(c, oid, kt)) != 0 || (r = chip_put_oid(&in, TAG_KEY_OID, oid)) != 0 ||
	    (r = buf_put_tlv(&in, TAG_KEY_USAGE, &usage, 1)) != 0 ||
	    (r = chip_apdu_run(c, &gen, &in, &out)) != 0)
		goto out;
	r = take_public_key(kt, &out, pub);
out:
	buf_free(&in);
	buf_free(&out);
	return r;
}

int
chip_keypair(struct chip *c, uint16_t oid, enum chip_alg alg, uint8_t usage, struct buf *pub)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(alg);
	int r;

	if (kt == NULL || usage == 0)
		return HAL_EINVAL;
	if ((r = chip_acquire(c)) != 0)
		return r;
	r = keypair_held(c, oid, kt, usage, pub);
	chip_release(c);
	return r;
}

int
chip_keypair_export(struct chip *c, enum chip_alg alg, struct buf *priv, struct buf *pub)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(alg);
	const struct chip_apdu gen = {
		.cmd = CHIP_CMD_GEN_KEY,
		.param = (uint8_t)alg,
		.idempotent = true, /* nothing is stored */
		.deadline_ms = kt != NULL && kt->rsa ? APDU_DEADLINE_RSA_MS : APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT, out = BUF_INIT;
	int r;

	if (kt == NULL)
		return HAL_EINVAL;
	if ((r = chip_put_target(&in, CHIP_EXPORT)) == 0 &&
	    (r = chip_apdu_run(c, &gen, &in, &out)) == 0 &&
	    (r = take_private_key(kt, &out, priv)) == 0 &&
	    (r = take_public_key(kt, &out, pub)) != 0)
		buf_reset(priv);
	buf_free(&in);
	buf_free(&out);
	return r;
}
