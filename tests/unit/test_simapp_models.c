/*
 * The models of the simulated chip: objects, factory state, algorithms, commands, certificates.
 * What each has is written here a second time, from the manuals' tables. Items OBJ-n and CMD-n as
 * in the conformance list.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "hal/base/err.h"
#include "tests/unit/simapp_rig.h"

#define PA      "D00720E140FD23F1D0"
#define STATUS  "2009C40101D00100D10100"
#define WRITTEN "200CC40101C50101D00100D10100"
#define KEY     "200BC00101D003E1FC07D30100"
#define NEVER   "2009C40101D001FFD10100"

enum {
	X = 1,
	V1 = 2,
	V3 = 4,
	EXPRESS = 8,
	MTR = 16,
	P = EXPRESS | MTR,
	M = V1 | V3 | P,
	ALL = X | M
};

static const struct {
	const char *name;
	unsigned bit;
	const char *build, *alg, *refused_alg, *refused_commands;
} models[] = {
	{ "trust-x", X, "1118", "0304", "05131516414281", "03141E1F153971" },
	{ "trust-m-v1", V1, "0809", "03044142", "0513151681", "141539" },
	{ "trust-m-v3", V3, "2440", "0304051315164142", "0014FF", "10" },
	{ "trust-m-express", EXPRESS, "2440", "0304051315164142", "0014FF", "10" },
	{ "trust-m-mtr", MTR, "2440", "0304051315164142", "0014FF", "10" },
};

/* Every object: who has it, maximum size, factory metadata; %04X: C5 of a certificate. */
static const struct {
	unsigned first, last, models, max;
	const char *meta;
} objects[] = {
	{ 0xE0C0, 0xE0C0, X | V1 | V3, 1, STATUS },
	{ 0xE0C0, 0xE0C0, P, 1, WRITTEN },
	{ 0xE0C1, 0xE0C1, ALL, 1, STATUS },
	{ 0xE0C2, 0xE0C2, ALL, 27, "2009C4011BD001FFD10100" },
	{ 0xE0C3, 0xE0C4, X | V1 | V3, 1, STATUS },
	{ 0xE0C3, 0xE0C4, P, 1, WRITTEN },
	{ 0xE0C5, 0xE0C5, ALL, 1, NEVER },
	{ 0xE0C6, 0xE0C6, ALL, 2, "2006C40102D10100" },
	{ 0xE0C9, 0xE0C9, V3, 8, "2011C00107C40108D003E1FC07D10100D301FF" },
	{ 0xE0C9, 0xE0C9, P, 8, "2015C00107C40108" PA "D10100D301FF" },
	{ 0xE0E0, 0xE0E0, X, 1728, "2011C00101C40206C0C502%04XD001FFD10100" },
	{ 0xE0E0, 0xE0E0, V1 | V3, 1728, "2017C00101C40206C0C502%04XD001FFD10100D30100E80112" },
	{ 0xE0E0, 0xE0E0, EXPRESS, 1728, "201DC00107C40206C0C502%04X" PA "D10100D30100E80112" },
	{ 0xE0E0, 0xE0E0, MTR, 1728,
	    "2021C00103C40206C0C502%04XD00BE1FC07FE20E140FD23F1D0D10100D30100E80112" },
	{ 0xE0E1, 0xE0E1, EXPRESS, 1728,
	    "2021C00107C40206C0C502%04X" PA "D10320E140D30320E140E80112" },
	{ 0xE0E1, 0xE0E1, MTR, 1728, "201DC00107C40206C0C502%04X" PA "D10100D30100E80112" },
	{ 0xE0E2, 0xE0E2, P, 1728, "201DC00107C40206C0C502%04X" PA "D10100D30100E80112" },
	{ 0xE0E1, 0xE0E3, X, 1728, "2013C00101C40206C0C50206C0D003E1FC07D10100" },
	{ 0xE0E1, 0xE0E3, V1 | V3, 1728, "2019C00101C40206C0C50206C0D003E1FC07D10100D30100E80112" },
	{ 0xE0E3, 0xE0E3, P, 1728, "2019C00101C40206C0C50206C0D003E1FC07D10100D30100E80112" },
	{ 0xE0E8, 0xE0E8, X, 1200, "2016C00101C40204B0C50204B0D003E1FC07D10100D30100" },
	{ 0xE0EF, 0xE0EF, X, 1200, "2016C00101C40204B0C50204B0D003E1FC07D10100D30100" },
	{ 0xE0E8, 0xE0E9, M, 1200, "2019C00101C40204B0C50204B0D003E1FC07D10100D30100E80111" },
	{ 0xE0EF, 0xE0EF, M, 1200, "2019C00101C40204B0C50204B0D003E1FC07D10100D30100E80111" },
	{ 0xE0F0, 0xE0F0, X | V1 | V3, 0, "200FC00101D001FFD30100E00103E10101" },
	{ 0xE0F0, 0xE0F0, P, 0, "2015C00107" PA "D30100E00103E10111" },
	{ 0xE0F1, 0xE0F1, EXPRESS, 0, "2017C00107" PA "D30320E140E00103E10111" },
	{ 0xE0F1, 0xE0F1, MTR, 0, "2015C00107" PA "D30100E00103E10111" },
	{ 0xE0F1, 0xE0F3, X | V1 | V3, 0, KEY },
	{ 0xE0F2, 0xE0F3, P, 0, "200EC00101D003E1FC07D30100E00103" },
	{ 0xE0FC, 0xE0FD, V1 | V3, 0, KEY },
	{ 0xE0FC, 0xE0FC, P, 0, "2015C00107" PA "D30100E00142E10111" },
	{ 0xE0FD, 0xE0FD, P, 0, KEY },
	{ 0xE100, 0xE103, ALL, 0, NULL },
	{ 0xE120, 0xE123, M, 8, "2017C00101C40108C50108D003E1FC07D10100D30100E80101" },
	{ 0xE140, 0xE140, V1 | V3, 64,
	    "201DC00101C40140C50140D007E1FC07FE20E140D103E1FC07D30100E80122" },
	{ 0xE140, 0xE140, P, 64, "201BC00107C40140C50140" PA "D101FFD30100E80122" },
	{ 0xE200, 0xE200, V3 | P, 0, "2009C00101D001FFD30100" },
	{ 0xF1C0, 0xF1C0, X | V1 | V3, 1, STATUS },
	{ 0xF1C0, 0xF1C0, P, 1, WRITTEN },
	{ 0xF1C1, 0xF1C1, ALL, 1, STATUS },
	{ 0xF1C2, 0xF1C2, ALL, 1, NEVER },
	{ 0xF1D0, 0xF1DF, X, 100, "2011C00101C40164C50164D003E1FC07D10100" },
	{ 0xF1D0, 0xF1DB, V1 | V3, 140, "2011C00101C4018CC50164D003E1FC07D10100" },
	{ 0xF1D0, 0xF1D0, P, 140, "201DC00107C4018CC50140" PA "D101FFD30320E140E80131" },
	{ 0xF1D1, 0xF1DB, P, 140, "2011C00101C4018CC50164D003E1FC07D10100" },
	{ 0xF1E0, 0xF1E1, ALL, 1500, "2013C00101C40205DCC50205DCD003E1FC07D10100" },
};

static struct sim_app fresh[NITEMS(models)];

/* Once: RSA keys take their time. */
static void
make_all(void)
{
	for (size_t i = 0; i < NITEMS(models); i++) {
		rig_model(models[i].name);
		fresh[i] = rig.app;
	}
}

static void
chip(int i)
{
	memset(&rig, 0, sizeof(rig));
	rig.app = fresh[i];
}

/* The row of an object on a model, or -1. */
static int
row(unsigned bit, unsigned oid)
{
	for (size_t i = 0; i < NITEMS(objects); i++)
		if ((objects[i].models & bit) != 0 && oid >= objects[i].first &&
		    oid <= objects[i].last)
			return (int)i;
	return -1;
}

static bool
is_session(unsigned oid)
{
	return oid >= 0xE100 && oid <= 0xE103;
}

START_TEST(obj_1_objects_of_the_model_and_no_others)
{
	uint8_t cmd[] = { 0x81, 0x01, 0x00, 0x02, 0, 0 };
	size_t len, found = 0;

	chip(_i);
	for (unsigned oid = 0; oid <= 0xFFFF; oid++) {
		cmd[4] = (uint8_t)(oid >> 8);
		cmd[5] = (uint8_t)oid;
		rig_send(cmd, sizeof(cmd));
		ck_assert_msg((rig.rsp[0] == 0) == (row(models[_i].bit, oid) >= 0), "%04X", oid);
		found += rig.rsp[0] == 0;
		(void)rig_out(&len);
	}
	ck_assert_uint_eq(found, sim_app_objects(&rig.app));
	refused("8100", "F1FF", CHIP_E_OID);
}
END_TEST

/* What every access condition allows to write reaches exactly to the maximum. */
START_TEST(obj_1_maximum_sizes)
{
	chip(_i);
	for (size_t i = 0; i < NITEMS(objects); i++) {
		if ((objects[i].models & models[_i].bit) == 0 || objects[i].max < 100)
			continue;
		if (strstr(objects[i].meta, "D003E1FC07") == NULL)
			continue;
		for (unsigned oid = objects[i].first; oid <= objects[i].last; oid++) {
			ok("8200", text("%04X%04X5A", oid, objects[i].max - 1), "");
			refused(
			    "8200", text("%04X%04X5A5A", oid, objects[i].max - 1), CHIP_E_BOUNDARY);
			ok("8100", text("%04X%04X0100", oid, objects[i].max - 1), "5A");
		}
	}
}
END_TEST

START_TEST(obj_2_factory_metadata)
{
	char want[96];
	size_t len;

	chip(_i);
	for (unsigned oid = 0xE000; oid <= 0xF1FF; oid++) {
		const int r = row(models[_i].bit, oid);

		if (r < 0 || is_session(oid))
			continue;
		strcpy(want, objects[r].meta);
		if (strchr(want, '%') != NULL) {
			run("8101", text("%04X", oid));
			(void)rig_out(&len);
			ck_assert_uint_gt(len, 13);
			memcpy(strchr(want, '%'), "....", 4);
			memmove(strstr(want, "...."), rig_hex(rig.rsp + 4 + 11, 2), 4);
		}
		meta_is(oid, want);
	}
}
END_TEST

START_TEST(obj_3_fresh_contents_are_zeros)
{
	chip(_i);
	ok("8100", "E0E300000600", rig_zeros(1536));
	ok("8100", "E0E306000600", rig_zeros(192));
	ok("8100", "E0E8", rig_zeros(1200));
	ok("8100", "F1D1", rig_zeros(100));
	ok("8100", "F1E1", rig_zeros(1500));
	if (models[_i].bit & M)
		ok("8100", "E123", "0000000000000000");
}
END_TEST

START_TEST(obj_4_binding_secret)
{
	chip(_i);
	if (models[_i].bit == X) {
		refused("8100", "E140", CHIP_E_OID);
	} else if (models[_i].bit & P) {
		refused("8100", "E140", CHIP_E_ACCESS);
		rig.prot = (struct sim_protection){ true, true, true };
		refused("8100", "E140", CHIP_E_ACCESS);
	} else {
		ok("8100", "E14000000004", "01020304");
		meta_write(0xE140, "C00107");
		refused("8100", "E140", CHIP_E_ACCESS);
	}
}
END_TEST

START_TEST(obj_5_buffer_size)
{
	chip(_i);
	ok("8100", "E0C6", "0615");
	refused("8200", "E0C600000615", CHIP_E_ACCESS);
}
END_TEST

START_TEST(obj_6_security_monitor_configuration)
{
	chip(_i);
	if (models[_i].bit & (X | V1)) {
		refused("8100", "E0C9", CHIP_E_OID);
		refused("8200", "E0C9000032", CHIP_E_OID);
	} else {
		ok("8100", "E0C9", "3200050100000000");
		refused("8200", "E0C9000032", CHIP_E_ACCESS);
	}
}
END_TEST

START_TEST(obj_7_unique_id)
{
	char build[5];
	size_t len;

	chip(_i);
	run("8100", "E0C2");
	ck_assert_uint_eq(rig.rsp[0], 0);
	(void)rig_out(&len);
	ck_assert_uint_eq(len, 27);
	snprintf(build, sizeof(build), "%02X%02X", rig.rsp[4 + 25], rig.rsp[4 + 26]);
	ck_assert_str_eq(build, models[_i].build);
	refused("8200", "E0C20000CD", CHIP_E_ACCESS);
}
END_TEST

START_TEST(security_status_has_a_boot_phase_on_v3)
{
	const char *want = models[_i].bit & (X | V1) ? "00" : "20";

	chip(_i);
	ok("8100", "E0C1", want);
	ok("8100", "F1C1", want);
	ok("8100", "E0C0", "07");
	ok("8100", "E0C3", "14");
	ok("8100", "E0C4", "06");
	ok("8100", "F1C0", "01");
}
END_TEST

START_TEST(obj_32_conditions_and_tags_the_model_does_not_know)
{
	static const struct {
		const char *tlv;
		unsigned models;
	} writes[] = {
		{ "D303E1FC07", ALL },
		{ "D30370FC07", ALL },
		{ "D303E0FC07", ALL },
		{ "D10320E140", M },
		{ "D10321E140", M },
		{ "D30340E120", M },
		{ "D30323F1D0", V3 | P },
		{ "D3021020", V3 | P },
		{ "D3029020", V3 | P },
		{ "D307E1FC07FD23F1D0", V3 | P },
		{ "D30100", ALL }, /* short again: the others need the room */
		{ "C1020001", M },
		{ "E80121", M },
		{ "E80123", V3 | P },
		{ "E80131", V3 | P },
		{ "F00111", V3 | P },
		{ "D80321E0E8", V3 | P },
	};

	chip(_i);
	for (size_t i = 0; i < NITEMS(writes); i++)
		if (writes[i].models & models[_i].bit)
			meta_write(0xF1D1, writes[i].tlv);
		else
			meta_refused(0xF1D1, writes[i].tlv, CHIP_E_DATA);
}
END_TEST

START_TEST(cmd_9_commands_of_other_models)
{
	chip(_i);
	for (const char *p = models[_i].refused_commands; *p != '\0'; p += 2)
		refused(text("%.2s00", p), "0000", CHIP_E_COMMAND);
}
END_TEST

START_TEST(cmd_54_algorithms)
{
	uint8_t b[16];
	size_t n = rig_unhex(models[_i].alg, b, sizeof(b));

	chip(_i);
	for (size_t i = 0; i < n; i++)
		if (b[i] != 0x42) /* takes longest, and is as 1024 here */
			ok(text("B8%02X", b[i]), "070000", NULL);
	n = rig_unhex(models[_i].refused_alg, b, sizeof(b));
	for (size_t i = 0; i < n; i++)
		refused(text("B8%02X", b[i]), "070000", CHIP_E_PARAM);
	if (models[_i].bit == X) {
		refused("B101",
		    "010020"
		    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
		    "030002E0F0",
		    CHIP_E_PARAM);
	} else if (models[_i].bit == V1) {
		refused("B103", text("010040%s030002E0FC", rig_zeros(64)), CHIP_E_PARAM);
		refused("B102", text("010030%s030002E0FC", rig_zeros(48)), CHIP_E_SEQUENCE);
	}
}
END_TEST

/* Data sheets, in ms; 0: the model does not do that. */
START_TEST(execution_times)
{
	static const struct {
		const char *what, *head, *in;
		unsigned x, v1, v3;
	} rows[] = {
		{ "sign P-256", "B111", "01000A00112233445566778899030002E0F0", 60, 60, 65 },
		{ "generate P-256", "B803", "010002E0F102000120", 80, 75, 55 },
		{ "agree P-256", "B301",
		    "010002E0F1 05000103 0600440342000460FED4BA255A9D31C961EB74C6356D68C049B8923B61"
		    "FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4"
		    "462299 080002E100",
		    65, 60, 60 },
		{ "derive from a session", "B401",
		    "010002E100 0200080011223344556677 0300020028 070000", 140, 50, 50 },
		{ "generate P-384", "B804", "070000", 200, 187, 137 },
		{ "random", "8C00", "0020", 6, 6, 6 },
		{ "read", "8100", "E0C6", 9, 9, 9 },
	};

	chip(_i);
	ok("8200", "E0C400000F", ""); /* 15 mA: as the tables */
	if (models[_i].bit & P)
		meta_write(0xE0F2, "D30100");
	for (size_t i = 0; i < NITEMS(rows); i++) {
		const unsigned ms = models[_i].bit == X    ? rows[i].x
				    : models[_i].bit == V1 ? rows[i].v1
							   : rows[i].v3;
		char in[512];

		/* E0F1 of Express and MTR is not to be overwritten. */
		strcpy(in, rows[i].in);
		if (strncmp(in, "010002E0F1", 10) == 0)
			in[9] = '2';
		run(rows[i].head, in);
		ck_assert_msg(rig.rsp[0] == 0, "%s", rows[i].what);
		ck_assert_msg(rig.exec / 1000000 == ms, "%s: %u us", rows[i].what,
		    (unsigned)(rig.exec / 1000));
	}
	run("B0E2", text("0103E8%s", rig_zeros(1000)));
	ck_assert_uint_eq(rig.exec / 1000000, models[_i].bit == X    ? 205
					      : models[_i].bit == V1 ? 88
								     : 71);
}
END_TEST

/* --- factory certificates ------------------------------------------------------------------ */

static X509 *
ca_of(const char *model, size_t n)
{
	size_t len;
	const uint8_t *p = sim_vendor_ca(model, n, &len), *end = p + len;
	X509 *x = p != NULL ? d2i_X509(NULL, &p, (long)len) : NULL;

	if (x != NULL)
		ck_assert_ptr_eq(p, end);
	return x;
}

static X509 *
certificate_in(unsigned oid)
{
	size_t n;
	const uint8_t *p;
	X509 *x;

	run("8100", text("%04X", oid));
	ck_assert_uint_eq(rig.rsp[0], 0);
	p = rig_out(&n);
	ck_assert_uint_eq(p[0], 0xC0);
	ck_assert_uint_eq((size_t)p[1] << 8 | p[2], n - 3);
	ck_assert_uint_eq((size_t)p[7] << 8 | p[8], n - 9);
	p += 9;
	x = d2i_X509(NULL, &p, (long)(n - 9));
	ck_assert_ptr_nonnull(x);
	ck_assert_ptr_eq(p, rig.rsp + rig.rsp_len);
	return x;
}

static void
check_chain(X509 *x, X509 *ca)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *sc = X509_STORE_CTX_new();

	ck_assert_int_eq(X509_STORE_add_cert(store, ca), 1);
	ck_assert_int_eq(X509_STORE_CTX_init(sc, store, x, NULL), 1);
	X509_STORE_CTX_set_flags(sc, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	ck_assert_msg(X509_verify_cert(sc) == 1, "%s",
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(sc)));
	X509_STORE_CTX_free(sc);
	X509_STORE_free(store);
}

/* A signature of the key verifies with the public key of its certificate. */
static void
check_key(unsigned key, X509 *x)
{
	uint8_t digest[32] = { 1, 2, 3 };
	const bool rsa = key >= 0xE0FC;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(x), NULL);
	const uint8_t *sig;
	size_t n;

	ok(rsa ? "B101" : "B111", text("010020%s030002%04X", rig_hex(digest, sizeof(digest)), key),
	    NULL);
	sig = rig_out(&n);
	if (rsa) {
		ck_assert_int_eq(EVP_PKEY_verify_init(ctx), 1);
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
		ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
		ck_assert_int_eq(EVP_PKEY_verify(ctx, sig, n, digest, sizeof(digest)), 1);
	} else {
		ck_assert(
		    rig_ecdsa_verifies(X509_get0_pubkey(x), 32, digest, sizeof(digest), sig, n));
	}
	EVP_PKEY_CTX_free(ctx);
}

START_TEST(factory_certificates_chain_to_the_models_ca)
{
	static const struct {
		unsigned models, key, cert, ca, signature;
		const char *issuer;
	} rows[] = {
		{ X, 0xE0F0, 0xE0E0, 0, NID_ecdsa_with_SHA256, "Trust X CA 101" },
		{ V1, 0xE0F0, 0xE0E0, 0, NID_ecdsa_with_SHA256, "Trust M CA 101" },
		{ V3, 0xE0F0, 0xE0E0, 0, NID_ecdsa_with_SHA384, "Trust M CA 300" },
		{ P, 0xE0F0, 0xE0E0, 0, NID_ecdsa_with_SHA384, "Trust M CA 306" },
		{ P, 0xE0F1, 0xE0E1, 0, NID_ecdsa_with_SHA384, "Trust M CA 306" },
		{ P, 0xE0FC, 0xE0E2, 1, NID_sha256WithRSAEncryption, "Trust M CA 309" },
	};
	const bool personal = (models[_i].bit & P) != 0;
	char name[256];

	chip(_i);
	rig.prot = (struct sim_protection){ personal, personal, personal };
	for (size_t i = 0; i < NITEMS(rows); i++) {
		X509 *x, *ca;

		if ((rows[i].models & models[_i].bit) == 0)
			continue;
		x = certificate_in(rows[i].cert);
		ca = ca_of(models[_i].name, rows[i].ca);
		check_chain(x, ca);
		check_key(rows[i].key, x);
		ck_assert_int_eq(X509_get_signature_nid(x), (int)rows[i].signature);
		(void)X509_NAME_oneline(X509_get_issuer_name(x), name, sizeof(name));
		ck_assert_ptr_nonnull(strstr(name, rows[i].issuer));
		(void)X509_NAME_oneline(X509_get_subject_name(x), name, sizeof(name));
		if (personal)
			ck_assert_uint_eq(strlen(strstr(name, "CN=")), 3 + 64 + 5);
		else
			ck_assert_str_eq(name,
			    models[_i].bit == V3 ? "/CN=InfineonIoTNode" : "/CN=Infineon IoT Node");
		ck_assert_int_eq(X509_get_ext_by_NID(x, NID_info_access, -1) >= 0, personal);
		ck_assert_int_eq(X509_get0_subject_key_id(x) != NULL, personal);
		ck_assert_int_eq(X509_get_ext_by_NID(x, NID_crl_distribution_points, -1) >= 0,
		    models[_i].bit == MTR);
		X509_free(x);
		X509_free(ca);
	}
	ck_assert_ptr_null(ca_of(models[_i].name, personal ? 2 : 1));
}
END_TEST

START_TEST(a_personalised_chip_tells_its_secrets_once)
{
	struct sim_portal p;
	size_t zeros = 0;

	chip(_i);
	ck_assert_int_eq(sim_app_portal(&rig.app, &p), (models[_i].bit & P) != 0);
	if ((models[_i].bit & P) == 0)
		return;
	ok("8100", "E0C2", rig_hex(p.uid, sizeof(p.uid)));
	for (size_t i = 0; i < sizeof(p.binding); i++)
		zeros += (p.binding[i] == 0) + (p.authorization[i] == 0);
	ck_assert_uint_lt(zeros, 16);
	ck_assert_int_ne(memcmp(p.binding, p.authorization, sizeof(p.binding)), 0);
	refused("8100", "F1D0", CHIP_E_ACCESS);
	/* Execute of E0F1 on Express wants the encrypted bus. */
	if (models[_i].bit == EXPRESS)
		refused("B111", "01000A00112233445566778899030002E0F1", CHIP_E_ACCESS);
	else
		ok("B111", "01000A00112233445566778899030002E0F1", NULL);
}
END_TEST

/* Every object of every model can be shown. */
START_TEST(all_objects_are_shown)
{
	struct sim_object_view v;
	uint8_t meta[44];

	chip(_i);
	for (size_t n = 0; n < sim_app_objects(&rig.app); n++) {
		sim_app_object(&rig.app, n, meta, &v);
		ck_assert_int_ge(row(models[_i].bit, v.oid), 0);
		ck_assert_uint_eq(v.max, objects[row(models[_i].bit, v.oid)].max);
		ck_assert_uint_le(v.used, v.max);
		ck_assert_uint_eq(v.meta_len, 2u + v.meta[1]);
		ck_assert_ptr_nonnull(v.name);
	}
}
END_TEST

START_TEST(names_of_models)
{
	for (size_t i = 0; i < NITEMS(models); i++)
		ck_assert_str_eq(sim_app_model(i), models[i].name);
	ck_assert_ptr_null(sim_app_model(NITEMS(models)));
	for (size_t i = 0; i < NITEMS(models); i++) {
		chip((int)i);
		ck_assert_int_eq(sim_app_wire(&rig.app)->presentation, models[i].bit != X);
		ck_assert_uint_eq(
		    sim_app_wire(&rig.app)->startup_ms, models[i].bit == X ? 10u : 15u);
	}
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const per_model[] = {
		obj_1_objects_of_the_model_and_no_others,
		obj_1_maximum_sizes,
		obj_2_factory_metadata,
		obj_3_fresh_contents_are_zeros,
		obj_4_binding_secret,
		obj_5_buffer_size,
		obj_6_security_monitor_configuration,
		obj_7_unique_id,
		security_status_has_a_boot_phase_on_v3,
		obj_32_conditions_and_tags_the_model_does_not_know,
		cmd_9_commands_of_other_models,
		cmd_54_algorithms,
		execution_times,
		factory_certificates_chain_to_the_models_ca,
		a_personalised_chip_tells_its_secrets_once,
		all_objects_are_shown,
	};
	Suite *s = suite_create("simulated application: models");
	TCase *tc = tcase_create("models");

	for (size_t i = 0; i < NITEMS(per_model); i++)
		tcase_add_loop_test(tc, per_model[i], 0, NITEMS(models));
	tcase_add_test(tc, names_of_models);
	tcase_add_unchecked_fixture(tc, make_all, NULL);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return rig_main(suite());
}
