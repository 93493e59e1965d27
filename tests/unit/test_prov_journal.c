/* The journal and files. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provision/file.h"
#include "provision/journal.h"
#include "tests/unit/test_prov_util.h"

#define KEY    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define CERT   "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define REGION "eu-central-1"

static void
use_scratch(void)
{
	ck_assert_int_eq(setenv("XDG_STATE_HOME", scratch_dir(), 1), 0);
}

START_TEST(the_journal_comes_back_as_it_was_written)
{
	struct journal j;
	struct stat st;
	double since;

	use_scratch();
	ck_assert(journal_open(&j, KEY, REGION));
	ck_assert_int_eq(j.pending, PENDING_NONE);
	ck_assert(journal_asked(&j));
	since = j.since;
	ck_assert(since > 1000000000.0);
	ck_assert_int_eq(stat(j.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	journal_close(&j);

	ck_assert(journal_open(&j, KEY, REGION));
	ck_assert_int_eq(j.pending, PENDING_ASKED);
	ck_assert_uint_eq(j.requests, 1);
	ck_assert(j.since == since);
	/* The first request counts: its answer may still turn up. */
	ck_assert(journal_asked(&j));
	ck_assert(j.since == since);
	ck_assert(journal_issued(&j, CERT, "-----BEGIN\n\"x\"\n", NULL));
	journal_close(&j);

	ck_assert(journal_open(&j, KEY, REGION));
	ck_assert_int_eq(j.pending, PENDING_ISSUED);
	ck_assert_uint_eq(j.requests, 2);
	ck_assert_str_eq(j.id, CERT);
	ck_assert_str_eq(j.pem, "-----BEGIN\n\"x\"\n");
	ck_assert(journal_forget(&j));
	journal_close(&j);

	ck_assert(journal_open(&j, KEY, REGION));
	ck_assert_int_eq(j.pending, PENDING_NONE);
	journal_close(&j);
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(regions_and_keys_have_journals_of_their_own)
{
	struct journal j;

	use_scratch();
	ck_assert(journal_open(&j, KEY, REGION));
	ck_assert(journal_asked(&j));
	journal_close(&j);
	ck_assert(journal_open(&j, KEY, "us-east-1"));
	ck_assert_int_eq(j.pending, PENDING_NONE);
	journal_close(&j);
	ck_assert(journal_open(&j, CERT, REGION));
	ck_assert_int_eq(j.pending, PENDING_NONE);
	journal_close(&j);
}
END_TEST

static const char *const damaged[] = {
	"",
	"{",
	"[]",
	"{ \"version\": 2, \"state\": \"asked\", \"since\": 1, \"requests\": 1 }",
	"{ \"version\": 1, \"state\": \"lost\", \"since\": 1, \"requests\": 1 }",
	"{ \"version\": 1, \"state\": \"asked\", \"since\": \"x\", \"requests\": 1 }",
	"{ \"version\": 1, \"state\": \"asked\", \"since\": 1, \"requests\": -1 }",
	"{ \"version\": 1, \"state\": \"issued\", \"since\": 1, \"requests\": 1 }",
	"{ \"version\": 1, \"state\": \"issued\", \"since\": 1, \"requests\": 1, "
	"\"certificateId\": \"../../etc/passwd\", \"certificatePem\": \"\" }",
};

START_TEST(a_damaged_journal_is_not_guessed_at)
{
	struct journal j;

	use_scratch();
	ck_assert(file_make_dir(scratch_file("optiga-provision")));
	scratch_write("optiga-provision/" KEY "." REGION ".json", damaged[_i]);
	ck_assert(!journal_open(&j, KEY, REGION));
	ck_assert_ptr_nonnull(strstr(said(), "is damaged"));
}
END_TEST

START_TEST(a_directory_that_cannot_be_written_is_named)
{
	struct journal j;

	scratch_write("file", "");
	ck_assert_int_eq(setenv("XDG_STATE_HOME", scratch_file("file"), 1), 0);
	ck_assert(!journal_open(&j, KEY, REGION));
	ck_assert_ptr_nonnull(strstr(said(), "cannot make the directory"));
}
END_TEST

START_TEST(files_are_replaced_whole)
{
	const char *path = scratch_file("a");
	struct stat st;
	char *text;
	size_t len;

	ck_assert(file_replace(path, "first, longer", 13, 0600));
	ck_assert(file_replace(path, "second", 6, 0600));
	text = file_read(path, 6, &len);
	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, "second");
	ck_assert_uint_eq(len, 6);
	free(text);
	ck_assert_ptr_null(file_read(path, 5, &len));
	ck_assert_ptr_nonnull(strstr(said(), "longer than 5 bytes"));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert(!file_replace(scratch_file("none/a"), "x", 1, 0600));
	ck_assert(file_replace("/dev/null", "x", 1, 0600));
}
END_TEST

START_TEST(locks_exclude_each_other)
{
	const char *path = scratch_file("lock");
	int fd = file_lock(path, false, NULL);
	bool busy = false;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_lt(file_lock(path, false, &busy), 0);
	ck_assert(busy);
	ck_assert_int_eq(close(fd), 0);
	fd = file_lock(path, true, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(users_files_go_where_xdg_says)
{
	char *path;

	ck_assert_int_eq(setenv("HOME", "/home/x", 1), 0);
	ck_assert_int_eq(setenv("XDG_DATA_HOME", "/data", 1), 0);
	path = file_user_dir("XDG_DATA_HOME", ".local/share");
	ck_assert_str_eq(path, "/data/optiga-provision");
	free(path);
	/* A relative path there is ignored. */
	ck_assert_int_eq(setenv("XDG_DATA_HOME", "data", 1), 0);
	path = file_user_dir("XDG_DATA_HOME", ".local/share");
	ck_assert_str_eq(path, "/home/x/.local/share/optiga-provision");
	free(path);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("journal");

	tcase_add_test(tc, the_journal_comes_back_as_it_was_written);
	tcase_add_test(tc, regions_and_keys_have_journals_of_their_own);
	tcase_add_loop_test(tc, a_damaged_journal_is_not_guessed_at, 0,
	    (int)(sizeof(damaged) / sizeof(damaged[0])));
	tcase_add_test(tc, a_directory_that_cannot_be_written_is_named);
	tcase_add_test(tc, files_are_replaced_whole);
	tcase_add_test(tc, locks_exclude_each_other);
	tcase_add_test(tc, users_files_go_where_xdg_says);
	return run_case("provision/journal", tc);
}
