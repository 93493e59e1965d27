/*
 * A bus event in the words of the protocol specification and the chip's manual. Payloads are
 * counted, never shown: who reads a trace need not see what a chip keeps.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/state.h"
#include "hal/sim/trace.h"

#define REG_DATA 0x80
#define FLUSH    0x80

static unsigned
be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* --- registers ----------------------------------------------------------------------------- */

static const struct {
	uint8_t reg;
	const char *name, *unit;
} registers[] = {
	{ 0x80, "DATA", "" },
	{ 0x81, "DATA_REG_LEN", " bytes" },
	{ 0x82, "I2C_STATE", "" },
	{ 0x83, "BASE_ADDR", "" },
	{ 0x84, "MAX_SCL_FREQU", " kHz" },
	{ 0x85, "GUARD_TIME", " us" },
	{ 0x86, "TRANS_TIMEOUT", " ms" },
	{ 0x87, "PWR_SAVE_TIMEOUT", "" },
	{ 0x88, "SOFT_RESET", "" },
	{ 0x89, "I2C_MODE", "" },
	{ 0x90, "APP_STATE_0", "" },
};

static void
say_state(FILE *out, const uint8_t *p)
{
	(void)fprintf(out, "I2C_STATE: %s, ", p[0] & 0x80 ? "busy" : "not busy");
	if (p[0] & 0x40)
		(void)fprintf(out, "a frame of %u bytes is ready\n", be16(p + 2));
	else
		(void)fprintf(out, "no frame\n");
}

static void
say_register(FILE *out, uint8_t reg, const uint8_t *p, size_t n)
{
	unsigned long v = 0;
	size_t i;

	for (i = 0; i < NITEMS(registers) && registers[i].reg != reg; i++)
		;
	if (i == NITEMS(registers)) {
		(void)fprintf(out, "register %02X, %zu bytes\n", reg, n);
		return;
	}
	if (n == 0) {
		(void)fprintf(out, "select %s\n", registers[i].name);
		return;
	}
	if (reg == 0x82 && n == 4) {
		say_state(out, p);
		return;
	}
	(void)fprintf(out, "%s", registers[i].name);
	for (size_t b = 0; b < n; b++)
		v = v << 8 | p[b];
	if (n > 4)
		(void)fprintf(out, ", %zu bytes\n", n);
	else if (*registers[i].unit != '\0' && v != 0xFFFFFFFF)
		(void)fprintf(out, ": %lu%s\n", v, registers[i].unit);
	else
		(void)fprintf(out, ": %0*lX\n", (int)(2 * n), v);
}

/* --- objects and commands ------------------------------------------------------------------ */

static const struct {
	uint16_t first, last;
	int base; /* of the number in the name; -1: none */
	const char *name;
} objects[] = {
	{ 0xE0C0, 0xE0C0, -1, "global life cycle" },
	{ 0xE0C1, 0xE0C1, -1, "global security status" },
	{ 0xE0C2, 0xE0C2, -1, "coprocessor UID" },
	{ 0xE0C3, 0xE0C3, -1, "sleep delay" },
	{ 0xE0C4, 0xE0C4, -1, "current limitation" },
	{ 0xE0C5, 0xE0C5, -1, "security event counter" },
	{ 0xE0C6, 0xE0C6, -1, "largest APDU" },
	{ 0xE0C9, 0xE0C9, -1, "security monitor configuration" },
	{ 0xE0E0, 0xE0E3, 1, "certificate" },
	{ 0xE0E8, 0xE0EF, 1, "trust anchor" },
	{ 0xE0F0, 0xE0F3, 1, "private key" },
	{ 0xE0FC, 0xE0FD, 1, "RSA private key" },
	{ 0xE100, 0xE103, 1, "session context" },
	{ 0xE120, 0xE123, 1, "counter" },
	{ 0xE140, 0xE140, -1, "platform binding secret" },
	{ 0xE200, 0xE200, -1, "symmetric key" },
	{ 0xF1C0, 0xF1C0, -1, "application life cycle" },
	{ 0xF1C1, 0xF1C1, -1, "application security status" },
	{ 0xF1C2, 0xF1C2, -1, "last error" },
	{ 0xF1D0, 0xF1DF, 1, "data object" },
	{ 0xF1E0, 0xF1E1, 13, "data object" },
};

static void
say_object(FILE *out, uint16_t oid)
{
	(void)fprintf(out, "%04X", oid);
	for (size_t i = 0; i < NITEMS(objects); i++) {
		if (oid < objects[i].first || oid > objects[i].last)
			continue;
		(void)fprintf(out, " (%s", objects[i].name);
		if (objects[i].base >= 0)
			(void)fprintf(out, " %d", oid - objects[i].first + objects[i].base);
		(void)fprintf(out, ")");
	}
}

/* What is in front of a command's data; LATER: an OID is in its tags, the first of them 01. */
enum front { NOTHING, OID_OFFSET, LENGTH, LATER };

static const struct command {
	uint8_t code;
	enum front front;
	const char *name;
} commands[] = {
	{ 0x01, OID_OFFSET, "GetDataObject" },
	{ 0x02, OID_OFFSET, "SetDataObject" },
	{ 0x03, NOTHING, "SetObjectProtected" },
	{ 0x0C, LENGTH, "GetRandom" },
	{ 0x10, NOTHING, "SetAuthScheme" },
	{ 0x14, NOTHING, "EncryptSym" },
	{ 0x15, NOTHING, "DecryptSym" },
	{ 0x18, NOTHING, "GetAuthMsg" },
	{ 0x19, NOTHING, "SetAuthMsg" },
	{ 0x1A, NOTHING, "ProcUpLink" },
	{ 0x1B, NOTHING, "ProcDownLink" },
	{ 0x1E, NOTHING, "EncryptAsym" },
	{ 0x1F, NOTHING, "DecryptAsym" },
	{ 0x30, NOTHING, "CalcHash" },
	{ 0x31, NOTHING, "CalcSign" },
	{ 0x32, NOTHING, "VerifySign" },
	{ 0x33, LATER, "CalcSSec" },
	{ 0x34, LATER, "DeriveKey" },
	{ 0x38, LATER, "GenKeyPair" },
	{ 0x39, LATER, "GenSymKey" },
	{ 0x70, NOTHING, "OpenApplication" },
	{ 0x71, NOTHING, "CloseApplication" },
};

static const struct command *
find(uint8_t code)
{
	static const struct command unknown = { 0, NOTHING, NULL };

	for (size_t i = 0; i < NITEMS(commands); i++)
		if (commands[i].code == (code & (uint8_t)~FLUSH))
			return &commands[i];
	return &unknown;
}

/* p: what is shown of the data, n bytes; len: how long the data is. */
static void
say_front(FILE *out, struct trace_words *w, const struct command *c, const uint8_t *p, size_t n,
    unsigned len)
{
	if (c->front == OID_OFFSET && n >= 2) {
		w->oid = (uint16_t)be16(p);
		(void)fprintf(out, " ");
		say_object(out, w->oid);
		if (w->param == 0x01)
			(void)fprintf(out, ", metadata");
		if (n >= 4 && w->param != 0x01)
			(void)fprintf(out, ", offset %u", be16(p + 2));
		if (c->code == 0x01 && n >= 6)
			(void)fprintf(out, ", up to %u bytes", be16(p + 4));
		else if (c->code == 0x02 && len >= 4)
			(void)fprintf(out, ", %u bytes", len - 4);
	} else if (c->front == LENGTH && n >= 2) {
		(void)fprintf(out, ", %u bytes", be16(p));
	} else if (c->front == LATER && n >= 5 && p[0] == 0x01 && be16(p + 1) == 2) {
		(void)fprintf(out, " ");
		say_object(out, (uint16_t)be16(p + 3));
		(void)fprintf(out, ", %u bytes of data", len);
	} else if (len > 0) {
		(void)fprintf(out, ", %u bytes of data", len);
	}
}

/* apdu: n bytes of it are known. */
static void
say_command(FILE *out, struct trace_words *w, const uint8_t *apdu, size_t n)
{
	const struct command *c;

	w->cmd = 0;
	w->oid = 0;
	if (n < 4) {
		(void)fprintf(out, "          a command, too short or left out\n");
		return;
	}
	c = find(apdu[0]);
	w->cmd = apdu[0];
	w->param = apdu[1];
	if (c->name != NULL)
		(void)fprintf(out, "          command %s, Param %02X", c->name, apdu[1]);
	else
		(void)fprintf(out, "          command %02X, Param %02X", apdu[0], apdu[1]);
	say_front(out, w, c, apdu + 4, n - 4, be16(apdu + 2));
	(void)fprintf(out, "\n");
}

static void
say_response(FILE *out, const struct trace_words *w, const uint8_t *apdu, size_t n)
{
	if (n < 4) {
		(void)fprintf(out, "          a response, too short or left out\n");
		return;
	}
	(void)fprintf(out, "          response: ");
	if (apdu[0] != 0)
		(void)fprintf(out, "error (%02X)\n", apdu[0]);
	else if (w->oid == 0xF1C2 && (w->cmd & 0x7F) == 0x01 && n >= 5 && be16(apdu + 2) == 1)
		(void)fprintf(out, "last error %02X: %s\n", apdu[4],
		    apdu[4] == 0 ? "none" : hal_strerror(apdu[4]));
	else
		(void)fprintf(out, "success, %u bytes of data\n", be16(apdu + 2));
}

/* --- frames, packets, records -------------------------------------------------------------- */

static const char *
chain_words(uint8_t pctr)
{
	static const char *const words[8] = { "whole message", "first of a chain",
		"next of a chain", "illegal chain", "last of a chain", "illegal chain",
		"illegal chain", "chaining error" };

	return words[pctr & 7];
}

static const struct {
	uint8_t sctr;
	const char *host, *chip;
} messages[] = {
	{ 0x00, "Hello", "Hello" },
	{ 0x04, "Key Agreement", "Key Agreement" },
	{ 0x08, "Finished", "Finished" },
	{ 0x20, "record, nothing protected", "record, nothing protected" },
	{ 0x21, "record, command protected", "record, command was protected" },
	{ 0x22, "record, response to be protected", "record, response protected" },
	{ 0x23, "record, both protected", "record, both protected" },
	{ 0x40, "alert: fatal error", "alert: fatal error" },
	{ 0x44, "alert: integrity violated", "alert: integrity violated" },
	{ 0x60, "save context", "save context" },
	{ 0x64, "context saved", "context saved" },
	{ 0x68, "restore context", "restore context" },
	{ 0x6C, "context restored", "context restored" },
};

/* SEQ is in front of cipher text; in contexts it is what is told. */
static void
say_sctr(FILE *out, bool host, const uint8_t *p, size_t n)
{
	const uint8_t sealed = host ? 0x01 : 0x02;
	size_t i;

	for (i = 0; i < NITEMS(messages) && messages[i].sctr != p[0]; i++)
		;
	if (i == NITEMS(messages)) {
		(void)fprintf(out, "          SCTR %02X\n", p[0]);
		return;
	}
	(void)fprintf(out, "          %s", host ? messages[i].host : messages[i].chip);
	if (n >= 5 && (p[0] == 0x08 || ((p[0] & 0xFC) == 0x20 && p[0] & sealed) ||
			  (p[0] & 0xFC) == 0x68 || (p[0] & 0xFC) == 0x6C))
		(void)fprintf(out, ", SEQ %04X%04X", be16(p + 1), be16(p + 3));
	(void)fprintf(out, "\n");
}

/* The first packet of a message; p starts at SCTR or APDU. */
static void
say_message(FILE *out, struct trace_words *w, bool host, bool layer, const uint8_t *p, size_t n)
{
	uint8_t sctr = 0x20;

	if (layer) {
		if (n == 0)
			return;
		sctr = p[0];
		say_sctr(out, host, p, n);
		p++;
		n--;
	}
	if ((sctr & 0xFC) != 0x20)
		return;
	if (host) {
		w->sealed = sctr & 0x01;
		if (w->sealed)
			w->cmd = 0, w->oid = 0;
		else
			say_command(out, w, p, n);
	} else if (!(sctr & 0x02)) {
		say_response(out, w, p, n);
	}
}

static void
say_control(FILE *out, const uint8_t *f)
{
	switch (f[0] & 0x60) {
	case 0x00: (void)fprintf(out, "control frame: ACK %u", f[0] & 3); break;
	case 0x20: (void)fprintf(out, "control frame: NAK %u", f[0] & 3); break;
	case 0x40: (void)fprintf(out, "control frame: re-synchronise"); break;
	default: (void)fprintf(out, "control frame: undefined"); break;
	}
}

/* f: shown bytes from FCTR on, n of them of len on the wire. */
static void
say_frame(FILE *out, struct trace_words *w, bool host, const uint8_t *f, size_t n, size_t len)
{
	const char *bad = "";
	bool whole = n == len && n >= 5;

	if (n < 3 || be16(f + 1) + 5U != len) {
		(void)fprintf(out, "damaged frame, %zu bytes\n", len);
		return;
	}
	if (whole && sim_crc(f, n - 2) != be16(f + n - 2))
		bad = ", wrong checksum";
	if (f[0] & 0x80) {
		say_control(out, f);
		(void)fprintf(out, "%s\n", bad);
		return;
	}
	(void)fprintf(out, "data frame %u, %s %u, %zu bytes%s", f[0] >> 2 & 3,
	    f[0] & 0x20 ? "NAK" : "ACK", f[0] & 3, len, bad);
	if (n < 4) {
		(void)fprintf(out, "\n");
		return;
	}
	(void)fprintf(out, ": %s\n", chain_words(f[3]));
	if ((f[3] & 7) <= 1)
		say_message(out, w, host, f[3] & 0x08, f + 4, whole ? n - 6 : n - 4);
}

static void
say_line(FILE *out, const struct trace_event *e)
{
	if (e->shown < 2)
		(void)fprintf(out, "line\n");
	else
		(void)fprintf(out, "%s %s\n", e->data[0] ? "supply" : "reset line",
		    e->data[1] ? (e->data[0] ? "on" : "released") : (e->data[0] ? "off" : "low"));
}

void
trace_say(FILE *out, struct trace_words *w, const struct trace_event *e)
{
	(void)fprintf(out, "%10.3f  %c  ", e->t_us / 1000, e->dir);
	if (e->dir == 'W' && e->shown > 0)
		w->reg = e->data[0];
	if (e->nack) {
		(void)fprintf(out, "address not acknowledged\n");
		return;
	}
	if (e->failed) {
		(void)fprintf(out, "transfer failed\n");
		return;
	}
	if (e->dir == 'Z')
		say_line(out, e);
	else if (e->dir == 'M')
		(void)fprintf(out, "mark\n");
	else if (e->dir == 'R' && w->reg == REG_DATA)
		say_frame(out, w, false, e->data, e->shown, e->n);
	else if (e->dir == 'R')
		say_register(out, w->reg, e->data, e->shown);
	else if (e->shown > 1 && w->reg == REG_DATA)
		say_frame(out, w, true, e->data + 1, e->shown - 1, e->n - 1);
	else if (e->shown > 0)
		say_register(out, w->reg, e->data + 1, e->shown - 1);
}
