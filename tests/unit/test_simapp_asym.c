/*
 * EncryptAsym and DecryptAsym of the simulated application. Items CMD-n as in the conformance list.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/rsa.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "tests/unit/simapp_rig.h"

#define MESSAGE "4F50544947412074657374206D657373616765"

static char pub[2 * 300 + 1], cipher[2 * 256 + 1];

static const char *
tlv(unsigned tag, const char *hex)
{
	return text("%02X%04X%s", tag, (unsigned)strlen(hex) / 2, hex);
}

/* One RSA key for all tests: making them takes long. */
static struct sim_app fresh;

static void
make(void)
{
	size_t n;
	const uint8_t *p;

	rig_setup();
	rig_generate(0xE0FC, ALG_RSA1024, 0x12);
	p = rig_out(&n);
	(void)snprintf(pub, sizeof(pub), "%s", rig_hex(p + 3, n - 3));
	fresh = rig.app;
}

static void
setup(void)
{
	memset(&rig, 0, sizeof(rig));
	rig.app = fresh;
}

static void
keep(void)
{
	size_t n;
	const uint8_t *p = rig_out(&n);

	ck_assert_uint_eq(n, 3 + 128);
	(void)snprintf(cipher, sizeof(cipher), "%s", rig_hex(p + 3, n - 3));
}

static const char *
to_key(const char *what)
{
	return text("%s 05000141 %s", what, tlv(0x06, pub));
}

static const char *
from_key(const char *more)
{
	return text("%s 030002E0FC %s", tlv(0x61, cipher), more);
}

START_TEST(cmd_63_there_and_back)
{
	char first[sizeof(cipher)];

	ok("9E11", to_key(tlv(0x61, MESSAGE)), NULL);
	keep();
	memcpy(first, cipher, sizeof(first));
	ok("9F11", from_key(""), tlv(0x61, MESSAGE));
	ok("9E11", to_key(tlv(0x61, MESSAGE)), NULL);
	keep();
	ck_assert_str_ne(first, cipher); /* random padding */
	ok("9F11", from_key(""), tlv(0x61, MESSAGE));
	ok("9E11", to_key(text("610075%s", rig_zeros(117))), NULL);
	keep();
	ok("9F11", from_key(""), text("610075%s", rig_zeros(117)));
}
END_TEST

/* What OpenSSL encrypts. */
START_TEST(cmd_63_of_another_maker)
{
	uint8_t bits[300], out[128], in[3] = { 1, 2, 3 };
	const size_t n = rig_unhex(pub, bits, sizeof(bits));
	EVP_PKEY *key = rig_rsa_key(bits + n - 5 - 128, 128);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t len = sizeof(out);

	ck_assert_int_eq(EVP_PKEY_encrypt_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	ck_assert_int_eq(EVP_PKEY_encrypt(ctx, out, &len, in, sizeof(in)), 1);
	(void)snprintf(cipher, sizeof(cipher), "%s", rig_hex(out, len));
	ok("9F11", from_key(""), "610003010203");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(cmd_63_changed)
{
	int bad = 0;

	ok("9E11", to_key(tlv(0x61, MESSAGE)), NULL);
	keep();
	for (unsigned i = 0; i < 40; i++) {
		cipher[100] = "0123456789ABCDEF"[i % 16];
		cipher[101] = "0123456789ABCDEF"[i / 16];
		bad += !succeeds("9F11", from_key(""));
	}
	ck_assert_int_ge(bad, 38);
	ok("8C00", "0010", NULL);
	cipher[101] = 'F';
	refused("9F11", from_key(""), CHIP_E_DECRYPTION);
	memset(cipher, 'F', 256); /* not below the modulus */
	refused("9F11", from_key(""), CHIP_E_DECRYPTION);
	memset(cipher, '0', 256);
	refused("9F11", from_key(""), CHIP_E_DECRYPTION);
}
END_TEST

START_TEST(cmd_63_usage_and_forms)
{
	ok("9E11", to_key(tlv(0x61, MESSAGE)), NULL);
	keep();
	meta_write(0xE0FC, "E10110");
	refused("9F11", from_key(""), CHIP_E_UNSUPPORTED_ID);
	meta_write(0xE0FC, "E10102");
	refused("9F10", from_key(""), CHIP_E_PARAM);
	refused("9F11", from_key("020002F1D0"), CHIP_E_OID);
	refused("9F11", from_key("020001E1"), CHIP_E_LENGTH);
	refused("9F11", "030002E0FC", CHIP_E_DATA);
	refused("9F11", text("%s 030002E0FD", tlv(0x61, cipher)), CHIP_E_SEQUENCE);
	refused("9F11", text("%s 030002E101", tlv(0x61, cipher)), CHIP_E_SEQUENCE);
	refused("9F11", text("%s 030002F1D0", tlv(0x61, cipher)), CHIP_E_OID);
	rig_generate(0xE0F1, ALG_P256, 0x02);
	refused("9F11", text("%s 030002E0F1", tlv(0x61, cipher)), CHIP_E_UNSUPPORTED_ID);
	cipher[254] = '\0';
	refused("9F11", from_key(""), CHIP_E_LENGTH);
	meta_write(0xE0FC, "D301FF");
	refused("9F11", from_key(""), CHIP_E_ACCESS);
}
END_TEST

START_TEST(encryption_forms)
{
	refused("9E10", to_key(tlv(0x61, MESSAGE)), CHIP_E_PARAM);
	refused("9E11", to_key(""), CHIP_E_DATA);
	refused("9E11", to_key("610000"), CHIP_E_DATA);
	refused("9E11", to_key(text("610076%s", rig_zeros(118))), CHIP_E_DATA);
	refused("9E11", tlv(0x61, MESSAGE), CHIP_E_DATA);
	refused("9E11", text("%s 040002E0E8", to_key(tlv(0x61, MESSAGE))), CHIP_E_DATA);
	refused("9E11", text("%s 05000103 %s", tlv(0x61, MESSAGE), tlv(6, pub)), CHIP_E_DATA);
	refused("9E11", text("%s 05000142 %s", tlv(0x61, MESSAGE), tlv(6, pub)), CHIP_E_DATA);
	refused("9E11", text("%s 040002E0E8", tlv(0x61, MESSAGE)), CHIP_E_CERT_FORMAT);
	refused("9E11", to_key("020002E0F1"), CHIP_E_OID);
	refused("9E11", to_key("020002E100"), CHIP_E_SEQUENCE);
	refused("9E11", to_key("020001E1"), CHIP_E_LENGTH);
	refused("9E11", to_key("020002E100 610001AA"), CHIP_E_DATA);
	pub[strlen(pub) - 12] ^= 1;
	(void)succeeds("9E11", to_key(tlv(0x61, MESSAGE))); /* another modulus; nothing breaks */
	pub[strlen(pub) - 12] ^= 1;
}
END_TEST

/* A pre-master secret goes out encrypted, comes back into another session, derives the same. */
START_TEST(premaster_secret_goes_round)
{
#define DERIVE(session) "010002" session " 0200081122334455667788 0300020020 070000"
	char derived[65];

	ok("8C04", "002EE10041000203FF", "");
	ok("B401", DERIVE("E100"), NULL);
	(void)snprintf(derived, sizeof(derived), "%s", rig_hex(rig.rsp + 4, 32));
	ok("9E11", to_key("020002E100"), NULL);
	keep();
	ok("9F11", from_key("020002E101"), "");
	ok("B401", DERIVE("E101"), derived);
	/* For derivation only. */
	refused("9420", "E101 010003616263", CHIP_E_SEQUENCE);
	refused("9E11", to_key("020002E101"), CHIP_E_SEQUENCE);
	ok("B401", "010002E100 0200081122334455667788 0300020020 080002E102", "");
	refused("9E11", to_key("020002E102"), CHIP_E_SEQUENCE);
	/* More than a session holds. */
	ok("9E11", to_key(text("610043%s", rig_zeros(67))), NULL);
	keep();
	refused("9F11", from_key("020002E101"), CHIP_E_DATA);
	ok("9E11", to_key(text("610042%s", rig_zeros(66))), NULL);
	keep();
	ok("9F11", from_key("020002E101"), "");
}
END_TEST

START_TEST(the_shield_is_needed_once_it_is_up)
{
	ok("8C04", "0020E100410000", "");
	ok("9E11", to_key(tlv(0x61, MESSAGE)), NULL);
	keep();
	rig.prot = (struct sim_protection){ true, false, true };
	refused("9E11", to_key("020002E100"), CHIP_E_ACCESS);
	ok("9E11", to_key(tlv(0x61, MESSAGE)), NULL);
	ok("9F11", from_key(""), NULL);
	rig.prot = (struct sim_protection){ true, true, false };
	ok("9E11", to_key("020002E100"), NULL);
	refused("9F11", from_key(""), CHIP_E_ACCESS);
	ok("9F11", from_key("020002E101"), "");
}
END_TEST

START_TEST(times)
{
	ok("8200", "E0C400000F", "");
	ok("9E11", to_key(tlv(0x61, MESSAGE)), NULL);
	ck_assert_uint_eq(rig.exec, RIG_MS(13.333));
	keep();
	ok("9F11", from_key(""), NULL);
	ck_assert_uint_eq(rig.exec, RIG_MS(52.5));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: asymmetric encryption");
	TCase *tc = tcase_create("rsa");

	tcase_add_unchecked_fixture(tc, make, NULL);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, cmd_63_there_and_back);
	tcase_add_test(tc, cmd_63_of_another_maker);
	tcase_add_test(tc, cmd_63_changed);
	tcase_add_test(tc, cmd_63_usage_and_forms);
	tcase_add_test(tc, encryption_forms);
	tcase_add_test(tc, premaster_secret_goes_round);
	tcase_add_test(tc, the_shield_is_needed_once_it_is_up);
	tcase_add_test(tc, times);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
