/* EncryptAsym and DecryptAsym, RSAES-PKCS1-v1_5: SRM 4.4.1. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define TAG_SESSION 0x02
#define TAG_KEY_OID 0x03
#define TAG_TEXT    0x61

#define PADDING     11 /* at least, of RFC 8017, 7.2 */

static const struct chip_keytype *
rsa_type(const struct chip_pubkey *key)
{
	const struct chip_keytype *kt = chip_pubkey_type(key);

	return kt != NULL && kt->rsa ? kt : NULL;
}

/* in: what to encrypt; the key is appended. */
static int
encrypt(struct chip *c, const struct chip_pubkey *key, const struct chip_keytype *kt,
    bool idempotent, struct buf *in, struct buf *out)
{
	const struct chip_apdu apdu = {
		.cmd = CHIP_CMD_ENCRYPT_ASYM,
		.param = CHIP_RSAES,
		.idempotent = idempotent,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf answer = BUF_INIT;
	struct cur v;
	int r;

	if ((r = chip_put_pubkey(in, key)) != 0 || (r = chip_apdu_run(c, &apdu, in, &answer)) != 0)
		goto out;
	r = HAL_EPROTO;
	if (!chip_take_tlv(&answer, TAG_TEXT, &v) || v.len != kt->size)
		goto out;
	buf_reset(out);
	r = buf_put(out, v.p, v.len);
out:
	buf_free(&answer);
	return r;
}

int
chip_rsa_encrypt(
    struct chip *c, const struct chip_pubkey *key, const uint8_t *msg, size_t len, struct buf *out)
{
	const struct chip_keytype *kt = rsa_type(key);
	struct buf in = BUF_INIT;
	int r;

	if (kt == NULL || len == 0)
		return HAL_EINVAL;
	if (len > kt->size - PADDING)
		return HAL_ETOOBIG;
	if ((r = buf_put_tlv(&in, TAG_TEXT, msg, len)) == 0)
		r = encrypt(c, key, kt, true, &in, out);
	buf_free(&in);
	return r;
}

int
chip_rsa_encrypt_session(
    struct chip *c, const struct chip_pubkey *key, uint16_t session, struct buf *out)
{
	const struct chip_keytype *kt = rsa_type(key);
	struct buf in = BUF_INIT;
	int r;

	if (kt == NULL || !chip_oid_is_session(session))
		return HAL_EINVAL;
	if ((r = chip_put_oid(&in, TAG_SESSION, session)) == 0)
		r = encrypt(c, key, kt, false, &in, out);
	buf_free(&in);
	return r;
}

/* The message is shorter than the modulus by the padding; in a session it stays inside. */
static int
take_message(const struct buf *answer, size_t size, uint16_t session, struct buf *out)
{
	struct cur v;

	if (session != CHIP_EXPORT)
		return answer->len == 0 ? 0 : HAL_EPROTO;
	if (!chip_take_tlv(answer, TAG_TEXT, &v) || v.len > size - PADDING)
		return HAL_EPROTO;
	buf_reset(out);
	return buf_put(out, v.p, v.len);
}

int
chip_rsa_decrypt(struct chip *c, uint16_t key, const uint8_t *cipher, size_t len, uint16_t session,
    struct buf *out)
{
	const struct chip_apdu apdu = {
		.cmd = CHIP_CMD_DECRYPT_ASYM,
		.param = CHIP_RSAES,
		.idempotent = !chip_oid_is_session(key),
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT, answer = BUF_INIT;
	int r;

	if ((len != 128 && len != 256) || (session != CHIP_EXPORT && !chip_oid_is_session(session)))
		return HAL_EINVAL;
	if ((r = buf_put_tlv(&in, TAG_TEXT, cipher, len)) == 0 &&
	    (r = chip_put_oid(&in, TAG_KEY_OID, key)) == 0 &&
	    (session == CHIP_EXPORT || (r = chip_put_oid(&in, TAG_SESSION, session)) == 0) &&
	    (r = chip_apdu_run(c, &apdu, &in, &answer)) == 0)
		r = take_message(&answer, len, session, out);
	buf_free(&in);
	buf_free(&answer);
	return r;
}
