/*
 * Which bytes on the bus are secrets; see redact.h. A command that is not in the table is hidden
 * with its answer, and so is a plain answer to a command that was encrypted.
 *
 * Write of a frame: 80 | FCTR | LEN (2) | PCTR | [SCTR] | APDU .. | FCS (2); a read lacks the 80.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/bus/redact.h"

#define REG_DATA          0x80
#define FCTR_CONTROL      0x80
#define PCTR_PRESENCE     0x08
#define PCTR_CHAIN        0x07
#define SCTR_RECORD       0x20
#define SCTR_KIND         0xFC
#define COMMAND_SEALED    0x01
#define RESPONSE_SEALED   0x02

#define FRAME_HEAD        3 /* FCTR, LEN */
#define FCS               2
#define APDU_HEAD         4
#define FLUSH             0x80
#define TAG_EXPORT        0x07
#define PARAM_METADATA    0x01
#define PARAM_HIBERNATION 0x01

enum chain { CHAIN_SINGLE, CHAIN_FIRST, CHAIN_MIDDLE, CHAIN_LAST = 4, CHAIN_ERROR = 7 };

/* Objects that users keep their own things in, and those made for secrets. */
static bool
may_be_secret(uint16_t oid)
{
	return oid == 0xE140 || oid == 0xE200 || (oid >= 0xF1D0 && oid <= 0xF1DF) ||
	       oid == 0xF1E0 || oid == 0xF1E1;
}

/* apdu has its head and len bytes in all, as many as are in the first frame. */
static bool
of_secret_object(const uint8_t *apdu, size_t len)
{
	if (apdu[1] == PARAM_METADATA)
		return false;
	return len < APDU_HEAD + 2 ||
	       may_be_secret((uint16_t)(apdu[APDU_HEAD] << 8 | apdu[APDU_HEAD + 1]));
}

static bool
exports(const uint8_t *apdu, size_t len)
{
	return len <= APDU_HEAD || apdu[APDU_HEAD] == TAG_EXPORT;
}

static bool
hibernates(const uint8_t *apdu, size_t len)
{
	(void)len;
	return apdu[1] == PARAM_HIBERNATION;
}

static bool
always(const uint8_t *apdu, size_t len)
{
	(void)apdu;
	(void)len;
	return true;
}

/* in, out: whether what follows the head can be secret; NULL: never. keep: bytes shown in any case.
 */
static const struct command {
	uint8_t code, keep;
	bool (*in)(const uint8_t *apdu, size_t len);
	bool (*out)(const uint8_t *apdu, size_t len);
} commands[] = {
	{ 0x01, 8, NULL, of_secret_object }, /* GetDataObject */
	{ 0x02, 8, of_secret_object, NULL }, /* SetDataObject */
	{ 0x03, 4, always, NULL },           /* SetObjectProtected */
	{ 0x0C, 8, NULL, always },           /* GetRandom */
	{ 0x14, 4, always, NULL },           /* EncryptSym */
	{ 0x15, 4, always, always },         /* DecryptSym, HMAC verification */
	{ 0x1E, 4, always, NULL },           /* EncryptAsym */
	{ 0x1F, 4, NULL, always },           /* DecryptAsym */
	{ 0x30, 4, always, NULL },           /* CalcHash: of anything */
	{ 0x31, 4, NULL, NULL },             /* CalcSign */
	{ 0x32, 4, NULL, NULL },             /* VerifySign */
	{ 0x33, 4, NULL, always },           /* CalcSSec */
	{ 0x34, 4, NULL, always },           /* DeriveKey */
	{ 0x38, 4, NULL, exports },          /* GenKeyPair */
	{ 0x39, 4, NULL, exports },          /* GenSymKey */
	{ 0x70, 20, hibernates, NULL },      /* OpenApplication, with the handle of a context */
	{ 0x71, 4, NULL, hibernates },       /* CloseApplication */
};

static const struct command *
find(uint8_t code)
{
	static const struct command unknown = { 0, APDU_HEAD, always, always };

	for (size_t i = 0; i < NITEMS(commands); i++)
		if (commands[i].code == (code & (uint8_t)~FLUSH))
			return &commands[i];
	return &unknown;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The first frame of a message. at: where its APDU starts. */
static size_t
first_frame(struct bus_redact *rd, const uint8_t *data, size_t len, size_t at, uint8_t sctr)
{
	const struct command *c;
	size_t n = len - FCS > at ? len - FCS - at : 0;

	rd->in_secret = false;
	if ((sctr & SCTR_KIND) != SCTR_RECORD)
		return len; /* handshake, alert, context: secret on neither side */
	if (sctr & COMMAND_SEALED) {
		rd->out_secret = !(sctr & RESPONSE_SEALED);
		return len;
	}
	if (n < APDU_HEAD) {
		rd->in_secret = rd->out_secret = true;
		return at;
	}
	c = find(data[at]);
	rd->in_secret = c->in != NULL && c->in(data + at, n);
	rd->out_secret = !(sctr & RESPONSE_SEALED) && c->out != NULL && c->out(data + at, n);
	return rd->in_secret && n > c->keep ? at + c->keep : len;
}

size_t
bus_redact_write(struct bus_redact *rd, const uint8_t *data, size_t len)
{
	const size_t pctr = 1 + FRAME_HEAD;
	bool layer;

	if (len == 0)
		return 0;
	rd->reg = data[0];
	if (data[0] != REG_DATA || len == 1 || data[1] & FCTR_CONTROL)
		return len;
	if (len < pctr + 2 + FCS)
		return smaller(len, pctr);
	switch (data[pctr] & PCTR_CHAIN) {
	case CHAIN_SINGLE:
	case CHAIN_FIRST:
		layer = data[pctr] & PCTR_PRESENCE;
		return first_frame(
		    rd, data, len, pctr + (layer ? 2 : 1), layer ? data[pctr + 1] : SCTR_RECORD);
	default: return rd->in_secret ? pctr + 1 : len;
	}
}

size_t
bus_redact_read(const struct bus_redact *rd, const uint8_t *data, size_t len)
{
	size_t head;

	if (rd->reg != REG_DATA || !rd->out_secret)
		return len;
	if (len == FRAME_HEAD + FCS && data[0] & FCTR_CONTROL)
		return len;
	if (len <= FRAME_HEAD + 1)
		return smaller(len, FRAME_HEAD);
	head = FRAME_HEAD + 1;
	if ((data[FRAME_HEAD] & PCTR_CHAIN) <= CHAIN_FIRST)
		head += (data[FRAME_HEAD] & PCTR_PRESENCE ? 1 : 0) + APDU_HEAD;
	return len > head + FCS ? head : len;
}
