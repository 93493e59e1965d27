/*
 * Faults on request: what goes wrong between a host and its chip, for tests of the host. A script
 * of faults belongs to one handle; other handles on the same image are not touched.
 */
#ifndef HAL_SIM_FAULT_H
#define HAL_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;

/* Which transfers a fault counts. Frames are those of the DATA register. */
enum sim_fault_at {
	SIM_AT_ANY,         /* every write and every read */
	SIM_AT_WRITE,       /* every write */
	SIM_AT_READ,        /* every read */
	SIM_AT_FRAME_IN,    /* a frame from the host */
	SIM_AT_DATA_IN,     /* a data frame from the host */
	SIM_AT_CONTROL_IN,  /* ACK, NAK or re-sync from the host */
	SIM_AT_FRAME_OUT,   /* a read that gives a frame of the chip */
	SIM_AT_DATA_OUT,    /* a data frame */
	SIM_AT_CONTROL_OUT, /* a control frame */
	SIM_AT_STATE,       /* a read of I2C_STATE */
	SIM_AT_STATE_READY, /* a read of I2C_STATE that announces a frame */
};

enum sim_fault_kind {
	SIM_FAULT_FLIP,      /* bit arg of the bytes after the register byte, modulo their number */
	SIM_FAULT_FCS,       /* last byte of the frame inverted */
	SIM_FAULT_LOSE,      /* write: acknowledged, never seen; read: all FF, the frame is gone */
	SIM_FAULT_TRUNCATE,  /* write: the chip sees arg bytes; read: FF from byte arg */
	SIM_FAULT_DUPLICATE, /* write: the chip sees it twice; read: the frame waits once more */
	SIM_FAULT_NACK,      /* address refused */
	SIM_FAULT_DATA_NACK, /* data byte arg refused, those before reach the chip: HAL_EIO */
	SIM_FAULT_BUS_DEAD,  /* bus error: HAL_EIO */
	SIM_FAULT_ZERO,      /* read: bus stuck low, all 00 */
	SIM_FAULT_FF,        /* read: nobody drives the bus, all FF; the chip's frame stays */
	SIM_FAULT_BUSY,      /* read of I2C_STATE: 88 80 00 00 whatever is true */
	SIM_FAULT_LENGTH,    /* read of I2C_STATE: length arg, RESP_RDY set */
	SIM_FAULT_RESET,     /* the chip is reset right before this transfer */
	SIM_FAULT_LOST,      /* another master got the bus: HAL_EIO */
	SIM_FAULT_CLOCK,     /* clock held low for 25 ms, then given up: HAL_EIO */
	SIM_FAULT_COUNT
};

struct sim_fault {
	enum sim_fault_kind kind;
	enum sim_fault_at at;
	unsigned skip;  /* so many of those pass first */
	unsigned count; /* then so many are hit; 0: all from there on */
	unsigned arg;
};

/* Adds a fault to the script; several may hit one transfer. HAL_EINVAL, HAL_ENOMEM (16 at most). */
int sim_fault_add(struct sim *s, const struct sim_fault *f);

/* Everything works from now on. */
void sim_fault_clear(struct sim *s);

/* Transfers that this handle tried, and how many of them were hit by a fault. */
unsigned sim_fault_transfers(const struct sim *s);
unsigned sim_fault_hits(const struct sim *s);

/* --- knobs of the chip, kept in its image; -1: HAL_EIO ------------------------------------- */

/*
 * When a complete command is acknowledged: 0 at once (the default), SIM_ACK_WITH_RESPONSE by the
 * response if that is ready within 8 ms, any other number of ns after the command, SIM_ACK_NEVER
 * only by a response, however often the host sends the command meanwhile.
 */
#define SIM_ACK_WITH_RESPONSE 8000000ULL
#define SIM_ACK_NEVER         UINT64_MAX
int sim_set_ack_delay(struct sim *s, uint64_t ns);

/* Refuse the address while a command executes (at most 100 ms in a row). Default false. */
int sim_set_nack_busy(struct sim *s, bool on);

/* --- application, kept in the image; HAL_EIO ----------------------------------------------- */

/* What the manual leaves open and a host could come to depend on; 0 is every new chip. */
enum sim_app_switch {
	SIM_APP_MAC_SILENT = 0x001,     /* start of a CBC-MAC or CMAC: no running value */
	SIM_APP_CBC_NEEDS_IV = 0x002,   /* CBC without IV: refused, 05, not with IV zero */
	SIM_APP_FORM_2C = 0x004,        /* malformed signature: wrong, 2C, not 05 */
	SIM_APP_NO_SESSION_RSA = 0x008, /* RSA key into a session: no room, 0D */
	SIM_APP_ANY_TYPE = 0x010,       /* secrets and anchors need not be typed as such */
	SIM_APP_HMAC_UNCOUNTED = 0x020, /* HMAC with a data object is no security event */
	SIM_APP_FREE_RUNNING = 0x040,   /* t_max is not started anew by a security event */
	SIM_APP_OPEN_CLEARS = 0x080,    /* OpenApplication clears F1C2 without the flush bit too */
	SIM_APP_EMPTY_READ = 0x100,     /* reading an object of used size 0: nothing, not 08 */
	SIM_APP_LONG_READ_CUT = 0x200,  /* InLen 2 on more than 1553 bytes: the first, not 0D */
	SIM_APP_MARK_EARLY = 0x400,     /* an update invalidates its object from the manifest on */
};
int sim_set_app(struct sim *s, unsigned switches);

/* --- presentation layer, kept in the image; HAL_EIO -------------------------------------- */

/* What the specification leaves open, one bit each; 0 is the chip as documented. */
enum sim_shield_switch {
	SIM_SHIELD_PLAIN_OK = 1,      /* PRESENCE 0 after its first use: answered, not alert 40 */
	SIM_SHIELD_NO_SESSION_44 = 2, /* record without a session: alert 44, not 40 */
	SIM_SHIELD_FAILED_COUNT = 4,  /* records with a wrong tag move the window */
	SIM_SHIELD_EQUAL_SEQ = 8,     /* SSEQ and MSEQ start with the same number */
	SIM_SHIELD_NO_EVENT = 16,     /* a handshake is no security event */
	SIM_SHIELD_HANDSHAKE_44 = 64, /* failed handshake: alert 44, not 40 */
	SIM_SHIELD_SILENT = 32,       /* the host's alert 40 is acknowledged, not answered */
};
int sim_set_shield(struct sim *s, unsigned switches);

/* Every switch of both kinds, with a name for people; NULL past the end, or when there is none. */
struct sim_quirk {
	const char *name, *what;
	bool shield; /* bit of enum sim_shield_switch, else of enum sim_app_switch */
	unsigned bit;
};
const struct sim_quirk *sim_quirk_at(size_t i);
const struct sim_quirk *sim_quirk_find(const char *name);

/* What the chip will not draw but take in its next handshake. */
struct sim_shield_choice {
	uint8_t rnd[32];
	uint32_t sseq, mseq;
};
int sim_set_shield_choice(struct sim *s, const struct sim_shield_choice *choice);

/*
 * A chip that errs in its messages, with frames in order. Each kind counts messages of its own:
 * protected ones of the chip (Finished, records), protected ones of the host, commands, Hellos.
 */
enum sim_shield_fault_kind {
	SIM_SHIELD_FAULT_NONE,
	SIM_SHIELD_FAULT_TAG,    /* chip's message: wrong tag */
	SIM_SHIELD_FAULT_TEXT,   /* chip's message: other text, tag right */
	SIM_SHIELD_FAULT_SHORT,  /* chip's message: the last arg bytes are missing */
	SIM_SHIELD_FAULT_SEQ,    /* chip's record: number is the last one + arg; 0: used again */
	SIM_SHIELD_FAULT_SCTR,   /* response: comes with SCTR arg, and protected as that says */
	SIM_SHIELD_FAULT_REFUSE, /* host's message: taken as one with a wrong tag */
	SIM_SHIELD_FAULT_ALERT,  /* command: not executed, alert 40, no session any more */
	SIM_SHIELD_FAULT_HELLO,  /* Hello: answered with PVER arg */
};
struct sim_shield_fault {
	enum sim_shield_fault_kind kind;
	unsigned skip, count, arg; /* as above */
};
/* One at a time; NULL: none any more. */
int sim_set_shield_fault(struct sim *s, const struct sim_shield_fault *f);

#endif
