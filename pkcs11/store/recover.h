/*
 * What signatures tell of the key that made them: whether a public key fits, and for ECDSA the
 * public key itself. Pure computing on the host.
 */
#ifndef PKCS11_STORE_RECOVER_H
#define PKCS11_STORE_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/base/buf.h"

struct chip_keytype;

#define RECOVER_DIGEST_LEN 32 /* as SHA-256 has */
#define RECOVER_MAX        4  /* signatures at most */

/* One signature over bytes that are taken for a SHA-256 digest. */
struct recover_sig {
	uint8_t digest[RECOVER_DIGEST_LEN];
	struct buf sig; /* r || s, or the RSA signature */
};

/* Whether recover_key can do this type. */
bool recover_possible(const struct chip_keytype *kt);

/*
 * The public key that made n >= 2 signatures over different digests. HAL_EFORMAT: they do not
 * determine one; another signature may help. spki replaced.
 */
int recover_key(
    const struct chip_keytype *kt, const struct recover_sig *s, unsigned n, struct buf *spki);

/* 0: the signature verifies. HAL_EFORMAT: it does not. */
int recover_check(
    const struct chip_keytype *kt, const struct buf *spki, const struct recover_sig *s);

#endif
