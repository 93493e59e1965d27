/*
 * Presentation layer: IFX I2C protocol 2.03, chapter 6.
 *
 * SCTR, the first byte of every message: 7:5 protocol | 4:2 message | 1:0 protection
 * Protection: bit 0 the host's message is protected, bit 1 the chip's. A protected message is
 * SCTR SEQ(4) ciphertext tag(8), any other one SCTR and the bytes as they are.
 *
 * Numbers: the agreed values count as used. Each protected message takes the next; the receiver
 * takes at most three more than the last it verified. Finished is encrypted with the number of
 * the opposite direction, so a counter that gets there would use a nonce twice: our own number
 * is left out, and the chip's is avoided by a new handshake (chapter 6 does not say so).
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/link/int.h"

#define SCTR_HELLO      0x00
#define SCTR_FINISHED   0x08
#define SCTR_RECORD     0x20 /* | enum link_protect */
#define SCTR_FATAL      0x40
#define SCTR_INTEGRITY  0x44
#define SCTR_SAVE       0x60
#define SCTR_SAVED      0x64
#define SCTR_RESTORE    0x68
#define SCTR_RESTORED   0x6C
#define SCTR_PROTECTION 0x03

#define HELLO_LEN       (2 + CCM_RND_LEN + CCM_SEQ_LEN)
#define PROOF_LEN       (CCM_RND_LEN + CCM_SEQ_LEN) /* plaintext of Finished */

#define TRANS_REPEAT    3
#define SEQ_LAST        0xFFFFFFF0
#define HANDSHAKES_MAX  4 /* in a row, for numbers that leave room for a message */
#define CONTEXT_WAIT    BUS_MS(5000)

static struct shield_session *
session(const struct link *ln)
{
	void *p = ln->session != NULL ? secret_data(ln->session) : NULL;

	return p;
}

void
shield_drop(struct link *ln)
{
	secret_free(&ln->session);
}

/* The session is over, and with it all that is known of the command. */
static int
lost(struct link *ln, const char *why)
{
	log_info("%s: encrypted session lost: %s", bus_selector(ln->bus), why);
	shield_drop(ln);
	return HAL_ESHIELD;
}

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* --- messages ------------------------------------------------------------------------------ */

/* Sends ln->msg; the answer is in ln->raw, at least its SCTR. */
static int
exchange_message(struct link *ln, uint64_t limit, bool *out)
{
	struct exchange m = {
		.cmd = ln->msg.data,
		.cmd_len = ln->msg.len,
		.rsp = &ln->raw,
		.limit = limit,
		.presence = true,
	};
	int r;

	/* From the first such message on the chip insists on it. */
	ln->presence = true;
	r = chain_exchange(ln, &m);
	*out = m.out;
	if (r == HAL_EPROTO || r == HAL_ERESET)
		shield_drop(ln);
	return r;
}

static int
exchange_bytes(struct link *ln, uint64_t limit, const void *msg, size_t len)
{
	bool ignored;
	int r;

	buf_reset(&ln->msg);
	if ((r = buf_put(&ln->msg, msg, len)) != 0)
		return r;
	return exchange_message(ln, limit, &ignored);
}

static bool
is_alert(const struct buf *raw, uint8_t alert)
{
	return raw->len == 1 && raw->data[0] == alert;
}

/* --- handshake ----------------------------------------------------------------------------- */

static int
no_handshake(const struct link *ln, const char *why)
{
	log_info("%s: encrypted connection refused: %s", bus_selector(ln->bus), why);
	return HAL_EPAIR;
}

/* Hello: the chip gives RND and the first number it will use. */
static int
hello(struct link *ln, uint64_t limit, uint8_t rnd[CCM_RND_LEN], struct shield_session *s)
{
	static const uint8_t msg[] = { SCTR_HELLO, CCM_PVER };
	const uint8_t *p;
	int r;

	if ((r = exchange_bytes(ln, limit, msg, sizeof(msg))) != 0)
		return r;
	p = ln->raw.data;
	if (ln->raw.len != HELLO_LEN || p[0] != SCTR_HELLO || p[1] != CCM_PVER)
		return no_handshake(ln, "the chip's greeting is none");
	memcpy(rnd, p + 2, CCM_RND_LEN);
	s->chip.first = s->chip.last = get_u32(p + 2 + CCM_RND_LEN);
	return ccm_derive(ln->ccm, ln->secret, rnd, &s->keys);
}

/* RND || number, what both sides prove that they could encrypt. */
static void
proof_of(const uint8_t rnd[CCM_RND_LEN], uint32_t seq, uint8_t proof[PROOF_LEN])
{
	memcpy(proof, rnd, CCM_RND_LEN);
	for (int i = 0; i < CCM_SEQ_LEN; i++)
		proof[CCM_RND_LEN + i] = (uint8_t)(seq >> (24 - 8 * i));
}

/* Finished, ours and the chip's, which brings the first number we are to use. */
static int
finish(struct link *ln, uint64_t limit, const uint8_t rnd[CCM_RND_LEN], struct shield_session *s)
{
	uint8_t proof[PROOF_LEN];
	struct buf plain = BUF_INIT;
	bool ignored;
	int r;

	buf_reset(&ln->msg);
	proof_of(rnd, s->chip.first, proof);
	if ((r = buf_put_u8(&ln->msg, SCTR_FINISHED)) != 0 ||
	    (r = ccm_seal(ln->ccm, &s->keys.host, SCTR_FINISHED, s->chip.first, proof,
		 sizeof(proof), &ln->msg)) != 0 ||
	    (r = exchange_message(ln, limit, &ignored)) != 0)
		return r;
	if (is_alert(&ln->raw, SCTR_FATAL) || is_alert(&ln->raw, SCTR_INTEGRITY))
		return no_handshake(ln, "its binding secret is another one than this host's");
	if (ln->raw.len != 1 + PROOF_LEN + CCM_OVERHEAD || ln->raw.data[0] != SCTR_FINISHED)
		return no_handshake(ln, "the chip's proof is none");
	s->host.first = s->host.last = get_u32(ln->raw.data + 1);
	proof_of(rnd, s->host.first, proof);
	r = ccm_open(
	    ln->ccm, &s->keys.chip, SCTR_FINISHED, ln->raw.data + 1, ln->raw.len - 1, &plain);
	if (r == HAL_EFORMAT ||
	    (r == 0 && (plain.len != PROOF_LEN || !secret_memeq(plain.data, proof, PROOF_LEN))))
		r = no_handshake(ln, "the chip does not prove that it knows the binding secret");
	buf_free(&plain);
	return r;
}

/* Whether chip and host can do it at all. */
static int
prepare(struct link *ln)
{
	struct reg_state st;
	int r;

	if (ln->secret == NULL) {
		log_info("%s: an encrypted connection is needed, but this host has no binding "
			 "secret for the chip",
		    bus_selector(ln->bus));
		return HAL_EPAIR;
	}
	if (!ln->presence) {
		if ((r = reg_state(ln, &st)) != 0)
			return r;
		if (!st.shield) {
			log_info(
			    "%s: this chip has no encrypted connection", bus_selector(ln->bus));
			return HAL_ENOTSUP;
		}
	}
	return ln->ccm != NULL ? 0 : ccm_new(&ln->ccm);
}

static int
handshake(struct link *ln, uint64_t limit)
{
	uint8_t rnd[CCM_RND_LEN];
	struct secret *fresh = NULL;
	struct shield_session *s;
	void *p;
	int r;

	shield_drop(ln);
	if ((r = prepare(ln)) != 0 || (r = secret_new(sizeof(*s), &fresh)) != 0)
		return r;
	p = secret_data(fresh);
	s = p;
	s->magic = SHIELD_MAGIC;
	if ((r = hello(ln, limit, rnd, s)) != 0 || (r = finish(ln, limit, rnd, s)) != 0)
		goto out;
	ln->session = fresh;
	fresh = NULL; /* now the link's */
	ln->stats.handshakes++;
	log_debug("%s: encrypted session made", bus_selector(ln->bus));
out:
	secret_free(&fresh);
	return r;
}

/* --- numbers ------------------------------------------------------------------------------- */

/* Ours for the next message; the number that Finished had is left out. */
static uint32_t
host_next(const struct shield_session *s)
{
	const uint32_t seq = s->host.last + 1;

	return seq == s->chip.first ? seq + 1 : seq;
}

/* Whether this session has no numbers left for a command and its answer, repetitions included. */
static bool
used_up(const struct shield_session *s, enum link_protect protect)
{
	if ((protect & LINK_PROTECT_COMMAND) != 0 && host_next(s) > SEQ_LAST)
		return true;
	if ((protect & LINK_PROTECT_RESPONSE) == 0)
		return false;
	if (s->chip.last >= SEQ_LAST)
		return true;
	return s->chip.last < s->host.first &&
	       s->host.first - s->chip.last <= s->asked + 1 + TRANS_REPEAT;
}

static int
ensure_session(struct link *ln, uint64_t limit, enum link_protect protect)
{
	int r;

	if (ln->session != NULL && !used_up(session(ln), protect))
		return 0;
	for (int n = 0; n < HANDSHAKES_MAX; n++) {
		if ((r = handshake(ln, limit)) != 0)
			return r;
		if (!used_up(session(ln), protect))
			return 0;
	}
	shield_drop(ln);
	return no_handshake(ln, "the chip's numbers leave no room for a message");
}

/* --- records ------------------------------------------------------------------------------- */

static int
build_record(struct link *ln, const struct exchange *x, uint8_t sctr)
{
	struct shield_session *s = session(ln);
	int r;

	buf_reset(&ln->msg);
	if ((r = buf_put_u8(&ln->msg, sctr)) != 0)
		return r;
	if ((sctr & LINK_PROTECT_COMMAND) == 0)
		return buf_put(&ln->msg, x->cmd, x->cmd_len);
	s->host.last = host_next(s);
	return ccm_seal(ln->ccm, &s->keys.host, sctr, s->host.last, x->cmd, x->cmd_len, &ln->msg);
}

/* Whether the message that came can be the answer to a record with this SCTR. 0 or an error. */
static int
check_kind(struct link *ln, uint8_t sctr)
{
	if (is_alert(&ln->raw, SCTR_FATAL))
		return lost(ln, "the chip says so");
	if (ln->raw.data[0] == sctr)
		return 0;
	(void)lost(ln, "the answer is protected otherwise than asked");
	return (sctr & SCTR_PROTECTION) != 0 ? HAL_ESHIELD : HAL_EPROTO;
}

/* Opens the record that came, asking for it again while its tag is wrong. */
static int
open_record(struct link *ln, struct exchange *x, uint8_t sctr)
{
	static const uint8_t again[] = { SCTR_INTEGRITY };
	struct shield_session *s = session(ln);
	uint32_t seq;
	int r;

	for (int n = 0;; n++) {
		if (ln->raw.len <= 1 + CCM_OVERHEAD)
			return lost(ln, "a record is too short");
		seq = get_u32(ln->raw.data + 1);
		if (seq <= s->chip.last || seq - s->chip.last > TRANS_REPEAT || seq > SEQ_LAST)
			return lost(ln, "a record has a number that is not due");
		r = ccm_open(
		    ln->ccm, &s->keys.chip, sctr, ln->raw.data + 1, ln->raw.len - 1, x->rsp);
		if (r == 0) {
			s->chip.last = seq;
			s->asked = 0;
		}
		if (r != HAL_EFORMAT)
			return r;
		if (n == TRANS_REPEAT)
			return lost(ln, "no record is genuine");
		log_debug("%s: record is not genuine", bus_selector(ln->bus));
		s->asked++;
		if ((r = exchange_bytes(ln, x->limit, again, sizeof(again))) != 0 ||
		    (r = check_kind(ln, sctr)) != 0)
			return r;
	}
}

static int
take_answer(struct link *ln, struct exchange *x, uint8_t sctr)
{
	int r;

	if ((r = check_kind(ln, sctr)) != 0)
		return r;
	if ((sctr & LINK_PROTECT_RESPONSE) != 0)
		return open_record(ln, x, sctr);
	return buf_put(x->rsp, ln->raw.data + 1, ln->raw.len - 1);
}

/* A record and its answer. The chip has not executed what it says it could not verify. */
static int
exchange_record(struct link *ln, struct exchange *x, enum link_protect protect)
{
	const uint8_t sctr = (uint8_t)(SCTR_RECORD | protect);
	int r;

	for (int n = 0; n <= TRANS_REPEAT; n++) {
		x->out = false;
		if ((r = build_record(ln, x, sctr)) != 0)
			return r;
		if ((protect & LINK_PROTECT_RESPONSE) != 0)
			session(ln)->asked++;
		if ((r = exchange_message(ln, x->limit, &x->out)) != 0)
			return r;
		if ((protect & LINK_PROTECT_COMMAND) == 0 || !is_alert(&ln->raw, SCTR_INTEGRITY))
			return take_answer(ln, x, sctr);
		log_debug("%s: the chip says our record is not genuine", bus_selector(ln->bus));
	}
	return lost(ln, "the chip takes no record");
}

int
shield_exchange(struct link *ln, struct exchange *x, enum link_protect protect)
{
	int r = 0;

	buf_reset(x->rsp);
	x->out = false;
	if (protect != LINK_PLAIN)
		r = ensure_session(ln, x->limit, protect);
	if (r == 0)
		r = exchange_record(ln, x, protect);
	buf_reset(&ln->msg);
	buf_reset(&ln->raw);
	return r;
}

/* --- hibernation --------------------------------------------------------------------------- */

/* The protection bits of context messages mean nothing. */
static bool
is_context(const struct buf *raw, uint8_t sctr, size_t len)
{
	return raw->len == len && (raw->data[0] & ~SCTR_PROTECTION) == sctr;
}

int
link_save(struct link *ln, struct secret **ctxp)
{
	static const uint8_t save[] = { SCTR_SAVE };
	int r;

	*ctxp = NULL;
	if (ln->session == NULL)
		return HAL_EINVAL;
	r = exchange_bytes(ln, CONTEXT_WAIT, save, sizeof(save));
	if (r == 0 && !is_context(&ln->raw, SCTR_SAVED, 1))
		r = lost(ln, "the chip does not save it");
	if (r == 0) {
		*ctxp = ln->session;
		ln->session = NULL; /* now the caller's */
	}
	shield_drop(ln);
	return r;
}

int
link_restore(struct link *ln, struct secret **ctxp)
{
	struct shield_session *s;
	uint8_t msg[1 + CCM_SEQ_LEN] = { SCTR_RESTORE };
	int r;

	shield_drop(ln);
	ln->session = *ctxp;
	*ctxp = NULL; /* used up */
	s = session(ln);
	if (s == NULL || secret_len(ln->session) != sizeof(*s) || s->magic != SHIELD_MAGIC) {
		shield_drop(ln);
		return HAL_EINVAL;
	}
	for (int i = 0; i < CCM_SEQ_LEN; i++)
		msg[1 + i] = (uint8_t)(s->chip.last >> (24 - 8 * i));
	if (ln->ccm == NULL && (r = ccm_new(&ln->ccm)) != 0)
		goto out;
	if ((r = exchange_bytes(ln, CONTEXT_WAIT, msg, sizeof(msg))) != 0)
		goto out;
	if (!is_context(&ln->raw, SCTR_RESTORED, 1 + CCM_SEQ_LEN) ||
	    get_u32(ln->raw.data + 1) != s->host.last)
		r = lost(ln, "the chip does not restore it");
out:
	if (r != 0)
		shield_drop(ln);
	return r;
}
