/*
 * A simulated chip at its command boundary, for tests of the application alone: commands in
 * hexadecimal, a clock that moves as the commands take time, key material put into slots.
 */
#ifndef TESTS_UNIT_SIMAPP_RIG_H
#define TESTS_UNIT_SIMAPP_RIG_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "hal/sim/app.h"

#define RIG_MS(n) ((uint64_t)((n)*1000000.0 + 0.5))
#define RIG_S(n)  ((uint64_t)(n)*1000000000)

extern struct rig {
	struct sim_app app;
	struct sim_protection prot;
	uint64_t now;  /* bus time, ns */
	uint64_t exec; /* what the last command took */
	uint8_t rsp[SIM_APDU_MAX];
	size_t rsp_len;
} rig;

/* A new chip of this seed after power-on. rig_setup: seed 1, monitor off, application open. */
void rig_factory(uint64_t seed, bool monitor);
void rig_setup(void);

/* A new chip of any model: seed 1, monitor off, application open. */
void rig_model(const char *model);

/* Formatted text that stays valid for the next fifteen calls. */
const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
size_t rig_unhex(const char *hex, uint8_t *out, size_t max);
const char *rig_hex(const uint8_t *p, size_t n);
const char *rig_zeros(size_t n); /* n bytes 00; one buffer */

/* Sends an APDU as it is; the clock moves. rig_out: OutData of the last response. */
void rig_send(const uint8_t *cmd, size_t len);
void rig_send_hex(const char *apdu);
const uint8_t *rig_out(size_t *len);

/* The clock moves without commands. */
void rig_wait(uint64_t ns);

/*
 * Command with head "8200" (code and Param) and InData, both hexadecimal; InLen is added. run only
 * sends; ok expects success and this OutData (NULL: any); refused expects the failure form, and
 * code in F1C2, where it also clears it.
 */
void run(const char *head, const char *in);
void ok(const char *head, const char *in, const char *out);
void refused(const char *head, const char *in, unsigned code);
bool succeeds(const char *head, const char *in);

/* A whole APDU and its whole response, byte 1 of which is not compared. */
void exchange(const char *apdu, const char *rsp);

/* Metadata of an object: is exactly this block; some tags written; writing them refused. */
void meta_is(unsigned oid, const char *block);
void meta_write(unsigned oid, const char *tlvs);
void meta_refused(unsigned oid, const char *tlvs, unsigned code);

/* Generates a key of this algorithm and usage in a slot, then replaces its material. */
void rig_generate(unsigned oid, uint8_t alg, uint8_t usage);
void rig_load_ec(unsigned oid, uint8_t alg, uint8_t usage, const char *d);
void rig_load_rsa1024(unsigned oid, uint8_t usage, const char *n, const char *d);

/* Public key objects from the point 04 X Y, or the modulus; freed by the caller. */
EVP_PKEY *rig_ec_key(uint8_t alg, const uint8_t *point, size_t len);
EVP_PKEY *rig_rsa_key(const uint8_t *n, size_t len);
/* The public key that the last GenKeyPair returned. */
EVP_PKEY *rig_public(uint8_t alg);

/* Whether the chip's two INTEGERs, whose padding is checked too, are a signature of digest. */
bool rig_ecdsa_verifies(EVP_PKEY *key, size_t coordinate, const uint8_t *digest, size_t digest_len,
    const uint8_t *sig, size_t sig_len);
/* Same, telling whether an integer had a needless leading zero. */
bool rig_sig_is_minimal(const uint8_t *sig, size_t sig_len);

int rig_main(Suite *s);

#endif
