/*
 * OPTIGA_TRACE: what a line says, and that no secret that crosses the bus in clear gets into the
 * file. The bus here is one without a chip that answers what it is told to.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/bus/ops.h"
#include "hal/bus/redact.h"

static char dir[64], path[96];
static struct bus *bus;
static uint8_t answer[300];
static int result;
static uint64_t now;

static int
fake_write(struct bus *b, const uint8_t *data, size_t len)
{
	(void)b;
	(void)data;
	now += BUS_US(len);
	return result;
}

static int
fake_read(struct bus *b, uint8_t *data, size_t len)
{
	(void)b;
	memcpy(data, answer, len);
	now += BUS_US(len);
	return result;
}

static uint64_t
fake_now(struct bus *b)
{
	(void)b;
	return now;
}

static int
fake_sleep(struct bus *b, uint64_t ns)
{
	(void)b;
	now += ns;
	return 0;
}

static int
fake_reset(struct bus *b)
{
	(void)b;
	now += BUS_US(100);
	return 0;
}

static const struct bus_ops fake = {
	.scheme = "fake",
	.write = fake_write,
	.read = fake_read,
	.now = fake_now,
	.sleep = fake_sleep,
	.reset_line = fake_reset,
};

static void
setup(void)
{
	strcpy(dir, "/tmp/test-trace.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/trace", dir);
	setenv("OPTIGA_TRACE", path, 1);
	ck_assert_int_eq(bus_new(&fake, NULL, &bus), 0);
	bus_trace_open(bus);
	result = 0;
	now = BUS_US(1000);
}

static void
teardown(void)
{
	bus_close(&bus);
	(void)unlink(path);
	(void)rmdir(dir);
	unsetenv("OPTIGA_TRACE");
}

/* The nth line of the file, from 0; "" past the end. */
static const char *
line(unsigned n)
{
	static char text[4096];
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(f);
	do
		if (fgets(text, sizeof(text), f) == NULL)
			text[0] = '\0';
	while (n-- > 0);
	(void)fclose(f);
	return text;
}

static void
expect(unsigned n, const char *rest)
{
	char want[256];

	snprintf(want, sizeof(want), "{\"step\":%u,\"pid\":%ld,\"addr\":48,%s}\n", n,
	    (long)getpid(), rest);
	ck_assert_str_eq(line(n), want);
}

START_TEST(every_event_is_a_line)
{
	struct stat sb;
	uint8_t in[4];

	ck_assert_int_eq(bus_write(bus, (const uint8_t[]){ 0x82 }, 1), 0);
	ck_assert_int_eq(bus_sleep(bus, BUS_US(50)), 0);
	memcpy(answer, (const uint8_t[]){ 0x08, 0x80, 0, 0 }, 4);
	ck_assert_int_eq(bus_read(bus, in, 4), 0);
	result = HAL_ENACK;
	ck_assert_int_eq(bus_read(bus, in, 4), HAL_ENACK);
	ck_assert_int_eq(bus_write(bus, (const uint8_t[]){ 0x81, 1, 0x15 }, 3), HAL_ENACK);
	result = HAL_EIO;
	ck_assert_int_eq(bus_write(bus, (const uint8_t[]){ 0x81, 1, 0x15 }, 3), HAL_EIO);
	ck_assert_int_eq(bus_reset_line(bus), 0);
	expect(0, "\"dir\":\"W\",\"hex\":\"82\",\"n\":1,\"gap_us\":null,\"t_us\":1000.0");
	expect(1, "\"dir\":\"R\",\"hex\":\"08800000\",\"n\":4,\"gap_us\":50.0,\"t_us\":1051.0");
	expect(2, "\"dir\":\"R\",\"hex\":\"\",\"n\":0,\"gap_us\":0.0,\"t_us\":1055.0,\"nack\":1");
	expect(3,
	    "\"dir\":\"W\",\"hex\":\"810115\",\"n\":3,\"gap_us\":0.0,\"t_us\":1059.0,\"nack\":1");
	expect(4,
	    "\"dir\":\"W\",\"hex\":\"810115\",\"n\":3,\"gap_us\":0.0,\"t_us\":1062.0,\"error\":1");
	expect(5, "\"dir\":\"Z\",\"hex\":\"0000\",\"n\":2,\"gap_us\":null,\"t_us\":1065.0");
	expect(6, "\"dir\":\"Z\",\"hex\":\"0001\",\"n\":2,\"gap_us\":null,\"t_us\":1165.0");
	ck_assert_str_eq(line(7), "");
	ck_assert_int_eq(stat(path, &sb), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, 0600);
}
END_TEST

START_TEST(appended_never_cut)
{
	struct bus *other;

	ck_assert_int_eq(bus_write(bus, (const uint8_t[]){ 0x82 }, 1), 0);
	ck_assert_int_eq(bus_new(&fake, NULL, &other), 0);
	bus_trace_open(other);
	ck_assert_int_eq(bus_write(other, (const uint8_t[]){ 0x84 }, 1), 0);
	bus_close(&other);
	ck_assert_int_eq(bus_write(bus, (const uint8_t[]){ 0x81 }, 1), 0);
	ck_assert_ptr_nonnull(strstr(line(0), "\"hex\":\"82\""));
	ck_assert_ptr_nonnull(strstr(line(1), "\"hex\":\"84\""));
	ck_assert_ptr_nonnull(strstr(line(2), "\"hex\":\"81\""));
}
END_TEST

START_TEST(a_file_that_cannot_be_written)
{
	struct bus *other;

	setenv("OPTIGA_TRACE", "/nonexistent/trace", 1);
	ck_assert_int_eq(bus_new(&fake, NULL, &other), 0);
	bus_trace_open(other);
	ck_assert_ptr_null(other->trace);
	ck_assert_int_eq(bus_write(other, (const uint8_t[]){ 0x84 }, 1), 0);
	bus_close(&other);
	setenv("OPTIGA_TRACE", "", 1);
	ck_assert_int_eq(bus_new(&fake, NULL, &other), 0);
	bus_trace_open(other);
	ck_assert_ptr_null(other->trace);
	bus_close(&other);
}
END_TEST

/* --- secrets ------------------------------------------------------------------------------- */

/* Frame with this PCTR around what follows; FCS is SS SS. */
static size_t
frame(uint8_t *out, uint8_t pctr, const void *body, size_t n)
{
	out[0] = 0x04;
	out[1] = (uint8_t)((n + 1) >> 8);
	out[2] = (uint8_t)(n + 1);
	out[3] = pctr;
	memcpy(out + 4, body, n);
	out[n + 4] = out[n + 5] = 0x55;
	return n + 6;
}

static struct bus_redact rd;

/* How many bytes of a command's frame are shown, all: its size. */
static size_t
told(uint8_t pctr, const uint8_t *body, size_t n, size_t *all)
{
	uint8_t w[300] = { 0x80 };

	*all = 1 + frame(w + 1, pctr, body, n);
	return bus_redact_write(&rd, w, *all);
}

static size_t
heard(uint8_t pctr, const uint8_t *body, size_t n, size_t *all)
{
	uint8_t r[300];

	*all = frame(r, pctr, body, n);
	return bus_redact_read(&rd, r, *all);
}

enum shown { ALL, HEAD };

/* Commands in clear, 40 bytes of data or what is given. keep: bytes of the APDU shown if HEAD. */
static const struct {
	const char *what;
	uint8_t apdu[12];
	enum shown in;
	size_t keep;
	enum shown out;
} commands[] = {
	{ "read the UID", { 0x81, 0, 0, 40, 0xE0, 0xC2 }, ALL, 0, ALL },
	{ "read the binding secret", { 0x01, 0, 0, 40, 0xE1, 0x40 }, ALL, 0, HEAD },
	{ "its metadata", { 0x81, 1, 0, 40, 0xE1, 0x40 }, ALL, 0, ALL },
	{ "read a certificate", { 0x81, 0, 0, 40, 0xE0, 0xE1 }, ALL, 0, ALL },
	{ "read users' data", { 0x81, 0, 0, 40, 0xF1, 0xD0 }, ALL, 0, HEAD },
	{ "read users' data", { 0x81, 0, 0, 40, 0xF1, 0xE1 }, ALL, 0, HEAD },
	{ "write the binding secret", { 0x82, 0, 0, 40, 0xE1, 0x40 }, HEAD, 8, ALL },
	{ "with erase", { 0x02, 0x40, 0, 40, 0xE1, 0x40 }, HEAD, 8, ALL },
	{ "write a certificate", { 0x82, 0x40, 0, 40, 0xE0, 0xE1 }, ALL, 0, ALL },
	{ "write metadata", { 0x82, 1, 0, 40, 0xF1, 0xD0 }, ALL, 0, ALL },
	{ "write users' data", { 0x82, 0, 0, 40, 0xF1, 0xDB }, HEAD, 8, ALL },
	{ "random", { 0x8C, 0, 0, 2, 0, 32 }, ALL, 0, HEAD },
	{ "sign", { 0xB1, 0x11, 0, 40, 1 }, ALL, 0, ALL },
	{ "generate", { 0xB8, 3, 0, 9, 1, 0, 2, 0xE0, 0xF1 }, ALL, 0, ALL },
	{ "generate and export", { 0xB8, 3, 0, 3, 7, 0, 0 }, ALL, 0, HEAD },
	{ "agree", { 0xB3, 1, 0, 40, 1 }, ALL, 0, HEAD },
	{ "derive", { 0xB4, 1, 0, 40, 1 }, ALL, 0, HEAD },
	{ "encrypt", { 0x94, 9, 0, 40, 1 }, HEAD, 4, ALL },
	{ "decrypt", { 0x95, 9, 0, 40, 1 }, HEAD, 4, HEAD },
	{ "encrypt", { 0x9E, 0x11, 0, 40, 0x61 }, HEAD, 4, ALL },
	{ "decrypt", { 0x9F, 0x11, 0, 40, 0x61 }, ALL, 0, HEAD },
	{ "hash", { 0xB0, 0xE2, 0, 40, 1 }, HEAD, 4, ALL },
	{ "update", { 0x83, 1, 0, 40, 0x30 }, HEAD, 4, ALL },
	{ "open", { 0xF0, 0, 0, 16, 0xD2, 0x76 }, ALL, 0, ALL },
	{ "restore", { 0xF0, 1, 0, 24, 0xD2, 0x76 }, HEAD, 20, ALL },
	{ "hibernate", { 0xF1, 1, 0, 0 }, ALL, 0, HEAD },
	{ "unknown", { 0x7F, 0, 0, 40 }, HEAD, 4, HEAD },
};

START_TEST(secrets_are_left_out)
{
	uint8_t body[64], rsp[64];
	size_t all, n, layer = (size_t)(_i & 1);

	for (size_t i = 0; i < NITEMS(commands); i++) {
		const uint8_t pctr = layer ? 0x08 : 0x00;
		size_t head = 5 + layer;

		memset(body, 0xAA, sizeof(body));
		body[0] = 0x20;
		memcpy(body + layer, commands[i].apdu, sizeof(commands[i].apdu));
		n = told(pctr, body, 44 + layer, &all);
		if (commands[i].in == ALL)
			ck_assert_msg(n == all, "%s: %zu of %zu", commands[i].what, n, all);
		else
			ck_assert_msg(
			    n == head + commands[i].keep, "%s: %zu shown", commands[i].what, n);
		memset(rsp, 0, sizeof(rsp));
		rsp[0] = layer ? 0x20 : 0;
		rsp[layer + 3] = 40;
		n = heard(pctr, rsp, 44 + layer, &all);
		ck_assert_msg(n == (commands[i].out == ALL ? all : 8 + layer), "%s: %zu of %zu",
		    commands[i].what, n, all);
		/* An error has nothing to hide. */
		n = heard(pctr, rsp, 4 + layer, &all);
		ck_assert_uint_eq(n, all);
	}
}
END_TEST

START_TEST(what_is_encrypted_is_shown)
{
	uint8_t body[64] = { 0x23 };
	size_t all, n;

	for (uint8_t sctr = 0x20; sctr <= 0x23; sctr++) {
		memset(body, 0xCC, sizeof(body));
		body[0] = sctr;
		memcpy(body + 1, (const uint8_t[]){ 0x82, 0, 0, 40, 0xE1, 0x40 }, 6);
		n = told(0x08, body, 50, &all);
		ck_assert_uint_eq(n, sctr & 1 ? all : 6 + 8);
		/* A plain answer to a command that nobody can read may be anything. */
		n = heard(0x08, body, 50, &all);
		ck_assert_uint_eq(n, sctr == 0x21 ? 9 : all);
	}
	body[0] = 0x08; /* Finished */
	ck_assert_uint_eq(told(0x08, body, 49, &all), all);
	ck_assert_uint_eq(heard(0x08, body, 49, &all), all);
}
END_TEST

START_TEST(chains_are_hidden_to_their_end)
{
	uint8_t body[64] = { 0x82, 0, 0, 200, 0xE1, 0x40 };
	size_t all;

	ck_assert_uint_eq(told(0x01, body, 50, &all), 5 + 8);
	ck_assert_uint_eq(told(0x02, body, 50, &all), 5);
	ck_assert_uint_eq(told(0x04, body, 50, &all), 5);
	body[5] = 0xC2;
	body[4] = 0xE0;
	ck_assert_uint_eq(told(0x01, body, 50, &all), all);
	ck_assert_uint_eq(told(0x04, body, 50, &all), all);
	/* Cut before the object is known. */
	ck_assert_uint_eq(told(0x01, body, 5, &all), all);
	ck_assert_uint_eq(told(0x04, body, 50, &all), 5);
	body[0] = 0x0C;
	ck_assert_uint_eq(told(0x00, body, 6, &all), all);
	ck_assert_uint_eq(heard(0x01, body, 50, &all), 8);
	ck_assert_uint_eq(heard(0x02, body, 50, &all), 4);
	ck_assert_uint_eq(heard(0x04, body, 50, &all), 4);
}
END_TEST

START_TEST(registers_and_control_frames_are_shown)
{
	const uint8_t ack[] = { 0x80, 0x00, 0x00, 0x0C, 0xEC };
	uint8_t w[6] = { 0x80 }, body[6] = { 0x0C, 0, 0, 2, 0, 32 };
	size_t all;

	(void)told(0x00, body, 6, &all);
	memcpy(w + 1, ack, 5);
	ck_assert_uint_eq(bus_redact_write(&rd, w, 6), 6);
	ck_assert_uint_eq(bus_redact_read(&rd, ack, 5), 5);
	ck_assert_uint_eq(bus_redact_write(&rd, (const uint8_t[]){ 0x82 }, 1), 1);
	ck_assert_uint_eq(bus_redact_read(&rd, w, 4), 4);
	/* Rubbish from DATA is not shown, however short. */
	ck_assert_uint_eq(bus_redact_write(&rd, (const uint8_t[]){ 0x80 }, 1), 1);
	memset(w, 0, sizeof(w));
	ck_assert_uint_le(bus_redact_read(&rd, w, 5), 5);
	ck_assert_uint_eq(bus_redact_read(&rd, w, 3), 3);
}
END_TEST

/* Through the whole: the bytes of a secret are in no line of the file. */
START_TEST(file_has_no_secret)
{
	uint8_t w[300] = { 0x80 }, body[72] = { 0x82, 0, 0, 68, 0xE1, 0x40, 0, 0 };
	size_t n;

	memset(body + 8, 0xA5, 64);
	n = 1 + frame(w + 1, 0x00, body, sizeof(body));
	ck_assert_int_eq(bus_write(bus, w, n), 0);
	ck_assert_int_eq(bus_write(bus, (const uint8_t[]){ 0x80 }, 1), 0);
	n = frame(answer, 0x00, body, 40);
	ck_assert_int_eq(bus_read(bus, w, n), 0); /* shown: the answer to a write is a status */
	ck_assert_ptr_null(strstr(line(0), "a5a5"));
	ck_assert_ptr_nonnull(strstr(line(0), "\"n\":79,\"cut\":66,"));
	ck_assert_ptr_nonnull(strstr(line(0), "82000044e1400000\""));
}
END_TEST

/* A new handle does not know what the answer is that waits on the chip. */
START_TEST(answer_to_somebody_else)
{
	uint8_t w[300], body[72] = { 0 };
	size_t n;

	memset(body + 4, 0xA5, 60);
	ck_assert_int_eq(bus_write(bus, (const uint8_t[]){ 0x80 }, 1), 0);
	n = frame(answer, 0x00, body, 64);
	ck_assert_int_eq(bus_read(bus, w, n), 0);
	ck_assert_ptr_null(strstr(line(1), "a5a5"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bus_trace");
	TCase *tc = tcase_create("trace");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_event_is_a_line);
	tcase_add_test(tc, appended_never_cut);
	tcase_add_test(tc, a_file_that_cannot_be_written);
	tcase_add_test(tc, file_has_no_secret);
	tcase_add_test(tc, answer_to_somebody_else);
	suite_add_tcase(s, tc);
	tc = tcase_create("redaction");
	tcase_add_loop_test(tc, secrets_are_left_out, 0, 2);
	tcase_add_test(tc, what_is_encrypted_is_shown);
	tcase_add_test(tc, chains_are_hidden_to_their_end);
	tcase_add_test(tc, registers_and_control_frames_are_shown);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
