/*
 * "optiga-sim replay": a bus socket behind which a trace answers instead of a chip.
 *
 * What the host writes must be what the trace has next; reads are answered with what was read then.
 * Only waiting may differ: recorded polls of I2C_STATE that announce nothing, and refused
 * addresses, are left out when the host does not come to them. Line changes are for the trace to
 * have or not. Where bytes were left out of the trace, any will do for a write, and a read gives
 * zeros.
 *
 * Time is virtual: transfers and the host's sleeps move it. One host at a time; the next one goes
 * on where the one before stopped.
 */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/sim/prog.h"
#include "hal/sim/serve.h"
#include "hal/sim/trace.h"

#define REG_DATA      0x80
#define REG_I2C_STATE 0x82
#define RESP_RDY      0x40
#define OVERHEAD      5
#define REASON_MAX    160

struct replay {
	const char *path;
	struct trace_event *e;
	size_t n, at;
	uint64_t now; /* ns */
	unsigned khz;
	uint8_t reg;
	bool stamps, departed;
	struct trace_words words;
	sigset_t
	    waiting; /* in effect while waiting: the signals that end the program arrive then */
	int fd;
};

/* --- the trace ----------------------------------------------------------------------------- */

static const struct trace_event *
event(const struct replay *rp, size_t i)
{
	return i < rp->n ? &rp->e[i] : NULL;
}

/* A poll that found nothing: the selection of I2C_STATE, and the read after it. */
static bool
is_idle_poll(const struct replay *rp, size_t i)
{
	const struct trace_event *w = event(rp, i), *r = event(rp, i + 1);

	return w != NULL && r != NULL && w->dir == 'W' && w->n == 1 && !w->nack &&
	       w->data[0] == REG_I2C_STATE && r->dir == 'R' && !r->nack && r->shown == 4 &&
	       !(r->data[0] & RESP_RDY);
}

static bool
same_write(const struct trace_event *e, const uint8_t *data, size_t len)
{
	return e->dir == 'W' && e->n == len && memcmp(e->data, data, e->shown) == 0;
}

/* Leaves out what need not happen again until the event at hand is one that fits, or must happen.
 */
static void
skip(struct replay *rp, char dir, const uint8_t *data, size_t len)
{
	const struct trace_event *e;

	while ((e = event(rp, rp->at)) != NULL) {
		if (e->dir == dir && (dir != 'W' || same_write(e, data, len)))
			return;
		if (e->dir == 'Z' || e->dir == 'M' || e->nack)
			rp->at++;
		else if (is_idle_poll(rp, rp->at))
			rp->at += 2;
		else
			return;
	}
}

/* --- where the host departs ---------------------------------------------------------------- */

static void
say_bytes(const char *who, char dir, const uint8_t *p, size_t n, size_t len)
{
	(void)fprintf(stderr, "  %s %c", who, dir);
	if (dir == 'R')
		(void)fprintf(stderr, " %zu bytes", len);
	for (size_t i = 0; dir == 'W' && i < n; i++)
		(void)fprintf(stderr, " %02X", p[i]);
	if (dir == 'W' && n < len)
		(void)fprintf(stderr, " and %zu more", len - n);
	(void)fputc('\n', stderr);
}

/* The host's own write may carry a secret: of frames only as much as the trace shows is said. */
static void
depart(struct replay *rp, char dir, const uint8_t *data, size_t len, char reason[REASON_MAX])
{
	const struct trace_event *e = event(rp, rp->at);
	struct trace_words words = rp->words;
	size_t i = 0, shown = len;

	rp->departed = true;
	if (e == NULL) {
		(void)snprintf(reason, REASON_MAX, "the trace ended, the host goes on");
		(void)prog_error("%s: the trace ends here, but the host goes on", rp->path);
		say_bytes("host: ", dir, data, len < 16 ? len : 16, len);
		return;
	}
	while (dir == 'W' && e->dir == 'W' && i < len && i < e->shown && data[i] == e->data[i])
		i++;
	if (dir == 'W' && shown > i + 8)
		shown = i + 8;
	(void)snprintf(
	    reason, REASON_MAX, "departs from the trace at its line %u, byte %zu", e->line, i);
	(void)prog_error("%s:%u: the host departs from the trace here", rp->path, e->line);
	say_bytes("trace:", e->dir, e->data, e->shown, e->n);
	say_bytes("host: ", dir, data, shown, len);
	if (dir == 'W' && e->dir == 'W')
		(void)fprintf(stderr, "  first difference: byte %zu\n", i);
	(void)fputs("  the trace has here:\n", stderr);
	trace_say(stderr, &words, e);
}

/* --- answers ------------------------------------------------------------------------------- */

static bool
send_all(int fd, const uint8_t *p, size_t n)
{
	ssize_t done;

	for (; n > 0; p += done, n -= (size_t)done) {
		done = send(fd, p, n, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			done = 0;
		else if (done < 0)
			return false;
	}
	return true;
}

static bool
answer(struct replay *rp, enum serve_status st, const void *data, size_t len)
{
	uint8_t head[3 + 8];
	size_t n = 3, total = len + (rp->stamps ? 8 : 0);

	head[0] = (uint8_t)st;
	head[1] = (uint8_t)(total >> 8);
	head[2] = (uint8_t)total;
	for (int i = 0; rp->stamps && i < 8; i++)
		head[n++] = (uint8_t)(rp->now >> (56 - 8 * i));
	return send_all(rp->fd, head, n) && send_all(rp->fd, data, len);
}

static bool
refuse(struct replay *rp, const char *why)
{
	return answer(rp, SERVE_REFUSED, why, strlen(why));
}

static void
pass_bits(struct replay *rp, uint64_t bits)
{
	rp->now += bits * 1000000 / rp->khz;
}

/* The event was played. Its outcome then is its outcome now. */
static bool
played(struct replay *rp, const struct trace_event *e, const void *data, size_t len)
{
	trace_say(stdout, &rp->words, e);
	(void)fflush(stdout);
	rp->at++;
	if (e->nack) {
		pass_bits(rp, 11);
		return answer(rp, SERVE_ADDR_NACK, NULL, 0);
	}
	pass_bits(rp, 9 * (e->n + 1) + 2);
	if (e->failed)
		return answer(rp, SERVE_BUS_ERROR, NULL, 0);
	return answer(rp, SERVE_DONE, data, len);
}

static bool
op_write(struct replay *rp, const uint8_t *data, size_t len)
{
	const struct trace_event *e;
	char reason[REASON_MAX];

	skip(rp, 'W', data, len);
	e = event(rp, rp->at);
	if (e == NULL || !same_write(e, data, len)) {
		depart(rp, 'W', data, len, reason);
		return refuse(rp, reason);
	}
	if (len > 0)
		rp->reg = data[0];
	return played(rp, e, NULL, 0);
}

/* Zeros for what was left out, and a checksum that fits them. */
static void
fill(const struct replay *rp, const struct trace_event *e, uint8_t *out)
{
	unsigned crc;

	memset(out, 0, e->n);
	memcpy(out, e->data, e->shown);
	if (e->shown == e->n || rp->reg != REG_DATA || e->n <= OVERHEAD)
		return;
	crc = sim_crc(out, e->n - 2);
	out[e->n - 2] = (uint8_t)(crc >> 8);
	out[e->n - 1] = (uint8_t)crc;
}

static bool
op_read(struct replay *rp, size_t len)
{
	const struct trace_event *e;
	char reason[REASON_MAX];
	uint8_t *data;
	bool ok;

	skip(rp, 'R', NULL, len);
	e = event(rp, rp->at);
	if (e == NULL || e->dir != 'R' || (!e->nack && !e->failed && e->n != len)) {
		depart(rp, 'R', NULL, len, reason);
		return refuse(rp, reason);
	}
	data = malloc(len > 0 ? len : 1);
	if (data == NULL)
		return false;
	if (!e->nack && !e->failed)
		fill(rp, e, data);
	ok = played(rp, e, data, len);
	free(data);
	return ok;
}

static bool
op_line(struct replay *rp, const uint8_t *data)
{
	const struct trace_event *e;

	skip(rp, 'Z', NULL, 0);
	e = event(rp, rp->at);
	if (e != NULL && e->dir == 'Z' && e->shown == 2 && memcmp(e->data, data, 2) == 0)
		rp->at++;
	return answer(rp, SERVE_DONE, NULL, 0);
}

static bool
op_hello(struct replay *rp, const uint8_t *data)
{
	const uint8_t hello[] = { 1, data[1] & 3, 1, (uint8_t)(rp->khz >> 8), (uint8_t)rp->khz };
	bool ok;

	rp->stamps = false;
	ok = answer(rp, SERVE_DONE, hello, sizeof(hello));
	rp->stamps = data[1] & 1;
	return ok;
}

static bool
op_sleep(struct replay *rp, const uint8_t *p)
{
	rp->now += SIM_US((uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 8 | p[3]);
	return answer(rp, SERVE_DONE, NULL, 0);
}

static bool
op_clock(struct replay *rp, const uint8_t *p)
{
	const unsigned khz = (unsigned)p[0] << 8 | p[1];

	if (khz == 0)
		return refuse(rp, "the clock is at least 1 kHz");
	rp->khz = khz;
	return answer(rp, SERVE_DONE, NULL, 0);
}

/* Returns false when this host is done with. */
static bool
run(struct replay *rp, char op, size_t len, const uint8_t *payload)
{
	switch (op) {
	case 'W': return op_write(rp, payload, len) && !rp->departed;
	case 'R': return op_read(rp, len) && !rp->departed;
	case 'H': return len == 2 && payload[0] == 1 && op_hello(rp, payload);
	case 'S': return len == 4 && op_sleep(rp, payload);
	case 'Z': return len == 2 && op_line(rp, payload);
	case 'K': return len == 2 && op_clock(rp, payload);
	case 'M': return answer(rp, SERVE_DONE, NULL, 0);
	case '?': return answer(rp, SERVE_DONE, "{}", 2);
	default: return refuse(rp, "a trace has no such operation");
	}
}

/* False when the program is to end. */
static bool
wait_for(const struct replay *rp, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (!serve_stopped())
		if (ppoll(&p, 1, NULL, &rp->waiting) > 0)
			return true;
	return false;
}

static bool
read_all(const struct replay *rp, uint8_t *p, size_t n)
{
	ssize_t got;

	for (; n > 0; p += got, n -= (size_t)got)
		if (!wait_for(rp, rp->fd) || (got = recv(rp->fd, p, n, 0)) <= 0)
			return false;
	return true;
}

static void
serve_host(struct replay *rp)
{
	uint8_t head[SERVE_HEAD], payload[0xFFFF];
	size_t len;
	bool is_read;

	rp->stamps = false;
	do {
		if (!read_all(rp, head, sizeof(head)))
			return;
		len = (size_t)head[2] << 8 | head[3];
		is_read = head[0] == 'R' || head[0] == 'r';
		if (!is_read && !read_all(rp, payload, len))
			return;
	} while (run(rp, (char)head[0], len, payload));
}

/* --- the command --------------------------------------------------------------------------- */

struct replay_options {
	const char *socket;
	struct trace_filter filter;
};

static int
parse_options(int argc, char **argv, struct replay_options *o)
{
	static const struct option options[] = { { "socket", required_argument, NULL, 's' },
		TRACE_FILTER_OPTIONS, { NULL, 0, NULL, 0 } };
	int c;

	memset(o, 0, sizeof(*o));
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == ':')
			return prog_usage("replay: %s needs a value", argv[optind - 1]);
		if (c == '?')
			return prog_usage("replay: unknown option \"%s\"", argv[optind - 1]);
		if (c == 's')
			o->socket = optarg;
		else if (!trace_filter_option(c, optarg, &o->filter))
			return prog_usage("replay: \"%s\" is no number", optarg);
	}
	if (o->socket == NULL)
		return prog_usage("replay: where? give --socket PATH");
	if (optind != argc - 1)
		return prog_usage("replay: exactly one FILE is needed");
	return PROG_OK;
}

/* Whether everything that must happen has happened. */
static bool
over(struct replay *rp)
{
	skip(rp, '\0', NULL, 0);
	return rp->at >= rp->n;
}

static void
loop(struct replay *rp, int listen_fd)
{
	while (!rp->departed && !over(rp) && wait_for(rp, listen_fd)) {
		rp->fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (rp->fd < 0)
			continue;
		serve_host(rp);
		(void)close(rp->fd);
	}
}

static int
result(struct replay *rp)
{
	if (rp->departed)
		return PROG_FAILED;
	if (over(rp)) {
		(void)printf("optiga-sim: all of %s was played\n", rp->path);
		return PROG_OK;
	}
	return prog_error("%s:%u: no host came as far as this", rp->path, rp->e[rp->at].line);
}

int
prog_replay(int argc, char **argv)
{
	struct replay rp = { .khz = SERVE_PORT_KHZ };
	struct replay_options o;
	struct serve_socket sock;
	int r = parse_options(argc, argv, &o);

	if (r != PROG_OK)
		return r;
	rp.path = argv[optind];
	if ((r = trace_load(rp.path, &o.filter, &rp.e, &rp.n)) != PROG_OK)
		return r;
	serve_stop_on_signals(&rp.waiting);
	if (rp.n == 0)
		r = prog_error("%s: no such events in it", rp.path);
	else if ((r = serve_socket_open(&sock, o.socket)) == PROG_OK) {
		(void)printf("optiga-sim: ready on %s\n", o.socket);
		(void)fflush(stdout);
		loop(&rp, sock.fd);
		serve_socket_close(&sock);
		r = result(&rp);
	}
	free(rp.e);
	return r;
}
