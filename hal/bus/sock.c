/*
 * bus:PATH, the client of a bus socket: one Unix stream socket is one I2C bus. A request is
 * op(1) address(1) len(2) payload; an answer is status(1) len(2) data, and once time stamps are
 * agreed the data starts with the bus time in ns (8). Big-endian.
 *
 * In virtual time this client takes part: time stands still while it computes and moves when it
 * sleeps. Otherwise bus time is the clock, and sleeping is sleeping.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"

#define PROTOCOL    1
#define FLAG_STAMPS 0x01
#define FLAG_TIME   0x02

#define HEAD_LEN    4
#define STAMP_LEN   8
#define HELLO_LEN   5

/* A failure brings at most so many bytes: a reason, or how much was acknowledged. */
#define REASON_MAX 255

/* A server that is silent for so long, in real time, will not answer any more. */
#define ANSWER_TIMEOUT_S 60

enum status { ST_OK, ST_ADDR_NACK, ST_DATA_NACK, ST_BUS, ST_ARBITRATION, ST_CLOCK, ST_REFUSED };

struct sock {
	int fd; /* -1 after the connection was lost */
	bool stamps;
	bool virt;
	uint64_t now; /* last time stamp */
};

/* A request whose answer is taken into data[0..want) and must have that length. */
struct request {
	uint8_t op;
	uint8_t addr;
	uint16_t len; /* in the header; payload has as many bytes unless it is a read */
	const uint8_t *payload;
	size_t payload_len;
	uint8_t *data;
	size_t want;
};

/* Nothing can be trusted on this connection any more. */
static int
lost(struct bus *b, const char *why)
{
	struct sock *s = b->priv;

	log_error("bus: %s: connection lost: %s", b->target, why);
	(void)close(s->fd);
	s->fd = -1;
	return HAL_ENODEV;
}

static int
send_all(struct bus *b, const uint8_t *p, size_t n, int flags)
{
	const struct sock *s = b->priv;

	while (n > 0) {
		ssize_t k = send(s->fd, p, n, MSG_NOSIGNAL | flags);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return lost(b, strerror(errno));
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

static int
recv_all(struct bus *b, uint8_t *p, size_t n)
{
	const struct sock *s = b->priv;

	while (n > 0) {
		ssize_t k = recv(s->fd, p, n, 0);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return lost(
			    b, errno == EAGAIN ? "the server does not answer" : strerror(errno));
		if (k == 0)
			return lost(b, "the server closed it");
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* Reads the reason that comes with a failure, and finds the error for it. */
static int
failed(struct bus *b, const struct request *rq, uint8_t status, size_t len)
{
	char reason[REASON_MAX + 1] = "";
	int r;

	if ((r = recv_all(b, (uint8_t *)reason, len)) != 0)
		return r;
	if (status == ST_ADDR_NACK)
		return HAL_ENACK;
	for (size_t i = 0; i < len; i++)
		if (status != ST_REFUSED || reason[i] < ' ' || reason[i] > '~')
			reason[i] = '\0';
	log_debug("bus: %s: operation %c: status %u %s", b->target, rq->op, status, reason);
	return status == ST_REFUSED && rq->op != 'W' && rq->op != 'R' ? HAL_ENOTSUP : HAL_EIO;
}

static int
take_stamp(struct bus *b)
{
	struct sock *s = b->priv;
	uint8_t stamp[STAMP_LEN];
	uint64_t t = 0;
	int r;

	if ((r = recv_all(b, stamp, sizeof(stamp))) != 0)
		return r;
	for (size_t i = 0; i < STAMP_LEN; i++)
		t = t << 8 | stamp[i];
	if (t > s->now)
		s->now = t;
	return 0;
}

static int
answer(struct bus *b, const struct request *rq)
{
	const struct sock *s = b->priv;
	const size_t stamp_len = s->stamps ? STAMP_LEN : 0;
	uint8_t head[3];
	size_t len;
	int r;

	if ((r = recv_all(b, head, sizeof(head))) != 0)
		return r;
	len = (size_t)head[1] << 8 | head[2];
	/* Judged before anything more is waited for. */
	if (head[0] > ST_REFUSED || len < stamp_len ||
	    (head[0] == ST_OK ? len - stamp_len != rq->want : len - stamp_len > REASON_MAX))
		return lost(b, "malformed answer");
	if (s->stamps && (r = take_stamp(b)) != 0)
		return r;
	if (head[0] != ST_OK)
		return failed(b, rq, head[0], len - stamp_len);
	return recv_all(b, rq->data, rq->want);
}

static int
call(struct bus *b, const struct request *rq)
{
	const struct sock *s = b->priv;
	const uint8_t head[HEAD_LEN] = { rq->op, rq->addr, (uint8_t)(rq->len >> 8),
		(uint8_t)rq->len };
	int r;

	if (s->fd < 0)
		return HAL_ENODEV;
	if ((r = send_all(b, head, sizeof(head), rq->payload_len > 0 ? MSG_MORE : 0)) != 0 ||
	    (r = send_all(b, rq->payload, rq->payload_len, 0)) != 0)
		return r;
	return answer(b, rq);
}

static int
call_payload(struct bus *b, uint8_t op, uint8_t addr, const uint8_t *payload, size_t len)
{
	const struct request rq = {
		.op = op,
		.addr = addr,
		.len = (uint16_t)len,
		.payload = payload,
		.payload_len = len,
	};

	return call(b, &rq);
}

static int
sock_write(struct bus *b, const uint8_t *data, size_t len)
{
	return call_payload(b, 'W', b->addr, data, len);
}

static int
sock_read(struct bus *b, uint8_t *data, size_t len)
{
	const struct request rq = {
		.op = 'R', .addr = b->addr, .len = (uint16_t)len, .data = data, .want = len
	};

	return call(b, &rq);
}

static uint64_t
sock_now(struct bus *b)
{
	const struct sock *s = b->priv;

	return s->virt ? s->now : bus_clock_now(b);
}

static int
sock_sleep(struct bus *b, uint64_t ns)
{
	const struct sock *s = b->priv;
	uint64_t us = ns / 1000 + (ns % 1000 != 0);
	int r = 0;

	if (!s->virt)
		return bus_clock_sleep(b, ns);
	while (us > 0 && r == 0) {
		uint32_t part = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
		const uint8_t be[4] = { (uint8_t)(part >> 24), (uint8_t)(part >> 16),
			(uint8_t)(part >> 8), (uint8_t)part };

		r = call_payload(b, 'S', 0, be, sizeof(be));
		us -= part;
	}
	return r;
}

static int
sock_set_khz(struct bus *b, unsigned khz)
{
	const uint8_t be[2] = { (uint8_t)(khz >> 8), (uint8_t)khz };

	return call_payload(b, 'K', 0, be, sizeof(be));
}

static int
sock_reset_line(struct bus *b)
{
	static const uint8_t low[2] = { 0, 0 }, high[2] = { 0, 1 };
	int r, r2;

	if ((r = call_payload(b, 'Z', b->addr, low, sizeof(low))) != 0)
		return r;
	r = sock_sleep(b, BUS_RESET_LOW);
	/* Never leave it low: lines outlive whoever set them. */
	r2 = call_payload(b, 'Z', b->addr, high, sizeof(high));
	return r != 0 ? r : r2;
}

static int
hello(struct bus *b)
{
	static const uint8_t ours[2] = { PROTOCOL, FLAG_STAMPS | FLAG_TIME };
	struct sock *s = b->priv;
	uint8_t theirs[HELLO_LEN];
	const struct request rq = { .op = 'H',
		.len = sizeof(ours),
		.payload = ours,
		.payload_len = sizeof(ours),
		.data = theirs,
		.want = sizeof(theirs) };
	int r;

	if ((r = call(b, &rq)) != 0) {
		if (r == HAL_ENOTSUP)
			log_error("bus: %s: the server refuses this client", b->target);
		return r == HAL_ENOTSUP ? HAL_ENOTSUP : HAL_EIO;
	}
	s->stamps = (theirs[1] & FLAG_STAMPS) != 0;
	s->virt = theirs[2] == 1;
	if (theirs[0] != PROTOCOL || theirs[2] > 1 ||
	    (s->virt && theirs[1] != (FLAG_STAMPS | FLAG_TIME))) {
		log_error(
		    "bus: %s: the server speaks another version of the bus protocol", b->target);
		return HAL_ENOTSUP;
	}
	return sock_set_khz(b, b->khz);
}

static int
attach(struct bus *b)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const struct timeval tv = { .tv_sec = ANSWER_TIMEOUT_S };
	struct sock *s = b->priv;
	size_t len = strlen(b->target);

	if (len >= sizeof(sa.sun_path)) {
		log_error("bus: %s: path of a socket is at most %zu bytes", b->target,
		    sizeof(sa.sun_path) - 1);
		return HAL_EINVAL;
	}
	memcpy(sa.sun_path, b->target, len);
	if ((s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0 ||
	    setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) != 0 ||
	    setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) != 0 ||
	    connect(s->fd, (const struct sockaddr *)&sa, sizeof(sa)) != 0) {
		const int err = errno;

		log_error("bus: %s: %s%s", b->target, strerror(err),
		    err == ENOENT || err == ECONNREFUSED
			? "; start its server, for example: optiga-sim serve --socket PATH FILE"
			: "");
		return bus_errno(err);
	}
	return 0;
}

static int
attach_lock(struct bus *b)
{
	char *path;
	int r = 0;

	if (asprintf(&path, "%s.lock", b->target) < 0)
		return HAL_ENOMEM;
	if (bus_lock_open(b, path, O_NOFOLLOW) != 0 || bus_lock_map(b, b->lock_fd) != 0) {
		r = bus_errno(errno);
		log_error(
		    "bus: %s: %s; the server of the socket makes this file, and without it two "
		    "programs would mix up the chip's answers",
		    path, strerror(errno));
	}
	free(path);
	return r;
}

static int
sock_open(struct bus *b)
{
	struct sock *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return HAL_ENOMEM;
	s->fd = -1;
	b->priv = s;
	if ((r = attach(b)) != 0 || (r = attach_lock(b)) != 0)
		return r;
	return hello(b);
}

static void
sock_close(struct bus *b)
{
	struct sock *s = b->priv;

	if (s != NULL && s->fd >= 0)
		(void)close(s->fd);
	free(s);
	b->priv = NULL;
}

/* The server says nothing unasked: what can be read now is the end. */
static bool
sock_present(const struct bus *b)
{
	const struct sock *s = b->priv;
	uint8_t byte;

	return s->fd >= 0 && recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

const struct bus_ops bus_sock_ops = {
	.scheme = "bus",
	.open = sock_open,
	.close = sock_close,
	.write = sock_write,
	.read = sock_read,
	.now = sock_now,
	.sleep = sock_sleep,
	.set_khz = sock_set_khz,
	.reset_line = sock_reset_line,
	.present = sock_present,
};
