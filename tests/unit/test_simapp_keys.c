/*
 * Keys and signatures of the simulated chip, its factory key and certificate. Items CMD-n and OBJ-n
 * as in the conformance lists.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "hal/base/err.h"
#include "tests/unit/simapp_rig.h"

#define AID "D27600000447656E417574684170706C"

/* Keys of the vectors: RFC 6979 A.2.5, and an RSA-1024 key. */
#define D_A "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
#define POINT_A                                                                                    \
	"0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"                       \
	"7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
#define RSA_N                                                                                      \
	"BCA31B116D927483168FC7E37344339AB9239E7AF84F4AADC065D0A2BAEB0D1E76B965021E33A603AC0B4C38" \
	"5D9B0F501DA7965C741F4CB017CA90EB5D7ECD18C046342E5C06420B0E7794F12CA0E0351A87A0F366F3A499" \
	"7DFB6C36BE4C9A3A2B1FC33437E938E53C03D6C1C788AC23EF7BEE1CFE0A69E1799CC0055061F021"
#define RSA_D                                                                                      \
	"46AA778E6CD4CB8EFC19BAD10B32467EB4D2922110FA6B4871E5F265B3CE3028F462F962F4BB767AB3ADBBCC" \
	"F5CC0BCD807E728689FDDBB5B003F38C288742FF580DB96083F599A06FBF789BE2DCBD7F0A0B48669BD64384" \
	"D3FBF650DDE2734885D22CF3FC02D9F98FC3FAC70F470512220D8C43092F2ACE769D94A82847AF41"
#define SHA_SAMPLE "AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF"
#define SHA_ABC    "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"

static const struct {
	uint8_t alg;
	size_t size; /* of a coordinate */
	const char *point_head;
	double factor; /* how much longer than P-256 */
} curves[] = {
	{ 0x03, 32, "03420004", 1 },
	{ 0x04, 48, "03620004", 2.5 },
	{ 0x05, 66, "0381860004", 5 },
	{ 0x13, 32, "03420004", 1 },
	{ 0x15, 48, "03620004", 2.5 },
	{ 0x16, 64, "0381820004", 5 },
};

static const uint8_t *
digest(size_t n)
{
	static uint8_t d[128];

	for (size_t i = 0; i < sizeof(d); i++)
		d[i] = (uint8_t)(0xF0 - i);
	ck_assert_uint_le(n, sizeof(d));
	return d;
}

static const char *
sign_data(size_t n, unsigned oid)
{
	return text("01%04X%s030002%04X", (unsigned)n, rig_hex(digest(n), n), oid);
}

static bool
last_signature_fits(EVP_PKEY *key, size_t coordinate, const uint8_t *d, size_t n)
{
	size_t len;
	const uint8_t *sig = rig_out(&len);

	return rig_ecdsa_verifies(key, coordinate, d, n, sig, len);
}

/* CMD-39, CMD-42, CMD-51, OBJ-41 for every curve. */
START_TEST(cmd_51_generate_and_sign)
{
	const uint8_t alg = curves[_i].alg;
	const size_t size = curves[_i].size;
	const char *in = text("010002E0F10200011%d", _i % 2); /* Sign, Sign and Auth */
	uint8_t head[8];
	size_t n = rig_unhex(curves[_i].point_head, head, sizeof(head)), len;
	EVP_PKEY *key;

	ok(text("B8%02X", alg), in, NULL);
	(void)rig_out(&len);
	ck_assert_uint_eq(rig.rsp[4], 0x02);
	ck_assert_uint_eq(((size_t)rig.rsp[5] << 8 | rig.rsp[6]) + 3, len);
	ck_assert_mem_eq(rig.rsp + 7, head, n);
	ck_assert_uint_eq(len, 3 + n + 2 * size);
	key = rig_public(alg);
	meta_is(0xE0F1, text("2011C00101D003E1FC07D30100E001%02XE1011%d", alg, _i % 2));
	refused("8100", "E0F1", CHIP_E_ACCESS);

	refused("B111", sign_data(9, 0xE0F1), CHIP_E_DATA);
	refused("B111", sign_data(size + 1, 0xE0F1), CHIP_E_DATA);
	for (n = 10; n <= size; n += n == 10 ? 10 : 1) {
		ok("B111", sign_data(n, 0xE0F1), NULL);
		ck_assert(last_signature_fits(key, size, digest(n), n));
		ck_assert(!last_signature_fits(key, size, digest(n) + 1, n));
	}
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(cmd_42_vector_key)
{
	uint8_t point[65], d[32], first[80];
	size_t first_len;
	EVP_PKEY *key = rig_ec_key(0x03, point, rig_unhex(POINT_A, point, sizeof(point)));

	rig_load_ec(0xE0F1, 0x03, 0x10, D_A);
	(void)rig_unhex(SHA_SAMPLE, d, sizeof(d));
	ok("B111", "010020" SHA_SAMPLE "030002E0F1", NULL);
	first_len = rig.rsp_len;
	memcpy(first, rig.rsp, first_len);
	ck_assert(last_signature_fits(key, 32, d, 32));
	ok("B111", "030002E0F1010020" SHA_SAMPLE, NULL); /* any order */
	ck_assert(last_signature_fits(key, 32, d, 32));
	ck_assert(rig.rsp_len != first_len || memcmp(rig.rsp, first, first_len) != 0);
	EVP_PKEY_free(key);
}
END_TEST

/* About one signature in 128 has a short integer; the chip keeps its leading zeros. */
START_TEST(cmd_42_short_integers_are_padded)
{
	const unsigned oid = 0xE0F1;
	unsigned padded = 0;
	EVP_PKEY *key;

	rig_generate(oid, 0x03, 0x10);
	key = rig_public(0x03);
	for (int i = 0; i < 1000; i++) {
		size_t len;
		const uint8_t *sig;

		ok("B111", sign_data(32, oid), NULL);
		sig = rig_out(&len);
		ck_assert_uint_ge(len, 68);
		ck_assert_uint_le(len, 70);
		ck_assert(rig_ecdsa_verifies(key, 32, digest(32), 32, sig, len));
		padded += !rig_sig_is_minimal(sig, len);
	}
	ck_assert_uint_ge(padded, 1);
	ck_assert_uint_le(padded, 40);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(cmd_42_p521_has_always_136_bytes)
{
	unsigned padded = 0;

	rig_generate(0xE0F1, 0x05, 0x10);
	for (int i = 0; i < 40; i++) {
		ok("B111", sign_data(64, 0xE0F1), NULL);
		ck_assert_uint_eq(rig.rsp_len, 4 + 136);
		padded += !rig_sig_is_minimal(rig.rsp + 4, 136);
	}
	ck_assert_uint_ge(padded, 5);
}
END_TEST

START_TEST(cmd_41_wrong_keys)
{
	refused("B111", sign_data(32, 0xE0F1), CHIP_E_SEQUENCE); /* empty */
	refused("B101", sign_data(32, 0xE0FC), CHIP_E_SEQUENCE);
	rig_generate(0xE0F1, 0x03, 0x20); /* key agreement */
	refused("B111", sign_data(32, 0xE0F1), CHIP_E_UNSUPPORTED_ID);
	rig_generate(0xE0F1, 0x03, 0x02);
	refused("B111", sign_data(32, 0xE0F1), CHIP_E_UNSUPPORTED_ID);
	rig_generate(0xE0F1, 0x03, 0x01);
	ok("B111", sign_data(32, 0xE0F1), NULL);
	refused("B101", sign_data(32, 0xE0F1), CHIP_E_UNSUPPORTED_ID);
	meta_write(0xE0F1, "E10120"); /* usage is metadata while not locked */
	refused("B111", sign_data(32, 0xE0F1), CHIP_E_UNSUPPORTED_ID);
	meta_write(0xE0F1, "E10110 D301FF");
	refused("B111", sign_data(32, 0xE0F1), CHIP_E_ACCESS);
	refused("B111", sign_data(32, 0xF1D0), CHIP_E_OID);
	refused("B111", sign_data(32, 0xE200), CHIP_E_OID);
	refused("B111", sign_data(32, 0xE0F4), CHIP_E_OID);
	ok("B111", sign_data(32, 0xE0F0), NULL); /* factory key: Auth signs */
}
END_TEST

START_TEST(cmd_41_key_with_the_invalid_flag)
{
	rig_generate(0xE0F1, 0x03, 0x10);
	meta_write(0xE0F1, "C1028001");
	refused("B111", sign_data(32, 0xE0F1), CHIP_E_METADATA);
	meta_write(0xE0F1, "C1020001");
	ok("B111", sign_data(32, 0xE0F1), NULL);
}
END_TEST

START_TEST(cmd_41_malformed)
{
	static const struct {
		const char *in;
		unsigned code;
	} bad[] = {
		{ "", CHIP_E_DATA },
		{ "030002E0F0", CHIP_E_DATA },
		{ "010020" SHA_ABC, CHIP_E_DATA },
		{ "010020" SHA_ABC "030002E0F0030002E0F0", CHIP_E_DATA },
		{ "010020" SHA_ABC "030002E0F0040000", CHIP_E_DATA },
		{ "010020" SHA_ABC "030001E0", CHIP_E_LENGTH },
		{ "010020" SHA_ABC "030003E0F000", CHIP_E_LENGTH },
		{ "010020" SHA_ABC "030002E0", CHIP_E_LENGTH },
		{ "010020" SHA_ABC "0300", CHIP_E_LENGTH },
		{ "01FFFF" SHA_ABC, CHIP_E_LENGTH },
	};

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused("B111", bad[i].in, bad[i].code);
}
END_TEST

static bool
rsa_verifies(EVP_PKEY *key, const EVP_MD *md, const uint8_t *d)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t len;
	const uint8_t *sig = rig_out(&len);
	bool good;

	ck_assert_int_eq(EVP_PKEY_verify_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(ctx, md), 1);
	good = EVP_PKEY_verify(ctx, sig, len, d, (size_t)EVP_MD_get_size(md)) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

START_TEST(cmd_40_rsa_vector)
{
	uint8_t n[128];
	EVP_PKEY *key = rig_rsa_key(n, rig_unhex(RSA_N, n, sizeof(n)));

	rig_load_rsa1024(0xE0FC, 0x12, RSA_N, RSA_D);
	exchange("B1010028010020" SHA_ABC "030002E0FC",
	    "00000080"
	    "11B8DE3847731C7296736AB27F2BA9991B2BBCA5D64BD58B760975C7B2EAC95146149BAED6A1166AA916B1"
	    "10274FFAD1A128EBA58BFEB29D73967D05F9886909D49664CA30A47F3856594981F870F5490E91139496F5"
	    "9D702DEF63BDC97BD4C6719AD0B8F0C3C2DC9C364514E58AA4E04957105E92D796CB28921A03D8A880C1");
	ok("B102", sign_data(48, 0xE0FC), NULL);
	ck_assert(rsa_verifies(key, EVP_sha384(), digest(48)));
	ok("B103", sign_data(64, 0xE0FC), NULL);
	ck_assert(rsa_verifies(key, EVP_sha512(), digest(64)));
	for (unsigned scheme = 1; scheme <= 3; scheme++)
		for (size_t l = 0; l <= 66; l++)
			if (l != 16 + 16 * scheme)
				refused(text("B1%02X", scheme), sign_data(l, 0xE0FC), CHIP_E_DATA);
	refused("B111", sign_data(32, 0xE0FC), CHIP_E_UNSUPPORTED_ID);
	meta_write(0xE0FC, "E10102");
	refused("B101", sign_data(32, 0xE0FC), CHIP_E_UNSUPPORTED_ID);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(cmd_51_generate_rsa)
{
	const bool small = _i == 0;
	const uint8_t alg = small ? 0x41 : 0x42;
	const char *head =
	    small ? "02009003818D0030818902818100" : "02011303 82010F00 3082010A 02820101 00";
	const double least = 2900 * 2.5 / (small ? 6 : 1);
	uint8_t h[24];
	size_t n, len;
	EVP_PKEY *key;

	ok(text("B8%02X", alg), "010002E0FD02000112", NULL);
	ck_assert_double_ge((double)rig.exec / 1e6, least - 1);
	ck_assert_double_le((double)rig.exec / 1e6, 180e3);
	n = rig_unhex(head, h, sizeof(h));
	(void)rig_out(&len);
	ck_assert_mem_eq(rig.rsp + 4, h, n);
	ck_assert_uint_eq(len, n + (small ? 128u : 256u) + 5);
	ck_assert_mem_eq(rig.rsp + rig.rsp_len - 5, "\x02\x03\x01\x00\x01", 5);
	ck_assert_uint_ge(rig.rsp[4 + n], 0x80);
	key = rig_public(alg);
	meta_is(0xE0FD, text("2011C00101D003E1FC07D30100E001%02XE10112", alg));
	ok("B101", sign_data(32, 0xE0FD), NULL);
	ck_assert(rsa_verifies(key, EVP_sha256(), digest(32)));
	ok("B102", sign_data(48, 0xE0FD), NULL);
	ck_assert(rsa_verifies(key, EVP_sha384(), digest(48)));
	ok("B103", sign_data(64, 0xE0FD), NULL);
	ck_assert(rsa_verifies(key, EVP_sha512(), digest(64)));
	ck_assert(!rsa_verifies(key, EVP_sha512(), digest(64) + 1));
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(cmd_52_locked_slot_keeps_its_key)
{
	EVP_PKEY *key;

	refused("B803", "010002E0F002000110", CHIP_E_ACCESS);
	rig_generate(0xE0F1, 0x03, 0x10);
	key = rig_public(0x03);
	meta_write(0xE0F1, "C00107");
	refused("B803", "010002E0F102000110", CHIP_E_ACCESS);
	refused("B804", "010002E0F102000110", CHIP_E_ACCESS);
	ok("B111", sign_data(32, 0xE0F1), NULL);
	ck_assert(last_signature_fits(key, 32, digest(32), 32));
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(cmd_51_refusals)
{
	refused("B841", "010002E0F102000110", CHIP_E_DATA); /* RSA in an EC slot */
	refused("B803", "010002E0FC02000110", CHIP_E_DATA);
	refused("B803", "010002E20002000110", CHIP_E_DATA);
	refused("B803", "010002F1D002000110", CHIP_E_DATA);
	refused("B803", "010002E0F402000110", CHIP_E_OID);
	refused("B803", "010002E0F102000100", CHIP_E_DATA);
	refused("B803", "010002E0F1", CHIP_E_DATA);
	refused("B803", "02000110", CHIP_E_DATA);
	refused("B803", "", CHIP_E_DATA);
	refused("B803", "010002E0F102000110070000", CHIP_E_DATA);
	refused("B803", "010001E002000110", CHIP_E_LENGTH);
	refused("B803", "010002E0F10200021010", CHIP_E_LENGTH);
	refused("B803", "07000100", CHIP_E_LENGTH);
	refused("B803", "010002E0F10200", CHIP_E_LENGTH);
	refused("B814", "010002E0F102000110", CHIP_E_PARAM);
	refused("B881", "010002E0F102000110", CHIP_E_PARAM);
	meta_is(0xE0F1, "200BC00101D003E1FC07D30100");
	refused("B111", sign_data(32, 0xE0F1), CHIP_E_SEQUENCE);
}
END_TEST

/* Private and public half belong together, and no slot changes. */
START_TEST(cmd_53_export)
{
	const size_t size = curves[_i].size;
	struct sim_key before[SIM_NKEYS];
	const uint8_t *out;
	char d[2 * 66 + 1];
	size_t len, n;
	EVP_PKEY *key;

	memcpy(before, rig.app.key, sizeof(before));
	ok(text("B8%02X", curves[_i].alg), "070000", NULL);
	ck_assert_mem_eq(before, rig.app.key, sizeof(before));
	out = rig_out(&len);
	ck_assert_uint_eq(out[0], 0x01);
	n = (size_t)out[1] << 8 | out[2];
	ck_assert_uint_eq(n, size + 2);
	ck_assert_uint_eq(out[3], 0x04);
	ck_assert_uint_eq(out[4], size);
	(void)snprintf(d, sizeof(d), "%s", rig_hex(out + 5, size));
	/* What remains is the form rig_public takes; the exported scalar then signs from a slot. */
	rig.rsp_len -= 3 + n;
	memmove(rig.rsp + 4, rig.rsp + 7 + n, rig.rsp_len - 4);
	key = rig_public(curves[_i].alg);
	rig_load_ec(0xE0F1, curves[_i].alg, 0x10, d);
	ok("B111", sign_data(32, 0xE0F1), NULL);
	ck_assert(last_signature_fits(key, size, digest(32), 32));
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(cmd_53_export_rsa)
{
	const uint8_t *out;

	ok("B841", "070000", NULL);
	out = rig.rsp + 4;
	ck_assert_mem_eq(out, "\x01\x00\x83\x04\x81\x80", 6);
	ck_assert_mem_eq(out + 6 + 128, "\x02\x00\x90\x03\x81\x8D", 6);
	ck_assert_uint_eq(rig.rsp_len, 4 + 6 + 128 + 3 + 144);
}
END_TEST

static X509 *
factory_certificate(uint8_t *raw, size_t *raw_len)
{
	const uint8_t *p;
	size_t n;
	X509 *x;

	ok("8100", "E0E0", NULL);
	*raw_len = rig.rsp_len - 4;
	memcpy(raw, rig.rsp + 4, *raw_len);
	ck_assert_uint_eq(raw[0], 0xC0);
	ck_assert_uint_eq((size_t)raw[1] << 8 | raw[2], *raw_len - 3);
	ck_assert_uint_eq((size_t)raw[3] << 16 | (size_t)raw[4] << 8 | raw[5], *raw_len - 6);
	n = (size_t)raw[6] << 16 | (size_t)raw[7] << 8 | raw[8];
	ck_assert_uint_eq(n, *raw_len - 9);
	p = raw + 9;
	x = d2i_X509(NULL, &p, (long)n);
	ck_assert_ptr_nonnull(x);
	ck_assert_ptr_eq(p, raw + *raw_len);
	return x;
}

static X509 *
vendor_ca(void)
{
	size_t len;
	const uint8_t *p = sim_vendor_ca("trust-m-v3", 0, &len), *end = p + len;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	ck_assert_ptr_nonnull(x);
	ck_assert_ptr_eq(p, end);
	return x;
}

static void
name_is(const X509_NAME *name, const char *want)
{
	char s[256];

	(void)X509_NAME_oneline(name, s, sizeof(s));
	ck_assert_str_eq(s, want);
}

/* OBJ-39 */
START_TEST(obj_39_factory_certificate)
{
	uint8_t raw[1553];
	size_t len;
	int days, seconds;
	X509 *x = factory_certificate(raw, &len), *ca = vendor_ca();
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *sc = X509_STORE_CTX_new();
	STACK_OF(POLICYINFO) * policies;
	char policy[64];

	ck_assert_uint_ge(len, 450);
	ck_assert_uint_le(len, 600);
	meta_is(0xE0E0, text("2017C00101C40206C0C502%04XD001FFD10100D30100E80112", (unsigned)len));

	ck_assert_int_eq(X509_STORE_add_cert(store, ca), 1);
	ck_assert_int_eq(X509_STORE_CTX_init(sc, store, x, NULL), 1);
	X509_STORE_CTX_set_flags(sc, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	ck_assert_msg(X509_verify_cert(sc) == 1, "%s",
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(sc)));

	ck_assert_int_eq(X509_get_version(x), X509_VERSION_3);
	ck_assert_int_eq(X509_get_signature_nid(x), NID_ecdsa_with_SHA384);
	name_is(X509_get_subject_name(x), "/CN=InfineonIoTNode");
	ck_assert_int_eq(
	    ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(x), X509_get0_notAfter(x)), 1);
	ck_assert_int_ge(days, 20 * 365);
	ck_assert_int_le(days, 20 * 366);

	ck_assert_uint_eq(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	ck_assert_int_eq(X509_check_ca(x), 0);
	ck_assert_int_eq(X509_check_ca(ca), 1);
	ck_assert_int_eq(
	    X509_EXTENSION_get_critical(X509_get_ext(x, X509_get_ext_by_NID(x, NID_key_usage, -1))),
	    1);
	ck_assert_int_eq(X509_EXTENSION_get_critical(
			     X509_get_ext(x, X509_get_ext_by_NID(x, NID_basic_constraints, -1))),
	    1);
	ck_assert_ptr_nonnull(X509_get0_authority_key_id(x));
	ck_assert_ptr_null(X509_get0_subject_key_id(x));
	policies = X509_get_ext_d2i(x, NID_certificate_policies, NULL, NULL);
	ck_assert_int_eq(sk_POLICYINFO_num(policies), 1);
	(void)OBJ_obj2txt(policy, sizeof(policy), sk_POLICYINFO_value(policies, 0)->policyid, 1);
	ck_assert_str_eq(policy, "1.2.276.0.68.1.20.1");
	sk_POLICYINFO_pop_free(policies, POLICYINFO_free);
	ck_assert_int_eq(X509_get_ext_count(x), 4);

	ok("B111", sign_data(32, 0xE0F0), NULL); /* it is the certificate of E0F0 */
	ck_assert(last_signature_fits(X509_get0_pubkey(x), 32, digest(32), 32));
	X509_STORE_CTX_free(sc);
	X509_STORE_free(store);
	X509_free(x);
	X509_free(ca);
}
END_TEST

START_TEST(obj_39_vendor_is_recognisably_simulated)
{
	X509 *ca = vendor_ca();
	char s[256];

	(void)X509_NAME_oneline(X509_get_subject_name(ca), s, sizeof(s));
	ck_assert_ptr_nonnull(strstr(s, "Simulated"));
	ck_assert_ptr_null(strstr(s, "Infineon Technologies"));
	X509_free(ca);
}
END_TEST

/* Same seed, same chip; also after the same commands. */
START_TEST(a_seed_makes_the_same_chip)
{
	static struct sim_app a;

	for (int pass = 0; pass < 2; pass++) {
		rig_factory(7, true);
		ok("F000", AID, "");
		rig_generate(0xE0F1, 0x03, 0x10);
		ok("B111", sign_data(32, 0xE0F1), NULL);
		rig_generate(0xE0FC, 0x41, 0x10);
		if (pass == 0)
			a = rig.app;
	}
	ck_assert_mem_eq(&a, &rig.app, sizeof(a));
	rig_factory(8, true);
	ck_assert_mem_ne(a.key[0].priv, rig.app.key[0].priv, 32);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: keys");
	TCase *tc = tcase_create("keys");

	tcase_add_checked_fixture(tc, rig_setup, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, cmd_51_generate_and_sign, 0, (int)NITEMS(curves));
	tcase_add_loop_test(tc, cmd_51_generate_rsa, 0, 2);
	tcase_add_test(tc, cmd_51_refusals);
	tcase_add_test(tc, cmd_52_locked_slot_keeps_its_key);
	tcase_add_loop_test(tc, cmd_53_export, 0, (int)NITEMS(curves));
	tcase_add_test(tc, cmd_53_export_rsa);
	tcase_add_test(tc, cmd_40_rsa_vector);
	tcase_add_test(tc, cmd_41_wrong_keys);
	tcase_add_test(tc, cmd_41_malformed);
	tcase_add_test(tc, cmd_41_key_with_the_invalid_flag);
	tcase_add_test(tc, cmd_42_vector_key);
	tcase_add_test(tc, cmd_42_short_integers_are_padded);
	tcase_add_test(tc, cmd_42_p521_has_always_136_bytes);
	tcase_add_test(tc, obj_39_factory_certificate);
	tcase_add_test(tc, obj_39_vendor_is_recognisably_simulated);
	tcase_add_test(tc, a_seed_makes_the_same_chip);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
