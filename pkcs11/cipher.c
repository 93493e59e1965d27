/* Encryption and decryption inside; see cipher.h. */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "pkcs11/aes.h"
#include "pkcs11/cipher.h"
#include "pkcs11/mod.h"
#include "pkcs11/op.h"
#include "pkcs11/rsa.h"

static bool
is_rsa(const struct op *op)
{
	return op->mech->key == MECH_KEY_RSA;
}

static uint8_t *
iv_of(const struct op *op, uint8_t iv[CHIP_BLOCK])
{
	if (op->mech->cipher != CHIP_CIPHER_CBC)
		return NULL;
	return memcpy(iv, op->iv, CHIP_BLOCK);
}

/* What was kept back, and in. */
static CK_RV
join(const struct op *op, const uint8_t *in, size_t len, struct buf *all)
{
	int r;

	if (len > SIZE_MAX - CHIP_BLOCK - op->data.len)
		return CKR_DATA_LEN_RANGE;
	if ((r = buf_put(all, op->data.data, op->data.len)) == 0)
		r = buf_put(all, in, len);
	return mod_rv(r);
}

/* --- more ------------------------------------------------------------------------------------ */

/* Of total bytes: those kept back until more come. When padding is to be taken off, the last
 * block is among them. */
static size_t
kept_back(const struct op *op, size_t total)
{
	if (op->mech->pad && op->decrypt && total > 0)
		return (total - 1) % CHIP_BLOCK + 1;
	return total % CHIP_BLOCK;
}

size_t
mod_cipher_update_len(const struct op *op, size_t len)
{
	const size_t total = op->data.len + len;

	return is_rsa(op) ? 0 : total - kept_back(op, total);
}

CK_RV
mod_cipher_update(struct session *s, struct op *op, const uint8_t *in, size_t len, struct buf *out)
{
	struct buf all = BUF_INIT, rest = BUF_INIT;
	uint8_t iv[CHIP_BLOCK], *v = iv_of(op, iv);
	size_t now;
	CK_RV rv;

	if (is_rsa(op))
		return mod_op_update(s, op, in, len);
	if ((rv = join(op, in, len, &all)) != CKR_OK)
		goto out;
	now = all.len - kept_back(op, all.len);
	if ((rv = mod_rv(buf_put(&rest, all.data + now, all.len - now))) != CKR_OK ||
	    (rv = mod_aes(s, &op->key, op->decrypt, v, all.data, now, out)) != CKR_OK)
		goto out;
	buf_move(&op->data, &rest);
	if (v != NULL)
		memcpy(op->iv, v, CHIP_BLOCK);
out:
	buf_free(&all);
	buf_free(&rest);
	return rv;
}

/* --- the last -------------------------------------------------------------------------------- */

static CK_RV
rsa_last_len(const struct op *op, size_t total, size_t *np, bool *exact)
{
	const size_t size = mod_op_signature_len(op);

	*exact = !op->decrypt;
	*np = op->decrypt ? size - RSA_PADDING : size;
	if (op->decrypt)
		return total == size ? CKR_OK : CKR_ENCRYPTED_DATA_LEN_RANGE;
	return total <= size - RSA_PADDING ? CKR_OK : CKR_DATA_LEN_RANGE;
}

CK_RV
mod_cipher_last_len(const struct op *op, size_t len, size_t *np, bool *exact)
{
	const size_t total = op->data.len + len;

	if (is_rsa(op))
		return rsa_last_len(op, total, np, exact);
	*exact = !op->mech->pad || !op->decrypt;
	*np = total;
	if (op->mech->pad && !op->decrypt) {
		*np = (total / CHIP_BLOCK + 1) * CHIP_BLOCK;
		return CKR_OK;
	}
	if (total % CHIP_BLOCK != 0 || (op->mech->pad && total == 0))
		return op->decrypt ? CKR_ENCRYPTED_DATA_LEN_RANGE : CKR_DATA_LEN_RANGE;
	if (op->mech->pad)
		*np = total - 1;
	return CKR_OK;
}

/* PKCS #7 padding (RFC 5652, 6.3): n bytes of value n. */
static CK_RV
put_padding(struct buf *b)
{
	const size_t n = CHIP_BLOCK - b->len % CHIP_BLOCK;

	return mod_rv(buf_put_fill(b, (uint8_t)n, n));
}

/* In the same time whatever the bytes are. The result's code tells all the same. */
static CK_RV
take_off_padding(struct buf *b)
{
	const uint8_t *block = b->data + b->len - CHIP_BLOCK;
	const unsigned n = block[CHIP_BLOCK - 1];
	unsigned wrong = (n - 1) & ~0xFU; /* not 1 to 16 */

	for (unsigned i = 0; i < CHIP_BLOCK; i++) {
		const unsigned in_padding = (CHIP_BLOCK - i - n - 1) >> 8; /* borrow: i >= 16 - n */

		wrong |= in_padding & (block[i] ^ n);
	}
	if (wrong != 0)
		return CKR_ENCRYPTED_DATA_INVALID;
	b->len -= n;
	return CKR_OK;
}

static CK_RV
aes_last(struct session *s, const struct op *op, struct buf *in, struct buf *out)
{
	struct buf result = BUF_INIT;
	uint8_t iv[CHIP_BLOCK];
	CK_RV rv = CKR_OK;

	if (op->mech->pad && !op->decrypt)
		rv = put_padding(in);
	if (rv == CKR_OK)
		rv = mod_aes(s, &op->key, op->decrypt, iv_of(op, iv), in->data, in->len, &result);
	if (rv == CKR_OK && op->mech->pad && op->decrypt)
		rv = take_off_padding(&result);
	if (rv == CKR_OK)
		rv = mod_rv(buf_put(out, result.data, result.len));
	buf_free(&result);
	return rv;
}

struct job {
	const struct buf *in;
	struct buf *out;
};

/*
 * The chip's refusals of what was encrypted, all but those of the key, look alike: padding that
 * is wrong (2E), a number above the modulus.
 */
static int
run_job(struct chip *chip, const struct mod_key *key, void *arg)
{
	const struct job *j = arg;
	const int r =
	    chip_rsa_decrypt(chip, key->oid, j->in->data, j->in->len, CHIP_EXPORT, j->out);

	return r == CHIP_E_DATA || r == CHIP_E_LENGTH ? CHIP_E_DECRYPTION : r;
}

CK_RV
mod_cipher_last(
    struct session *s, const struct op *op, const uint8_t *in, size_t len, struct buf *out)
{
	struct buf all = BUF_INIT;
	struct job j = { &all, out };
	CK_RV rv;

	if ((rv = join(op, in, len, &all)) != CKR_OK)
		goto out;
	if (!is_rsa(op))
		rv = aes_last(s, op, &all, out);
	else if (op->decrypt)
		rv = mod_op_chip(s, &op->key, run_job, &j);
	else
		rv = mod_rsa_encrypt(&op->key.value, all.data, all.len, out);
out:
	buf_free(&all);
	return rv;
}
