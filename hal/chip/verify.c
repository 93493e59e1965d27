/*
 * VerifySign, and public keys given to the chip: SRM 4.4.1, 6.2.
 *
 * The chip takes an ECDSA signature as it gives one: two INTEGERs without a SEQUENCE. Minimal
 * ones are accepted like its own padded ones (CMD-43), and minimal ones are sent.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define TAG_DIGEST    0x01
#define TAG_SIGNATURE 0x02
#define TAG_CERT      0x04
#define TAG_ALG       0x05
#define TAG_PUBLIC    0x06

#define DER_INTEGER   0x02

#define DIGEST_MAX    64 /* also for P-521 */

int
chip_put_pubkey(struct buf *in, const struct chip_pubkey *key)
{
	const uint8_t alg = (uint8_t)key->alg;
	int r;

	if (key->cert != 0)
		return chip_put_oid(in, TAG_CERT, key->cert);
	if ((r = buf_put_tlv(in, TAG_ALG, &alg, 1)) != 0)
		return r;
	return buf_put_tlv(in, TAG_PUBLIC, key->pub, key->len);
}

const struct chip_keytype *
chip_pubkey_type(const struct chip_pubkey *key)
{
	const struct chip_keytype *kt = chip_keytype_by_alg((int)key->alg);

	if (kt == NULL || (key->cert == 0 && !chip_pubkey_valid(kt, key->pub, key->len)))
		return NULL;
	return kt;
}

/* One positive INTEGER in its shortest form. */
static int
put_integer(struct buf *out, const uint8_t *p, size_t len)
{
	size_t pad;
	int r;

	while (len > 1 && *p == 0) {
		p++;
		len--;
	}
	pad = (*p & 0x80) != 0;
	if ((r = buf_put_u8(out, DER_INTEGER)) != 0 ||
	    (r = buf_put_u8(out, (uint8_t)(len + pad))) != 0 ||
	    (r = buf_put_fill(out, 0, pad)) != 0)
		return r;
	return buf_put(out, p, len);
}

static int
put_signature(struct buf *in, const struct chip_keytype *kt, const uint8_t *sig, size_t sig_len)
{
	const size_t size = sig_len / 2;
	struct buf der = BUF_INIT;
	int r;

	if (kt->rsa)
		return buf_put_tlv(in, TAG_SIGNATURE, sig, sig_len);
	if ((r = put_integer(&der, sig, size)) == 0 &&
	    (r = put_integer(&der, sig + size, size)) == 0)
		r = buf_put_tlv(in, TAG_SIGNATURE, der.data, der.len);
	buf_free(&der);
	return r;
}

/* A signature of another length is none: no reason to ask the chip. */
static bool
signature_length_fits(const struct chip_keytype *kt, size_t len)
{
	return len == (kt->rsa ? kt->size : 2 * kt->size);
}

int
chip_verify(struct chip *c, const struct chip_pubkey *key, const uint8_t *digest, size_t len,
    const uint8_t *sig, size_t sig_len)
{
	const struct chip_keytype *kt = chip_pubkey_type(key);
	struct chip_apdu verify = {
		.cmd = CHIP_CMD_VERIFY,
		.param = CHIP_ECDSA,
		.idempotent = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT;
	uint8_t e[CHIP_SIZE_MAX];
	int r;

	if (kt == NULL || len == 0 || len > DIGEST_MAX)
		return HAL_EINVAL;
	if (kt->rsa && (verify.param = chip_rsa_scheme(len)) == 0)
		return HAL_EINVAL;
	if (!signature_length_fits(kt, sig_len))
		return CHIP_E_SIGNATURE;
	if (!kt->rsa) {
		len = chip_ecdsa_digest(digest, len, kt->size, e);
		digest = e;
	}
	if ((r = buf_put_tlv(&in, TAG_DIGEST, digest, len)) == 0 &&
	    (r = put_signature(&in, kt, sig, sig_len)) == 0 && (r = chip_put_pubkey(&in, key)) == 0)
		r = chip_apdu_run(c, &verify, &in, NULL);
	buf_free(&in);
	return r;
}
