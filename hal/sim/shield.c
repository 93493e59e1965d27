/*
 * Presentation layer of the chip: handshake, records, alerts, saved contexts. IFX I2C protocol
 * 2.03 chapter 6.
 *
 * A message is SCTR (1) and a body; a protected body is SEQ (4), cipher text, tag (8).
 *
 *   host                 chip
 *   00 PVER              00 PVER RND(32) SSEQ(4)    hello
 *   08 SSEQ{RND SSEQ}    08 MSEQ{RND MSEQ}          finished; host's key, chip's key
 *   20..23 command       same SCTR, response        bit 0: command protected, bit 1: response
 *   40, 44               40, or the response again  alerts: fatal, integrity violated
 *   60                   64                         the session is saved, and over for now
 *   68 SSEQ              6C MSEQ                    it goes on
 *
 * Whatever is not in order is answered by alert 40, and then there is no session any more. What the
 * specification leaves open is a switch (fault.h).
 */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/sim/state.h"

enum {
	SCTR_HELLO = 0x00,
	SCTR_FINISHED = 0x08,
	SCTR_RECORD = 0x20,
	SCTR_FATAL = 0x40,
	SCTR_INTEGRITY = 0x44,
	SCTR_SAVE = 0x60,
	SCTR_SAVED = 0x64,
	SCTR_RESTORE = 0x68,
	SCTR_RESTORED = 0x6C,
};

#define COMMAND_PROTECTED  0x01
#define RESPONSE_PROTECTED 0x02

#define PVER_SECRET        0x01 /* bit field: pre-shared secret */
#define SEQ_LEN            4
#define OVERHEAD           (1 + SEQ_LEN + SEAL_TAG)
#define FINISHED_LEN       (SEAL_RND + SEQ_LEN)
#define WINDOW             3 /* TRANS_REPEAT */
#define SEQ_LAST           0xFFFFFFF0U

/* No table has these; context: what hibernation is about, writing memory. */
#define ALERT_NS    SIM_US(500)
#define FINISHED_US 6000
#define CONTEXT_US  10000
#define REPEAT_US   5000

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* --- what there is and what goes ----------------------------------------------------------- */

static void
end_session(struct sim_shield *sh)
{
	sh->phase = SIM_SHIELD_NONE;
	sh->again_len = 0;
	OPENSSL_cleanse(&sh->live, sizeof(sh->live));
	OPENSSL_cleanse(sh->again, sizeof(sh->again));
}

static void
forget_saved(struct sim_shield *sh)
{
	sh->has_saved = false;
	OPENSSL_cleanse(&sh->saved, sizeof(sh->saved));
}

/* A saved context, the switches and the faults on request outlive resets and power. */
void
sim_shield_reset(struct sim_shield *sh)
{
	sh->required = false;
	end_session(sh);
}

/* One more of its class: does the fault on request hit it? */
static bool
hit(struct sim_shield *sh, enum sim_shield_fault_kind kind)
{
	const struct sim_shield_fault *f = &sh->fault;
	unsigned nr;

	if (f->kind != kind)
		return false;
	nr = sh->fault_seen++;
	return nr >= f->skip && (f->count == 0 || nr - f->skip < f->count);
}

/* --- answers ------------------------------------------------------------------------------- */

static void
answer(struct sim_chain *ch, uint8_t sctr, size_t body_len)
{
	ch->tx[0] = sctr;
	ch->tx_len = (uint16_t)(1 + body_len);
}

static void
alert(struct sim_state *st, uint8_t sctr, uint64_t *exec_ns)
{
	answer(&st->chain, sctr, 0);
	*exec_ns = ALERT_NS;
}

static void
fatal(struct sim_state *st, uint64_t *exec_ns)
{
	end_session(&st->shield);
	alert(st, SCTR_FATAL, exec_ns);
}

/* What the host sent cannot be verified: it may say the same again. */
static void
integrity(struct sim_state *st, uint64_t *exec_ns)
{
	alert(st, SCTR_INTEGRITY, exec_ns);
}

/* The chip's side of a protected message, with the damage that a test wants. */
static bool
seal(struct sim_state *st, uint8_t sctr, uint32_t seq, const uint8_t *plain, size_t len)
{
	struct sim_shield *sh = &st->shield;
	struct sim_chain *ch = &st->chain;
	uint8_t *body = ch->tx + 1 + SEQ_LEN;
	size_t cut;

	put_be32(ch->tx + 1, seq);
	memmove(body, plain, len);
	if (hit(sh, SIM_SHIELD_FAULT_TEXT))
		body[0] ^= 1;
	if (!seal_close(&sh->live.keys.chip, sctr, seq, body, len, body))
		return false;
	answer(ch, sctr, SEQ_LEN + len + SEAL_TAG);
	if (hit(sh, SIM_SHIELD_FAULT_TAG))
		ch->tx[ch->tx_len - 1] ^= 1;
	if (hit(sh, SIM_SHIELD_FAULT_SHORT)) {
		cut = sh->fault.arg < ch->tx_len ? sh->fault.arg : ch->tx_len - 1U;
		ch->tx_len = (uint16_t)(ch->tx_len - cut);
	}
	return true;
}

/* The host's side: SEQ is in place, checked by the caller; the text goes to plain. */
static bool
open_message(struct sim_state *st, uint8_t *plain, size_t len)
{
	const uint8_t *rx = st->chain.rx;

	if (!seal_open(
		&st->shield.live.keys.host, rx[0], be32(rx + 1), rx + 1 + SEQ_LEN, len, plain))
		return false;
	if (!hit(&st->shield, SIM_SHIELD_FAULT_REFUSE))
		return true;
	OPENSSL_cleanse(plain, len);
	return false;
}

/* --- handshake ----------------------------------------------------------------------------- */

static void
draw(struct sim_state *st)
{
	struct sim_shield *sh = &st->shield;
	uint8_t seq[4];

	if (sh->chosen) {
		memcpy(sh->live.rnd, sh->choice.rnd, SEAL_RND);
		sh->live.sseq = sh->choice.sseq;
		sh->live.mseq = sh->choice.mseq;
		sh->chosen = false;
		return;
	}
	sim_app_random(&st->app, sh->live.rnd, SEAL_RND);
	sim_app_random(&st->app, seq, sizeof(seq));
	sh->live.sseq = (uint32_t)seq[0] << 8 | seq[1];
	sh->live.mseq = (uint32_t)seq[2] << 8 | seq[3];
	if (sh->switches & SIM_SHIELD_EQUAL_SEQ)
		sh->live.mseq = sh->live.sseq;
}

static void
refuse(struct sim_state *st, uint64_t *exec_ns)
{
	end_session(&st->shield);
	alert(st, st->shield.switches & SIM_SHIELD_HANDSHAKE_44 ? SCTR_INTEGRITY : SCTR_FATAL,
	    exec_ns);
}

static void
hello(struct sim_state *st, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;
	struct sim_chain *ch = &st->chain;
	uint8_t secret[SIM_BINDING_MAX];
	size_t len;
	bool ok;

	end_session(sh);
	forget_saved(sh);
	if (ch->rx_len != 2 || !(ch->rx[1] & PVER_SECRET)) {
		refuse(st, exec_ns);
		return;
	}
	len = sim_app_binding(
	    &st->app, st->now, !(sh->switches & SIM_SHIELD_NO_EVENT), secret, exec_ns);
	draw(st);
	ok = len > 0 && seal_derive(secret, len, sh->live.rnd, &sh->live.keys);
	OPENSSL_cleanse(secret, sizeof(secret));
	if (!ok) {
		refuse(st, exec_ns);
		return;
	}
	sh->phase = SIM_SHIELD_HELLO;
	ch->tx[1] = hit(sh, SIM_SHIELD_FAULT_HELLO) ? (uint8_t)sh->fault.arg : PVER_SECRET;
	memcpy(ch->tx + 2, sh->live.rnd, SEAL_RND);
	put_be32(ch->tx + 2 + SEAL_RND, sh->live.sseq);
	answer(ch, SCTR_HELLO, 1 + SEAL_RND + SEQ_LEN);
}

/* Finished uses each key with the other direction's number. */
static void
finished(struct sim_state *st, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;
	struct sim_chain *ch = &st->chain;
	uint8_t want[FINISHED_LEN], got[FINISHED_LEN];
	bool ok;

	memcpy(want, sh->live.rnd, SEAL_RND);
	put_be32(want + SEAL_RND, sh->live.sseq);
	ok = sh->phase == SIM_SHIELD_HELLO && ch->rx_len == OVERHEAD + FINISHED_LEN &&
	     be32(ch->rx + 1) == sh->live.sseq && open_message(st, got, FINISHED_LEN) &&
	     CRYPTO_memcmp(got, want, FINISHED_LEN) == 0;
	put_be32(want + SEAL_RND, sh->live.mseq);
	if (!ok || !seal(st, SCTR_FINISHED, sh->live.mseq, want, FINISHED_LEN)) {
		refuse(st, exec_ns);
		return;
	}
	sh->phase = SIM_SHIELD_SESSION;
	st->counts.handshakes++;
	*exec_ns = sim_app_time(&st->app, FINISHED_US);
}

/* --- records ------------------------------------------------------------------------------- */

/*
 * What the shielded connection adds to a command: the difference of the columns of the data sheet's
 * table. us_long: for RSA, which shows in the time the command takes. Commands that are not in the
 * table need what CalcHash does, the difference of 14 and 15 kB/s, for the bytes that are
 * protected.
 */
#define LONG_NS     SIM_MS(250)
#define NS_PER_BYTE 4762

static const struct extra {
	uint8_t cmd;
	uint16_t us, us_long;
} extras[] = {
	{ 0x14, 7000, 7000 },   /* EncryptSym */
	{ 0x15, 7000, 7000 },   /* DecryptSym */
	{ 0x1E, 10000, 10000 }, /* EncryptAsym */
	{ 0x1F, 10000, 10000 }, /* DecryptAsym */
	{ 0x31, 5000, 10000 },  /* CalcSign */
	{ 0x32, 10000, 10000 }, /* VerifySign */
	{ 0x33, 5000, 5000 },   /* CalcSSec */
	{ 0x34, 5000, 5000 },   /* DeriveKey */
	{ 0x38, 5000, 10000 },  /* GenKeyPair */
};

static uint64_t
extra_ns(const struct sim_state *st, uint8_t cmd, uint64_t exec_ns, size_t bytes)
{
	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++)
		if (extras[i].cmd == (cmd & 0x7F))
			return sim_app_time(&st->app,
			    exec_ns >= sim_app_time(&st->app, LONG_NS / 1000) ? extras[i].us_long
									      : extras[i].us);
	return sim_app_time(&st->app, bytes * NS_PER_BYTE / 1000);
}

/* The response in again, protected or not, as the SCTR of its command says. */
static void
respond(struct sim_state *st, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;
	struct sim_chain *ch = &st->chain;
	uint8_t sctr = sh->again_sctr;
	uint32_t step = 1;

	if (hit(sh, SIM_SHIELD_FAULT_SCTR))
		sctr = (uint8_t)sh->fault.arg;
	if (!(sctr & RESPONSE_PROTECTED)) {
		memcpy(ch->tx + 1, sh->again, sh->again_len);
		answer(ch, sctr, sh->again_len);
		return;
	}
	if (hit(sh, SIM_SHIELD_FAULT_SEQ))
		step = sh->fault.arg;
	if (sh->live.sseq > SEQ_LAST - step ||
	    !seal(st, sctr, sh->live.sseq + step, sh->again, sh->again_len)) {
		fatal(st, exec_ns);
		return;
	}
	sh->live.sseq += step;
}

static void
execute(struct sim_state *st, const uint8_t *cmd, size_t len, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;
	const uint8_t sctr = st->chain.rx[0];
	const struct sim_protection prot = { .active = true,
		.command = sctr & COMMAND_PROTECTED,
		.response = sctr & RESPONSE_PROTECTED };
	size_t rsp_len = 0;

	if (hit(sh, SIM_SHIELD_FAULT_ALERT)) {
		fatal(st, exec_ns);
		return;
	}
	sim_app_advance(&st->app, st->now);
	sim_app_command(&st->app, st->now, &prot, cmd, len, sh->again, &rsp_len, exec_ns);
	sh->again_len = (uint16_t)rsp_len;
	sh->again_sctr = sctr;
	sh->repeats = 0;
	if (prot.command || prot.response)
		*exec_ns += extra_ns(
		    st, cmd[0], *exec_ns, (prot.command ? len : 0) + (prot.response ? rsp_len : 0));
	respond(st, exec_ns);
}

static bool
in_window(uint32_t seq, uint32_t last)
{
	return seq > last && seq - last <= WINDOW && seq <= SEQ_LAST;
}

/* Opens a protected command into plain. 0: an alert has been prepared instead. */
static size_t
open_command(struct sim_state *st, uint8_t *plain, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;
	const struct sim_chain *ch = &st->chain;
	size_t len;
	uint32_t seq;

	if (ch->rx_len <= OVERHEAD || (len = ch->rx_len - OVERHEAD) > SIM_APDU_MAX ||
	    !in_window(seq = be32(ch->rx + 1), sh->live.mseq)) {
		fatal(st, exec_ns);
		return 0;
	}
	if (open_message(st, plain, len)) {
		sh->live.mseq = seq;
		return len;
	}
	if (sh->switches & SIM_SHIELD_FAILED_COUNT)
		sh->live.mseq = seq;
	integrity(st, exec_ns);
	return 0;
}

static void
record(struct sim_state *st, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;
	const struct sim_chain *ch = &st->chain;
	const uint8_t sctr = ch->rx[0];
	uint8_t plain[SIM_APDU_MAX];
	size_t len = ch->rx_len - 1U;

	if (sctr != SCTR_RECORD && sh->phase != SIM_SHIELD_SESSION) {
		if (sh->switches & SIM_SHIELD_NO_SESSION_44)
			integrity(st, exec_ns);
		else
			fatal(st, exec_ns);
		return;
	}
	if (sctr & RESPONSE_PROTECTED && sh->live.sseq >= SEQ_LAST) {
		fatal(st, exec_ns); /* before anything is executed */
		return;
	}
	if (sctr & COMMAND_PROTECTED) {
		if ((len = open_command(st, plain, exec_ns)) == 0)
			return;
	} else if (len < 1 || len > SIM_APDU_MAX) {
		fatal(st, exec_ns);
		return;
	} else {
		memcpy(plain, ch->rx + 1, len);
	}
	execute(st, plain, len, exec_ns);
	OPENSSL_cleanse(plain, len);
}

/* --- alerts and contexts ------------------------------------------------------------------- */

/* The host could not verify the last response: the same once more, with the next number. */
static void
host_integrity(struct sim_state *st, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;

	if (st->chain.rx_len != 1 || sh->phase != SIM_SHIELD_SESSION || sh->again_len == 0 ||
	    !(sh->again_sctr & RESPONSE_PROTECTED) || sh->repeats >= WINDOW) {
		fatal(st, exec_ns);
		return;
	}
	sh->repeats++;
	*exec_ns = sim_app_time(&st->app, REPEAT_US);
	respond(st, exec_ns);
}

static void
host_fatal(struct sim_state *st, uint64_t *exec_ns)
{
	fatal(st, exec_ns);
	if (st->shield.switches & SIM_SHIELD_SILENT)
		st->chain.tx_len = 0;
}

/* The session that is saved does not go on: its numbers must not be used twice. */
static void
save(struct sim_state *st, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;

	if (st->chain.rx_len != 1 || sh->phase != SIM_SHIELD_SESSION) {
		fatal(st, exec_ns);
		return;
	}
	sh->saved = sh->live;
	sh->has_saved = true;
	end_session(sh);
	answer(&st->chain, SCTR_SAVED, 0);
	*exec_ns = sim_app_time(&st->app, CONTEXT_US);
}

static void
restore(struct sim_state *st, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;
	struct sim_chain *ch = &st->chain;

	end_session(sh);
	if (ch->rx_len != 1 + SEQ_LEN || !sh->has_saved || be32(ch->rx + 1) != sh->saved.sseq) {
		forget_saved(sh);
		fatal(st, exec_ns);
		return;
	}
	sh->live = sh->saved;
	sh->phase = SIM_SHIELD_SESSION;
	forget_saved(sh);
	put_be32(ch->tx + 1, sh->live.mseq);
	answer(ch, SCTR_RESTORED, SEQ_LEN);
	*exec_ns = sim_app_time(&st->app, CONTEXT_US);
}

static const struct message {
	uint8_t sctr;
	void (*run)(struct sim_state *st, uint64_t *exec_ns);
} messages[] = {
	{ SCTR_HELLO, hello },
	{ SCTR_FINISHED, finished },
	{ SCTR_RECORD, record },
	{ SCTR_RECORD | COMMAND_PROTECTED, record },
	{ SCTR_RECORD | RESPONSE_PROTECTED, record },
	{ SCTR_RECORD | COMMAND_PROTECTED | RESPONSE_PROTECTED, record },
	{ SCTR_FATAL, host_fatal },
	{ SCTR_INTEGRITY, host_integrity },
	{ SCTR_SAVE, save },
	{ SCTR_RESTORE, restore },
};

/* A host that does not use the layer: one that did before must go on. */
static void
without_layer(struct sim_state *st, uint64_t *exec_ns)
{
	static const struct sim_protection none;
	struct sim_chain *ch = &st->chain;
	size_t len = 0;

	if (ch->tx_presence || ch->rx_len > SIM_APDU_MAX) {
		fatal(st, exec_ns);
		return;
	}
	sim_app_advance(&st->app, st->now);
	sim_app_command(&st->app, st->now, &none, ch->rx, ch->rx_len, ch->tx, &len, exec_ns);
	ch->tx_len = (uint16_t)len;
}

/*
 * Once the host has used the layer it stays required until the next reset; also after the
 * application was restored that hibernated when it was in use.
 */
void
sim_shield_command(struct sim_state *st, uint64_t *exec_ns)
{
	struct sim_shield *sh = &st->shield;
	struct sim_chain *ch = &st->chain;

	if (ch->rx_presence || st->app.shield_restored)
		sh->required = true;
	ch->tx_presence =
	    ch->rx_presence || (sh->required && !(sh->switches & SIM_SHIELD_PLAIN_OK));
	if (!ch->rx_presence) {
		without_layer(st, exec_ns);
		return;
	}
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (messages[i].sctr == ch->rx[0]) {
			messages[i].run(st, exec_ns);
			return;
		}
	fatal(st, exec_ns);
}
