/* The on-chip index: codec, parts, capacity, and bytes that nobody meant. */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/store/index.h"

static const uint16_t key_oids[] = { 0xE0F0, 0xE0F1, 0xE0F2, 0xE0F3, 0xE0FC, 0xE0FD };

static unsigned rnd_state = 1;

static unsigned
rnd(unsigned n)
{
	rnd_state = rnd_state * 1103515245 + 12345;
	return (rnd_state >> 16) % n;
}

static void
fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rnd(256);
}

static void
put_random(struct index *ix, uint8_t code, unsigned type, size_t len)
{
	uint8_t v[255];

	fill(v, len);
	ck_assert_int_eq(index_put(ix, code, type, v, len), 0);
}

static void
split(const struct index *ix, size_t object, struct buf parts[INDEX_PARTS])
{
	uint8_t bytes[INDEX_OBJECT_MAX];

	for (unsigned i = 0; i < INDEX_PARTS; i++) {
		parts[i] = (struct buf)BUF_INIT;
		if (i < index_nparts(ix->len, object))
			ck_assert_int_eq(
			    buf_put(&parts[i], bytes, index_part(ix, i, object, bytes)), 0);
	}
}

static void
drop(struct buf parts[INDEX_PARTS])
{
	for (unsigned i = 0; i < INDEX_PARTS; i++)
		buf_free(&parts[i]);
}

START_TEST(codes_are_unique)
{
	static const uint16_t oids[] = { 0xE0E0, 0xE0E1, 0xE0E2, 0xE0E3, 0xE0E8, 0xE0E9, 0xE0EF,
		0xE0F0, 0xE0F1, 0xE0F2, 0xE0F3, 0xE0FC, 0xE0FD, 0xE200, 0xE120, 0xE121, 0xE122,
		0xE123, 0xF1D0, 0xF1D1, 0xF1D2, 0xF1D3, 0xF1D4, 0xF1D5, 0xF1D6, 0xF1D7, 0xF1D8,
		0xF1D9, 0xF1DA, 0xF1DB, 0xF1DC, 0xF1DD, 0xF1DE, 0xF1DF, 0xF1E0, 0xF1E1 };
	unsigned seen[256] = { 0 };

	for (size_t i = 0; i < NITEMS(oids); i++) {
		ck_assert_uint_ne(index_code(oids[i], 0), 0);
		ck_assert_uint_eq(seen[index_code(oids[i], 0)]++, 0);
	}
	for (uint16_t oid = 0xE0E0; oid <= 0xE0E3; oid++)
		for (unsigned n = 1; n <= 7; n++) {
			ck_assert_uint_ne(index_code(oid, n), 0);
			ck_assert_uint_eq(seen[index_code(oid, n)]++, 0);
		}
	ck_assert_uint_eq(index_code(0xE0E8, 1), 0);
	ck_assert_uint_eq(index_code(0x1234, 0), 0);
}
END_TEST

START_TEST(what_is_put_is_there)
{
	struct index ix = { 0 };
	struct cur v;

	ck_assert_int_eq(index_put(&ix, 0xF1, INDEX_LABEL, "one", 3), 0);
	ck_assert_int_eq(index_put(&ix, 0xF2, INDEX_LABEL, "two", 3), 0);
	ck_assert_int_eq(index_put(&ix, 0xF1, INDEX_ID, "\x01\x02", 2), 0);
	ck_assert_int_eq(index_set_state(&ix, 0xF1, INDEX_STATE_GENERATED), 0);
	ck_assert(index_get(&ix, 0xF1, INDEX_LABEL, &v));
	ck_assert_uint_eq(v.len, 3);
	ck_assert_mem_eq(v.p, "one", 3);
	ck_assert(index_get(&ix, 0xF1, INDEX_ID, &v));
	ck_assert_mem_eq(v.p, "\x01\x02", 2);
	ck_assert(index_get(&ix, 0xF2, INDEX_LABEL, &v));
	ck_assert_mem_eq(v.p, "two", 3);
	ck_assert(!index_get(&ix, 0xF2, INDEX_ID, &v));
	ck_assert_uint_eq(index_state(&ix, 0xF1), INDEX_STATE_GENERATED);
	ck_assert_uint_eq(index_state(&ix, 0xF2), 0);
	ck_assert(index_valid(ix.body, ix.len));

	/* Replaced, not added; removed; the entry goes with its last field. */
	ck_assert_int_eq(index_put(&ix, 0xF1, INDEX_LABEL, "longer than before", 18), 0);
	ck_assert(index_get(&ix, 0xF1, INDEX_LABEL, &v));
	ck_assert_uint_eq(v.len, 18);
	ck_assert_int_eq(index_put(&ix, 0xF2, INDEX_LABEL, NULL, 0), 0);
	ck_assert(!index_get(&ix, 0xF2, INDEX_LABEL, &v));
	index_drop(&ix, 0xF1);
	ck_assert_uint_eq(ix.len, 0);
}
END_TEST

START_TEST(long_and_short_fields)
{
	struct index ix = { 0 };
	struct cur v;

	for (size_t len = 1; len <= 200; len++) {
		const size_t header = len <= 31 ? 1 : 2;

		put_random(&ix, 0xF1, INDEX_POINT, len);
		ck_assert_uint_eq(ix.len, 3 + header + len);
		ck_assert(index_get(&ix, 0xF1, INDEX_POINT, &v));
		ck_assert_uint_eq(v.len, len);
		ck_assert(index_valid(ix.body, ix.len));
	}
	/* An entry has one byte for its length. */
	ck_assert_int_eq(index_put(&ix, 0xF1, INDEX_LABEL, ix.body, 60), HAL_ETOOBIG);
	ck_assert(index_valid(ix.body, ix.len));
	ck_assert(!index_get(&ix, 0xF1, INDEX_LABEL, &v));
}
END_TEST

START_TEST(no_room_changes_nothing)
{
	struct index ix = { 0 }, before;
	uint8_t v[200] = { 1 };

	ck_assert_int_eq(index_put(&ix, 0xF1, INDEX_POINT, v, 200), 0);
	ck_assert_int_eq(index_put(&ix, 0xF2, INDEX_POINT, v, 200), 0);
	before = ix;
	ck_assert_int_eq(index_put(&ix, 0xF3, INDEX_POINT, v, 200), HAL_ETOOBIG);
	ck_assert_mem_eq(&ix, &before, sizeof(ix));
}
END_TEST

/*
 * The promise: six keys with IDs of 20 bytes and labels of 16, four of them EC with three on
 * P-521 (the fourth on the next larger curve), two RSA.
 */
START_TEST(six_full_keys_fit)
{
	static const size_t points[] = { 67, 67, 67, 65 };
	struct buf parts[INDEX_PARTS];
	struct index ix = { .seq = 7 }, back;
	struct cur v;
	size_t sum = 0;

	for (size_t i = 0; i < NITEMS(key_oids); i++) {
		const uint8_t code = index_code(key_oids[i], 0);

		put_random(&ix, code, INDEX_ID, 20);
		put_random(&ix, code, INDEX_LABEL, 16);
		if (i < 4)
			put_random(&ix, code, INDEX_POINT, points[i]);
		else
			put_random(&ix, code, INDEX_HASH, 4);
		ck_assert_int_eq(index_set_state(&ix, code, INDEX_STATE_GENERATED), 0);
	}
	ck_assert_uint_le(ix.len, INDEX_MAX);
	split(&ix, INDEX_OBJECT_M, parts);
	for (unsigned i = 0; i < INDEX_PARTS; i++) {
		ck_assert_uint_le(parts[i].len, INDEX_OBJECT_MAX);
		sum += parts[i].len;
	}
	ck_assert_uint_le(sum, 560);
	ck_assert_int_eq(index_join(&back, parts, INDEX_OBJECT_M), 0);
	ck_assert_uint_eq(back.len, ix.len);
	ck_assert_mem_eq(back.body, ix.body, ix.len);
	for (size_t i = 0; i < NITEMS(key_oids); i++) {
		ck_assert(index_get(&back, index_code(key_oids[i], 0), INDEX_LABEL, &v));
		ck_assert_uint_eq(v.len, 16);
	}
	/* The intent and the mark of a destroyed key take no more than the key itself. */
	index_drop(&back, 0xFD);
	ck_assert_int_eq(index_set_state(&back, 0xFD, INDEX_STATE_DESTROYED), 0);
	put_random(&back, 0xFD, INDEX_HASH, 8);
	put_random(&back, 0xFD, INDEX_ALG, 1);
	ck_assert_uint_lt(back.len, ix.len);
	/* Even all four on P-521. */
	put_random(&ix, 0xF3, INDEX_POINT, 67);
	ck_assert_uint_le(ix.len, INDEX_MAX);
	drop(parts);
}
END_TEST

START_TEST(every_length_goes_through_parts)
{
	struct buf parts[INDEX_PARTS];
	const size_t object = _i == 0 ? INDEX_OBJECT_M : INDEX_OBJECT_X;
	struct index ix = { 0 }, back;

	for (unsigned n = 0; ix.len + 13 <= INDEX_MAX; n++) {
		ix.seq = 0xFFFFFFF0 + n;
		split(&ix, object, parts);
		ck_assert_int_eq(index_join(&back, parts, object), 0);
		ck_assert_uint_eq(back.seq, ix.seq);
		ck_assert_uint_eq(back.len, ix.len);
		ck_assert_mem_eq(back.body, ix.body, ix.len);
		drop(parts);
		put_random(&ix, (uint8_t)(n + 1), INDEX_LABEL, 1 + n % 9);
	}
}
END_TEST

START_TEST(parts_that_a_length_needs)
{
	ck_assert_uint_eq(index_nparts(126, INDEX_OBJECT_M), 1);
	ck_assert_uint_eq(index_nparts(127, INDEX_OBJECT_M), 2);
	ck_assert_uint_eq(index_nparts(262, INDEX_OBJECT_M), 2);
	ck_assert_uint_eq(index_nparts(263, INDEX_OBJECT_M), 3);
	ck_assert_uint_eq(index_nparts(INDEX_MAX, INDEX_OBJECT_M), 4);
	ck_assert_uint_eq(index_nparts(0, INDEX_OBJECT_X), 1);
	ck_assert_uint_eq(index_nparts(86, INDEX_OBJECT_X), 1);
	ck_assert_uint_eq(index_nparts(87, INDEX_OBJECT_X), 2);
	ck_assert_uint_eq(index_nparts(470, INDEX_OBJECT_X), 5);
	ck_assert_uint_eq(index_nparts(471, INDEX_OBJECT_X), 6);
	ck_assert_uint_eq(index_nparts(INDEX_MAX, INDEX_OBJECT_X), INDEX_PARTS);
}
END_TEST

START_TEST(later_numbers)
{
	ck_assert(index_later(2, 1));
	ck_assert(!index_later(1, 2));
	ck_assert(!index_later(1, 1));
	ck_assert(index_later(0, 0xFFFFFFFF));
	ck_assert(!index_later(0xFFFFFFFF, 0));
}
END_TEST

START_TEST(owners)
{
	static const uint8_t zero[140];
	static const uint8_t text[] = "OPTIGA notes";
	static const uint8_t ours[] = { 0x9E, 0x4F, 0x50, 0x12 };
	static const uint8_t later[] = { 0x9E, 0x4F, 0x50, 0x20 };
	static const uint8_t odd[] = { 0x9E, 0x4F, 0x50, 0x16 };
	unsigned part;

	ck_assert_int_eq(index_owner(zero, sizeof(zero), &part), INDEX_FREE);
	ck_assert_int_eq(index_owner(NULL, 0, &part), INDEX_FREE);
	ck_assert_int_eq(index_owner(text, sizeof(text), &part), INDEX_FOREIGN);
	ck_assert_int_eq(index_owner(ours, sizeof(ours), &part), INDEX_OURS);
	ck_assert_uint_eq(part, 2);
	ck_assert_int_eq(index_owner(later, sizeof(later), &part), INDEX_LATER);
	ck_assert_int_eq(index_owner(odd, sizeof(odd), &part), INDEX_FOREIGN);
	ck_assert_int_eq(index_owner(ours, 3, &part), INDEX_FOREIGN);
}
END_TEST

/* Entries, states and fields of a later version are not touched by what this one changes. */
START_TEST(unknown_is_kept)
{
	static const uint8_t strange[] = { 0x07, 0x06, 0x80, 0xE2, 0xAA, 0xBB, 0xC1, 0xCC };
	struct index ix = { .len = sizeof(strange) };
	struct cur v;

	memcpy(ix.body, strange, sizeof(strange));
	ck_assert(index_valid(ix.body, ix.len));
	ck_assert_int_eq(index_put(&ix, 0x07, INDEX_LABEL, "x", 1), 0);
	ck_assert_int_eq(index_put(&ix, 0xF1, INDEX_LABEL, "y", 1), 0);
	ck_assert_uint_eq(index_state(&ix, 0x07), 0x80);
	ck_assert(index_get(&ix, 0x07, 7, &v));
	ck_assert_mem_eq(v.p, "\xAA\xBB", 2);
	ck_assert(index_get(&ix, 0x07, 6, &v));
	ck_assert_mem_eq(v.p, "\xCC", 1);
	ck_assert_int_eq(index_put(&ix, 0x07, INDEX_LABEL, NULL, 0), 0);
	index_drop(&ix, 0xF1);
	ck_assert_uint_eq(ix.len, sizeof(strange));
	ck_assert_mem_eq(ix.body, strange, sizeof(strange));
}
END_TEST

/* Any change of any byte that counts is seen. */
START_TEST(every_flipped_bit_is_seen)
{
	struct buf parts[INDEX_PARTS];
	struct index ix = { .seq = 3 }, back;

	for (size_t i = 0; i < 4; i++)
		put_random(&ix, index_code(key_oids[i], 0), INDEX_POINT, 67);
	split(&ix, INDEX_OBJECT_M, parts);
	for (unsigned i = 0; i < index_nparts(ix.len, INDEX_OBJECT_M); i++)
		for (size_t bit = 0; bit < 8 * parts[i].len; bit++) {
			parts[i].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert_int_eq(index_join(&back, parts, INDEX_OBJECT_M), HAL_EFORMAT);
			parts[i].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	ck_assert_int_eq(index_join(&back, parts, INDEX_OBJECT_M), 0);
	drop(parts);
}
END_TEST

/* Random bytes behind a correct checksum: what is accepted can be worked with. */
START_TEST(random_bodies_do_no_harm)
{
	struct buf parts[INDEX_PARTS];
	struct index ix, back;
	unsigned taken = 0;

	for (unsigned round = 0; round < 20000; round++) {
		struct cur v;

		ix.seq = round;
		ix.len = rnd(round % 4 == 0 ? INDEX_MAX + 1 : 24);
		fill(ix.body, ix.len);
		if (ix.len > 2 && round % 2 == 0)
			ix.body[1] = (uint8_t)(ix.len - 2);
		split(&ix, INDEX_OBJECT_M, parts);
		if (index_join(&back, parts, INDEX_OBJECT_M) == 0) {
			taken++;
			for (unsigned code = 0; code < 256; code++)
				for (unsigned type = 0; type < 8; type++)
					(void)index_get(&back, (uint8_t)code, type, &v);
			(void)index_put(&back, ix.body[0], INDEX_ID, "abc", 3);
			(void)index_set_state(&back, 0xF1, 0xFF);
			ck_assert(index_valid(back.body, back.len));
			index_drop(&back, ix.body[0]);
			ck_assert(index_valid(back.body, back.len));
		}
		drop(parts);
	}
	ck_assert_uint_gt(taken, 100);
}
END_TEST

START_TEST(random_parts_do_no_harm)
{
	struct buf parts[INDEX_PARTS];
	struct index ix = { .seq = 1 }, back;

	for (size_t i = 0; i < 4; i++)
		put_random(&ix, index_code(key_oids[i], 0), INDEX_POINT, 67);
	for (unsigned round = 0; round < 20000; round++) {
		split(&ix, INDEX_OBJECT_M, parts);
		for (unsigned i = rnd(8) + 1; i > 0; i--) {
			struct buf *p = &parts[rnd(INDEX_PARTS)];

			if (p->len == 0)
				continue;
			if (rnd(4) == 0)
				p->len = rnd((unsigned)p->len);
			else
				p->data[rnd((unsigned)p->len)] = (uint8_t)rnd(256);
		}
		(void)index_join(&back, parts, INDEX_OBJECT_M);
		drop(parts);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_index");
	TCase *t = tcase_create("index");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, codes_are_unique);
	tcase_add_test(t, what_is_put_is_there);
	tcase_add_test(t, long_and_short_fields);
	tcase_add_test(t, no_room_changes_nothing);
	tcase_add_test(t, six_full_keys_fit);
	tcase_add_loop_test(t, every_length_goes_through_parts, 0, 2);
	tcase_add_test(t, parts_that_a_length_needs);
	tcase_add_test(t, later_numbers);
	tcase_add_test(t, owners);
	tcase_add_test(t, unknown_is_kept);
	tcase_add_test(t, every_flipped_bit_is_seen);
	tcase_add_test(t, random_bodies_do_no_harm);
	tcase_add_test(t, random_parts_do_no_harm);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
