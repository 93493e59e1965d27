/*
 * The application behind the simulated chip's wires: commands, objects, keys. Takes one command
 * APDU, gives one response APDU and the time it takes. Solution Reference Manual 3.30, chapter 4.
 *
 * The commands are one table in app.c.
 *
 * struct sim_app is plain data of fixed size with no pointers: it lives in the image file, and a
 * command changes a copy that becomes valid as a whole.
 */
#ifndef HAL_SIM_APP_H
#define HAL_SIM_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_APDU_MAX   1557 /* object E0C6 */

#define SIM_NOBJECTS   52
#define SIM_NKEYS      7  /* E0F0..E0F3, E0FC, E0FD, E200 */
#define SIM_META_MAX   42 /* 44 with tag 20 and length */
#define SIM_POOL       16384
#define SIM_NSESSIONS  4
#define SIM_NAUTO      4
#define SIM_SECRET_MAX 66 /* secret or random in a session */
#define SIM_NO_TIME    UINT64_MAX

/* Metadata as TLVs in ascending order, without the head "20 len". */
struct sim_meta {
	uint8_t len;
	uint8_t tlv[SIM_META_MAX];
};

/* A key slot; what it may be used for is in the object's metadata (E0, E1). */
struct sim_key {
	uint8_t alg;       /* 0: empty */
	uint8_t priv[256]; /* EC: scalar, RSA: private exponent, AES: key; fills the key's size */
	uint8_t n[256];    /* RSA: modulus */
};

/* What a session context holds; a new content replaces the old one. */
enum sim_session_kind {
	SIM_SESSION_EMPTY,
	SIM_SESSION_KEY,       /* private key with its usage */
	SIM_SESSION_SECRET,    /* agreed or derived */
	SIM_SESSION_PREMASTER, /* drawn by GetRandom, can go out encrypted */
	SIM_SESSION_DECRYPTED, /* from DecryptAsym: for DeriveKey only */
	SIM_SESSION_RANDOM,    /* authorization code: for one verification */
};

struct sim_session_context {
	uint8_t kind;
	uint8_t usage; /* of the key */
	uint8_t len;
	uint8_t data[SIM_SECRET_MAX];
	struct sim_key key;
};

/* A SHA-2 in progress. */
struct sim_sha {
	uint64_t h[8], total;
	uint8_t block[128];
	uint8_t size; /* bytes of digest, 0: nothing runs */
};

/* EncryptSym and DecryptSym between start and final. */
struct sim_sequence {
	uint8_t code; /* command it belongs to, 0: none */
	uint8_t param;
	uint8_t key; /* object index of an AES key */
	uint8_t chain[16];
	struct sim_sha inner, outer; /* HMAC */
};

/* A SetObjectProtected in steps: what its manifest said, and how far it is. */
struct sim_update {
	uint8_t type, encrypted;
	uint8_t object; /* index of the target */
	uint16_t version;
	uint16_t fragments;  /* taken so far */
	uint32_t size, done; /* of the payload */
	uint32_t info[2];    /* what the type needs, see manifest.h */
	uint8_t hash[32];    /* of the next fragment */
	uint8_t key[16];     /* of the encryption */
	uint8_t nonce[11];
	uint8_t payload[640]; /* of a key or metadata */
};

/* What hibernation saves and restores. */
struct sim_context {
	struct sim_session_context session[SIM_NSESSIONS];
	uint16_t authorized[SIM_NAUTO]; /* OIDs whose Auto state is set, 0: free */
};

struct sim_hibernation {
	bool saved;
	bool shielded;  /* it was saved with the presentation layer in use */
	uint8_t secsta; /* F1C1 */
	uint8_t handle[8];
	struct sim_context context;
};

struct sim_app {
	/* Not lost with power. */
	uint8_t model; /* index into the table of models */
	struct sim_meta meta[SIM_NOBJECTS];
	uint8_t pool[SIM_POOL]; /* contents, one object after the other */
	struct sim_key key[SIM_NKEYS];
	double speed;
	uint8_t monitor;
	uint8_t sec_nvm;      /* security event counter as kept */
	uint8_t drbg_key[32]; /* deterministic random bits: SHA-256 over key and counter */
	uint64_t drbg_count;
	struct sim_hibernation hibernation;
	uint32_t switches; /* enum sim_app_switch */
	/* A protected update that writes over the content began and did not end. */
	bool overwriting[SIM_NOBJECTS];
	/* Lost with a reset. */
	uint8_t open;       /* application open */
	uint8_t last_error; /* F1C2 */
	uint8_t sec, credit;
	bool shield_restored; /* an application saved under the shield is back: it must be used */
	uint8_t terminated;   /* LcsG was set to termination: nothing works any more */
	uint64_t sec_time;    /* when the running t_max period began */
	struct sim_context context;
	struct sim_sha hash; /* CalcHash */
	struct sim_sequence sequence;
	struct sim_update update;
};

/* How a command came and how its answer goes back (presentation layer). */
struct sim_protection {
	bool active;   /* presentation layer in use */
	bool command;  /* command arrived protected */
	bool response; /* response will be protected */
};

/*
 * Factory state of a new chip. model as in sim_config; seed makes keys, UID and randoms;
 * speed scales execution times. 0 or HAL_EINVAL (model unknown), HAL_ECRYPTO.
 */
int sim_app_factory(
    struct sim_app *app, const char *model, uint64_t seed, double speed, bool monitor);

/* Reset or power-on at bus time now (ns): volatile state is lost, cold also what only power keeps.
 */
void sim_app_reset(struct sim_app *app, uint64_t now, bool cold);

/* What the wires must know of the model. */
struct sim_wire {
	bool presentation;              /* has a presentation layer */
	uint8_t startup_ms, pending_ms; /* start-up; if memory was being programmed at the reset */
};
const struct sim_wire *sim_app_wire(const struct sim_app *app);

/*
 * Runs a command that was completely received at bus time now. rsp has room for SIM_APDU_MAX;
 * *rsp_len is at least 4. *exec_ns: how long the chip takes, before the answer is ready.
 */
void sim_app_command(struct sim_app *app, uint64_t now, const struct sim_protection *prot,
    const uint8_t *cmd, size_t cmd_len, uint8_t *rsp, size_t *rsp_len, uint64_t *exec_ns);

/*
 * The presentation layer is about to derive its keys from the platform binding secret E140: its
 * length, 0 if it may not be used. *exec_ns: how long the derivation takes. event: it counts for
 * the security monitor.
 */
#define SIM_BINDING_MAX 64
size_t sim_app_binding(struct sim_app *app, uint64_t now, bool event,
    uint8_t secret[SIM_BINDING_MAX], uint64_t *exec_ns);

void sim_app_random(struct sim_app *app, uint8_t *out, size_t len);

/* How long something takes on this chip that takes us at 15 mA and speed 1, in ns. */
uint64_t sim_app_time(const struct sim_app *app, uint64_t us);

/* The chip has gone on living without commands until now: timers of the security monitor. */
void sim_app_advance(struct sim_app *app, uint64_t now);

/* Whether a state that was read from a file leads no length or index astray. */
bool sim_app_sane(const struct sim_app *app);

/* One object for optiga-sim show. */
struct sim_object_view {
	uint16_t oid;
	const char *name;
	const uint8_t *meta; /* "20 len ...", built into the caller's buffer */
	size_t meta_len;
	const uint8_t *data; /* content, NULL for keys and secrets */
	size_t used, max;
	bool key_present;
};
size_t sim_app_objects(const struct sim_app *app);
/* n: less than sim_app_objects. */
void sim_app_object(
    const struct sim_app *app, size_t n, uint8_t meta[44], struct sim_object_view *v);

/*
 * The n-th certificate of the simulated vendor that signs factory certificates of a model (DER,
 * static), for chain checks. NULL past the last one, or if there is no such model.
 */
const uint8_t *sim_vendor_ca(const char *model, size_t n, size_t *len);

/* What the vendor's portal gives to the buyer of a personalised chip. */
#define SIM_UID_LEN    27
#define SIM_SECRET_LEN 64
struct sim_portal {
	uint8_t uid[SIM_UID_LEN];
	uint8_t binding[SIM_SECRET_LEN];       /* E140 */
	uint8_t authorization[SIM_SECRET_LEN]; /* F1D0 */
};
/* Of a new chip; false: this model is not personalised. */
bool sim_app_portal(const struct sim_app *app, struct sim_portal *p);

/* Names of the models; NULL past the last one. */
const char *sim_app_model(size_t n);

#endif
