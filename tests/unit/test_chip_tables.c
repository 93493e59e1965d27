/* Every row of the tables is found by every key, and says the same as OpenSSL. */
#include <config.h>

#include <check.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_double.h"

#define NKEYTYPES 8

START_TEST(every_key_type_is_found_by_every_key)
{
	const struct chip_keytype *kt = chip_keytype_at((size_t)_i);

	ck_assert_ptr_nonnull(kt);
	ck_assert_ptr_nonnull(kt->name);
	ck_assert_ptr_eq(chip_keytype_by_alg((int)kt->alg), kt);
	ck_assert_uint_eq(kt->size, (kt->bits + 7) / 8);
	ck_assert_int_eq(kt->rsa, kt->ossl_group == NULL);
	ck_assert_int_eq(kt->rsa, kt->params == NULL);
	if (!kt->rsa)
		ck_assert_ptr_eq(chip_keytype_by_params(kt->params, kt->params_len), kt);
}
END_TEST

START_TEST(every_curve_is_the_one_of_openssl)
{
	const struct chip_keytype *kt = chip_keytype_at((size_t)_i);
	unsigned char *der = NULL;
	EC_GROUP *group;
	int nid, n;

	if (kt->rsa)
		return;
	if ((nid = EC_curve_nist2nid(kt->ossl_group)) == NID_undef)
		nid = OBJ_sn2nid(kt->ossl_group);
	ck_assert_int_ne(nid, NID_undef);
	group = EC_GROUP_new_by_curve_name(nid);
	ck_assert_ptr_nonnull(group);
	ck_assert_int_eq(EC_GROUP_get_degree(group), (int)kt->bits);
	n = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);
	ck_assert_int_eq(n, (int)kt->params_len);
	ck_assert_mem_eq(der, kt->params, kt->params_len);
	OPENSSL_free(der);
	EC_GROUP_free(group);
}
END_TEST

START_TEST(unknown_key_types_are_not_found)
{
	static const uint8_t p224[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x21 };

	ck_assert_ptr_null(chip_keytype_at(NKEYTYPES));
	ck_assert_ptr_null(chip_keytype_by_alg(CHIP_ALG_NONE));
	ck_assert_ptr_null(chip_keytype_by_alg(-1));
	ck_assert_ptr_null(chip_keytype_by_alg(0x14)); /* the gap in SRM 4.4.2 */
	ck_assert_ptr_null(chip_keytype_by_alg(CHIP_ALG_AES128));
	ck_assert_ptr_null(chip_keytype_by_params(p224, sizeof(p224)));
	ck_assert_ptr_null(chip_keytype_by_params(p224, 0));
	ck_assert_ptr_null(chip_keytype_by_params(chip_keytype_at(0)->params, 9));
}
END_TEST

START_TEST(every_object_is_found_and_in_order)
{
	const struct chip_model *m;
	size_t k;

	for (k = 0; (m = chip_model_at(k)) != NULL; k++) {
		for (size_t i = 0; i < m->nobjects; i++) {
			const struct chip_object *o = &m->objects[i];
			const bool content =
			    o->kind != CHIP_KIND_ECC_KEY && o->kind != CHIP_KIND_RSA_KEY &&
			    o->kind != CHIP_KIND_AES_KEY && o->kind != CHIP_KIND_SESSION;

			ck_assert_ptr_eq(chip_model_object(m, o->oid), o);
			ck_assert_ptr_nonnull(o->name);
			ck_assert_int_eq(o->max > 0, content);
			ck_assert_int_eq(chip_oid_is_session(o->oid), o->kind == CHIP_KIND_SESSION);
			if (i > 0)
				ck_assert_uint_lt(m->objects[i - 1].oid, o->oid);
		}
		ck_assert_ptr_null(chip_model_object(m, 0));
		ck_assert_ptr_null(chip_model_object(m, 0xE0C7));
		ck_assert_ptr_null(chip_model_object(m, 0xF1DC));
		for (size_t i = 0; i < m->nalgs; i++) {
			ck_assert_ptr_nonnull(chip_keytype_by_alg((int)m->algs[i]));
			ck_assert(chip_model_has_alg(m, m->algs[i]));
		}
		ck_assert(!chip_model_has_alg(m, CHIP_ALG_AES128));
	}
	ck_assert_uint_ge(k, 1);
}
END_TEST

/* Total arbitrary data of the datasheet: 12 x 140 + 2 x 1500. */
START_TEST(v3_has_what_its_datasheet_says)
{
	const struct chip_model *m = chip_model_at(0);
	size_t n[CHIP_KIND_DATA_BIG + 1] = { 0 }, data = 0;

	ck_assert_str_eq(m->id, "trust-m-v3");
	ck_assert_str_eq(m->name, "Trust M V3");
	for (size_t i = 0; i < m->nobjects; i++) {
		const struct chip_object *o = &m->objects[i];

		n[o->kind]++;
		if (o->kind == CHIP_KIND_DATA || o->kind == CHIP_KIND_DATA_BIG)
			data += o->max;
	}
	ck_assert_uint_eq(data, 4680);
	ck_assert_uint_eq(n[CHIP_KIND_CERT], 4);
	ck_assert_uint_eq(n[CHIP_KIND_ANCHOR], 3);
	ck_assert_uint_eq(n[CHIP_KIND_ECC_KEY], 4);
	ck_assert_uint_eq(n[CHIP_KIND_RSA_KEY], 2);
	ck_assert_uint_eq(n[CHIP_KIND_AES_KEY], 1);
	ck_assert_uint_eq(n[CHIP_KIND_SESSION], 4);
	ck_assert_uint_eq(n[CHIP_KIND_COUNTER], 4);
	ck_assert_uint_eq(m->nalgs, NKEYTYPES);
	ck_assert(m->rsa_sha512);
}
END_TEST

static const struct {
	const char *uid;
	int result;
} uids[] = {
	{ FACTORY_UID, 0 },
	{ "CD16334D01001C000500000A091B5C0015007A0040801010702440", 0 }, /* Express */
	{ "CD16339301001C000500000A09A413000A002F002E801010712564", 0 },
	{ "CD16339301001C000500000A09A413000A002F002E801010712999", 0 },           /* newer */
	{ "CD16338201001C000500000A091B5C000700A60087801010710809", HAL_ENOTSUP }, /* V1 */
	{ "CD16336B01001C000100000A085255000000000000000000001118", HAL_ENOTSUP }, /* X */
	{ "CD16336B01001C000100000A085255000000000000000000009999", HAL_ENOTSUP },
	{ "000000000000000000000000000000000000000000000000000000", HAL_ENOTSUP },
	{ "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", HAL_ENOTSUP },
};

START_TEST(the_build_tells_the_model)
{
	const struct chip_model *m = NULL;
	uint8_t uid[CHIP_UID_LEN];

	ck_assert_uint_eq(unhex(uids[_i].uid, uid, sizeof(uid)), CHIP_UID_LEN);
	ck_assert_int_eq(chip_model_by_uid(uid, &m), uids[_i].result);
	ck_assert_ptr_eq(m, uids[_i].result == 0 ? chip_model_at(0) : NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip tables");
	TCase *tc = tcase_create("tables");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_add_loop_test(tc, every_key_type_is_found_by_every_key, 0, NKEYTYPES);
	tcase_add_loop_test(tc, every_curve_is_the_one_of_openssl, 0, NKEYTYPES);
	tcase_add_test(tc, unknown_key_types_are_not_found);
	tcase_add_test(tc, every_object_is_found_and_in_order);
	tcase_add_test(tc, v3_has_what_its_datasheet_says);
	tcase_add_loop_test(tc, the_build_tells_the_model, 0, (int)NITEMS(uids));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
