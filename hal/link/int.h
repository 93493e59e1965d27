/*
 * What the layers of the link share: registers (reg.c), frames (frame.c), chains (chain.c),
 * shielded sessions (shield.c); link.c puts them together.
 */
#ifndef HAL_LINK_INT_H
#define HAL_LINK_INT_H

#include "hal/bus/bus.h"
#include "hal/link/link.h"
#include "hal/link/ccm.h"

/* Register addresses, I2C v2.03 table 2-1. */
enum reg {
	REG_DATA = 0x80,
	REG_DATA_REG_LEN = 0x81,
	REG_I2C_STATE = 0x82,
	REG_MAX_SCL_FREQU = 0x84,
	REG_SOFT_RESET = 0x88,
	REG_I2C_MODE = 0x89,
};

/* A message is an APDU, with the presentation layer SCTR, SEQ and tag around it. */
#define MESSAGE_MAX    (LINK_APDU_MAX + 1 + CCM_OVERHEAD)
#define FRAME_MAX      277 /* DATA_REG_LEN of the products */
#define FRAME_MIN      16  /* smallest DATA_REG_LEN */
#define FRAME_OVERHEAD 5   /* FCTR, LEN, FCS */
#define CTRL_LEN       5

/* The longest command: an RSA key. */
#define LINK_DRAIN_MS 180000

struct link {
	struct bus *bus;
	uint64_t stop;          /* bus time of the last STOP, for the guard time */
	size_t frame_size;      /* DATA_REG_LEN in force */
	uint8_t tx_nr;          /* number of the last data frame sent */
	uint8_t rx_nr;          /* number of the last data frame received correctly */
	bool clocked;           /* the clock was negotiated on this handle */
	bool stale;             /* an exchange ended early: drain and re-sync before the next */
	bool peer_sync;         /* the chip has re-synchronised by itself: no answer is due */
	bool presence;          /* the presentation layer is on, in the chip too, until a reset */
	struct ccm *ccm;        /* NULL until it is needed */
	struct secret *secret;  /* platform binding secret, or NULL */
	struct secret *session; /* struct shield_session, or NULL */
	struct buf msg, raw;    /* a message under way, and the one that came */
	uint64_t sent;          /* bus time at the end of the last data frame written */
	uint8_t tx[1 + FRAME_MAX]; /* register address and frame */
	uint8_t rx[FRAME_MAX];
	struct link_stats stats;
};

/* --- registers ---------------------------------------------------------------------------- */

int reg_read(struct link *ln, enum reg reg, uint8_t *data, size_t len);

/* p[0] is the register address, the rest its content. */
int reg_write(struct link *ln, const uint8_t *p, size_t len);

void reg_sleep_until(struct link *ln, uint64_t when);

struct reg_state {
	bool busy;       /* a command is executing */
	bool ready;      /* a frame waits in DATA */
	bool soft_reset; /* register SOFT_RESET exists */
	bool shield;     /* the presentation layer exists */
	uint16_t len;    /* of the waiting frame */
};
int reg_state(struct link *ln, struct reg_state *st);

/* Polls for a frame: when, relative to what, it gives up. Times are bus times in ns. */
struct reg_wait {
	uint64_t from;     /* what the growth of the poll step counts from */
	uint64_t deadline; /* expires with a sample taken after it */
	uint64_t quiet;    /* give up after so long with neither BUSY nor a frame; 0: never */
	bool odd_len;      /* an impossible length was reported once already */
	bool late;         /* the sample after the deadline was taken */
};

/*
 * 0: a frame of *len bytes waits, CTRL_LEN..frame_size. HAL_ETIMEOUT. HAL_ERESYNC: quiet for too
 * long, the chip has forgotten the command. HAL_EPROTO, once: an impossible length is announced.
 */
int reg_await(struct link *ln, struct reg_wait *w, size_t *len);

/* Waits until the chip executes nothing, and takes away what it has to say. HAL_ETIMEOUT. */
int reg_drain(struct link *ln, unsigned ms);

/* --- frames ------------------------------------------------------------------------------- */

enum frame_kind {
	FRAME_BAD,    /* answered by NAK */
	FRAME_IGNORE, /* discarded silently */
	FRAME_DATA,
	FRAME_ACK,
	FRAME_NAK,
	FRAME_RESYNC,
};

struct frame {
	enum frame_kind kind;
	uint8_t nr;            /* data frames: number */
	uint8_t ack;           /* number acknowledged or refused */
	bool nak;              /* data frame that carries a NAK */
	const uint8_t *packet; /* data frames: into the bytes parsed */
	size_t len;
};

uint16_t frame_crc(const uint8_t *p, size_t n);

/* Writes a frame of CTRL_LEN + len bytes; packet may be NULL when len is 0. Returns its size. */
size_t frame_build(uint8_t *out, uint8_t fctr, const uint8_t *packet, size_t len);

/* max: DATA_REG_LEN in force. I2C v2.03 table 3-2. */
void frame_parse(const uint8_t *p, size_t n, size_t max, struct frame *f);

/*
 * Sends a packet in a data frame and waits for its acknowledgement; repeats it when that is
 * due. A data frame may carry the acknowledgement: then *f is that frame, acknowledged in turn,
 * else f->kind is FRAME_ACK. HAL_ERESYNC: repetitions exhausted or the chip re-synchronised.
 * HAL_ERESET: exhausted, and the chip kept expecting frame 0 as after a reset.
 * *refused: the chip has certainly not taken the packet, nor any copy of it.
 */
int frame_send(struct link *ln, const uint8_t *packet, size_t len, struct frame *f, bool *refused);

/* Receives the next data frame and acknowledges it. Errors of reg_await without HAL_EPROTO. */
int frame_recv(struct link *ln, struct reg_wait *w, struct frame *f);

/* Sends a re-sync frame unless the chip just did; both counters start again. */
int frame_resync(struct link *ln);

void frame_counters_reset(struct link *ln);

/* --- chains ------------------------------------------------------------------------------- */

/* One message and the message that answers it. */
struct exchange {
	const uint8_t *cmd;
	size_t cmd_len;
	struct buf *rsp;
	uint64_t limit; /* ns from the end of the command to the response */
	bool presence;  /* PRESENCE in the first packets, both ways */
	bool out;       /* the last fragment was sent: the command may have run */
	bool odd;       /* HAL_EPROTO because PRESENCE came otherwise */
	size_t total;   /* bytes of the response so far, stored or not */
};

/*
 * The message once, its chain twice if the chip refuses it: a refused chain was not executed.
 * HAL_ETOOBIG: answer above MESSAGE_MAX. An answer is at least one byte.
 */
int chain_exchange(struct link *ln, struct exchange *x);

/* --- shielded sessions -------------------------------------------------------------------- */

/* One direction: numbers of messages. */
struct shield_count {
	uint32_t last;  /* used already, or received and verified */
	uint32_t first; /* agreed in the handshake */
};

/* Both directions; kept in a struct secret. host: MSEQ of the specification, chip: SSEQ. */
#define SHIELD_MAGIC 0x4F535331 /* of this layout */
struct shield_session {
	uint32_t magic;
	struct ccm_pair keys;
	struct shield_count host, chip;
	uint32_t asked; /* answers the chip may have encrypted since chip.last */
};

/*
 * Runs the APDU of x through the presentation layer, which is on: x->rsp is the APDU that came.
 * x->out holds for the command, not for messages of the handshake.
 */
int shield_exchange(struct link *ln, struct exchange *x, enum link_protect protect);

/* Forgets the session. */
void shield_drop(struct link *ln);

#endif
