/*
 * Commands of the simulated chip: SRM 4.4.1. Each handler gets one call, judges it in the
 * order the manual's results suggest, and returns 0 or the error code for F1C2.
 */
#ifndef HAL_SIM_CMD_H
#define HAL_SIM_CMD_H

#include "hal/sim/app.h"
#include "hal/sim/fault.h"

#define CMD_DATA_MAX 1553 /* InData and OutData */

/* Error codes, SRM "Error Codes". */
enum {
	E_OID = 0x01,
	E_PARAM = 0x03,
	E_LENGTH = 0x04,
	E_DATA = 0x05,
	E_INTERNAL = 0x06,
	E_ACCESS = 0x07,
	E_BOUNDARY = 0x08,
	E_META_TRUNCATED = 0x09,
	E_COMMAND = 0x0A,
	E_SEQUENCE = 0x0B,
	E_UNAVAILABLE = 0x0C,
	E_BUFFER = 0x0D,
	E_COUNTER = 0x0E,
	E_MANIFEST = 0x0F,
	E_VERSION = 0x10,
	E_METADATA = 0x11,
	E_USAGE = 0x24,
	E_CERT_FORMAT = 0x29,
	E_CERT_UNSUPPORTED = 0x2A,
	E_SIGNATURE = 0x2C,
	E_INTEGRITY = 0x2D,
	E_DECRYPT = 0x2E,
	E_AUTHORIZATION = 0x2F,
};

struct call {
	struct sim_app *app;
	const struct sim_protection *prot;
	uint8_t param;
	const uint8_t *in;
	size_t in_len;
	uint8_t *out; /* room for CMD_DATA_MAX */
	size_t out_len;
	uint64_t us;       /* how long it takes at 15 mA and speed 1 */
	uint64_t delay_ns; /* what the security monitor adds */
	uint64_t now;
};

uint8_t cmd_open(struct call *c);
uint8_t cmd_close(struct call *c);
uint8_t cmd_random(struct call *c);
uint8_t cmd_get(struct call *c);
uint8_t cmd_set(struct call *c);
uint8_t cmd_genkey(struct call *c);
uint8_t cmd_sign(struct call *c);
uint8_t cmd_hash(struct call *c);
uint8_t cmd_verify(struct call *c);
uint8_t cmd_agree(struct call *c);
uint8_t cmd_derive(struct call *c);
uint8_t cmd_gensym(struct call *c);
uint8_t cmd_encrypt_asym(struct call *c);
uint8_t cmd_decrypt_asym(struct call *c);
uint8_t cmd_encrypt_sym(struct call *c);
uint8_t cmd_decrypt_sym(struct call *c);
uint8_t cmd_update(struct call *c);

/*
 * Whether the object may be used as tag (D0, D1, D3) says, now: 0, invalid metadata, or no access.
 * Counts linked usage counters.
 */
uint8_t object_usable(struct call *c, size_t object, uint8_t tag);

/* SetDataObject for metadata; in: the block. */
uint8_t cmd_set_meta(struct call *c, size_t object, const uint8_t *block, size_t len);

/*
 * Puts the tags of a block of metadata for an object into merged. update: by the rules of
 * protected updates, whatever the life cycle, else by those of SetDataObject. 0 or an error code.
 */
uint8_t meta_merge(const struct sim_app *app, size_t object, const uint8_t *block, size_t len,
    bool update, struct sim_meta *merged);

/* InData as TLVs: tag(1) length(2) value. want lists the tags that may come, each once. */
struct tlv {
	uint8_t tag;
	bool present;
	size_t len;
	const uint8_t *value;
};
uint8_t tlv_parse(const uint8_t *in, size_t len, struct tlv *want, size_t n);

/* Index of an object of this chip by the OID at p, or -1. */
int oid_at(const struct sim_app *app, const uint8_t *p);

/* Whether this chip does as the switch says. */
static inline bool
app_switch(const struct sim_app *app, enum sim_app_switch which)
{
	return (app->switches & which) != 0;
}

/* Appends tag, length and value to OutData. */
void call_put(struct call *c, uint8_t tag, const uint8_t *v, size_t len);

/* A persistent key or secret is about to be used: counts, and may delay the command. */
void monitor_event(struct call *c);

#endif
