/*
 * The application behind the simulated chip's wires: commands, objects, keys. Takes one command
 * APDU, gives one response APDU and the time it takes. Solution Reference Manual 3.30, chapter 4.
 *
 * struct sim_app is plain data of fixed size with no pointers: it lives in the image file, and a
 * command changes a copy that becomes valid as a whole.
 */
#ifndef HAL_SIM_APP_H
#define HAL_SIM_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_APDU_MAX 1557 /* object E0C6 */

struct sim_app {
	uint8_t todo; /* grows with the commands */
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
int sim_app_factory(struct sim_app *app, const char *model, uint64_t seed, double speed,
    bool monitor);

/* Reset or power-on at bus time now (ns): volatile state is lost, cold also what only power keeps. */
void sim_app_reset(struct sim_app *app, uint64_t now, bool cold);

/*
 * Runs a command that was completely received at bus time now. rsp has room for SIM_APDU_MAX;
 * *rsp_len is at least 4. *exec_ns: how long the chip takes, before the answer is ready.
 */
void sim_app_command(struct sim_app *app, uint64_t now, const struct sim_protection *prot,
    const uint8_t *cmd, size_t cmd_len, uint8_t *rsp, size_t *rsp_len, uint64_t *exec_ns);

/* The chip has gone on living without commands until now: timers of the security monitor. */
void sim_app_advance(struct sim_app *app, uint64_t now);

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
void sim_app_object(const struct sim_app *app, size_t i, uint8_t meta[44],
    struct sim_object_view *v);

/* The simulated vendor's CA certificate that signs factory certificates (DER, static), for chain checks. */
const uint8_t *sim_vendor_ca(size_t *len);

#endif
