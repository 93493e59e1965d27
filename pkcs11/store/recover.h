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
#define RECOVER_DIGEST_MAX 64
#define RECOVER_MAX        6 /* signatures at most */

/* One signature over bytes that are taken for a digest. */
struct recover_sig {
	uint8_t digest[RECOVER_DIGEST_MAX];
	size_t digest_len;
	struct buf sig; /* r || s, or the RSA signature */
};

/*
 * Fills in the digests to be signed. *np: how many signatures recover_key needs at least; for EC
 * it may ask for more, up to RECOVER_MAX, and their digests are there. sha512: the chip signs
 * digests of 64 bytes with RSA.
 */
int recover_digests(
    const struct chip_keytype *kt, bool sha512, struct recover_sig s[RECOVER_MAX], unsigned *np);

/* Whether recover_key takes long: half a minute for RSA-2048, ten seconds for RSA-1024. */
bool recover_long(const struct chip_keytype *kt, bool sha512);

/*
 * The public key that made n signatures over the digests of recover_digests. HAL_EFORMAT: they
 * do not determine one; for EC another signature may help. spki replaced.
 */
int recover_key(
    const struct chip_keytype *kt, const struct recover_sig *s, unsigned n, struct buf *spki);

/* The same for RSA (recover_rsa.c). */
int recover_rsa_digests(
    const struct chip_keytype *kt, bool sha512, struct recover_sig s[RECOVER_MAX], unsigned *np);
bool recover_rsa_long(const struct chip_keytype *kt, bool sha512);
int recover_rsa_key(
    const struct chip_keytype *kt, const struct recover_sig *s, unsigned n, struct buf *spki);
int recover_rsa_check(
    const struct chip_keytype *kt, const struct buf *spki, const struct recover_sig *s);

/* 0: the signature verifies. HAL_EFORMAT: it does not. */
int recover_check(
    const struct chip_keytype *kt, const struct buf *spki, const struct recover_sig *s);

#endif
