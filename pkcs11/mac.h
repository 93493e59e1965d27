/*
 * Message authentication codes: HMAC (RFC 2104), CMAC (SP 800-38B), CBC-MAC filled with zeros
 * (FIPS 113; PKCS #11 v2.40 2.12.5 and 2.12.6).
 *
 * The chip computes a MAC in one unbroken sequence of commands. Data that is short enough is
 * collected and goes through it when the MAC is asked for: one command up to about 600 bytes.
 * Longer data of the AES MACs is encrypted in CBC mode as it comes. HMAC knows no such way, so
 * its data ends at MAC_HMAC_MAX: the chip would be held too long. Keys of the host have no limit.
 */
#ifndef PKCS11_MAC_H
#define PKCS11_MAC_H

#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"

struct op;
struct session;

#define MAC_HMAC_MAX ((size_t)64 * 1024)

/* For mod_op_init and mod_op_update alone. */
CK_RV mod_mac_begin(struct op *op);
CK_RV mod_mac_update(struct session *s, struct op *op, const uint8_t *data, size_t len);

/* The MAC, op->mac_len bytes, replaced. CKR_DATA_LEN_RANGE: of no data there is none. */
CK_RV mod_mac_final(struct session *s, struct op *op, struct buf *out);

#endif
