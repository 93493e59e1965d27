/*
 * Secret keys for the tests of ciphers and MACs: the same bytes in host memory and on the chip,
 * so that one result serves both. And what those tests ask the simulated chip itself.
 */
#ifndef TESTS_MODULE_SECRET_H
#define TESTS_MODULE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

enum secret_place { SECRET_HOST, SECRET_CHIP, SECRET_PLACES };

#define SECRET_AES_OID 0xE200
#define SECRET_PSK_OID 0xF1D3

extern unsigned char secret_aes[32], secret_psk[64];

/*
 * As harness_chip: a Trust M V3 whose slot for an AES key holds the first aes_len bytes of
 * secret_aes, and whose F1D3, a pre-shared secret, the first psk_len of secret_psk.
 */
void secret_chip(size_t aes_len, size_t psk_len);

/* Fixture: load, such a chip, C_Initialize; harness_teardown ends it. */
void secret_setup(size_t aes_len, size_t psk_len);

/* An AES key or generic secret in that place; len for the host's. */
CK_OBJECT_HANDLE secret_key(
    CK_SESSION_HANDLE s, CK_KEY_TYPE type, enum secret_place place, size_t len);

/* Commands the chip has executed since it was made. */
uint64_t secret_commands(void);

/* The chip is reset by somebody who tells nobody. */
void secret_reset_chip(void);

#endif
