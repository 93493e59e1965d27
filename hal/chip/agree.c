/* CalcSSec (ECDH) and DeriveKey (TLS PRF, HKDF): SRM 4.4.1. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define AGREE_ECDH 0x01 /* Param */

/* CalcSSec */
#define TAG_KEY_OID 0x01
#define TAG_ALG     0x05
#define TAG_PUBLIC  0x06

/* DeriveKey */
#define TAG_SECRET_OID 0x01
#define TAG_SEED       0x02
#define TAG_LENGTH     0x03
#define TAG_INFO       0x04

#define KEY_MIN        16 /* shorter ones are cut on the host */
#define KEY_MAX        256
#define PRF_SEED_MIN   8
#define SEED_MAX       1024
#define INFO_MAX       256

static bool
is_target(uint16_t session)
{
	return session == CHIP_EXPORT || chip_oid_is_session(session);
}

/* Runs a command whose result, of exactly len bytes, comes out or stays in the session. */
static int
run(struct chip *c, const struct chip_apdu *a, const struct buf *in, uint16_t session, size_t len,
    struct buf *result)
{
	struct buf out = BUF_INIT;
	int r;

	if ((r = chip_apdu_run(c, a, in, &out)) != 0)
		goto out;
	if (out.len != (session == CHIP_EXPORT ? len : 0))
		r = HAL_EPROTO;
	else if (session == CHIP_EXPORT)
		buf_move(result, &out);
out:
	buf_free(&out);
	return r;
}

int
chip_ecdh(struct chip *c, uint16_t key, enum chip_alg alg, const uint8_t *peer, size_t len,
    uint16_t session, struct buf *secret)
{
	const struct chip_keytype *kt = chip_keytype_by_alg((int)alg);
	const struct chip_apdu agree = {
		.cmd = CHIP_CMD_AGREE,
		.param = AGREE_ECDH,
		.idempotent = !chip_oid_is_session(key),
		.deadline_ms = APDU_DEADLINE_MS,
	};
	const uint8_t alg_byte = (uint8_t)alg;
	struct buf in = BUF_INIT;
	int r;

	if (kt == NULL || kt->rsa || !is_target(session) || !chip_pubkey_valid(kt, peer, len))
		return HAL_EINVAL;
	if ((r = chip_acquire(c)) != 0)
		return r;
	if (!chip_model_has_alg(c->model, alg))
		r = HAL_ENOTSUP;
	else if ((r = chip_put_oid(&in, TAG_KEY_OID, key)) == 0 &&
		 (r = buf_put_tlv(&in, TAG_ALG, &alg_byte, 1)) == 0 &&
		 (r = buf_put_tlv(&in, TAG_PUBLIC, peer, len)) == 0 &&
		 (r = chip_put_target(&in, session)) == 0)
		r = run(c, &agree, &in, session, kt->size, secret);
	chip_release(c);
	buf_free(&in);
	return r;
}

static bool
is_hkdf(enum chip_kdf kdf)
{
	return kdf >= CHIP_KDF_HKDF_SHA256;
}

static int
check_derivation(const struct chip_derivation *d)
{
	if (is_hkdf(d->kdf))
		return d->seed_len > SEED_MAX || d->info_len > INFO_MAX ? HAL_ETOOBIG : 0;
	if (d->seed_len < PRF_SEED_MIN || d->info_len != 0)
		return HAL_EINVAL;
	return d->seed_len > SEED_MAX ? HAL_ETOOBIG : 0;
}

/* SRM gives the tags in this order; HKDF leaves out a salt or info that is empty. */
static int
put_derivation(struct buf *in, const struct chip_derivation *d, size_t len, uint16_t session)
{
	const uint8_t len_be[] = { (uint8_t)(len >> 8), (uint8_t)len };
	int r;

	if ((r = chip_put_oid(in, TAG_SECRET_OID, d->secret)) != 0 ||
	    (d->seed_len > 0 && (r = buf_put_tlv(in, TAG_SEED, d->seed, d->seed_len)) != 0) ||
	    (r = buf_put_tlv(in, TAG_LENGTH, len_be, sizeof(len_be))) != 0 ||
	    (d->info_len > 0 && (r = buf_put_tlv(in, TAG_INFO, d->info, d->info_len)) != 0))
		return r;
	return chip_put_target(in, session);
}

static int
derive_held(struct chip *c, const struct chip_derivation *d, size_t len, uint16_t session,
    struct buf *result)
{
	const struct chip_apdu derive = {
		.cmd = CHIP_CMD_DERIVE,
		.param = (uint8_t)d->kdf,
		.idempotent = !chip_oid_is_session(d->secret),
		.deadline_ms = APDU_DEADLINE_MS,
	};
	const size_t asked = len < KEY_MIN ? KEY_MIN : len;
	struct buf in = BUF_INIT, key = BUF_INIT;
	int r;

	if (session != CHIP_EXPORT && len > c->model->session_max)
		return HAL_ETOOBIG;
	if ((r = put_derivation(&in, d, asked, session)) != 0 ||
	    (r = run(c, &derive, &in, session, asked, &key)) != 0 || session != CHIP_EXPORT)
		goto out;
	buf_reset(result);
	r = buf_put(result, key.data, len);
out:
	buf_free(&in);
	buf_free(&key);
	return r;
}

int
chip_derive(
    struct chip *c, const struct chip_derivation *d, size_t len, uint16_t session, struct buf *out)
{
	int r;

	if ((r = check_derivation(d)) != 0)
		return r;
	if (!is_target(session) || len < (session == CHIP_EXPORT ? 1 : KEY_MIN))
		return HAL_EINVAL;
	if (len > KEY_MAX)
		return HAL_ETOOBIG;
	if ((r = chip_acquire(c)) != 0)
		return r;
	r = derive_held(c, d, len, session, out);
	chip_release(c);
	return r;
}
