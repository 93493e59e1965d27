/*
 * The portal file of a chip that comes with secrets of its own (Express, MTR): what the vendor's
 * portal gives to the buyer. One JSON object; the manual optiga-sim(1) describes it.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/sha.h>

#include "hal/base/err.h"
#include "hal/sim/image.h"
#include "hal/sim/prog.h"

static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";

#define SERIAL_LEN 8 /* bytes of the hash of the unique ID that a token shows as its serial */

static void
hex(const uint8_t *p, size_t n, const char digits[16], char *out)
{
	for (; n > 0; p++, n--) {
		*out++ = digits[*p >> 4];
		*out++ = digits[*p & 0x0F];
	}
	*out = '\0';
}

int
prog_portal_open(const char *path)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		(void)prog_error("%s: exists already and is not overwritten", path);
	else if (fd < 0)
		(void)prog_error("%s: cannot be made: %s", path, strerror(errno));
	return fd;
}

static bool
set_hex(json_t *j, const char *key, const uint8_t *p, size_t n, const char digits[16])
{
	char text[2 * SIM_SECRET_LEN + 1];
	bool ok;

	hex(p, n, digits, text);
	ok = json_object_set_new(j, key, json_string(text)) == 0;
	explicit_bzero(text, sizeof(text));
	return ok;
}

/* Written by ourselves rather than dumped to a FILE, whose buffers nobody wipes. */
static bool
put_all(int fd, const char *p, size_t n)
{
	ssize_t w;

	while (n > 0) {
		w = write(fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

static bool
put_portal(int fd, const char *model, const struct sim_portal *p)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	json_t *j = json_object();
	char *text = NULL;
	bool ok;

	(void)SHA256(p->uid, sizeof(p->uid), hash);
	ok = json_object_set_new(j, "model", json_string(model)) == 0 &&
	     set_hex(j, "uid", p->uid, sizeof(p->uid), upper) &&
	     set_hex(j, "serial", hash, SERIAL_LEN, lower) &&
	     set_hex(j, "binding_secret", p->binding, sizeof(p->binding), upper) &&
	     set_hex(j, "authorization_secret", p->authorization, sizeof(p->authorization), upper);
	if (ok && (text = json_dumps(j, JSON_INDENT(2))) != NULL) {
		ok = put_all(fd, text, strlen(text)) && put_all(fd, "\n", 1) && fsync(fd) == 0;
		explicit_bzero(text, strlen(text));
		free(text);
	} else {
		ok = false;
	}
	json_decref(j);
	return ok;
}

int
prog_portal_write(int fd, const char *path, const char *image)
{
	struct sim_state *st = calloc(1, sizeof(*st));
	struct image_facts facts;
	struct sim_portal p;
	int r = PROG_FAILED;

	if (st == NULL)
		return prog_error("out of memory");
	if (image_snapshot(image, &facts, st) != 0)
		(void)prog_error("%s", sim_error());
	else if (!sim_app_portal(&st->app, &p))
		(void)prog_error("%s has no secrets of its own, and no portal file", facts.model);
	else if (!put_portal(fd, facts.model, &p))
		(void)prog_error("%s: cannot be written: %s", path, strerror(errno));
	else
		r = PROG_OK;
	explicit_bzero(&p, sizeof(p));
	explicit_bzero(st, sizeof(*st));
	free(st);
	return r;
}
