/*
 * Cryptography of the presentation layer: key derivation and protected messages. "IFX I2C
 * Protocol" 2.03, chapter 6.3 and 6.4. No state of a session in here.
 */
#ifndef HAL_LINK_CCM_H
#define HAL_LINK_CCM_H

#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"
#include "hal/base/secret.h"

#define CCM_PVER     0x01 /* pre-shared secret, the only version of Trust M's hosts */
#define CCM_RND_LEN  32
#define CCM_SEQ_LEN  4
#define CCM_TAG_LEN  8
#define CCM_OVERHEAD (CCM_SEQ_LEN + CCM_TAG_LEN)

/* One direction: AES-128 key and the constant half of the nonce. */
struct ccm_key {
	uint8_t key[16];
	uint8_t nonce[4];
};

struct ccm_pair {
	struct ccm_key host, chip; /* who sends with it */
};

/* OpenSSL with a library context of its own: the process's default may belong to an engine. */
struct ccm;
int ccm_new(struct ccm **sp);
void ccm_free(struct ccm **sp);

/* TLS 1.2 PRF with SHA-256 over "Platform Binding" and RND. HAL_ECRYPTO. */
int ccm_derive(
    struct ccm *s, const struct secret *secret, const uint8_t *rnd, struct ccm_pair *keys);

/* Appends SEQ(4) ciphertext(len) tag(8) to out. HAL_ECRYPTO, HAL_ENOMEM, HAL_ETOOBIG. */
int ccm_seal(struct ccm *s, const struct ccm_key *k, uint8_t sctr, uint32_t seq,
    const uint8_t *plain, size_t len, struct buf *out);

/*
 * The reverse: p is SEQ(4) ciphertext tag(8), at least one byte of ciphertext; plain is replaced.
 * HAL_EFORMAT: too short, or the tag is wrong; plain is empty then.
 */
int ccm_open(struct ccm *s, const struct ccm_key *k, uint8_t sctr, const uint8_t *p, size_t len,
    struct buf *plain);

#endif
