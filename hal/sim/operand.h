/*
 * What the chip's cryptographic commands name in InData: private keys, secrets, the place for a
 * result. Each function does the checks from the OID on, in the documented order.
 */
#ifndef HAL_SIM_OPERAND_H
#define HAL_SIM_OPERAND_H

#include "hal/sim/cmd.h"
#include "hal/sim/crypto.h"
#include "hal/sim/session.h"

/* Key usage, SRM 4.4.2. */
enum { USE_AUTH = 0x01, USE_ENC = 0x02, USE_SIGN = 0x10, USE_AGREE = 0x20 };

#define SCHEME_ECDSA 0x11 /* signatures; the others are RSA with SHA-256, 384, 512 */

/* Whether Param is a signature scheme of this chip. */
bool scheme_known(const struct call *c);

uint16_t oid_value(const uint8_t *p);

/* A private key in its slot or session. */
struct key_ref {
	const struct sim_key *key;
	bool persistent;
};

/* usage: any of these bits will do. 0, or an error code. */
uint8_t key_select(struct call *c, const uint8_t *oid, uint8_t usage, struct key_ref *k);

/* Types of data objects (E8) that are secrets. */
enum { TYPE_PRESSEC = 0x21, TYPE_AUTOREF = 0x31 };

/* A secret in a data object or session. */
struct secret_ref {
	const uint8_t *p;
	size_t len;
	bool persistent;
};

/*
 * type: what E8 of a data object must say. kinds: one bit for each content of a session that will
 * do.
 */
#define KIND(k) (1u << (k))
uint8_t secret_select(
    struct call *c, const uint8_t *oid, uint8_t type, unsigned kinds, struct secret_ref *s);

/* Type of a data object (E8), 0 if it has none. */
uint8_t object_type(const struct sim_app *app, size_t i);

/* Whether a result goes out or into a session: exactly one of the two tags. */
uint8_t target_form(const struct tlv *out, const struct tlv *session);
/* A result to where the two tags say. */
void target_put(struct call *c, const struct tlv *session, const uint8_t *v, size_t len);

/*
 * A public key by certificate object (tag 04) or from the host (tags 05 and 06). use: any of
 * these bits of the certificate's key usage will do.
 */
uint8_t public_form(const struct tlv *oid, const struct tlv *alg, const struct tlv *bits);
uint8_t public_select(struct call *c, const struct tlv *oid, const struct tlv *alg,
    const struct tlv *bits, uint16_t use, struct sim_public *pub);

#endif
