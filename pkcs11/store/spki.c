/* SubjectPublicKeyInfo; see spki.h. */
#include <config.h>

#include <string.h>

#include <openssl/ec.h>

#include "hal/base/err.h"
#include "hal/chip/chip.h"
#include "pkcs11/store/der.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/spki.h"

/* OBJECT IDENTIFIER with tag and length: 1.2.840.10045.2.1 and 1.2.840.113549.1.1.1. */
static const uint8_t oid_ec[] = { 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };
static const uint8_t oid_rsa[] = { 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01,
	0x01 };
static const uint8_t der_null[] = { DER_NULL, 0x00 };

#define POINT_MAX (1 + 2 * 66)
#define N_MIN     64 /* bytes of a modulus */
#define N_MAX     1024
#define E_MAX     8 /* of a public exponent */

/* Checks a point and encodes it in the form asked for; len 0 on failure. */
static size_t
recode(const struct chip_keytype *kt, const uint8_t *p, size_t len, point_conversion_form_t form,
    uint8_t out[POINT_MAX])
{
	EC_GROUP *group = ossl_group(kt);
	EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
	size_t n = 0;

	if (point != NULL && EC_POINT_oct2point(group, point, p, len, NULL) == 1)
		n = EC_POINT_point2oct(group, point, form, out, POINT_MAX, NULL);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return n;
}

/* SEQUENCE { SEQUENCE { algorithm, parameters }, BIT STRING }. */
static int
assemble(const uint8_t *alg, size_t alg_len, const uint8_t *params, size_t params_len,
    const uint8_t *bits, size_t len, struct buf *spki)
{
	struct buf in = BUF_INIT;
	int r;

	if ((r = der_put_head(&in, DER_SEQUENCE, alg_len + params_len)) != 0 ||
	    (r = buf_put(&in, alg, alg_len)) != 0 || (r = buf_put(&in, params, params_len)) != 0 ||
	    (r = der_put_head(&in, DER_BIT_STRING, len + 1)) != 0 ||
	    (r = buf_put_u8(&in, 0)) != 0 || (r = buf_put(&in, bits, len)) != 0)
		goto out;
	buf_reset(spki);
	r = der_put(spki, DER_SEQUENCE, in.data, in.len);
out:
	buf_free(&in);
	return r;
}

static int
from_point(const struct chip_keytype *kt, const uint8_t *p, size_t len, struct buf *spki)
{
	uint8_t point[POINT_MAX];
	const bool whole = len == 1 + 2 * kt->size && p[0] == 0x04;
	const bool half = len == 1 + kt->size && (p[0] == 0x02 || p[0] == 0x03);
	size_t n;

	if (!whole && !half)
		return HAL_EFORMAT;
	if ((n = recode(kt, p, len, POINT_CONVERSION_UNCOMPRESSED, point)) == 0)
		return HAL_EFORMAT;
	return assemble(oid_ec, sizeof(oid_ec), kt->params, kt->params_len, point, n, spki);
}

static const struct chip_keytype *
rsa_type(size_t bytes)
{
	const struct chip_keytype *kt;

	for (size_t i = 0; (kt = chip_keytype_at(i)) != NULL; i++)
		if (kt->rsa && kt->size == bytes)
			return kt;
	return NULL;
}

int
spki_from_rsa(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len, struct buf *spki)
{
	struct buf in = BUF_INIT, seq = BUF_INIT;
	int r = HAL_EFORMAT;

	if (n_len < N_MIN || n_len > N_MAX || n[0] == 0 || (n[n_len - 1] & 1) == 0 || e_len < 1 ||
	    e_len > E_MAX || e[0] == 0 || (e[e_len - 1] & 1) == 0 || (e_len == 1 && e[0] == 1))
		return HAL_EFORMAT;
	if ((r = der_put_unsigned(&in, n, n_len)) != 0 ||
	    (r = der_put_unsigned(&in, e, e_len)) != 0 ||
	    (r = der_put(&seq, DER_SEQUENCE, in.data, in.len)) != 0)
		goto out;
	r = assemble(oid_rsa, sizeof(oid_rsa), der_null, sizeof(der_null), seq.data, seq.len, spki);
out:
	buf_free(&in);
	buf_free(&seq);
	return r;
}

static bool
take_rsa(struct cur bits, struct cur *n, struct cur *e)
{
	struct cur seq;

	return der_take(&bits, DER_SEQUENCE, &seq) && bits.len == 0 && der_take_unsigned(&seq, n) &&
	       der_take_unsigned(&seq, e) && seq.len == 0;
}

int
spki_from_bits(const struct chip_keytype *kt, const uint8_t *bits, size_t len, struct buf *spki)
{
	const struct cur c = { bits, len };
	struct cur n, e;

	if (!kt->rsa)
		return from_point(kt, bits, len, spki);
	if (!take_rsa(c, &n, &e) || n.len != kt->size || (n.p[0] & 0x80) == 0)
		return HAL_EFORMAT;
	return spki_from_rsa(n.p, n.len, e.p, e.len, spki);
}

int
spki_from_point(const struct chip_keytype *kt, const uint8_t *p, size_t len, struct buf *spki)
{
	struct cur given = { p, len }, inner;

	if (len != 1 + 2 * kt->size && der_take(&given, DER_OCTET_STRING, &inner) && given.len == 0)
		return spki_from_bits(kt, inner.p, inner.len, spki);
	return spki_from_bits(kt, p, len, spki);
}

static bool
take_bits(struct cur *c, struct cur *bits)
{
	uint8_t unused;

	return der_take(c, DER_BIT_STRING, bits) && cur_u8(bits, &unused) && unused == 0;
}

static bool
starts_with(const struct cur *c, const uint8_t *p, size_t len)
{
	return c->len >= len && memcmp(c->p, p, len) == 0;
}

/* Into algorithm (OID and parameters) and bits; *rsa tells which algorithm. */
static bool
split(const uint8_t *der, size_t len, bool *rsa, struct cur *params, struct cur *bits)
{
	struct cur c = { der, len }, seq, alg;
	size_t skip;

	if (!der_take(&c, DER_SEQUENCE, &seq) || !der_take(&seq, DER_SEQUENCE, &alg) ||
	    !take_bits(&seq, bits) || seq.len != 0)
		return false;
	*rsa = starts_with(&alg, oid_rsa, sizeof(oid_rsa));
	if (!*rsa && !starts_with(&alg, oid_ec, sizeof(oid_ec)))
		return false;
	skip = *rsa ? sizeof(oid_rsa) : sizeof(oid_ec);
	*params = (struct cur){ alg.p + skip, alg.len - skip };
	return true;
}

int
spki_parse(const uint8_t *der, size_t len, const struct chip_keytype **ktp, struct buf *spki)
{
	struct cur params, bits, n, e;
	bool rsa;

	*ktp = NULL;
	if (!split(der, len, &rsa, &params, &bits))
		return HAL_EFORMAT;
	if (!rsa)
		*ktp = chip_keytype_by_params(params.p, params.len);
	else if (take_rsa(bits, &n, &e))
		*ktp = rsa_type(n.len);
	if (*ktp == NULL)
		return HAL_EFORMAT;
	return spki_from_bits(*ktp, bits.p, bits.len, spki);
}

int
spki_from_record(const uint8_t *data, size_t len, const struct chip_keytype *kt, struct buf *spki)
{
	const struct chip_keytype *found;
	struct cur c = { data, len }, bits;
	int r;

	if (take_bits(&c, &bits))
		return spki_from_bits(kt, bits.p, bits.len, spki);
	if ((r = spki_parse(data, len, &found, spki)) == 0 && found != kt) {
		buf_reset(spki);
		return HAL_EFORMAT;
	}
	return r;
}

int
spki_point(const struct buf *spki, struct cur *point)
{
	struct cur params;
	bool rsa;

	return split(spki->data, spki->len, &rsa, &params, point) && !rsa ? 0 : HAL_EFORMAT;
}

int
spki_rsa(const struct buf *spki, struct cur *n, struct cur *e)
{
	struct cur params, bits;
	bool rsa;

	return split(spki->data, spki->len, &rsa, &params, &bits) && rsa && take_rsa(bits, n, e)
		   ? 0
		   : HAL_EFORMAT;
}

int
spki_compress(const struct buf *spki, struct buf *out)
{
	struct cur point;
	size_t size;
	int r;

	if ((r = spki_point(spki, &point)) != 0)
		return r;
	/* SEC 1, 2.3.3: the sign is the lowest bit of y. */
	size = point.len / 2;
	buf_reset(out);
	if ((r = buf_put_u8(out, 0x02 | (point.p[point.len - 1] & 1))) != 0)
		return r;
	return buf_put(out, point.p + 1, size);
}

int
spki_hash(const struct buf *spki, uint8_t hash[SPKI_HASH_LEN])
{
	return ossl_digest("SHA2-256", spki->data, spki->len, hash, SPKI_HASH_LEN);
}

bool
spki_equal(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && a->len != 0 && memcmp(a->data, b->data, a->len) == 0;
}
