/*
 * The chip's whole state between two transfers, and how its layers hand bytes to each other.
 *
 * struct sim_state is plain data of fixed size: the image file holds two copies of it, a
 * transfer changes the one that is not valid, and one store makes that one valid (image.c). Times
 * are bus time in ns; a timer of SIM_NEVER does not run.
 *
 * Upwards:   reg.c -> sim_frame_receive -> sim_chain_receive -> sim_shield_command -> app.h
 * Downwards: sim_chain_timer -> sim_frame_send -> sim_frame_waiting -> reg.c
 */
#ifndef HAL_SIM_STATE_H
#define HAL_SIM_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/sim/app.h"
#include "hal/sim/fault.h"
#include "hal/sim/seal.h"

#define SIM_NEVER        UINT64_MAX
#define SIM_US(n)        ((uint64_t)(n)*1000)
#define SIM_MS(n)        ((uint64_t)(n)*1000000)

#define SIM_ADDR_DEFAULT 0x30
#define SIM_FRAME_MAX    277 /* DATA_REG_LEN at most */
#define SIM_FRAME_MIN    16
#define SIM_GUARD_NS     SIM_US(50)
#define SIM_ACK_TIMER    SIM_MS(8) /* longest wait for a response that could carry the ACK */

/* An APDU and what the presentation layer may put around it: SCTR, SEQ, MAC. */
#define SIM_MESSAGE_MAX (SIM_APDU_MAX + 13)

/* Registers and lines (reg.c). */
struct sim_reg {
	uint64_t ready_at; /* end of start-up: until then no address is acknowledged */
	uint16_t data_len; /* DATA_REG_LEN */
	uint8_t pointer;
	uint8_t addr, addr_nv; /* BASE_ADDR in effect, and after the next reset */
	uint8_t mode, mode_nv; /* I2C_MODE likewise */
	bool reset_high, supply_high;
	bool was_off;   /* supply failed since the last start */
	bool was_busy;  /* and a command was executing then */
	bool nack_busy; /* knob: refuse the address while a command executes, 100 ms at most */
};

/* Data link layer (frame.c). A waiting control frame is read before a waiting data frame. */
struct sim_frame {
	uint64_t ack_at;    /* deferred acknowledgement of the host's frame */
	uint64_t repeat_at; /* data frame was read and not acknowledged */
	uint64_t ack_delay; /* knob: 0 at once; SIM_ACK_TIMER: with the response if it comes soon */
	uint16_t data_len;  /* outstanding data frame, 0: none */
	uint8_t data[SIM_FRAME_MAX];
	uint8_t ctrl[5];
	uint8_t rx_nr, tx_nr; /* last frame received, last frame sent */
	uint8_t repeats;
	bool ctrl_waiting, data_waiting;
	bool data_read; /* at least once */
	bool announced; /* I2C_STATE told the length: what waits is fixed */
};

/* Transport layer (chain.c). */
struct sim_chain {
	uint64_t exec_start, exec_end; /* exec_end SIM_NEVER: nothing executes */
	uint16_t rx_len, tx_len, tx_off, tx_step;
	bool rx_open, rx_presence;
	bool tx_presence, tx_active, tx_repeated;
	uint8_t rx[SIM_MESSAGE_MAX];
	uint8_t tx[SIM_MESSAGE_MAX];
};

/* A session of the presentation layer: keys, and the numbers last used. */
struct sim_session {
	struct seal_keys keys;
	uint8_t rnd[SEAL_RND];
	uint32_t mseq, sseq; /* host's records, chip's records */
};

enum sim_shield_phase { SIM_SHIELD_NONE, SIM_SHIELD_HELLO, SIM_SHIELD_SESSION };

/* Presentation layer (shield.c). */
struct sim_shield {
	bool required; /* used once, required until reset */
	bool has_saved;
	bool chosen; /* choice waits for the next handshake */
	uint8_t phase;
	struct sim_session live, saved;
	/* The last response, in case the host wants it again. */
	uint8_t again_sctr, repeats;
	uint16_t again_len;
	uint8_t again[SIM_APDU_MAX];
	/* For tests, see fault.h. */
	uint32_t switches;
	struct sim_shield_choice choice;
	struct sim_shield_fault fault;
	unsigned fault_seen;
};

struct sim_counts {
	uint64_t writes, reads; /* acknowledged */
	uint64_t bytes_written, bytes_read;
	uint64_t addr_nacks;
	uint64_t resets;
	uint64_t guard_violations; /* a START less than 50 us after a STOP */
	uint64_t commands;
	uint64_t handshakes; /* of the presentation layer, completed */
};

struct sim_state {
	uint64_t now;
	uint64_t real; /* CLOCK_BOOTTIME of the last change, and in which boot */
	uint8_t boot_id[16];
	uint64_t last_stop; /* SIM_NEVER: none yet */
	uint64_t changes;   /* every change of this state counts */
	struct sim_counts counts;
	struct sim_reg reg;
	struct sim_frame frame;
	struct sim_chain chain;
	struct sim_shield shield;
	struct sim_app app;
};

/* state.c: a chip as it leaves the factory, powered and started; time passing; a check of a
 * state that was read from a file. */
void sim_state_init(struct sim_state *st);
void sim_state_advance(struct sim_state *st, uint64_t to);
bool sim_state_sane(const struct sim_state *st);

/* reg.c */
void sim_reg_reset(struct sim_state *st, bool cold);
void sim_reg_line(struct sim_state *st, bool supply, bool high);
bool sim_reg_acknowledges(const struct sim_state *st, uint8_t addr);
void sim_reg_write(struct sim_state *st, const uint8_t *data, size_t len);
/* Fills data with what the chip gives at START. Returns true when that took a data frame out. */
bool sim_reg_read(struct sim_state *st, uint8_t *data, size_t len);
unsigned sim_reg_max_khz(const struct sim_state *st);

/* frame.c */
uint16_t sim_crc(const uint8_t *p, size_t n);
void sim_frame_reset(struct sim_frame *fr);
void sim_frame_receive(struct sim_state *st, const uint8_t *frame, size_t len);
void sim_frame_send(struct sim_state *st, const uint8_t *packet, size_t len);
void sim_frame_ack_at_once(struct sim_state *st);
void sim_frame_ack_fragment(struct sim_state *st);
void sim_frame_ack_deferred(struct sim_state *st);
/* The frame that a read of DATA gives now; NULL if none. */
const uint8_t *sim_frame_waiting(const struct sim_frame *fr, size_t *len);
bool sim_frame_take(struct sim_frame *fr);      /* it was read; true: it was a data frame */
void sim_frame_read_done(struct sim_state *st); /* the STOP of that read, for a data frame */
void sim_frame_timer(struct sim_state *st);
uint64_t sim_frame_next(const struct sim_frame *fr);

/* chain.c */
void sim_chain_reset(struct sim_chain *ch);
void sim_chain_receive(struct sim_state *st, const uint8_t *packet, size_t len);
void sim_chain_acked(struct sim_state *st); /* the outstanding packet has arrived */
void sim_chain_drop(struct sim_chain *ch);  /* the response cannot be delivered any more */
bool sim_chain_busy(const struct sim_chain *ch);
void sim_chain_timer(struct sim_state *st);

/* shield.c: runs the message in chain.rx, leaves the answer in chain.tx (length 0: none) and its
 * time in *exec_ns. */
void sim_shield_reset(struct sim_shield *sh);
void sim_shield_command(struct sim_state *st, uint64_t *exec_ns);

#endif
