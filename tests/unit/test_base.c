/* hal/base: buffers, cursor, error texts, log. */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/base/buf.h"
#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/base/secret.h"

START_TEST(buffer_collects_big_endian_integers_and_bytes)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xFF, 0xFF };
	struct buf b = BUF_INIT;

	ck_assert_int_eq(buf_put_u8(&b, 1), 0);
	ck_assert_int_eq(buf_put_u16(&b, 0x0203), 0);
	ck_assert_int_eq(buf_put_u32(&b, 0x04050607), 0);
	ck_assert_int_eq(buf_put(&b, "\x08\x09", 2), 0);
	ck_assert_int_eq(buf_put(&b, NULL, 0), 0);
	ck_assert_int_eq(buf_put_fill(&b, 0xFF, 2), 0);
	ck_assert_mem_eq(b.data, want, sizeof(want));
	ck_assert_uint_eq(b.len, sizeof(want));
	buf_free(&b);
	ck_assert_ptr_null(b.data);
	buf_free(&b);
	buf_free(NULL);
}
END_TEST

START_TEST(buffer_grows_and_keeps_its_content)
{
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < 5000; i++)
		ck_assert_int_eq(buf_put_u8(&b, (uint8_t)(i * 7)), 0);
	for (unsigned i = 0; i < 5000; i++)
		ck_assert_uint_eq(b.data[i], (uint8_t)(i * 7));
	buf_free(&b);
}
END_TEST

START_TEST(buffer_is_wiped_on_reset)
{
	static const uint8_t zero[6] = { 0 };
	struct buf b = BUF_INIT;

	ck_assert_int_eq(buf_put(&b, "secret", 6), 0);
	buf_reset(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_mem_eq(b.data, zero, 6);
	buf_free(&b);
}
END_TEST

START_TEST(buffer_refuses_what_cannot_be_and_stays_as_it_was)
{
	struct buf b = BUF_INIT;

	ck_assert_int_eq(buf_put_u8(&b, 5), 0);
	ck_assert_int_eq(buf_put(&b, "x", SIZE_MAX - 1), HAL_ENOMEM);
	ck_assert_int_eq(buf_put_fill(&b, 0, SIZE_MAX - 1), HAL_ENOMEM);
	ck_assert_int_eq(buf_put_tlv(&b, 1, "x", 0x10000), HAL_ETOOBIG);
	ck_assert_uint_eq(b.len, 1);
	ck_assert_uint_eq(b.data[0], 5);
	buf_free(&b);
}
END_TEST

START_TEST(buffer_moves)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	ck_assert_int_eq(buf_put(&a, "old", 3), 0);
	ck_assert_int_eq(buf_put(&b, "new", 3), 0);
	buf_move(&a, &b);
	ck_assert_mem_eq(a.data, "new", 3);
	ck_assert_ptr_null(b.data);
	buf_free(&a);
}
END_TEST

START_TEST(tlv_round_trip)
{
	struct buf b = BUF_INIT;
	struct cur c, v;
	uint8_t tag;

	ck_assert_int_eq(buf_put_tlv(&b, 0x61, "abc", 3), 0);
	ck_assert_int_eq(buf_put_tlv(&b, 0x62, NULL, 0), 0);
	c = (struct cur){ b.data, b.len };
	ck_assert(cur_tlv(&c, &tag, &v));
	ck_assert_uint_eq(tag, 0x61);
	ck_assert_uint_eq(v.len, 3);
	ck_assert_mem_eq(v.p, "abc", 3);
	ck_assert(cur_tlv(&c, &tag, &v));
	ck_assert_uint_eq(v.len, 0);
	ck_assert(!cur_tlv(&c, &tag, &v));
	ck_assert_uint_eq(c.len, 0);
	buf_free(&b);
}
END_TEST

START_TEST(cursor_never_reads_past_the_end_and_stays_where_it_was)
{
	static const uint8_t bytes[] = { 0x20, 0x03, 0xAA, 0xBB };
	struct cur c = { bytes, sizeof(bytes) }, v;
	const uint8_t *p;
	uint16_t u16;
	uint32_t u32;
	uint8_t u8;

	ck_assert(!cur_bytes(&c, 5, &p));
	ck_assert(!cur_meta_tlv(&c, &u8, &v));
	ck_assert(!cur_tlv(&c, &u8, &v));
	ck_assert_ptr_eq(c.p, bytes);
	ck_assert(cur_u32(&c, &u32));
	ck_assert_uint_eq(u32, 0x2003AABB);
	ck_assert(!cur_u8(&c, &u8));
	c = (struct cur){ bytes, 3 };
	ck_assert(!cur_u32(&c, &u32));
	ck_assert(cur_u24(&c, &u32));
	ck_assert_uint_eq(u32, 0x2003AA);
	c = (struct cur){ bytes, 1 };
	ck_assert(!cur_u16(&c, &u16));
	ck_assert(!cur_u24(&c, &u32));
	c = (struct cur){ bytes + 1, 3 };
	ck_assert(cur_u16(&c, &u16));
	ck_assert_uint_eq(u16, 0x03AA);
}
END_TEST

START_TEST(every_truncation_of_a_metadata_tlv_is_refused)
{
	static const uint8_t bytes[] = { 0xC0, 0x02, 0x01, 0x02 };
	struct cur c = { bytes, (size_t)_i }, v;
	uint8_t tag;

	ck_assert_int_eq(cur_meta_tlv(&c, &tag, &v), _i == 4);
}
END_TEST

START_TEST(every_code_has_a_text_of_its_own)
{
	static const int codes[] = { 0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -13, -14,
		-15, -16, -17, -18, -19, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A,
		0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x24, 0x25, 0x29, 0x2A, 0x2C, 0x2D, 0x2E,
		0x2F };

	for (size_t i = 0; i < NITEMS(codes); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(hal_strerror(codes[i]), hal_strerror(codes[j]));
	ck_assert_str_eq(hal_strerror(0xFE), "chip: unknown error code");
	ck_assert_str_eq(hal_strerror(-999), "unknown error");
}
END_TEST

/* Flags of the mapping that holds p, as /proc/self/smaps has them. */
static void
map_flags(const void *p, char *flags, size_t n)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	const unsigned long at = (unsigned long)p;
	unsigned long lo, hi;
	bool here = false;
	char line[512];

	ck_assert_ptr_nonnull(f);
	*flags = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
			here = lo <= at && at < hi;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			(void)snprintf(flags, n, "%s", line);
	}
	fclose(f);
}

START_TEST(secrets_are_kept_out_of_dumps_and_children)
{
	struct secret *s, *same, *other;
	char flags[512];
	int status;
	pid_t pid;

	ck_assert_int_eq(secret_new(0, &s), HAL_EINVAL);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(secret_new(SECRET_MAX + 1, &s), HAL_EINVAL);
	ck_assert_int_eq(secret_from("abc", 3, &s), 0);
	ck_assert_int_eq(secret_from("abc", 3, &same), 0);
	ck_assert_int_eq(secret_from("abd", 3, &other), 0);
	ck_assert_uint_eq(secret_len(s), 3);
	ck_assert(secret_equal(s, same));
	ck_assert(!secret_equal(s, other));
	map_flags(s, flags, sizeof(flags));
	ck_assert_ptr_nonnull(strstr(flags, " dd")); /* not dumped */
	ck_assert_ptr_nonnull(strstr(flags, " wf")); /* wiped on fork */
	if ((pid = fork()) == 0)
		_exit(secret_len(s) == 0 && secret_bytes(s)[0] == 0 ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	secret_free(&s);
	ck_assert_ptr_null(s);
	secret_free(&s);
	secret_free(&same);
	secret_free(&other);
}
END_TEST

/* What a call writes to standard error. */
static void
log_lines(char *out, size_t n)
{
	int memory = memfd_create("log", 0), saved = dup(STDERR_FILENO);
	ssize_t k;

	ck_assert_int_ge(memory, 0);
	ck_assert_int_ge(dup2(memory, STDERR_FILENO), 0);
	errno = EIO;
	log_error("error %d", 1);
	log_info("info");
	log_debug("debug");
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	k = pread(memory, out, n - 1, 0);
	ck_assert_int_ge(k, 0);
	out[k] = '\0';
	(void)close(memory);
	(void)close(saved);
}

static const struct {
	const char *level, *lines;
} levels[] = {
	{ NULL, "" },
	{ "off", "" },
	{ "nonsense", "" },
	{ "error", "me: error 1\n" },
	{ "info", "me: error 1\nme: info\n" },
	{ "debug", "me: error 1\nme: info\nme: debug\n" },
};

START_TEST(log_obeys_the_environment)
{
	char lines[256];

	if (levels[_i].level != NULL)
		ck_assert_int_eq(setenv("OPTIGA_LOG", levels[_i].level, 1), 0);
	else
		ck_assert_int_eq(unsetenv("OPTIGA_LOG"), 0);
	log_set_level(LOG_LEVEL_OFF);
	log_init("me");
	log_lines(lines, sizeof(lines));
	ck_assert_str_eq(lines, levels[_i].lines);
}
END_TEST

START_TEST(a_log_line_that_is_too_long_is_cut)
{
	int memory = memfd_create("log", 0), saved = dup(STDERR_FILENO);
	char text[4000], got[4000];
	ssize_t k;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_ge(dup2(memory, STDERR_FILENO), 0);
	log_error("%s", text);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	k = pread(memory, got, sizeof(got), 0);
	ck_assert_int_gt(k, 1000);
	ck_assert_int_le(k, 1024);
	ck_assert_int_eq(got[k - 1], '\n');
	(void)close(memory);
	(void)close(saved);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("base");
	TCase *t = tcase_create("base");
	SRunner *sr;
	int failed;

	tcase_add_test(t, buffer_collects_big_endian_integers_and_bytes);
	tcase_add_test(t, buffer_grows_and_keeps_its_content);
	tcase_add_test(t, buffer_is_wiped_on_reset);
	tcase_add_test(t, buffer_refuses_what_cannot_be_and_stays_as_it_was);
	tcase_add_test(t, buffer_moves);
	tcase_add_test(t, tlv_round_trip);
	tcase_add_test(t, cursor_never_reads_past_the_end_and_stays_where_it_was);
	tcase_add_loop_test(t, every_truncation_of_a_metadata_tlv_is_refused, 0, 5);
	tcase_add_test(t, every_code_has_a_text_of_its_own);
	tcase_add_test(t, secrets_are_kept_out_of_dumps_and_children);
	tcase_add_loop_test(t, log_obeys_the_environment, 0, (int)NITEMS(levels));
	tcase_add_test(t, a_log_line_that_is_too_long_is_cut);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
