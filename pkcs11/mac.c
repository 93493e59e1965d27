/* Message authentication codes; see mac.h. */
#include <config.h>

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "hal/base/log.h"
#include "pkcs11/aes.h"
#include "pkcs11/mac.h"
#include "pkcs11/mod.h"
#include "pkcs11/op.h"
#include "pkcs11/store/ossl.h"

/* AES: what is collected before it goes through CBC; at most twice that is held. */
#define PIECE 4096

/* --- HMAC on the host ----------------------------------------------------------------------- */

CK_RV
mod_mac_begin(struct op *op)
{
	char digest[16], properties[] = "provider=default";
	OSSL_PARAM params[3];
	EVP_MAC *mac;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (op->mech->key != MECH_KEY_GENERIC || op->key.oid != 0)
		return CKR_OK;
	if (ossl_ctx() == NULL ||
	    (mac = EVP_MAC_fetch(ossl_ctx(), "HMAC", "provider=default")) == NULL)
		return CKR_HOST_MEMORY;
	(void)OPENSSL_strlcpy(digest, op->mech->hash->name, sizeof(digest));
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_PROPERTIES, properties, 0);
	params[2] = OSSL_PARAM_construct_end();
	if ((op->hmac = EVP_MAC_CTX_new(mac)) != NULL &&
	    EVP_MAC_init(op->hmac, op->key.value.data, op->key.value.len, params) == 1)
		rv = CKR_OK;
	EVP_MAC_free(mac);
	return rv;
}

static CK_RV
host_hmac(struct op *op, struct buf *out)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	size_t len = 0;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (EVP_MAC_final(op->hmac, mac, &len, sizeof(mac)) == 1)
		rv = mod_rv(buf_put(out, mac, len));
	OPENSSL_cleanse(mac, sizeof(mac));
	return rv;
}

/* --- data ------------------------------------------------------------------------------------ */

/* Keeps the last n bytes of b. */
static void
keep_tail(struct buf *b, size_t n)
{
	memmove(b->data, b->data + b->len - n, n);
	OPENSSL_cleanse(b->data + n, b->len - n);
	b->len = n;
}

/* All collected data but the last block, whole or not, goes by; its last cipher block is op->iv. */
static CK_RV
go_by(struct session *s, struct op *op)
{
	const size_t len = (op->data.len - 1) / CHIP_BLOCK * CHIP_BLOCK;
	struct buf dropped = BUF_INIT;
	CK_RV rv;

	rv = mod_aes(s, &op->key, false, op->iv, op->data.data, len, &dropped);
	buf_free(&dropped);
	if (rv == CKR_OK) {
		op->chained = true;
		keep_tail(&op->data, op->data.len - len);
	}
	return rv;
}

static CK_RV
collect(struct op *op, const uint8_t *data, size_t len)
{
	if (len <= MAC_HMAC_MAX - op->data.len)
		return mod_rv(buf_put(&op->data, data, len));
	log_info("the chip makes a HMAC of at most %zu bytes", MAC_HMAC_MAX);
	return CKR_DATA_LEN_RANGE;
}

CK_RV
mod_mac_update(struct session *s, struct op *op, const uint8_t *data, size_t len)
{
	CK_RV rv = CKR_OK;

	if (op->hmac != NULL)
		return EVP_MAC_update(op->hmac, data, len) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
	if (op->mech->key == MECH_KEY_GENERIC)
		return collect(op, data, len);
	while (len > 0 && rv == CKR_OK) {
		const size_t n = len < PIECE ? len : PIECE;

		if ((rv = mod_rv(buf_put(&op->data, data, n))) == CKR_OK && op->data.len > PIECE)
			rv = go_by(s, op);
		data += n;
		len -= n;
	}
	return rv;
}

/* --- the end --------------------------------------------------------------------------------- */

/* Twice v in GF(2^128), SP 800-38B 6.1. */
static void
double_block(uint8_t v[CHIP_BLOCK])
{
	const uint8_t carry = v[0] >> 7;

	for (size_t i = 0; i + 1 < CHIP_BLOCK; i++)
		v[i] = (uint8_t)(v[i] << 1 | v[i + 1] >> 7);
	v[CHIP_BLOCK - 1] = (uint8_t)(v[CHIP_BLOCK - 1] << 1 ^ (carry != 0 ? 0x87 : 0));
}

/* Fills up the last block, and masks it with K1, or K2 if it was not whole: SP 800-38B 6.2. */
static CK_RV
cmac_last_block(struct session *s, struct op *op)
{
	static const uint8_t zero[CHIP_BLOCK];
	const bool whole = op->data.len > 0 && op->data.len % CHIP_BLOCK == 0;
	struct buf mask = BUF_INIT;
	CK_RV rv;

	if (!whole && ((rv = mod_rv(buf_put_u8(&op->data, 0x80))) != CKR_OK ||
			  (rv = mod_rv(buf_put_fill(&op->data, 0,
			       (CHIP_BLOCK - op->data.len % CHIP_BLOCK) % CHIP_BLOCK))) != CKR_OK))
		return rv;
	if ((rv = mod_aes(s, &op->key, false, NULL, zero, sizeof(zero), &mask)) == CKR_OK) {
		double_block(mask.data);
		if (!whole)
			double_block(mask.data);
		for (size_t i = 0; i < CHIP_BLOCK; i++)
			op->data.data[op->data.len - CHIP_BLOCK + i] ^= mask.data[i];
	}
	buf_free(&mask);
	return rv;
}

/* What the chip's own MAC cannot do: keys of the host, data gone by, CMAC of nothing. */
static CK_RV
by_cbc(struct session *s, struct op *op, struct buf *out)
{
	struct buf dropped = BUF_INIT;
	CK_RV rv = CKR_OK;

	if (op->mech->mac == CHIP_MAC_CMAC)
		rv = cmac_last_block(s, op);
	if (rv == CKR_OK)
		rv = mod_aes(s, &op->key, false, op->iv, op->data.data, op->data.len, &dropped);
	buf_free(&dropped);
	return rv == CKR_OK ? mod_rv(buf_put(out, op->iv, CHIP_BLOCK)) : rv;
}

struct job {
	enum chip_mac mac;
	const struct buf *data;
	struct buf *out;
};

static int
run_job(struct chip *chip, const struct mod_key *key, void *arg)
{
	struct job *j = arg;

	return chip_mac(chip, j->mac, key->oid, j->data->data, j->data->len, j->out);
}

CK_RV
mod_mac_final(struct session *s, struct op *op, struct buf *out)
{
	const enum chip_mac mac = op->mech->mac;
	struct job j = { mac, &op->data, out };
	CK_RV rv = CKR_OK;

	buf_reset(out);
	if (op->hmac != NULL) {
		rv = host_hmac(op, out);
	} else if (op->data.len == 0 && mac != CHIP_MAC_CMAC) {
		log_info("the chip makes no such MAC of no data at all");
		return CKR_DATA_LEN_RANGE;
	} else {
		if (mac == CHIP_MAC_CBC)
			rv = mod_rv(buf_put_fill(
			    &op->data, 0, (CHIP_BLOCK - op->data.len % CHIP_BLOCK) % CHIP_BLOCK));
		if (rv == CKR_OK && op->key.oid != 0 && !op->chained && op->data.len > 0)
			rv = mod_op_chip(s, &op->key, run_job, &j);
		else if (rv == CKR_OK)
			rv = by_cbc(s, op, out);
	}
	if (rv == CKR_OK && out->len < op->mac_len)
		rv = CKR_DEVICE_ERROR;
	if (rv == CKR_OK)
		out->len = op->mac_len;
	return rv;
}
