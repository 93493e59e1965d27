/*
 * See ccm.h. Blocks of RFC 3610:
 *
 *   B_0   flags (1) nonce (13) length of the text (2)
 *   B_1   length of the associated data (2), the data, zeros
 *   A_i   flags (1) nonce (13) i (2); A_0 encrypts the tag
 */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/sim/ccm.h"
#include "hal/sim/crypto.h"

#define FLAGS_A 0x01 /* L - 1 */
#define FLAGS_B 0x59 /* associated data, (M - 2) / 2, L - 1 */

struct ccm {
	struct sim_key key;
	uint8_t mac[AES_BLOCK];
	bool ok;
};

static void
encrypt(struct ccm *m, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
	m->ok = m->ok && aes_ecb(&m->key, true, in, AES_BLOCK, out);
}

static void
head(uint8_t b[AES_BLOCK], uint8_t flags, const uint8_t nonce[CCM_NONCE], size_t v)
{
	b[0] = flags;
	memcpy(b + 1, nonce, CCM_NONCE);
	b[14] = (uint8_t)(v >> 8);
	b[15] = (uint8_t)v;
}

/* One block, filled with zeros, into the CBC-MAC. */
static void
authenticate(struct ccm *m, const uint8_t *p, size_t n)
{
	uint8_t b[AES_BLOCK];

	memcpy(b, m->mac, sizeof(b));
	for (size_t i = 0; i < n; i++)
		b[i] ^= p[i];
	encrypt(m, b, m->mac);
}

static void
add_key_stream(struct ccm *m, const uint8_t nonce[CCM_NONCE], size_t i, const uint8_t *in, size_t n,
    uint8_t *out)
{
	uint8_t a[AES_BLOCK], s[AES_BLOCK] = { 0 };

	head(a, FLAGS_A, nonce, i);
	encrypt(m, a, s);
	for (size_t k = 0; k < n; k++)
		out[k] = in[k] ^ s[k];
	OPENSSL_cleanse(s, sizeof(s));
}

bool
sim_ccm_open(const uint8_t key[CCM_KEY], const uint8_t nonce[CCM_NONCE], const uint8_t aad[CCM_AAD],
    const uint8_t *in, size_t len, uint8_t *plain)
{
	struct ccm m = { .key = { .alg = ALG_AES128 }, .ok = true };
	uint8_t b[AES_BLOCK], tag[CCM_TAG];
	bool ok;

	memcpy(m.key.priv, key, CCM_KEY);
	head(b, FLAGS_B, nonce, len);
	authenticate(&m, b, sizeof(b));
	b[0] = 0;
	b[1] = CCM_AAD;
	memcpy(b + 2, aad, CCM_AAD);
	authenticate(&m, b, 2 + CCM_AAD);
	for (size_t i = 0; i < len; i += AES_BLOCK) {
		const size_t n = len - i < AES_BLOCK ? len - i : AES_BLOCK;

		add_key_stream(&m, nonce, i / AES_BLOCK + 1, in + i, n, plain + i);
		authenticate(&m, plain + i, n);
	}
	add_key_stream(&m, nonce, 0, m.mac, sizeof(tag), tag);
	ok = m.ok && CRYPTO_memcmp(tag, in + len, sizeof(tag)) == 0;
	if (!ok)
		OPENSSL_cleanse(plain, len);
	OPENSSL_cleanse(&m, sizeof(m));
	return ok;
}
