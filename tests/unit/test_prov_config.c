/* The configuration file: what is accepted, and what each mistake is answered with. */
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

/* Each mistake, and words that the message must have. */
static const struct {
	const char *text;
	const char *says[3];
} mistakes[] = {
	{ "{ \"csr_config\": \n  { oops } }", { "line 2, column", "not valid JSON" } },
	{ "", { "not valid JSON" } },
	{ "[]", { "must be a JSON object" } },
	{ "{}", { "\"csr_config\" is missing" } },
	{ "{ \"csr_config\": 1 }", { "\"csr_config\" must be an object, not a number" } },
	{ "{ \"csr_config\": {}, \"csr_config\": {} }", { "duplicate", "line 1" } },
	{ "{ \"csr_config\": { " KEY ", " SIG " } }",
	    { "\"csr_config.certificate_info\" is missing" } },
	{ "{ \"csr_config\": { " INFO ", " SIG " } }", { "\"csr_config.key_info\" is missing" } },
	{ "{ \"csr_config\": { " INFO ", " KEY " } }",
	    { "\"csr_config.signature_info\" is missing" } },
	{ CSR(SUBJECT(""), KEY, SIG), { "certificate_info.common_name\" is missing" } },
	{ CSR(SUBJECT("\"common_name\": \"\""), KEY, SIG), { "common_name\" is empty" } },
	{ CSR(SUBJECT("\"common_name\": 5"), KEY, SIG),
	    { "common_name\" must be a string, not a number" } },
	{ CSR(SUBJECT("\"common_name\": \"a\\u0001\""), KEY, SIG), { "control character" } },
	{ CSR(SUBJECT("\"common_name\": "
		      "\"123456789012345678901234567890123456789012345678901234567890-65-x\""),
	      KEY, SIG),
	    { "has 65 characters; at most 64" } },
	{ CSR(SUBJECT("\"common_name\": \"x\", \"country_name\": \"DEU\""), KEY, SIG),
	    { "country_name\" must have 2 letters, not 3", "ISO 3166" } },
	{ CSR(SUBJECT("\"common_name\": \"x\", \"country_name\": \"D_\""), KEY, SIG),
	    { "country_name\" may have only" } },
	{ CSR(INFO, KEY_EC("\"secp256k1\"", "\"0xE0F1\""), SIG),
	    { "\"csr_config.key_info.parameters.curve\": unknown curve \"secp256k1\"",
		"secp384r1" } },
	{ CSR(INFO, KEY_EC("7", "\"0xE0F1\""), SIG), { "curve\" must be a string" } },
	{ CSR(INFO, KEY_EC("\"secp256r1\"", "\"seventh\""), SIG),
	    { "\"csr_config.key_info.parameters.slot\": unknown slot \"seventh\"", "0xE0F1" } },
	{ CSR(INFO, KEY_EC("\"secp256r1\"", "\"0xE0F0\""), SIG), { "factory key" } },
	{ CSR(INFO, KEY_EC("\"secp256r1\"", "\"0xe0e8\""), SIG), { "trust anchor" } },
	{ CSR(INFO, KEY_EC("\"secp256r1\"", "\"0xE0FC\""), SIG),
	    { "holds RSA keys", "EC keys live in" } },
	{ CSR(INFO, KEY_RSA("\"2048\"", "\"0xE0F1\""), SIG_OF("rsassa", "sha256")),
	    { "holds EC keys" } },
	{ CSR(INFO, KEY_RSA("\"4096\"", "\"0xE0FC\""), SIG_OF("rsassa", "sha256")),
	    { "no RSA keys of size \"4096\"" } },
	{ CSR(INFO, KEY_RSA("99999999999999", "\"0xE0FC\""), SIG_OF("rsassa", "sha256")),
	    { "no RSA keys of size" } },
	{ CSR(INFO, KEY_RSA("true", "\"0xE0FC\""), SIG_OF("rsassa", "sha256")),
	    { "key_size\" must be a number, not true" } },
	{ CSR(INFO, KEY, SIG_OF("rsassa", "sha256")), { "\"rsassa\" does not fit the key" } },
	{ CSR(INFO, KEY, SIG_OF("ecdsa", "md5")), { "unknown hash \"md5\"", "sha384" } },
	{ CSR(INFO, KEY, SIG_OF("ecdsa", "sha384")),
	    { "hash \"sha384\" does not fit the curve \"secp256r1\"", "use sha256" } },
	{ CSR(INFO, KEY_EC("\"secp384r1\"", "\"third\""), SIG_OF("ecdsa", "sha512")),
	    { "hash \"sha512\" does not fit the curve \"secp384r1\"", "use sha384" } },
	{ "{ \"csr_config\": { " INFO ", " KEY ", " SIG " }, \"aws_iot_config\": {} }",
	    { "aws_iot_config.thing\" is missing", "aws_iot_config.policy\" is missing" } },
	{ "{ \"csr_config\": { " INFO ", \"key_info\": { \"algorithm_id\": \"dsa\" }, " SIG " } }",
	    { "unknown algorithm \"dsa\"", "\"ec\" or \"rsa\"" } },
};

static struct config *
load(const char *text)
{
	scratch_write("c.jsn", text);
	return config_load(scratch_file("c.jsn"));
}

START_TEST(every_mistake_is_named)
{
	struct config *c = load(mistakes[_i].text);

	ck_assert_msg(c == NULL, "accepted: %s", mistakes[_i].text);
	for (size_t i = 0; i < 3 && mistakes[_i].says[i] != NULL; i++)
		ck_assert_msg(strstr(said(), mistakes[_i].says[i]) != NULL, "\"%s\" not in: %s",
		    mistakes[_i].says[i], said());
	ck_assert_ptr_nonnull(strstr(said(), "c.jsn"));
}
END_TEST

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

	tcase_add_loop_test(
	    tc, every_mistake_is_named, 0, (int)(sizeof(mistakes) / sizeof(mistakes[0])));
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
