/* Protected updates of keys and metadata of the simulated chip. Items OBJ-n as in the conformance
 * list. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "hal/base/err.h"
#include "tests/unit/simapp_rig.h"
#include "tests/unit/simapp_update.h"

/* --- keys ---------------------------------------------------------------------------------- */

static size_t
add_tlv(uint8_t *p, size_t at, uint8_t tag, const uint8_t *v, size_t n)
{
	p[at] = tag;
	p[at + 1] = (uint8_t)(n >> 8);
	p[at + 2] = (uint8_t)n;
	memcpy(p + at + 3, v, n);
	return at + 3 + n;
}

static void
number(EVP_PKEY *k, const char *what, uint8_t *out, size_t size)
{
	BIGNUM *b = NULL;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(k, what, &b), 1);
	ck_assert_int_eq(BN_bn2binpad(b, out, (int)size), (int)size);
	BN_clear_free(b);
}

static struct mf_spec
key_spec(unsigned target, unsigned alg, unsigned usage, const uint8_t *p, size_t len)
{
	struct mf_spec s = up_data(target, 1, len);

	s.type = MF_KEY;
	s.info[0] = alg;
	s.info[1] = usage;
	s.payload = p;
	return s;
}

START_TEST(ec_keys)
{
	static const struct {
		const char *curve;
		uint8_t alg;
		size_t size;
	} curves[] = { { "P-256", 0x03, 32 }, { "P-384", 0x04, 48 }, { "P-521", 0x05, 66 },
		{ "brainpoolP256r1", 0x13, 32 }, { "brainpoolP384r1", 0x15, 48 },
		{ "brainpoolP512r1", 0x16, 64 } };
	EVP_PKEY *k = mf_key(curves[_i].curve);
	const size_t size = curves[_i].size;
	uint8_t d[66], point[133], p[300], digest[32] = { 9 };
	const uint8_t *sig;
	struct mf_spec s;
	size_t n, len;

	number(k, OSSL_PKEY_PARAM_PRIV_KEY, d, size);
	ck_assert_int_eq(
	    EVP_PKEY_get_octet_string_param(k, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len),
	    1);
	n = add_tlv(p, 0, 0x02, point + 1, 2 * size);
	n = add_tlv(p, n, 0x01, d, size);
	meta_write(0xE0F1, "D00321E0E8");
	s = key_spec(0xE0F1, curves[_i].alg, 0x10, p, n);
	s.secret_oid = 0xF1D5;
	s.secret = up_secret;
	s.secret_len = sizeof(up_secret);
	ck_assert_uint_eq(up_send(s), 0);
	meta_is(0xE0F1, text("2015C00101C1020001D00321E0E8D30100E001%02XE10110", curves[_i].alg));
	ok("B111", text("010020%s030002E0F1", rig_hex(digest, 32)), NULL);
	sig = rig_out(&len);
	ck_assert(rig_ecdsa_verifies(k, size, digest, 32, sig, len));

	/* Whatever is wrong leaves the key as it was. */
	s.version = 2;
	s.payload = p + 3 + 2 * size; /* private alone is enough */
	s.len = 3 + size;
	ck_assert_uint_eq(up_send(s), 0);
	s.version = 3;
	s.len--;
	ck_assert_uint_eq(up_send(s), CHIP_E_LENGTH);
	s.len = 3 + size;
	memset(p + n - size, 0xFF, size);
	ck_assert_uint_eq(up_send(s), CHIP_E_DATA);
	memset(p + n - size, 0x00, size);
	ck_assert_uint_eq(up_send(s), CHIP_E_DATA);
	s.info[0] = curves[_i].alg == 0x03 ? 0x04 : 0x03;
	ck_assert_uint_eq(up_send(s), CHIP_E_DATA);
	s.info[0] = 0x41;
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
	s.info[0] = 0x14;
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
	s.info[0] = curves[_i].alg;
	s.info[1] = 0;
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
	ok("B111", text("010020%s030002E0F1", rig_hex(digest, 32)), NULL);
	EVP_PKEY_free(k);
}
END_TEST

START_TEST(rsa_keys)
{
	const size_t size = _i == 0 ? 128 : 256;
	EVP_PKEY *k = EVP_RSA_gen((unsigned)size * 8);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
	uint8_t d[256], m[256], p[600], digest[32] = { 9 };
	const uint8_t e[4] = { 0, 1, 0, 1 }, *sig;
	const char *before;
	struct mf_spec s;
	size_t n, len;

	number(k, OSSL_PKEY_PARAM_RSA_D, d, size);
	number(k, OSSL_PKEY_PARAM_RSA_N, m, size);
	n = add_tlv(p, 0, 0x01, d, size);
	n = add_tlv(p, n, 0x02, m, size);
	n = add_tlv(p, n, 0x03, e, 4);
	meta_write(0xE0FC, "D00321E0E8");
	s = key_spec(0xE0FC, _i == 0 ? 0x41 : 0x42, 0x13, p, n);
	ck_assert_uint_eq(up_send(s), 0);
	ok("B101", text("010020%s030002E0FC", rig_hex(digest, 32)), NULL);
	sig = rig_out(&len);
	ck_assert_int_eq(EVP_PKEY_verify_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
	ck_assert_int_eq(EVP_PKEY_verify(ctx, sig, len, digest, 32), 1);
	before = text("%s", rig_hex(sig, len));
	s.version = 2;
	s.len = n - 7; /* no exponent */
	ck_assert_uint_eq(up_send(s), CHIP_E_DATA);
	s.len = n;
	p[n - 7 - 1] ^= 1; /* an even modulus */
	ck_assert_uint_eq(up_send(s), CHIP_E_DATA);
	ok("B101", text("010020%s030002E0FC", rig_hex(digest, 32)), before);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(k);
}
END_TEST

/* E200 belongs to nobody on a standard part: its rules are opened as a reset would. */
START_TEST(aes_keys_need_permission_too)
{
	uint8_t p[40];
	const size_t n = add_tlv(p, 0, 0x01, up_secret, 16);

	ck_assert_uint_eq(up_send(key_spec(0xE200, 0x81, 0x02, p, n)), CHIP_E_ACCESS);
	meta_write(0xE200, "D00321E0E8");
	ck_assert_uint_eq(up_send(key_spec(0xE200, 0x82, 0x02, p, n)), CHIP_E_DATA);
	ck_assert_uint_eq(up_send(key_spec(0xE200, 0x03, 0x02, p, n)), CHIP_E_MANIFEST);
	ck_assert_uint_eq(up_send(key_spec(0xE200, 0x81, 0x02, p, n)), 0);
	meta_is(0xE200, "2015C00101C1020001D00321E0E8D30100E00181E10102");
	ck_assert_uint_eq(up_send(key_spec(0xF1D4, 0x81, 0x02, p, n)), CHIP_E_OID);
}
END_TEST

/* --- metadata ------------------------------------------------------------------------------ */

static struct mf_spec
meta_spec(unsigned target, unsigned version, unsigned reset, const char *block)
{
	static uint8_t ring[8][64];
	static unsigned next;
	uint8_t *p = ring[next++ % NITEMS(ring)];
	struct mf_spec s = up_data(target, version, rig_unhex(block, p, 64));

	s.type = MF_METADATA;
	s.info[0] = reset;
	s.info[1] = 0;
	s.payload = p;
	return s;
}

START_TEST(obj_33_metadata_updates_need_both_tags)
{
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2003D10100")), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D80321E0E8");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2003D10100")), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D801FF F00101");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2003D10100")), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D80321E0E9");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2003D10100")), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D80321E0E8");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2003D10100")), 0);
	/* F0 without D8. */
	meta_write(0xF1D7, "F00101");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D7, 1, 0, "2003D10100")), CHIP_E_ACCESS);
}
END_TEST

START_TEST(obj_34_reset_types)
{
	meta_write(0xF1D6, "C00107 D001FF D301FF D80321E0E8 F00111");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2000")), 0);
	meta_is(0xF1D6, "201EC00101C1020001C4018CC50100D001FFD10100D301FFD80321E0E8F00111");
	refused("8100", "F1D6", CHIP_E_BOUNDARY);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 2, 0, "200BC00103D003E1FC07F00121")), 0);
	meta_is(0xF1D6, "2020C00103C1020002C4018CC50100D003E1FC07D10100D301FFD80321E0E8F00121");
	ok("8200", "F1D6000855", "");
	ok("8100", "F1D6", "000000000000000055");
	/* 21: random content, which a write in the middle shows. */
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 3, 0, "2000")), 0);
	ok("8200", "F1D6001055", "");
	run("8100", "F1D6");
	ck_assert_uint_eq(rig.rsp_len, 4 + 17);
	ck_assert_int_ne(memcmp(rig.rsp + 4, rig.rsp + 5, 15), 0);
	/* 07: content stays, and the manifest may ask for a reset. */
	meta_write(0xF1D6, "F00107");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 4, 0, "2000")), 0);
	run("8100", "F1D6");
	ck_assert_uint_eq(rig.rsp_len, 4 + 17);
	refused("8201", "F1D600002003D10100", CHIP_E_ACCESS); /* operational */
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 5, 1, "2003C00101")), 0);
	refused("8100", "F1D6", CHIP_E_BOUNDARY);
	meta_write(0xF1D6, "F00131");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 6, 0, "2000")), CHIP_E_METADATA);
	meta_write(0xF1D6, "F00112");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 6, 0, "2000")), CHIP_E_METADATA);
}
END_TEST

START_TEST(a_key_is_reset)
{
	rig_generate(0xE0F1, 0x03, 0x10);
	meta_write(0xE0F1, "C00107 D001FF D80321E0E8 F00111");
	ck_assert_uint_eq(up_send(meta_spec(0xE0F1, 1, 0, "2005D003E1FC07")), 0);
	meta_is(0xE0F1, "201AC00101C1020001D003E1FC07D30100D80321E0E8E10110F00111");
	refused("B111", "01000A00112233445566778899030002E0F1", CHIP_E_SEQUENCE);
	rig_generate(0xE0F1, 0x03, 0x10);
}
END_TEST

START_TEST(the_security_monitor_returns_to_its_defaults)
{
	/* As on a part whose configuration was prepared before delivery. */
	rig.app.meta[7] = (struct sim_meta){ 0 };
	for (size_t n = 0; n < sim_app_objects(&rig.app); n++) {
		struct sim_object_view v;
		uint8_t meta[44];

		sim_app_object(&rig.app, n, meta, &v);
		if (v.oid == 0xE0C9)
			ck_assert_uint_eq(n, 7);
	}
	rig.app.meta[7].len =
	    (uint8_t)rig_unhex("C00101C40108D003E1FC07D10100D301FFD80321E0E8F00117",
		rig.app.meta[7].tlv, SIM_META_MAX);
	ok("8200", "E0C9000001", "");
	ok("8100", "E0C9", "0100050100000000");
	ck_assert_uint_eq(up_send(meta_spec(0xE0C9, 1, 0, "2000")), 0);
	ok("8100", "E0C9", "3200050100000000");
}
END_TEST

START_TEST(obj_35_tags_that_an_update_may_not_carry)
{
	static const char *const blocks[] = { "2004C1020001", "2003C4018C", "2003C50101",
		"2003E00103" };

	meta_write(0xF1D6, "D80321E0E8 F00101");
	for (size_t i = 0; i < NITEMS(blocks); i++)
		ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, blocks[i])), CHIP_E_MANIFEST);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2003D201FF")), CHIP_E_DATA);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2103D101FF")), CHIP_E_DATA);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2004D101FF")), CHIP_E_LENGTH);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "20")), CHIP_E_LENGTH);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0, "2006D101FFD10100")), CHIP_E_DATA);
	ck_assert_uint_eq(
	    up_send(meta_spec(0xF1D6, 1, 0, "2013D00BE1FC07FE20E140FD23F1D0D80421E0E8FD")),
	    CHIP_E_DATA);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 1, 0,
			      "201AD00BE1FC07FE20E140FD23F1D0D10BE1FC07FE20E140FD23F1D0")),
	    CHIP_E_META_TRUNCATED);
	meta_is(0xF1D6, "2019C00101C4018CC50164D003E1FC07D10100D80321E0E8F00101");
}
END_TEST

START_TEST(obj_36_version_in_the_metadata)
{
	meta_write(0xF1D6, "D80321E0E8 F00101");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 7, 0, "2003D10100")), 0);
	meta_is(0xF1D6, "201DC00101C1020007C4018CC50164D003E1FC07D10100D80321E0E8F00101");
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 7, 0, "2003D10100")), CHIP_E_VERSION);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 6, 0, "2003D10100")), CHIP_E_VERSION);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 8, 0, "2003C0010F")), 0);
	refused("8100", "F1D6", CHIP_E_ACCESS);
	ck_assert_uint_eq(up_send(meta_spec(0xF1D6, 9, 0, "2003C00101")), 0);
	run("8100", "F1D6");
	ck_assert_uint_eq(rig.rsp[0], 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("simulated application: protected update of keys and metadata");
	TCase *keys = tcase_create("keys"), *meta = tcase_create("metadata");

	tcase_add_checked_fixture(keys, up_setup, NULL);
	tcase_add_loop_test(keys, ec_keys, 0, 6);
	tcase_add_loop_test(keys, rsa_keys, 0, 2);
	tcase_add_test(keys, aes_keys_need_permission_too);
	suite_add_tcase(s, keys);
	tcase_add_checked_fixture(meta, up_setup, NULL);
	tcase_add_test(meta, obj_33_metadata_updates_need_both_tags);
	tcase_add_test(meta, obj_34_reset_types);
	tcase_add_test(meta, a_key_is_reset);
	tcase_add_test(meta, the_security_monitor_returns_to_its_defaults);
	tcase_add_test(meta, obj_35_tags_that_an_update_may_not_carry);
	tcase_add_test(meta, obj_36_version_in_the_metadata);
	suite_add_tcase(s, meta);
	return s;
}

int
main(void)
{
	return rig_main(suite());
}
