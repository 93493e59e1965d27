/* The configuration file: what is accepted. Mistakes are in test_prov_messages.c. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/obj_mac.h>

#include "provision/config.h"
#include "tests/unit/test_prov_util.h"

#define INFO "\"certificate_info\": { \"common_name\": \"x\" }"
#define KEY                                                                                        \
	"\"key_info\": { \"algorithm_id\": \"ec\", \"parameters\": "                               \
	"{ \"curve\": \"secp256r1\", \"slot\": \"0xE0F1\" } }"
#define SIG                                                                                        \
	"\"signature_info\": { \"algorithm_id\": \"ecdsa\", \"parameters\": "                      \
	"{ \"hash_alg\": \"sha256\" } }"
#define CSR(info, key, sig) "{ \"csr_config\": { " info ", " key ", " sig " } }"

#define KEY_EC(curve, slot)                                                                        \
	"\"key_info\": { \"algorithm_id\": \"ec\", \"parameters\": { \"curve\": " curve            \
	", \"slot\": " slot " } }"
#define KEY_RSA(size, slot)                                                                        \
	"\"key_info\": { \"algorithm_id\": \"rsa\", \"parameters\": { \"key_size\": " size         \
	", \"slot\": " slot " } }"
#define SIG_OF(alg, hash)                                                                          \
	"\"signature_info\": { \"algorithm_id\": \"" alg "\", \"parameters\": "                    \
	"{ \"hash_alg\": \"" hash "\" } }"
#define SUBJECT(more) "\"certificate_info\": { " more " }"

static struct config *
load(const char *text)
{
	scratch_write("c.jsn", text);
	return config_load(scratch_file("c.jsn"));
}

static char *
vector(const char *name)
{
	static char path[512];
	const char *top = getenv("top_srcdir");

	(void)snprintf(path, sizeof(path), "%s/tests/vectors/%s", top != NULL ? top : ".", name);
	return path;
}

START_TEST(the_vendors_ec_file_is_understood)
{
	struct config *c = config_load(vector("vendor-ec.jsn"));

	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(said(), "");
	ck_assert_int_eq(c->type, KEY_EC);
	ck_assert_int_eq(c->curve->nid, NID_X9_62_prime256v1);
	ck_assert_uint_eq(c->slot->key_oid, 0xE0F1);
	ck_assert_str_eq(c->hash->name, "sha256");
	ck_assert_str_eq(c->thing, "my_thing");
	ck_assert_str_eq(c->policy, "my_policy");
	ck_assert_str_eq(c->subject[0], "DE");
	ck_assert(config_fits_aws(c));
	config_free(&c);
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(the_vendors_rsa_file_is_understood)
{
	struct config *c = config_load(vector("vendor-rsa.jsn"));

	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(c->type, KEY_RSA);
	ck_assert_uint_eq(c->rsa_bits, 2048);
	ck_assert_uint_eq(c->slot->key_oid, 0xE0FC);
	ck_assert(config_fits_aws(c));
	config_free(&c);
}
END_TEST

START_TEST(numbers_and_any_case_will_do)
{
	struct config *c = load(CSR(INFO, KEY_RSA("2048", "\"SIX\""), SIG_OF("RSASSA", "SHA-384")));

	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->slot->key_oid, 0xE0FD);
	ck_assert_str_eq(c->hash->name, "sha384");
	config_free(&c);
}
END_TEST

START_TEST(unknown_members_are_warned_about)
{
	struct config *c =
	    load(CSR(SUBJECT("\"common_name\": \"x\", \"comon_name\": \"y\""), KEY, SIG));

	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_nonnull(strstr(said(), "warning: "));
	ck_assert_ptr_nonnull(strstr(said(), "certificate_info.comon_name\" is not known"));
	config_free(&c);
}
END_TEST

START_TEST(a_short_hash_is_warned_about)
{
	struct config *c = load(CSR(INFO, KEY_EC("\"P-384\"", "\"fourth\""), SIG));

	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_nonnull(strstr(said(), "\"sha256\" is weaker"));
	config_free(&c);
}
END_TEST

START_TEST(what_aws_refuses_is_known_before)
{
	struct config *c =
	    load("{ \"csr_config\": { " INFO ", " KEY_RSA("1024", "\"five\"") ", " SIG_OF("rsassa",
		"sha256") " }, \"aws_iot_config\": { \"thing\": \"t\", \"policy\": \"p\" } }");

	ck_assert_ptr_nonnull(c);
	ck_assert(!config_fits_aws(c));
	ck_assert_ptr_nonnull(strstr(said(), "AWS IoT refuses RSA keys of 1024 bits"));
	config_free(&c);
	said_clear();

	c = load(CSR(INFO, KEY_EC("\"brainpoolP256r1\"", "\"second\""), SIG));
	ck_assert_ptr_nonnull(c);
	ck_assert(!config_fits_aws(c));
	ck_assert_ptr_nonnull(strstr(said(), "brainpoolP256r1"));
	config_free(&c);
	said_clear();

	c = load(CSR(INFO, KEY, SIG));
	ck_assert_ptr_nonnull(c);
	ck_assert(config_key_fits_aws(c));
	ck_assert(!config_fits_aws(c));
	ck_assert_ptr_nonnull(strstr(said(), "\"aws_iot_config\" is missing"));
	config_free(&c);
}
END_TEST

START_TEST(files_are_limited_and_named)
{
	static char big[70000];

	memset(big, ' ', sizeof(big) - 1);
	ck_assert_ptr_null(load(big));
	ck_assert_ptr_nonnull(strstr(said(), "longer than 65536 bytes"));
	said_clear();
	ck_assert_ptr_null(config_load(scratch_file("none.jsn")));
	ck_assert_ptr_nonnull(strstr(said(), "none.jsn\": No such file"));
}
END_TEST

START_TEST(every_slot_is_found_by_every_name)
{
	char oid[8];

	for (size_t i = 0; slot_row(i) != NULL; i++) {
		const struct slot *s = slot_row(i);

		ck_assert_ptr_eq(slot_by_name(s->name), s);
		(void)snprintf(oid, sizeof(oid), "0x%04X", s->key_oid);
		ck_assert_ptr_eq(slot_by_name(oid), s);
		(void)snprintf(oid, sizeof(oid), "%04x", s->key_oid);
		ck_assert_ptr_eq(slot_by_name(oid), s);
		if (s->cert_oid != 0) {
			(void)snprintf(oid, sizeof(oid), "0X%04x", s->cert_oid);
			ck_assert_ptr_eq(slot_by_name(oid), s);
		}
		ck_assert_ptr_nonnull(strstr(slot_names(), s->name));
	}
	ck_assert_ptr_null(slot_by_name(""));
	ck_assert_ptr_null(slot_by_name("0x"));
	ck_assert_ptr_null(slot_by_name("0xE0F"));
	ck_assert_ptr_null(slot_by_name("0xE0F11"));
	ck_assert_ptr_null(slot_by_name("0x0000"));
}
END_TEST

START_TEST(every_curve_and_hash_is_found_by_every_name)
{
	for (size_t i = 0; curve_row(i) != NULL; i++) {
		ck_assert_ptr_eq(curve_by_name(curve_row(i)->name), curve_row(i));
		ck_assert_ptr_eq(curve_by_name(curve_row(i)->other), curve_row(i));
		ck_assert_ptr_nonnull(strstr(curve_names(), curve_row(i)->name));
	}
	for (size_t i = 0; hash_row(i) != NULL; i++)
		ck_assert_ptr_eq(hash_by_name(hash_row(i)->name), hash_row(i));
	ck_assert_ptr_eq(curve_by_name("p-256"), curve_row(0));
	ck_assert_ptr_null(curve_by_name(""));
	ck_assert_ptr_null(hash_by_name("sha1"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("config");

	tcase_add_test(tc, the_vendors_ec_file_is_understood);
	tcase_add_test(tc, the_vendors_rsa_file_is_understood);
	tcase_add_test(tc, numbers_and_any_case_will_do);
	tcase_add_test(tc, unknown_members_are_warned_about);
	tcase_add_test(tc, a_short_hash_is_warned_about);
	tcase_add_test(tc, what_aws_refuses_is_known_before);
	tcase_add_test(tc, files_are_limited_and_named);
	tcase_add_test(tc, every_slot_is_found_by_every_name);
	tcase_add_test(tc, every_curve_and_hash_is_found_by_every_name);
	return run_case("provision/config", tc);
}
