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
	const struct chip_model *m = chip_model_at((size_t)_i);
	const struct chip_object *o;
	uint16_t last = 0;

	for (size_t i = 0; (o = chip_model_object_at(m, i)) != NULL; i++) {
		const bool content = o->kind != CHIP_KIND_ECC_KEY && o->kind != CHIP_KIND_RSA_KEY &&
				     o->kind != CHIP_KIND_AES_KEY && o->kind != CHIP_KIND_SESSION;

		ck_assert_ptr_eq(chip_model_object(m, o->oid), o);
		ck_assert_ptr_nonnull(o->name);
		ck_assert_int_eq(o->max > 0, content);
		ck_assert_int_eq(chip_oid_is_session(o->oid), o->kind == CHIP_KIND_SESSION);
		ck_assert_uint_lt(last, o->oid);
		last = o->oid;
	}
	ck_assert_ptr_null(chip_model_object(m, 0));
	ck_assert_ptr_null(chip_model_object(m, 0xE0C7));
	ck_assert_ptr_null(chip_model_object(m, 0xF1E2));
}
END_TEST

/* What the datasheets say of each model: OBJ-1 of the host's side. */
static const struct {
	const char *id, *name;
	size_t data; /* bytes of arbitrary data */
	size_t count[CHIP_KIND_DATA_BIG + 1];
	const char *algs;
	size_t session_max, hash_context;
} sheets[] = {
	{ "trust-x", "Trust X", 16 * 100 + 2 * 1500,
	    { [CHIP_KIND_STATUS] = 10,
		[CHIP_KIND_CERT] = 4,
		[CHIP_KIND_ANCHOR] = 2,
		[CHIP_KIND_ECC_KEY] = 4,
		[CHIP_KIND_SESSION] = 4,
		[CHIP_KIND_DATA] = 16,
		[CHIP_KIND_DATA_BIG] = 2 },
	    "P-256 P-384 ", 48, 130 },
	{ "trust-m-v1", "Trust M V1", 12 * 140 + 2 * 1500,
	    { [CHIP_KIND_STATUS] = 10,
		[CHIP_KIND_CERT] = 4,
		[CHIP_KIND_ANCHOR] = 3,
		[CHIP_KIND_ECC_KEY] = 4,
		[CHIP_KIND_RSA_KEY] = 2,
		[CHIP_KIND_SESSION] = 4,
		[CHIP_KIND_COUNTER] = 4,
		[CHIP_KIND_BINDING] = 1,
		[CHIP_KIND_DATA] = 12,
		[CHIP_KIND_DATA_BIG] = 2 },
	    "P-256 P-384 RSA 1024 RSA 2048 ", 48, 209 },
	{ "trust-m-v3", "Trust M V3", 12 * 140 + 2 * 1500,
	    { [CHIP_KIND_STATUS] = 11,
		[CHIP_KIND_CERT] = 4,
		[CHIP_KIND_ANCHOR] = 3,
		[CHIP_KIND_ECC_KEY] = 4,
		[CHIP_KIND_RSA_KEY] = 2,
		[CHIP_KIND_AES_KEY] = 1,
		[CHIP_KIND_SESSION] = 4,
		[CHIP_KIND_COUNTER] = 4,
		[CHIP_KIND_BINDING] = 1,
		[CHIP_KIND_DATA] = 12,
		[CHIP_KIND_DATA_BIG] = 2 },
	    "P-256 P-384 P-521 Brainpool P256r1 Brainpool P384r1 Brainpool P512r1 RSA 1024 "
	    "RSA 2048 ",
	    66, 209 },
};

START_TEST(every_model_has_what_its_datasheet_says)
{
	const struct chip_model *m = chip_model_at((size_t)_i);
	size_t n[CHIP_KIND_DATA_BIG + 1] = { 0 }, data = 0;
	const struct chip_keytype *kt;
	const struct chip_object *o;
	char algs[128] = "";

	ck_assert_str_eq(m->id, sheets[_i].id);
	ck_assert_str_eq(m->name, sheets[_i].name);
	ck_assert_uint_eq(m->session_max, sheets[_i].session_max);
	ck_assert_uint_eq(m->hash_context, sheets[_i].hash_context);
	for (size_t i = 0; (o = chip_model_object_at(m, i)) != NULL; i++) {
		n[o->kind]++;
		if (o->kind == CHIP_KIND_DATA || o->kind == CHIP_KIND_DATA_BIG)
			data += o->max;
	}
	ck_assert_uint_eq(data, sheets[_i].data);
	for (size_t k = 0; k < NITEMS(n); k++)
		ck_assert_msg(n[k] == sheets[_i].count[k], "kind %zu: %zu", k, n[k]);
	for (size_t i = 0; (kt = chip_keytype_at(i)) != NULL; i++)
		if (chip_model_has_alg(m, kt->alg)) {
			strcat(algs, kt->name);
			strcat(algs, " ");
		}
	ck_assert_str_eq(algs, sheets[_i].algs);
	ck_assert(!chip_model_has_alg(m, CHIP_ALG_AES128));
	ck_assert(!chip_model_has_alg(m, CHIP_ALG_NONE));
}
END_TEST

START_TEST(there_are_no_more_models)
{
	ck_assert_ptr_null(chip_model_at(NITEMS(sheets)));
}
END_TEST

/* Every command of the table in the reference (section 1.8), one variant each and the others. */
static const struct {
	int cmd, param;
	const char *models; /* x, 1, 3 */
} commands[] = {
	{ 0x01, 0x00, "x13" },
	{ 0x01, 0x01, "x13" },
	{ 0x01, 0x02, "" },
	{ 0x02, 0x00, "x13" },
	{ 0x02, 0x01, "x13" },
	{ 0x02, 0x02, "13" },
	{ 0x02, 0x40, "x13" },
	{ 0x02, 0x80, "" },
	{ 0x03, 0x01, "13" },
	{ 0x03, 0x00, "" },
	{ 0x0C, 0x00, "x13" },
	{ 0x0C, 0x01, "x13" },
	{ 0x0C, 0x04, "13" },
	{ 0x10, 0x91, "" },
	{ 0x14, 0x08, "3" },
	{ 0x14, 0x09, "3" },
	{ 0x14, 0x0A, "3" },
	{ 0x14, 0x0B, "3" },
	{ 0x14, 0x20, "3" },
	{ 0x14, 0x21, "3" },
	{ 0x14, 0x22, "3" },
	{ 0x15, 0x08, "3" },
	{ 0x15, 0x09, "3" },
	{ 0x15, 0x0A, "" },
	{ 0x15, 0x0B, "" },
	{ 0x15, 0x20, "3" },
	{ 0x15, 0x22, "3" },
	{ 0x18, 0x02, "" },
	{ 0x1A, 0x01, "" },
	{ 0x1E, 0x11, "13" },
	{ 0x1F, 0x11, "13" },
	{ 0x1F, 0x12, "" },
	{ 0x30, 0xE2, "x13" },
	{ 0x30, 0xE3, "" },
	{ 0x31, 0x11, "x13" },
	{ 0x31, 0x01, "13" },
	{ 0x31, 0x02, "13" },
	{ 0x31, 0x03, "3" },
	{ 0x32, 0x11, "x13" },
	{ 0x32, 0x02, "13" },
	{ 0x32, 0x03, "3" },
	{ 0x33, 0x01, "x13" },
	{ 0x34, 0x01, "x13" },
	{ 0x34, 0x02, "3" },
	{ 0x34, 0x08, "3" },
	{ 0x34, 0x0A, "3" },
	{ 0x38, 0x03, "x13" },
	{ 0x38, 0x05, "3" },
	{ 0x38, 0x14, "" },
	{ 0x38, 0x41, "13" },
	{ 0x38, 0x42, "13" },
	{ 0x39, 0x81, "3" },
	{ 0x39, 0x83, "3" },
	{ 0x39, 0x03, "" },
	{ 0x70, 0x00, "x13" },
	{ 0x70, 0x01, "13" },
	{ 0x71, 0x00, "13" },
	{ 0x71, 0x01, "13" },
};

START_TEST(every_model_has_its_commands)
{
	for (size_t i = 0; i < NITEMS(commands); i++)
		for (size_t k = 0; k < NITEMS(sheets); k++) {
			const bool has = strchr(commands[i].models, "x13"[k]) != NULL;

			ck_assert_msg(chip_model_can(chip_model_at(k),
					  (enum chip_cmd)commands[i].cmd, commands[i].param) == has,
			    "%s %02X %02X", chip_model_at(k)->id, (unsigned)commands[i].cmd,
			    (unsigned)commands[i].param);
		}
}
END_TEST

static const struct {
	const char *uid, *id; /* NULL: none of ours */
} uids[] = {
	{ FACTORY_UID, "trust-m-v3" },
	{ "CD16334D01001C000500000A091B5C0015007A0040801010702440", "trust-m-v3" }, /* Express */
	{ "CD16339301001C000500000A09A413000A002F002E801010712564", "trust-m-v3" },
	{ "CD16339301001C000500000A09A413000A002F002E801010712999", "trust-m-v3" }, /* newer */
	{ UID_M_V1, "trust-m-v1" },
	{ "CD16338201001C000500000A091B5C000700A60087801010710501", "trust-m-v1" },
	{ "CD16338201001C000500000A091B5C000700A60087801010710624", "trust-m-v1" },
	{ "CD16338201001C000500000A091B5C000700A60087801010710751", "trust-m-v1" },
	{ "CD16338201001C000500000A091B5C000700A60087801010710802", "trust-m-v1" },
	{ UID_X, "trust-x" },
	{ "CD16336B01001C000100000A085255000000000000000000000510", "trust-x" },
	{ "CD16336B01001C000100000A085255000000000000000000000715", "trust-x" },
	{ "CD16336B01001C000100000A085255000000000000000000001048", "trust-x" },
	{ "CD16336B01001C000100000A085255000000000000000000001112", "trust-x" },
	{ "CD16336B01001C000100000A085255000000000000000000009999", "trust-x" }, /* newer */
	{ "CD16336B01001C000200000A085255000000000000000000009999", NULL },
	{ "CD17336B01001C000500000A085255000000000000000000009999", NULL },
	{ "000000000000000000000000000000000000000000000000000000", NULL },
	{ "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", NULL },
};

START_TEST(the_build_tells_the_model)
{
	const struct chip_model *m = NULL;
	uint8_t uid[CHIP_UID_LEN];

	ck_assert_uint_eq(unhex(uids[_i].uid, uid, sizeof(uid)), CHIP_UID_LEN);
	if (uids[_i].id == NULL) {
		ck_assert_int_eq(chip_model_by_uid(uid, &m), HAL_ENOTSUP);
		ck_assert_ptr_null(m);
		return;
	}
	ck_assert_int_eq(chip_model_by_uid(uid, &m), 0);
	ck_assert_str_eq(m->id, uids[_i].id);
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
	tcase_add_loop_test(tc, every_object_is_found_and_in_order, 0, (int)NITEMS(sheets));
	tcase_add_loop_test(tc, every_model_has_what_its_datasheet_says, 0, (int)NITEMS(sheets));
	tcase_add_test(tc, there_are_no_more_models);
	tcase_add_test(tc, every_model_has_its_commands);
	tcase_add_loop_test(tc, the_build_tells_the_model, 0, (int)NITEMS(uids));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
