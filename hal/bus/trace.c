/*
 * OPTIGA_TRACE=FILE: every event on the bus as a line of JSON, appended, for "optiga-sim decode"
 * and "optiga-sim replay". Protected frames are written as they are on the wire; of what is plain
 * and can be secret only the head is written, with the number of bytes left out (redact.c).
 *
 * step  counts the events of this handle          hex     bytes, without those left out
 * pid   of the process                            n       number of bytes on the wire
 * addr  of the chip                               cut     how many of them are left out
 * dir   W write, R read, Z line                   gap_us  since the STOP before, null at first
 * nack  1: address refused                        t_us    bus time of the START
 * error 1: the transfer failed otherwise
 *
 * One writev for a line: lines of several processes do not mix. The file is made for its owner
 * alone, and the variable has no effect in a set-uid program.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"
#include "hal/bus/redact.h"

#define SHOWN_MAX 1024 /* of one transfer; a frame has 277 bytes at most */

struct bus_trace {
	int fd;
	unsigned long step;
	bool stopped; /* there was a STOP, at: */
	uint64_t stop;
	struct bus_redact redact;
};

/* Tracing is help for a person: that it is not possible must not keep a program from its work. */
void
bus_trace_open(struct bus *b)
{
	const char *path = secure_getenv("OPTIGA_TRACE");
	struct bus_trace *t;

	if (path == NULL || *path == '\0')
		return;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return;
	t->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (t->fd < 0) {
		log_error("%s (OPTIGA_TRACE): cannot be written, no trace is made: %s", path,
		    strerror(errno));
		free(t);
		return;
	}
	t->redact.out_secret = true; /* what waits is the answer to nobody knows what */
	b->trace = t;
}

void
bus_trace_close(struct bus *b)
{
	if (b->trace == NULL)
		return;
	(void)close(b->trace->fd);
	free(b->trace);
	b->trace = NULL;
}

static size_t
hex(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	return 2 * len;
}

static double
us(uint64_t ns)
{
	return (double)ns / 1000;
}

/* r: what became of the transfer. */
static void
put_line(
    struct bus *b, char dir, const uint8_t *data, size_t len, size_t shown, uint64_t start, int r)
{
	struct bus_trace *t = b->trace;
	char head[96], text[2 * SHOWN_MAX], tail[160], gap[40] = "null", cut[32] = "";
	struct iovec iov[3] = { { .iov_base = head }, { .iov_base = text }, { .iov_base = tail } };

	shown = shown < SHOWN_MAX ? shown : SHOWN_MAX;
	if (t->stopped && dir != 'Z')
		(void)snprintf(gap, sizeof(gap), "%.1f", us(start - t->stop));
	if (shown < len)
		(void)snprintf(cut, sizeof(cut), ",\"cut\":%zu", len - shown);
	iov[0].iov_len = (size_t)snprintf(head, sizeof(head),
	    "{\"step\":%lu,\"pid\":%ld,\"addr\":%u,\"dir\":\"%c\",\"hex\":\"", t->step++,
	    (long)getpid(), b->addr, dir);
	iov[1].iov_len = hex(data, shown, text);
	iov[2].iov_len = (size_t)snprintf(tail, sizeof(tail),
	    "\",\"n\":%zu%s,\"gap_us\":%s,\"t_us\":%.1f%s}\n", len, cut, gap, us(start),
	    r == HAL_ENACK ? ",\"nack\":1" : (r != 0 ? ",\"error\":1" : ""));
	if (writev(t->fd, iov, 3) < 0 && errno != EINTR) {
		log_error(
		    "OPTIGA_TRACE: cannot be written, the trace ends here: %s", strerror(errno));
		bus_trace_close(b);
	}
}

static void
stopped(struct bus *b)
{
	if (b->trace == NULL)
		return;
	b->trace->stopped = true;
	b->trace->stop = b->ops->now(b);
}

uint64_t
bus_trace_start(struct bus *b)
{
	return b->trace != NULL ? b->ops->now(b) : 0;
}

void
bus_trace_write(struct bus *b, const uint8_t *data, size_t len, uint64_t start, int r)
{
	size_t shown;

	if (b->trace == NULL)
		return;
	shown = bus_redact_write(&b->trace->redact, data, len);
	put_line(b, 'W', data, len, shown, start, r);
	stopped(b);
}

void
bus_trace_read(struct bus *b, const uint8_t *data, size_t len, uint64_t start, int r)
{
	size_t shown;

	if (b->trace == NULL)
		return;
	len = r == 0 ? len : 0; /* nothing was read */
	shown = bus_redact_read(&b->trace->redact, data, len);
	put_line(b, 'R', data, len, shown, start, r);
	stopped(b);
}

/* The reset line went low and high again. */
void
bus_trace_reset(struct bus *b, uint64_t start, int r)
{
	static const uint8_t low[] = { 0, 0 }, high[] = { 0, 1 };

	if (b->trace != NULL)
		put_line(b, 'Z', low, sizeof(low), sizeof(low), start, r);
	if (b->trace != NULL)
		put_line(b, 'Z', high, sizeof(high), sizeof(high), b->ops->now(b), r);
}
