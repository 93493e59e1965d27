/*
 * The host's side of the presentation layer for tests of the simulated chip, right or wrong as the
 * test says. Key derivation by the TLS 1.2 PRF of the cryptographic library, CCM from its
 * definition (SP 800-38C) on single AES blocks: neither is how the chip does it.
 */
#ifndef TESTS_UNIT_SIM_SHOST_H
#define TESTS_UNIT_SIM_SHOST_H

#include "tests/unit/sim_host.h"

#define SHOST_MESSAGE 1600

struct shost {
	struct host h;
	unsigned tx, rx; /* frame numbers */
	bool no_presence;
	uint8_t secret[64];
	uint8_t rnd[32];
	uint8_t key[40]; /* K_M, K_S, N_M, N_S */
	uint32_t mseq, sseq;
	uint8_t answer[SHOST_MESSAGE]; /* the last one, SCTR first */
	size_t answer_len;
};

/* A new chip; nothing said yet. */
void shost_start(struct shost *s);
void shost_end(struct shost *s);

/* After a reset of the chip: numbers start again, start-up time passes. */
void shost_reset(struct shost *s, bool cold);

/* Sends a message, SCTR first, fragmented as needed, and collects the answer. Returns its SCTR, -1
 * if none came. */
int shost_send(struct shost *s, const uint8_t *message, size_t len);
int shost_send_byte(struct shost *s, uint8_t sctr);

/* The whole handshake with s->secret; false, with the last answer in place, when it fails. */
bool shost_hello(struct shost *s);
bool shost_finish(struct shost *s);
bool shost_handshake(struct shost *s);

/* Keys from s->secret and s->rnd. */
void shost_derive(struct shost *s);

/* One record. seq: number of a protected command; shost_command takes the next. */
int shost_record(struct shost *s, uint8_t sctr, uint32_t seq, const uint8_t *cmd, size_t len);
int shost_command(struct shost *s, uint8_t sctr, const uint8_t *cmd, size_t len);

/* Opens a protected answer in place: answer then starts with the text. False: tag wrong. */
bool shost_open(struct shost *s);

/* Protected message of either direction into out (SCTR SEQ text tag); its length. */
size_t shost_seal(const struct shost *s, bool from_chip, uint8_t sctr, uint32_t seq,
    const uint8_t *text, size_t len, uint8_t *out);

uint32_t shost_be32(const uint8_t *p);

#endif
