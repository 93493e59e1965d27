/*
 * CalcSign: SRM 4.4.1, signatures as in SRM 6.2.
 *
 * The chip sends ECDSA signatures as two INTEGERs without a SEQUENCE around them, and keeps
 * zero bytes in front of short values where DER wants none: at least as many bytes as the curve
 * has, one more when the top bit is set (CMD-42). Seen on silicon once in 256 signatures for
 * P-256, in nearly every second one for P-521.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"

#define TAG_DIGEST  0x01
#define TAG_KEY_OID 0x03

#define DIGEST_MIN  10

/* A positive INTEGER with any number of zeros in front, into size bytes. */
static bool
take_integer(struct cur *c, size_t size, uint8_t *out)
{
	const uint8_t *p;
	uint8_t tag, len;

	/* Two of at most 67 bytes: the long form of a length has no place here. */
	if (!cur_u8(c, &tag) || tag != 0x02 || !cur_u8(c, &len) || len == 0 || len >= 0x80 ||
	    !cur_bytes(c, len, &p) || (p[0] & 0x80) != 0)
		return false;
	while (len > 0 && *p == 0) {
		p++;
		len--;
	}
	if (len == 0 || len > size)
		return false;
	memset(out, 0, size - len);
	memcpy(out + size - len, p, len);
	return true;
}

int
chip_ecdsa_normalise(const uint8_t *der, size_t len, size_t size, struct buf *sig)
{
	struct cur c = { der, len };
	int r;

	buf_reset(sig);
	if ((r = buf_put_fill(sig, 0, 2 * size)) != 0)
		return r;
	if (take_integer(&c, size, sig->data) && take_integer(&c, size, sig->data + size) &&
	    c.len == 0)
		return 0;
	log_debug("ECDSA signature of %zu bytes is none for a curve of %zu", len, size);
	buf_reset(sig);
	return HAL_EPROTO;
}

size_t
chip_ecdsa_digest(const uint8_t *digest, size_t len, size_t size, uint8_t *e)
{
	const size_t pad = len < DIGEST_MIN ? DIGEST_MIN - len : 0;

	if (len > size)
		len = size;
	memset(e, 0, pad);
	memcpy(e + pad, digest, len);
	return len + pad;
}

static int
calc_sign(struct chip *c, uint8_t scheme, uint16_t oid, const uint8_t *digest, size_t len,
    struct buf *out)
{
	const struct chip_apdu sign = {
		.cmd = CHIP_CMD_SIGN,
		.param = scheme,
		/* A second signature is as good as the first; but a session's key dies with a
		   reset. */
		.idempotent = !chip_oid_is_session(oid),
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT;
	int r;

	if ((r = buf_put_tlv(&in, TAG_DIGEST, digest, len)) != 0 ||
	    (r = chip_put_oid(&in, TAG_KEY_OID, oid)) != 0)
		goto out;
	r = chip_apdu_run(c, &sign, &in, out);
out:
	buf_free(&in);
	return r;
}

int
chip_sign_ecdsa(
    struct chip *c, uint16_t oid, size_t size, const uint8_t *digest, size_t len, struct buf *sig)
{
	struct buf out = BUF_INIT;
	uint8_t e[CHIP_SIZE_MAX];
	size_t e_len;
	int r;

	if (size < DIGEST_MIN || size > sizeof(e) || len == 0)
		return HAL_EINVAL;
	e_len = chip_ecdsa_digest(digest, len, size, e);
	if ((r = calc_sign(c, CHIP_ECDSA, oid, e, e_len, &out)) == 0)
		r = chip_ecdsa_normalise(out.data, out.len, size, sig);
	buf_free(&out);
	return r;
}

uint8_t
chip_rsa_scheme(size_t digest_len)
{
	static const struct {
		size_t len;
		uint8_t scheme;
	} schemes[] = {
		{ 32, CHIP_RSA_SHA256 },
		{ 48, CHIP_RSA_SHA384 },
		{ 64, CHIP_RSA_SHA512 },
	};

	for (size_t i = 0; i < NITEMS(schemes); i++)
		if (schemes[i].len == digest_len)
			return schemes[i].scheme;
	return 0;
}

int
chip_sign_rsa(struct chip *c, uint16_t oid, const uint8_t *digest, size_t len, struct buf *sig)
{
	const uint8_t scheme = chip_rsa_scheme(len);
	struct buf out = BUF_INIT;
	int r;

	if (scheme == 0)
		return HAL_EINVAL;
	r = calc_sign(c, scheme, oid, digest, len, &out);
	if (r == 0 && out.len != 128 && out.len != 256)
		r = HAL_EPROTO;
	if (r == 0)
		buf_move(sig, &out);
	buf_free(&out);
	return r;
}
