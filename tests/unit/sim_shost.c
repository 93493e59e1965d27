/* The host's side of the presentation layer, see sim_shost.h. */
#include <config.h>

#include <check.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "tests/unit/sim_shost.h"

#define WAIT_MS  20000
#define FRAGMENT 271
#define PRESENCE 0x08

uint32_t
shost_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* --- cryptography -------------------------------------------------------------------------- */

void
shost_derive(struct shost *s)
{
	char digest[] = "SHA256", label[] = "Platform Binding";
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_SECRET, s->secret, sizeof(s->secret)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, 16),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, s->rnd, sizeof(s->rnd)),
		OSSL_PARAM_construct_end(),
	};

	ck_assert_int_eq(EVP_KDF_derive(c, s->key, sizeof(s->key), params), 1);
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
}

static void
aes(const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	ck_assert_int_eq(EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, key, NULL), 1);
	EVP_CIPHER_CTX_set_padding(c, 0);
	ck_assert_int_eq(EVP_EncryptUpdate(c, out, &n, in, 16), 1);
	EVP_CIPHER_CTX_free(c);
}

/* XORs data into the CBC-MAC, block by block, the last one filled with zeros. */
static void
mac(const uint8_t key[16], uint8_t x[16], const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i += 16) {
		for (size_t j = 0; j < 16 && i + j < len; j++)
			x[j] ^= data[i + j];
		aes(key, x, x);
	}
}

/* len: of the text. The tag is computed over text, before or after. */
static void
ccm_tag(const uint8_t key[16], const uint8_t nonce[8], const uint8_t aad[8], const uint8_t *text,
    size_t len, uint8_t tag[8])
{
	uint8_t x[16] = { 0x5E }, block[16] = { 0, 8 }, s0[16], ctr[16] = { 0x06 };

	memcpy(x + 1, nonce, 8);
	x[14] = (uint8_t)(len >> 8);
	x[15] = (uint8_t)len;
	aes(key, x, x);
	memcpy(block + 2, aad, 8);
	mac(key, x, block, 16);
	mac(key, x, text, len);
	memcpy(ctr + 1, nonce, 8);
	aes(key, ctr, s0);
	for (int i = 0; i < 8; i++)
		tag[i] = x[i] ^ s0[i];
}

static void
ccm_stream(const uint8_t key[16], const uint8_t nonce[8], uint8_t *text, size_t len)
{
	uint8_t ctr[16] = { 0x06 }, pad[16];

	memcpy(ctr + 1, nonce, 8);
	for (size_t i = 0; i < len; i++) {
		if (i % 16 == 0) {
			ctr[14] = (uint8_t)((i / 16 + 1) >> 8);
			ctr[15] = (uint8_t)(i / 16 + 1);
			aes(key, ctr, pad);
		}
		text[i] ^= pad[i % 16];
	}
}

static const uint8_t *
parameters(const struct shost *s, bool from_chip, uint8_t sctr, uint32_t seq, size_t len,
    uint8_t nonce[8], uint8_t aad[8])
{
	memcpy(nonce, s->key + 32 + (from_chip ? 4 : 0), 4);
	put_be32(nonce + 4, seq);
	aad[0] = sctr;
	put_be32(aad + 1, seq);
	aad[5] = 0x01;
	aad[6] = (uint8_t)(len >> 8);
	aad[7] = (uint8_t)len;
	return s->key + (from_chip ? 16 : 0);
}

size_t
shost_seal(const struct shost *s, bool from_chip, uint8_t sctr, uint32_t seq, const uint8_t *text,
    size_t len, uint8_t *out)
{
	uint8_t nonce[8], aad[8];
	const uint8_t *key = parameters(s, from_chip, sctr, seq, len, nonce, aad);

	out[0] = sctr;
	put_be32(out + 1, seq);
	ccm_tag(key, nonce, aad, text, len, out + 5 + len);
	memmove(out + 5, text, len);
	ccm_stream(key, nonce, out + 5, len);
	return len + 13;
}

bool
shost_open(struct shost *s)
{
	uint8_t nonce[8], aad[8], tag[8];
	size_t len = s->answer_len - 13;
	const uint8_t *key =
	    parameters(s, true, s->answer[0], shost_be32(s->answer + 1), len, nonce, aad);

	ck_assert_uint_gt(s->answer_len, 13);
	ccm_stream(key, nonce, s->answer + 5, len);
	ccm_tag(key, nonce, aad, s->answer + 5, len, tag);
	if (memcmp(tag, s->answer + 5 + len, 8) != 0)
		return false;
	memmove(s->answer, s->answer + 5, len);
	s->answer_len = len;
	return true;
}

/* --- messages ------------------------------------------------------------------------------ */

void
shost_start(struct shost *s)
{
	memset(s, 0, sizeof(*s));
	host_start(&s->h);
	s->rx = 3;
	for (size_t i = 0; i < sizeof(s->secret); i++)
		s->secret[i] = (uint8_t)i; /* that of sim_fake_app.c */
}

void
shost_end(struct shost *s)
{
	host_end(&s->h);
}

void
shost_reset(struct shost *s, bool cold)
{
	enum sim_line line = cold ? SIM_LINE_SUPPLY : SIM_LINE_RESET;

	sim_line(s->h.s, line, false);
	host_sleep_us(&s->h, 2000);
	sim_line(s->h.s, line, true);
	host_sleep_us(&s->h, 20000);
	s->tx = 0;
	s->rx = 3;
}

/* One fragment; waits for its ACK if it is not the last. */
static void
fragment(struct shost *s, uint8_t chain, const uint8_t *p, size_t n)
{
	uint8_t packet[FRAGMENT + 1];

	packet[0] = (uint8_t)(chain | (s->no_presence ? 0 : PRESENCE));
	memcpy(packet + 1, p, n);
	host_send(&s->h, (uint8_t)(s->tx << 2 | s->rx), packet, n + 1);
	if (chain == 1 || chain == 2)
		ck_assert_int_eq(host_wait(&s->h, WAIT_MS), (int)(0x80 | s->tx));
	s->tx = (s->tx + 1) & 3;
}

static void
send_all(struct shost *s, const uint8_t *message, size_t len)
{
	size_t off, n;
	uint8_t chain;

	for (off = 0; off < len; off += n) {
		n = len - off < FRAGMENT ? len - off : FRAGMENT;
		if (len <= FRAGMENT)
			chain = 0;
		else if (off == 0)
			chain = 1;
		else
			chain = off + n < len ? 2 : 4;
		fragment(s, chain, message + off, n);
	}
}

int
shost_send(struct shost *s, const uint8_t *message, size_t len)
{
	uint8_t chain;
	int fctr;

	send_all(s, message, len);
	s->answer_len = 0;
	do {
		do
			fctr = host_wait(&s->h, 100);
		while (fctr >= 0x80 || (fctr < 0 && host_state(&s->h) & 0x80000000));
		if (fctr < 0)
			return -1;
		chain = s->h.frame[3] & 7;
		if (chain <= 1)
			ck_assert_uint_eq(s->h.frame[3] & PRESENCE, s->no_presence ? 0 : PRESENCE);
		memcpy(s->answer + s->answer_len, s->h.frame + 4, s->h.frame_len - 6);
		s->answer_len += s->h.frame_len - 6;
		s->rx = (unsigned)fctr >> 2;
		host_control(&s->h, (uint8_t)(0x80 | s->rx));
	} while (chain == 1 || chain == 2);
	return s->answer[0];
}

int
shost_send_byte(struct shost *s, uint8_t sctr)
{
	return shost_send(s, &sctr, 1);
}

bool
shost_hello(struct shost *s)
{
	if (shost_send(s, (const uint8_t[]){ 0x00, 0x01 }, 2) != 0x00 || s->answer_len != 38 ||
	    s->answer[1] != 0x01)
		return false;
	memcpy(s->rnd, s->answer + 2, 32);
	s->sseq = shost_be32(s->answer + 34);
	shost_derive(s);
	return true;
}

bool
shost_finish(struct shost *s)
{
	uint8_t text[36], message[49];
	uint32_t mseq;

	memcpy(text, s->rnd, 32);
	put_be32(text + 32, s->sseq);
	shost_seal(s, false, 0x08, s->sseq, text, 36, message);
	if (shost_send(s, message, 49) != 0x08 || s->answer_len != 49)
		return false;
	mseq = shost_be32(s->answer + 1);
	put_be32(text + 32, mseq);
	if (!shost_open(s) || memcmp(s->answer, text, 36) != 0)
		return false;
	s->mseq = mseq;
	return true;
}

bool
shost_handshake(struct shost *s)
{
	return shost_hello(s) && shost_finish(s);
}

int
shost_record(struct shost *s, uint8_t sctr, uint32_t seq, const uint8_t *cmd, size_t len)
{
	uint8_t message[SHOST_MESSAGE];
	size_t n = len + 1;

	message[0] = sctr;
	if (sctr & 1)
		n = shost_seal(s, false, sctr, seq, cmd, len, message);
	else
		memcpy(message + 1, cmd, len);
	return shost_send(s, message, n);
}

int
shost_command(struct shost *s, uint8_t sctr, const uint8_t *cmd, size_t len)
{
	if (sctr & 1)
		s->mseq++;
	return shost_record(s, sctr, s->mseq, cmd, len);
}
