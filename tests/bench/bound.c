/* See bound.h. All times in ns. */
#include <config.h>

#include "tests/bench/bound.h"

#define GUARD     50000
#define FRAME     277         /* DATA_REG_LEN */
#define PAYLOAD   (FRAME - 6) /* without FCTR, LEN, FCS and PCTR */
#define ACK_FRAME 5
#define KHZ_OPEN  100

/* START, address, n bytes, STOP; not before at. Returns the time of the STOP. */
static uint64_t
transfer(struct bound *b, uint64_t at, size_t n)
{
	const uint64_t start = at > b->now ? at : b->now;
	const uint64_t stop = start + (9 * (n + 1) + 2) * b->bit;

	b->now = stop + GUARD;
	return stop;
}

static uint64_t
read_register(struct bound *b, uint64_t ready, size_t n)
{
	(void)transfer(b, 0, 1);
	return transfer(b, ready, n);
}

/* The chip's answer to I2C_STATE is that of the moment of the START. */
static uint64_t
read_frame(struct bound *b, uint64_t ready, size_t n)
{
	(void)read_register(b, ready, 4);
	return read_register(b, 0, n);
}

static uint64_t
write_frame(struct bound *b, size_t n)
{
	return transfer(b, 0, 1 + n);
}

void
bound_start(struct bound *b, unsigned khz, uint64_t ack)
{
	b->bit = 1000000 / khz;
	b->ack = ack;
	b->now = 0;
}

void
bound_negotiate(struct bound *b, unsigned khz)
{
	b->bit = 1000000 / KHZ_OPEN;
	(void)read_register(b, 0, 4); /* MAX_SCL_FREQU */
	if (khz > 400) {
		(void)transfer(b, 0, 3); /* I2C_MODE */
		(void)read_register(b, 0, 4);
	}
	b->bit = 1000000 / khz;
	(void)read_register(b, 0, 2); /* DATA_REG_LEN */
}

static size_t
fragment(size_t left)
{
	return left < PAYLOAD ? left : PAYLOAD;
}

static uint64_t
send(struct bound *b, size_t left)
{
	const uint64_t late = b->ack == BOUND_ACK_TIMER ? 0 : b->ack;
	uint64_t stop;

	for (;;) {
		const size_t n = fragment(left);

		stop = write_frame(b, n + 6);
		if ((left -= n) == 0)
			return stop;
		(void)read_frame(b, stop + late, ACK_FRAME);
	}
}

uint64_t
bound_exchange(struct bound *b, const struct bound_cmd *cmd)
{
	const uint64_t sent = send(b, cmd->c);
	uint64_t ready = sent + cmd->t, stop;
	size_t left = cmd->r;

	if (b->ack < cmd->t)
		(void)read_frame(b, sent + b->ack, ACK_FRAME);
	for (;;) {
		const size_t n = fragment(left);

		stop = read_frame(b, ready, n + 6);
		ready = write_frame(b, ACK_FRAME);
		if ((left -= n) == 0)
			return stop;
	}
}
