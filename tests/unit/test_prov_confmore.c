/* Our own configuration format: slots, templates, and what is more about keys and things. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/config.h"
#include "tests/unit/test_prov_util.h"

#define SIG                                                                                        \
	"\"signature_info\": { \"algorithm_id\": \"ecdsa\", \"parameters\": "                      \
	"{ \"hash_alg\": \"sha256\" } }"
#define KEY_IN(slot)                                                                               \
	"\"key_info\": { \"algorithm_id\": \"ec\", \"parameters\": { \"curve\": \"secp256r1\", "   \
	"\"slot\": \"" slot "\" } }"
#define INFO      "\"certificate_info\": { \"common_name\": \"{serial}\" }"
#define CSR(info) "\"csr_config\": { " info ", " KEY_IN("second") ", " SIG " }"

static const struct config_names names = {
	.uid = "CD16339401001C000100000A08C6C5000A0070004C003400418010107144",
	.serial = "0123456789abcdef",
	.model = "Trust M V3",
	.label = "OPTIGA 89abcdef",
};

static struct config_set *
load(const char *text)
{
	scratch_write("c.jsn", text);
	return config_set_load(scratch_file("c.jsn"));
}

static struct config_set *
must_load(const char *text)
{
	struct config_set *s = load(text);

	ck_assert_msg(s != NULL, "%s", said());
	ck_assert_str_eq(said(), "");
	return s;
}

START_TEST(slots_take_what_is_outside_as_their_defaults)
{
	struct config_set *s = must_load(
	    "{ \"csr_config\": { \"certificate_info\": { \"country_name\": \"DE\", \"common_name\":"
	    " \"{serial}-{slot}\" }, " KEY_IN(
		"second") ", " SIG " }, \"ca\": \"local:ca\","
			  " \"aws_iot_config\": { \"thing\": \"t-{slot}\", \"policy\": \"p\","
			  " \"attributes\": { \"a\": \"1\", \"b\": \"2\" } },"
			  " \"slots\": [ {}, { \"ca\": \"aws\", \"csr_config\": { "
			  "\"certificate_info\":"
			  " { \"common_name\": \"x\" }, \"key_info\": { \"parameters\": { "
			  "\"slot\": \"third\" } }"
			  " }, \"aws_iot_config\": { \"attributes\": { \"b\": \"3\" } } },"
			  " { \"csr_config\": { \"key_info\": { \"algorithm_id\": \"rsa\", "
			  "\"parameters\":"
			  " { \"slot\": \"five\", \"key_size\": 2048 } }, \"signature_info\": "
			  " { \"algorithm_id\": \"rsassa\" } } } ] }");
	char dir[512];

	ck_assert_uint_eq(s->n, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(s->list[i].subject[0], "DE");
		ck_assert(s->list[i].own_format && !s->list[i].extensions);
	}
	ck_assert_uint_eq(s->list[1].slot->key_oid, 0xE0F2);
	ck_assert_uint_eq(s->list[2].slot->key_oid, 0xE0FC);
	ck_assert_str_eq(s->list[1].ca, "aws");
	(void)snprintf(dir, sizeof(dir), "local:%s", scratch_file("ca"));
	ck_assert_str_eq(s->list[0].ca, dir);
	ck_assert_uint_eq(s->list[1].nattributes, 2);
	ck_assert_str_eq(s->list[1].attributes[1].value, "3");
	ck_assert(config_expand(&s->list[0], &names));
	ck_assert_str_eq(s->list[0].subject[5], "0123456789abcdef-E0F1");
	ck_assert_str_eq(s->list[0].thing, "t-E0F1");
	config_set_free(&s);
}
END_TEST

START_TEST(one_slot_of_several_is_chosen)
{
	struct config *c;

	config_set_free(&(struct config_set *){
	    must_load("{ " CSR(INFO) ", \"slots\": [ {}, { \"csr_config\": { \"key_info\": { "
				     "\"parameters\": { \"slot\": \"0xE0F2\" } } } } ] }") });
	c = config_load_slot(scratch_file("c.jsn"), "e0f2");
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->slot->key_oid, 0xE0F2);
	config_free(&c);
	ck_assert_ptr_null(config_load(scratch_file("c.jsn")));
	ck_assert_ptr_nonnull(strstr(said(), "has 2 slots, and one is wanted"));
	said_clear();
	ck_assert_ptr_null(config_load_slot(scratch_file("c.jsn"), "fourth"));
	ck_assert_ptr_nonnull(strstr(said(), "has nothing about slot \"fourth\" (E0F3)"));
}
END_TEST

START_TEST(templates_are_filled_in_for_a_chip)
{
	struct config_set *s = must_load(
	    "{ \"csr_config\": { \"certificate_info\": { \"common_name\": \"{{{serial}}\","
	    " \"organization_name\": \"{model}\" }, " KEY_IN(
		"second") ", " SIG " },"
			  " \"aws_iot_config\": { \"thing\": \"{model}:{serial}\", \"policy\": "
			  "\"p\","
			  " \"thing_type\": \"gauge\", \"attributes\": { \"uid\": \"{uid}\" },"
			  " \"groups\": [ \"all\", \"{model}\" ] } }");
	struct config *c = &s->list[0];

	ck_assert(config_expand(c, &names));
	ck_assert_str_eq(c->subject[5], "{0123456789abcdef}");
	ck_assert_str_eq(c->subject[3], "Trust M V3");
	ck_assert_str_eq(c->thing, "Trust-M-V3:0123456789abcdef");
	ck_assert_str_eq(c->attributes[0].value, names.uid);
	ck_assert_str_eq(c->groups[1], "Trust-M-V3");
	ck_assert_str_eq(c->thing_type, "gauge");
	config_set_free(&s);
}
END_TEST

START_TEST(what_does_not_fit_this_chip_is_named)
{
	struct config_set *s = must_load("{ " CSR("\"certificate_info\": { \"common_name\": "
						  "\"device-{uid}\" }") " }");
	char want[1024];

	ck_assert(!config_expand(&s->list[0], &names));
	(void)snprintf(want, sizeof(want),
	    "error: %s: \"csr_config.certificate_info.common_name\": on this chip it becomes "
	    "\"device-%s\", which has 67 characters; at most 64 are allowed\n"
	    "hint: {serial} is shorter than {uid}, and as good a name\n",
	    scratch_file("c.jsn"), names.uid);
	ck_assert_str_eq(said(), want);
	config_set_free(&s);
	said_clear();
	s = must_load("{ " CSR("\"certificate_info\": { \"common_name\": \"{uid}\" }") " }");
	ck_assert(!config_expand(&s->list[0], &(struct config_names){ .serial = "1" }));
	ck_assert_ptr_nonnull(strstr(said(), "nothing to put in place of {uid}"));
	config_set_free(&s);
}
END_TEST

START_TEST(templates_may_come_from_elsewhere)
{
	struct config_set *s;

	ck_assert(config_set_template("line=3"));
	ck_assert(config_set_template("site=Halle 7"));
	ck_assert(config_set_template("line=4=x"));
	s = must_load("{ \"csr_config\": { \"certificate_info\": { \"common_name\": "
		      "\"{line} {site}\" }, " KEY_IN(
			  "second") ", " SIG " }, \"aws_iot_config\": "
				    "{ \"thing\": \"{site}-{slot}\", \"policy\": \"p\" } }");
	ck_assert(config_expand(&s->list[0], &names));
	ck_assert_str_eq(s->list[0].subject[5], "4=x Halle 7");
	ck_assert_str_eq(s->list[0].thing, "Halle-7-E0F1");
	config_set_free(&s);
	ck_assert(!config_set_template("x"));
	ck_assert(!config_set_template("=x"));
	ck_assert(!config_set_template("a b=x"));
	ck_assert(!config_set_template("uid=x"));
	for (int i = 0; i < 62; i++) {
		static char pairs[62][16];

		(void)snprintf(pairs[i], sizeof(pairs[0]), "n%d=", i);
		ck_assert(config_set_template(pairs[i]));
	}
	ck_assert(!config_set_template("more=x"));
	ck_assert_ptr_nonnull(strstr(said(), "64 are there already"));
	ck_assert(config_set_template("line=5"));
}
END_TEST

START_TEST(braces_of_the_vendors_format_are_braces)
{
	struct config_set *s =
	    must_load("{ " CSR("\"certificate_info\": { \"common_name\": \"{x} {{\" }") " }");

	ck_assert(!s->list[0].own_format && s->list[0].extensions);
	ck_assert(config_expand(&s->list[0], &names));
	ck_assert_str_eq(s->list[0].subject[5], "{x} {{");
	config_set_free(&s);
}
END_TEST

START_TEST(paths_are_beside_the_file)
{
	struct config_set *s =
	    must_load("{ " CSR(INFO) ", \"lock_policy\": \"lock.json\", \"register\": "
				     "\"first-connect\", \"ca\": \"local:/srv/ca\","
				     " \"aws_iot_config\": { \"thing\": \"t\", \"policy\": \"p\","
				     " \"policy_file\": \"/etc/p.json\" } }");

	ck_assert_str_eq(s->list[0].lock_policy, scratch_file("lock.json"));
	ck_assert_str_eq(s->list[0].policy_file, "/etc/p.json");
	ck_assert_str_eq(s->list[0].ca, "local:/srv/ca");
	ck_assert_int_eq(s->list[0].registration, REGISTER_FIRST_CONNECT);
	config_set_free(&s);
}
END_TEST

START_TEST(usage_and_extensions_are_taken)
{
	struct config_set *s = must_load(
	    "{ \"csr_config\": { \"extensions\": true, " INFO ", " SIG ", \"key_info\": "
	    "{ \"algorithm_id\": \"ec\", \"usage\": [ \"sign\", \"derive\" ], \"parameters\": "
	    "{ \"curve\": \"secp256r1\", \"slot\": \"second\" } } } }");

	ck_assert(s->list[0].own_format && s->list[0].extensions);
	ck_assert_uint_eq(s->list[0].usage, CONFIG_USE_SIGN | CONFIG_USE_DERIVE);
	config_set_free(&s);
}
END_TEST

START_TEST(a_mistake_in_a_default_is_said_once)
{
	struct config_set *s =
	    load("{ \"csr_config\": { \"certificate_info\": { \"common_name\": "
		 "\"x\", \"country_name\": \"DEU\" }, " KEY_IN(
		     "second") ", " SIG " }, \"slots\": [ {}, { \"csr_config\": { \"key_info\": { "
			       "\"parameters\": { \"slot\": \"third\" } } } } ] }");
	char want[1024];

	ck_assert_ptr_null(s);
	(void)snprintf(want, sizeof(want),
	    "error: %s: \"csr_config.certificate_info.country_name\" must have 2 letters, not 3\n"
	    "hint: use the code of ISO 3166, for example \"DE\"\n",
	    scratch_file("c.jsn"));
	ck_assert_str_eq(said(), want);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("confmore");

	tcase_add_test(tc, slots_take_what_is_outside_as_their_defaults);
	tcase_add_test(tc, one_slot_of_several_is_chosen);
	tcase_add_test(tc, templates_are_filled_in_for_a_chip);
	tcase_add_test(tc, what_does_not_fit_this_chip_is_named);
	tcase_add_test(tc, templates_may_come_from_elsewhere);
	tcase_add_test(tc, braces_of_the_vendors_format_are_braces);
	tcase_add_test(tc, paths_are_beside_the_file);
	tcase_add_test(tc, usage_and_extensions_are_taken);
	tcase_add_test(tc, a_mistake_in_a_default_is_said_once);
	return run_case("provision/confmore", tc);
}
