/*
 * EncryptSym and DecryptSym: SRM 4.4.1. InData is the key's OID without a tag, one TLV of data,
 * and more TLVs; 640 bytes at most. Longer data is a chain (start, continue, final), which any
 * other command breaks; so a chain runs under one lock and, cut short, starts again.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define TAG_START    0x00
#define TAG_WHOLE    0x01
#define TAG_CONTINUE 0x02
#define TAG_FINAL    0x03
#define TAG_IV       0x41
#define TAG_VALUE    0x43
#define TAG_RESULT   0x61

/* Data of one command, in whole blocks: beside OID and its tag, in the first one the IV too. */
#define CHUNK    ((APDU_SYM_MAX - 5) / CHIP_BLOCK * CHIP_BLOCK)
#define CHUNK_IV ((APDU_SYM_MAX - 5 - 3 - CHIP_BLOCK) / CHIP_BLOCK * CHIP_BLOCK)

static const struct mac {
	enum chip_mac mac;
	uint8_t len;
	bool hmac;
	bool blocks; /* of whole blocks alone */
} macs[] = {
	{ CHIP_MAC_CBC, 16, false, true },
	{ CHIP_MAC_CMAC, 16, false, false },
	{ CHIP_MAC_HMAC_SHA256, 32, true, false },
	{ CHIP_MAC_HMAC_SHA384, 48, true, false },
	{ CHIP_MAC_HMAC_SHA512, 64, true, false },
};

struct chain {
	uint8_t cmd, param;
	uint16_t key;
	const uint8_t *iv; /* NULL: none */
	size_t result;     /* bytes of a MAC; 0: every command gives as many bytes as it takes */
};

static const struct mac *
find_mac(enum chip_mac mac)
{
	for (size_t i = 0; i < NITEMS(macs); i++)
		if (macs[i].mac == mac)
			return &macs[i];
	return NULL;
}

size_t
chip_mac_len(enum chip_mac mac)
{
	const struct mac *m = find_mac(mac);

	return m != NULL ? m->len : 0;
}

/*
 * What a command gave, appended to out. A MAC comes with the last one; before that some chips
 * give its running value, which is nobody's business.
 */
static int
take_result(const struct chain *ch, const struct buf *answer, size_t n, bool last, struct buf *out)
{
	struct cur v;

	if (ch->result != 0 && !last)
		return 0;
	if (!chip_take_tlv(answer, TAG_RESULT, &v) || v.len != (ch->result != 0 ? ch->result : n))
		return HAL_EPROTO;
	return buf_put(out, v.p, v.len);
}

static int
run_link(struct chip *c, const struct chain *ch, const uint8_t *data, size_t n, bool first,
    bool last, struct buf *out)
{
	const struct chip_apdu apdu = {
		.cmd = ch->cmd,
		.param = ch->param,
		/* What begins a chain may be sent twice, but a session's key dies with a reset. */
		.idempotent = first && !chip_oid_is_session(ch->key),
		.deadline_ms = APDU_DEADLINE_MS,
	};
	const uint8_t tag = first  ? (last ? TAG_WHOLE : TAG_START)
			    : last ? TAG_FINAL
				   : TAG_CONTINUE;
	struct buf in = BUF_INIT, answer = BUF_INIT;
	int r;

	if ((r = buf_put_u16(&in, ch->key)) != 0 || (r = buf_put_tlv(&in, tag, data, n)) != 0 ||
	    (first && ch->iv != NULL && (r = buf_put_tlv(&in, TAG_IV, ch->iv, CHIP_BLOCK)) != 0) ||
	    (r = chip_apdu_run(c, &apdu, &in, &answer)) != 0)
		goto out;
	r = take_result(ch, &answer, n, last, out);
out:
	buf_free(&in);
	buf_free(&answer);
	return r;
}

static int
run_chain(struct chip *c, const struct chain *ch, const uint8_t *data, size_t len, struct buf *out)
{
	bool first = true, last = false;
	int r = 0;

	buf_reset(out);
	while (!last && r == 0) {
		const size_t max = first && ch->iv != NULL ? CHUNK_IV : CHUNK;
		const size_t n = len < max ? len : max;

		last = n == len;
		r = run_link(c, ch, data, n, first, last, out);
		data += n;
		len -= n;
		first = false;
	}
	return r;
}

/* The whole chain under one lock, once more when it was cut short. */
static int
run(struct chip *c, const struct chain *ch, const uint8_t *data, size_t len, struct buf *out)
{
	struct buf result = BUF_INIT;
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	r = run_chain(c, ch, data, len, &result);
	if (chip_chain_lost(r) && !chip_oid_is_session(ch->key))
		r = run_chain(c, ch, data, len, &result);
	chip_release(c);
	if (r == 0)
		buf_move(out, &result);
	buf_free(&result);
	return r;
}

static int
cipher(struct chip *c, enum chip_cmd cmd, enum chip_cipher mode, uint16_t key, const uint8_t *iv,
    const uint8_t *data, size_t len, struct buf *out)
{
	const struct chain ch = {
		.cmd = (uint8_t)cmd, .param = (uint8_t)mode, .key = key, .iv = iv
	};

	if ((mode != CHIP_CIPHER_ECB && mode != CHIP_CIPHER_CBC) ||
	    (iv != NULL) != (mode == CHIP_CIPHER_CBC) || len == 0 || len % CHIP_BLOCK != 0)
		return HAL_EINVAL;
	return run(c, &ch, data, len, out);
}

int
chip_encrypt(struct chip *c, enum chip_cipher mode, uint16_t key, const uint8_t *iv,
    const uint8_t *data, size_t len, struct buf *out)
{
	return cipher(c, CHIP_CMD_ENCRYPT_SYM, mode, key, iv, data, len, out);
}

int
chip_decrypt(struct chip *c, enum chip_cipher mode, uint16_t key, const uint8_t *iv,
    const uint8_t *data, size_t len, struct buf *out)
{
	return cipher(c, CHIP_CMD_DECRYPT_SYM, mode, key, iv, data, len, out);
}

int
chip_mac(struct chip *c, enum chip_mac mac, uint16_t key, const uint8_t *data, size_t len,
    struct buf *out)
{
	const struct mac *m = find_mac(mac);
	struct chain ch = { .cmd = CHIP_CMD_ENCRYPT_SYM, .param = (uint8_t)mac, .key = key };

	if (m == NULL || len == 0 || (m->blocks && len % CHIP_BLOCK != 0))
		return HAL_EINVAL;
	ch.result = m->len;
	return run(c, &ch, data, len, out);
}

int
chip_authorize(struct chip *c, enum chip_mac mac, uint16_t ref, uint16_t session,
    const uint8_t *data, size_t len, const uint8_t *value, size_t value_len)
{
	const struct mac *m = find_mac(mac);
	const struct chip_apdu verify = {
		.cmd = CHIP_CMD_DECRYPT_SYM,
		.param = (uint8_t)mac,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT, message = BUF_INIT;
	int r;

	if (m == NULL || !m->hmac || value_len != m->len || !chip_oid_is_session(session))
		return HAL_EINVAL;
	/* SRM: the message is what follows the session's OID. */
	if ((r = buf_put_u16(&message, session)) != 0 || (r = buf_put(&message, data, len)) != 0 ||
	    (r = buf_put_u16(&in, ref)) != 0 ||
	    (r = buf_put_tlv(&in, TAG_WHOLE, message.data, message.len)) != 0 ||
	    (r = buf_put_tlv(&in, TAG_VALUE, value, value_len)) != 0)
		goto out;
	r = in.len > APDU_SYM_MAX ? HAL_ETOOBIG : chip_apdu_run(c, &verify, &in, NULL);
out:
	buf_free(&in);
	buf_free(&message);
	return r;
}

/* A message without random bytes or a value: refused, and so the authorization ends. */
int
chip_deauthorize(struct chip *c, uint16_t ref, uint16_t session)
{
	static const struct chip_apdu verify = {
		.cmd = CHIP_CMD_DECRYPT_SYM,
		.param = CHIP_MAC_HMAC_SHA256,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	const uint8_t session_be[] = { (uint8_t)(session >> 8), (uint8_t)session };
	struct buf in = BUF_INIT;
	int r;

	if (!chip_oid_is_session(session))
		return HAL_EINVAL;
	if ((r = buf_put_u16(&in, ref)) == 0 &&
	    (r = buf_put_tlv(&in, TAG_WHOLE, session_be, sizeof(session_be))) == 0)
		r = chip_apdu_run(c, &verify, &in, NULL);
	buf_free(&in);
	if (r == 0)
		return HAL_EPROTO;
	return r < 0 || r == CHIP_E_OID || r == CHIP_E_ACCESS ? r : 0;
}
