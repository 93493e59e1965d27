/* See work.h. */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "hal/base/err.h"
#include "hal/bus/ops.h"
#include "hal/chip/binding.h"
#include "hal/chip/internal.h"
#include "tests/load/work.h"

#define NITEMS(a)  (sizeof(a) / sizeof((a)[0]))

#define OWN_LEN    16 /* bytes of F1D0.. that a host has for itself */
#define OWN_OID(h) ((uint16_t)(0xF1D0 + (h) / 4))
#define OWN_OFF(h) ((h) % 4 * OWN_LEN)

struct host {
	struct chip *c;
	const struct work *w;
	unsigned nr, turn;
	EVP_PKEY *key;
	uint8_t last[32];
};

/* What is wrong with an answer that came without an error. */
#define WRONG (-1000)

static int
get_random(struct host *h)
{
	uint8_t r[32];
	int rc = chip_random(h->c, r, sizeof(r));

	if (rc == 0 && memcmp(r, h->last, sizeof(r)) == 0)
		return WRONG;
	memcpy(h->last, r, sizeof(r));
	return rc;
}

static int
get_uid(struct host *h)
{
	struct buf out = BUF_INIT;
	int r = chip_data_read(h->c, 0xE0C2, 0, 64, &out);

	if (r == 0 && (out.len != CHIP_UID_LEN || memcmp(out.data, chip_uid(h->c), out.len) != 0))
		r = WRONG;
	buf_free(&out);
	return r;
}

static int
get_certificate(struct host *h)
{
	struct buf out = BUF_INIT;
	int r = chip_data_read(h->c, 0xE0E0, 0, SIZE_MAX, &out);

	if (r == 0 && (out.len < 300 || out.data[0] != 0xC0))
		r = WRONG;
	buf_free(&out);
	return r;
}

static int
get_metadata(struct host *h)
{
	struct chip_meta m;
	int r = chip_meta_read(h->c, 0xE0E1, &m);

	return r == 0 && m.max != 1728 ? WRONG : r;
}

/* Ours alone: what we wrote is there, whoever wrote to the same object meanwhile. */
static int
write_and_read(struct host *h)
{
	uint8_t v[OWN_LEN];
	struct buf out = BUF_INIT;
	int r;

	memset(v, (int)(h->turn * 31 + h->nr), sizeof(v));
	if ((r = chip_data_write(h->c, OWN_OID(h->nr), OWN_OFF(h->nr), v, sizeof(v), CHIP_WRITE)) ==
		0 &&
	    (r = chip_data_read(h->c, OWN_OID(h->nr), OWN_OFF(h->nr), sizeof(v), &out)) == 0 &&
	    (out.len != sizeof(v) || memcmp(out.data, v, sizeof(v)) != 0))
		r = WRONG;
	buf_free(&out);
	return r;
}

static int
sign(struct host *h)
{
	uint8_t digest[32];
	struct buf sig = BUF_INIT;
	int r;

	memset(digest, (int)h->turn, sizeof(digest));
	digest[0] = (uint8_t)h->nr;
	r = chip_sign_ecdsa(h->c, WORK_KEY, 32, digest, sizeof(digest), &sig);
	if (r == 0 && !verify_ecdsa(h->key, digest, sizeof(digest), &sig))
		r = WRONG;
	buf_free(&sig);
	return r;
}

/* One turn of a host that keeps the chip for several commands. */
static int
hold(struct host *h)
{
	int r;

	if ((r = chip_acquire(h->c)) != 0)
		return r;
	if ((r = get_uid(h)) == 0 && (r = get_random(h)) == 0)
		r = get_metadata(h);
	chip_release(h->c);
	return r;
}

static int
fail(struct host *h)
{
	struct buf out = BUF_INIT;
	int r = chip_data_read(h->c, 0xF1FF, 0, 10, &out);

	buf_free(&out);
	return r == CHIP_E_OID ? 0 : r == 0 ? WRONG : r;
}

static const struct {
	const char *name;
	int (*run)(struct host *h);
} mix[] = {
	{ "random", get_random },
	{ "sign", sign },
	{ "read UID", get_uid },
	{ "write and read", write_and_read },
	{ "metadata", get_metadata },
	{ "read certificate", get_certificate },
	{ "failing command", fail },
	{ "several commands", hold },
};
#define MIX_SIGN 1

/* A handle whose commands are all protected, if that is wanted. */
static int
open_host(const struct work *w, struct chip **cp)
{
	int r = chip_open(w->selector, cp);

	if (r == 0 && w->shielded && (r = chip_binding_prove(*cp)) == 0)
		(*cp)->shield_all = true;
	return r;
}

void
work_run(struct work *w, unsigned host, unsigned limit)
{
	struct host h = { .w = w, .nr = host, .turn = host };
	int r = open_host(w, &h.c);

	h.key = verify_key(&w->pub);
	if (r != 0)
		printf("host %u: opening: %s\n", host, hal_strerror(r));
	for (unsigned n = 0; r == 0 && !w->stop && (limit == 0 || n < limit); n++, h.turn++) {
		const size_t i = w->sign_only ? MIX_SIGN : h.turn % NITEMS(mix);

		if ((r = mix[i].run(&h)) != 0)
			printf("host %u: %s: %s\n", host, mix[i].name,
			    r == WRONG ? "wrong answer" : hal_strerror(r));
		else
			w->host[host].done++;
	}
	w->host[host].failed = r != 0;
	EVP_PKEY_free(h.key);
	chip_close(&h.c);
	(void)fflush(stdout);
}

static int
die_after_write(struct bus *b, const uint8_t *data, size_t len)
{
	int r = bus_sim_ops.write(b, data, len);

	if (r == 0 && len > 30) /* the command; what comes before it is shorter */
		(void)kill(getpid(), SIGKILL);
	return r;
}

int
work_die(struct work *w)
{
	struct bus_ops ops = bus_sim_ops;
	struct buf sig = BUF_INIT;
	const uint8_t digest[32] = { 1 };
	struct chip *c = NULL;

	ops.write = die_after_write;
	if (open_host(w, &c) == 0 && chip_acquire(c) == 0) {
		/* Another host may have had the session since: a handshake is longer, too. */
		if (w->shielded)
			(void)chip_binding_prove(c);
		c->bus->ops = &ops;
		(void)chip_sign_ecdsa(c, WORK_KEY, 32, digest, sizeof(digest), &sig);
	}
	return -1;
}
