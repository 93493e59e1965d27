/* See shield_bed.h. */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/chip/bindfile.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"
#include "tests/unit/shield_bed.h"
#include "tests/unit/test_chip_ossl.h"

const char *bed_selector;
char bed_dir[64], bed_serial[CHIP_SERIAL_LEN];
struct chip *bed_chip;

struct chip *
bed_open(void)
{
	struct chip *n;

	ck_assert_int_eq(chip_open(bed_selector, &n), 0);
	return n;
}

void
bed_setup(void)
{
	bed_selector = sim_image(7);
	(void)snprintf(bed_dir, sizeof(bed_dir), "/tmp/binding.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(bed_dir));
	ck_assert_int_eq(setenv("OPTIGA_BINDING_DIR", bed_dir, 1), 0);
	bed_chip = bed_open();
	ck_assert_int_eq(chip_acquire(bed_chip), 0);
	ck_assert_int_eq(chip_serial(chip_uid(bed_chip), bed_serial), 0);
	chip_release(bed_chip);
}

void
bed_teardown(void)
{
	static const char *const suffixes[] = { BINDFILE_CURRENT, BINDFILE_PENDING, BINDFILE_AUTH };

	chip_close(&bed_chip);
	for (size_t i = 0; i < NITEMS(suffixes); i++)
		ck_assert_int_eq(bindfile_remove(bed_dir, bed_serial, suffixes[i]), 0);
	ck_assert_int_eq(rmdir(bed_dir), 0); /* nothing else was left */
	unsetenv("OPTIGA_TEST_FACTORY_SECRET");
	sim_image_remove();
}

unsigned
bed_handshakes(const struct chip *of)
{
	struct link_stats st;

	link_stats(of->ln, &st);
	return st.handshakes;
}

struct secret *
bed_secret_of(const char *suffix)
{
	struct secret *s;

	ck_assert_int_eq(bindfile_read(bed_dir, bed_serial, suffix, &s), 0);
	return s;
}

bool
bed_exists(const char *suffix)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s%s", bed_dir, bed_serial, suffix);
	return access(path, F_OK) == 0;
}

struct secret *
bed_some_secret(uint8_t first)
{
	uint8_t bytes[CHIP_BINDING_LEN];
	struct secret *s;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(first + i);
	ck_assert_int_eq(secret_from(bytes, sizeof(bytes), &s), 0);
	return s;
}

void
bed_demand(void)
{
	static const uint8_t tlvs[] = { 0xD0, 3, 0x20, 0xE1, 0x40, 0xD1, 3, 0x20, 0xE1, 0x40 };

	ck_assert_int_eq(chip_meta_write(bed_chip, BED_OID, tlvs, sizeof(tlvs)), 0);
}

int
bed_write(struct chip *to, uint8_t v)
{
	return chip_data_write(to, BED_OID, 0, &v, 1, CHIP_WRITE);
}

int
bed_read(struct chip *from, uint8_t *v)
{
	struct buf b = BUF_INIT;
	int r = chip_data_read(from, BED_OID, 0, 1, &b);

	if (r == 0 && b.len == 1)
		*v = b.data[0];
	buf_free(&b);
	return r;
}

void
bed_expect(struct chip *from, uint8_t want)
{
	uint8_t v = 0;

	ck_assert_int_eq(bed_read(from, &v), 0);
	ck_assert_uint_eq(v, want);
}
