/*
 * Pairs chips from the command line, for tests and until the tool offers it:
 *   pair SELECTOR prove | new | renew | seal | import FILE | remove | serial | read OID
 * new leaves the chip's metadata as it is; renew and seal lock it for ever. Exit status 0, 1
 * failed, 2 usage. Where secrets are kept: OPTIGA_BINDING_DIR.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/binding.h"
#include "hal/chip/chip.h"
#include "hal/chip/portal.h"

static int
do_prove(struct chip *c, const char *arg)
{
	(void)arg;
	return chip_binding_prove(c);
}

static int
do_new(struct chip *c, const char *arg)
{
	(void)arg;
	return chip_pair(c, CHIP_BINDING_OPEN);
}

static int
do_renew(struct chip *c, const char *arg)
{
	(void)arg;
	return chip_pair(c, CHIP_BINDING_RENEW);
}

static int
do_seal(struct chip *c, const char *arg)
{
	(void)arg;
	return chip_pair(c, CHIP_BINDING_SEALED);
}

static int
do_remove(struct chip *c, const char *arg)
{
	(void)arg;
	return chip_binding_remove(c);
}

static int
do_serial(struct chip *c, const char *arg)
{
	char serial[CHIP_SERIAL_LEN];
	int r;

	(void)arg;
	if ((r = chip_acquire(c)) != 0)
		return r;
	if ((r = chip_serial(chip_uid(c), serial)) == 0)
		puts(serial);
	chip_release(c);
	return r;
}

static int
do_read(struct chip *c, const char *arg)
{
	struct buf b = BUF_INIT;
	int r = chip_data_read(c, (uint16_t)strtoul(arg, NULL, 16), 0, 0xFFFF, &b);

	for (size_t i = 0; r == 0 && i < b.len; i++)
		printf("%02X", b.data[i]);
	if (r == 0)
		putchar('\n');
	buf_free(&b);
	return r;
}

static const struct {
	const char *name;
	bool arg;
	int (*run)(struct chip *c, const char *arg);
} commands[] = {
	{ "prove", false, do_prove },
	{ "new", false, do_new },
	{ "renew", false, do_renew },
	{ "seal", false, do_seal },
	{ "import", true, chip_portal_import },
	{ "remove", false, do_remove },
	{ "serial", false, do_serial },
	{ "read", true, do_read },
};

static int
run(const char *selector, size_t i, const char *arg)
{
	struct chip *c;
	int r;

	if ((r = chip_open(selector, &c)) == 0)
		r = commands[i].run(c, arg);
	chip_close(&c);
	if (r != 0)
		fprintf(stderr, "pair: %s: %s: %s\n", selector, commands[i].name, hal_strerror(r));
	return r == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	log_init("pair");
	for (size_t i = 0; argc >= 3 && i < NITEMS(commands); i++)
		if (strcmp(argv[2], commands[i].name) == 0 && argc == 3 + commands[i].arg)
			return run(argv[1], i, argv[3]);
	fputs("usage: pair SELECTOR prove|new|renew|seal|import FILE|remove|serial|read OID\n",
	    stderr);
	return 2;
}
