/* A host for tests of the simulated chip, see sim_host.h. */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/sim/handle.h"
#include "tests/unit/sim_host.h"

void
host_start(struct host *h)
{
	host_start_model(h, "trust-m-v3");
}

void
host_start_model(struct host *h, const char *model)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;

	cfg.model = model;
	host_start_config(h, &cfg);
}

void
host_start_config(struct host *h, const struct sim_config *cfg)
{
	memset(h, 0, sizeof(*h));
	strcpy(h->dir, "/tmp/test-sim.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(h->dir));
	snprintf(h->path, sizeof(h->path), "%s/chip.img", h->dir);
	ck_assert_msg(sim_create(h->path, cfg) == 0, "%s", sim_error());
	ck_assert_msg(sim_open(h->path, SIM_TIME_VIRTUAL, &h->s) == 0, "%s", sim_error());
	sim_set_khz(h->s, 400);
}

void
host_end(struct host *h)
{
	sim_close(&h->s);
	(void)unlink(h->path);
	(void)rmdir(h->dir);
}

void
host_sleep_us(struct host *h, unsigned us)
{
	sim_sleep(h->s, US(us));
}

int
host_write(struct host *h, const uint8_t *data, size_t len)
{
	host_sleep_us(h, 50);
	return sim_write(h->s, ADDR, data, len);
}

int
host_reg_write(struct host *h, uint8_t reg, const uint8_t *value, size_t len)
{
	uint8_t data[1024];

	data[0] = reg;
	memcpy(data + 1, value, len);
	return host_write(h, data, len + 1);
}

int
host_reg_read(struct host *h, uint8_t reg, uint8_t *value, size_t len)
{
	int r = host_write(h, &reg, 1);

	if (r != 0)
		return r;
	host_sleep_us(h, 50);
	return sim_read(h->s, ADDR, value, len);
}

/* Bit by bit, from the text of the specification. */
static unsigned
fcs(const uint8_t *p, size_t n)
{
	unsigned reg = 0, in;

	for (size_t i = 0; i < n; i++)
		for (int b = 0; b < 8; b++) {
			in = (unsigned)p[i] >> b & 1;
			in ^= reg & 1;
			reg >>= 1;
			if (in)
				reg ^= 0x8408;
		}
	return reg;
}

void
host_send_raw(struct host *h, const uint8_t *frame, size_t len)
{
	ck_assert_int_eq(host_reg_write(h, 0x80, frame, len), 0);
}

void
host_send(struct host *h, uint8_t fctr, const void *packet, size_t len)
{
	uint8_t f[1024];
	unsigned crc;

	f[0] = fctr;
	f[1] = (uint8_t)(len >> 8);
	f[2] = (uint8_t)len;
	if (len > 0)
		memcpy(f + 3, packet, len);
	crc = fcs(f, len + 3);
	f[len + 3] = (uint8_t)(crc >> 8);
	f[len + 4] = (uint8_t)crc;
	host_send_raw(h, f, len + 5);
}

void
host_control(struct host *h, uint8_t fctr)
{
	host_send(h, fctr, NULL, 0);
}

uint32_t
host_state(struct host *h)
{
	uint8_t b[4];

	ck_assert_int_eq(host_reg_read(h, 0x82, b, 4), 0);
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

int
host_take(struct host *h)
{
	uint32_t state = host_state(h);

	h->frame_len = state & 0xFFFF;
	if (!(state & 0x40000000)) {
		ck_assert_uint_eq(h->frame_len, 0);
		return -1;
	}
	ck_assert_uint_ge(h->frame_len, 5);
	ck_assert_uint_le(h->frame_len, FRAME_MAX);
	ck_assert_int_eq(host_reg_read(h, 0x80, h->frame, h->frame_len), 0);
	if (fcs(h->frame, h->frame_len - 2) !=
	    ((unsigned)h->frame[h->frame_len - 2] << 8 | h->frame[h->frame_len - 1]))
		return -1;
	ck_assert_uint_eq(((size_t)h->frame[1] << 8 | h->frame[2]) + 5, h->frame_len);
	return h->frame[0];
}

int
host_wait(struct host *h, unsigned ms)
{
	uint64_t end = sim_now(h->s) + MS(ms);
	int r;

	while ((r = host_take(h)) < 0 && sim_now(h->s) < end)
		host_sleep_us(h, 100);
	return r;
}

size_t
host_command(uint8_t *cmd, unsigned exec_us, unsigned rsp_len, size_t cmd_len)
{
	cmd[0] = 0xEE;
	cmd[1] = 0;
	cmd[2] = (uint8_t)((cmd_len - 4) >> 8);
	cmd[3] = (uint8_t)(cmd_len - 4);
	cmd[4] = (uint8_t)(exec_us >> 24);
	cmd[5] = (uint8_t)(exec_us >> 16);
	cmd[6] = (uint8_t)(exec_us >> 8);
	cmd[7] = (uint8_t)exec_us;
	cmd[8] = (uint8_t)(rsp_len >> 8);
	cmd[9] = (uint8_t)rsp_len;
	for (size_t i = 10; i < cmd_len; i++)
		cmd[i] = (uint8_t)i;
	return cmd_len;
}

void
host_send_command(struct host *h, unsigned nr, unsigned acked, unsigned exec_us, unsigned rsp_len)
{
	uint8_t packet[16] = { 0 };

	host_send(h, (uint8_t)(nr << 2 | acked), packet,
	    1 + host_command(packet + 1, exec_us, rsp_len, 12));
}

uint64_t
host_commands(struct host *h)
{
	struct sim_view v;

	ck_assert_int_eq(sim_look(h->s, &v), 0);
	return v.counts.commands;
}

int
sim_tests_run(const char *suite, const char *name, SFun setup, SFun teardown,
    const struct sim_test *tests, size_t n)
{
	Suite *s = suite_create(suite);
	TCase *tc = tcase_create(name);
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tc, tests[i].test, 0, tests[i].n);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
