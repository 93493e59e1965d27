/* Things with types, attributes and groups, against the stand-in. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "provision/aws.h"
#include "tests/unit/test_aws_util.h"

static char name_site[] = "site", name_line[] = "line", munich[] = "Munich", seven[] = "7",
	    eight[] = "8", gone[] = "";
static const struct aws_pair two[] = { { name_site, munich }, { name_line, seven } };

static bool
take_name(const char *name, void *arg)
{
	char *out = arg;

	(void)snprintf(out + strlen(out), 512 - strlen(out), "%s ", name);
	return true;
}

/* One that has created nothing does not wait for what is not there. */
static void
renew(struct aws **a)
{
	aws_close(a);
	*a = open_aws();
}

START_TEST(things_have_type_and_attributes)
{
	struct standin s;
	struct aws *a;
	struct aws_thing t;
	char *arn = NULL;
	bool deprecated = true;

	standin_start(&s, NULL);
	a = open_aws();
	SAYS(aws_create_thing_as(a, "t", "meter", two, 2, &arn), AWS_FAILED);
	heard("CreateThing \"t\" failed: ResourceNotFoundException: ThingType meter");
	ck_assert_int_eq(aws_describe_thing_type(a, "meter", &deprecated), AWS_NOT_FOUND);
	ck_assert_int_eq(aws_create_thing_type(a, "meter"), AWS_OK);
	ck_assert_int_eq(aws_create_thing_type(a, "meter"), AWS_EXISTS);
	ck_assert_int_eq(aws_describe_thing_type(a, "meter", &deprecated), AWS_OK);
	ck_assert(!deprecated);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(aws_create_thing_as(a, "t", "meter", two, 2, &arn), AWS_OK);
		free(arn);
	}
	ck_assert_int_eq(aws_create_thing_as(a, "t", "meter", two, 1, &arn), AWS_EXISTS);
	ck_assert_int_eq(aws_create_thing_as(a, "t", NULL, two, 2, &arn), AWS_EXISTS);
	ck_assert_int_eq(aws_create_thing(a, "t", &arn), AWS_EXISTS);
	ck_assert_ptr_null(arn);
	ck_assert_int_eq(aws_get_thing(a, "t", &t), AWS_OK);
	ck_assert_str_eq(t.arn, "arn:aws:iot:eu-central-1:123456789012:thing/t");
	ck_assert_str_eq(t.type, "meter");
	ck_assert_uint_eq(t.nattributes, 2);
	ck_assert_str_eq(t.attributes[0].name, "line");
	ck_assert_str_eq(t.attributes[0].value, "7");
	ck_assert_str_eq(t.attributes[1].value, "Munich");
	ck_assert_int_eq(t.version, 1);
	aws_thing_clear(&t);
	ck_assert_int_eq(aws_get_thing(a, "u", &t), AWS_NOT_FOUND);
	aws_thing_clear(&t);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(things_change_in_versions)
{
	const struct aws_pair change[] = { { name_line, eight }, { name_site, gone } };
	struct standin s;
	struct aws *a;
	struct aws_thing t;
	char *arn;

	standin_start(&s, NULL);
	a = open_aws();
	ck_assert_int_eq(aws_create_thing_type(a, "meter"), AWS_OK);
	ck_assert_int_eq(aws_create_thing_as(a, "t", NULL, two, 2, &arn), AWS_OK);
	free(arn);
	ck_assert_int_eq(aws_update_thing(a, "t", NULL, change, 2, 5), AWS_CHANGED);
	ck_assert_int_eq(aws_update_thing(a, "t", "meter", change, 2, 1), AWS_OK);
	ck_assert_int_eq(aws_get_thing(a, "t", &t), AWS_OK);
	ck_assert_str_eq(t.type, "meter");
	ck_assert_uint_eq(t.nattributes, 1);
	ck_assert_str_eq(t.attributes[0].value, "8");
	ck_assert_int_eq(t.version, 2);
	aws_thing_clear(&t);
	/* Whatever the version; type and attributes that are not named stay. */
	ck_assert_int_eq(aws_update_thing(a, "t", NULL, NULL, 0, 0), AWS_OK);
	ck_assert_int_eq(aws_get_thing(a, "t", &t), AWS_OK);
	ck_assert_str_eq(t.type, "meter");
	ck_assert_uint_eq(t.nattributes, 1);
	aws_thing_clear(&t);
	renew(&a);
	SAYS(aws_update_thing(a, "u", NULL, change, 2, 0), AWS_FAILED);
	heard("UpdateThing \"u\" failed: ResourceNotFoundException");
	ck_assert_int_eq(aws_delete_thing(a, "t", 1), AWS_CHANGED);
	ck_assert_int_eq(aws_delete_thing(a, "t", 3), AWS_OK);
	ck_assert_int_eq(aws_delete_thing(a, "t", 3), AWS_OK);
	/* The answer is lost after the change: the second try finds another version. */
	ck_assert_int_eq(aws_create_thing(a, "t", &arn), AWS_OK);
	free(arn);
	standin_faults(&s, "UpdateThing:5:reset-after\n");
	SAYS(aws_update_thing(a, "t", NULL, two, 2, 1), AWS_CHANGED);
	ck_assert_int_eq(aws_get_thing(a, "t", &t), AWS_OK);
	ck_assert_uint_eq(t.nattributes, 2);
	aws_thing_clear(&t);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(things_are_in_groups)
{
	struct standin s;
	struct aws *a;
	char *arn, name[16], names[512] = "";

	standin_start(&s, "--page-size", "2", NULL);
	a = open_aws();
	ck_assert_int_eq(aws_create_thing(a, "t", &arn), AWS_OK);
	free(arn);
	ck_assert_int_eq(aws_describe_group(a, "g0"), AWS_NOT_FOUND);
	for (int i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "g%d", i);
		ck_assert_int_eq(aws_create_group(a, name), AWS_OK);
		ck_assert_int_eq(aws_create_group(a, name), AWS_EXISTS);
		ck_assert_int_eq(aws_describe_group(a, name), AWS_OK);
		for (int k = 0; k < 2; k++)
			ck_assert_int_eq(aws_add_to_group(a, "t", name), AWS_OK);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(aws_remove_from_group(a, "t", "g3"), AWS_OK);
	ck_assert_int_eq(aws_remove_from_group(a, "t", "nowhere"), AWS_OK);
	ck_assert_int_eq(aws_list_thing_groups(a, "t", take_name, names), AWS_OK);
	ck_assert_str_eq(names, "g0 g1 g2 g4 ");
	renew(&a);
	SAYS(aws_add_to_group(a, "t", "nowhere"), AWS_FAILED);
	heard("AddThingToThingGroup \"nowhere\" failed: ResourceNotFoundException");
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(principals_are_listed_and_policies_deleted)
{
	static const char text[] = "{\"Version\": \"2012-10-17\", \"Statement\": []}";
	struct standin s;
	struct aws *a;
	struct aws_cert c;
	char *arn, *csr = make_csr("P-256"), names[512] = "", want[512] = "";

	standin_start(&s, "--page-size", "1", NULL);
	a = open_aws();
	ck_assert_int_eq(aws_create_thing(a, "t", &arn), AWS_OK);
	free(arn);
	ck_assert_int_eq(aws_create_policy(a, "p", text), AWS_OK);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(aws_create_certificate(a, csr, &c), AWS_OK);
		ck_assert_int_eq(aws_attach_thing(a, "t", c.arn), AWS_OK);
		take_name(c.arn, want);
		if (i < 2)
			aws_cert_clear(&c);
	}
	free(csr);
	ck_assert_int_eq(aws_list_thing_principals(a, "t", take_name, names), AWS_OK);
	ck_assert_str_eq(names, want);
	ck_assert_int_eq(aws_attach_policy(a, "p", c.arn), AWS_OK);
	SAYS(aws_delete_policy(a, "p"), AWS_FAILED);
	heard("DeletePolicy \"p\" failed: DeleteConflictException");
	ck_assert_int_eq(aws_detach_policy(a, "p", c.arn), AWS_OK);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(aws_delete_policy(a, "p"), AWS_OK);
	SAYS(aws_delete_thing(a, "t", 0), AWS_FAILED);
	heard("still attached");
	aws_cert_clear(&c);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(names_and_values_are_checked)
{
	static const struct {
		const char *name, *value;
		bool ok;
		const char *said;
	} pairs[] = {
		{ "site.9@a,b/c:#-", "x=[1]", true, "" },
		{ "site", "", true, "" },
		{ "", "x", false, "attribute name \"\" has 0 characters: 1 to 128" },
		{ "a=b", "x", false, "attribute name \"a=b\": the character \"=\"" },
		{ "a", "x y", false, "value of attribute \"a\" \"x y\": the byte 0x20" },
	};
	char longest[802];

	memset(longest, 'v', sizeof(longest));
	longest[801] = '\0';
	said_begin();
	ck_assert(!aws_attribute_ok("a", longest));
	(void)said_end();
	heard("has 801 characters: 0 to 800");
	longest[800] = '\0';
	ck_assert(aws_attribute_ok("a", longest));
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		said_begin();
		ck_assert_int_eq(aws_attribute_ok(pairs[i].name, pairs[i].value), pairs[i].ok);
		(void)said_end();
		heard(pairs[i].said);
	}
	said_begin();
	ck_assert(!aws_type_name_ok("a.b"));
	ck_assert(!aws_group_name_ok("a b"));
	ck_assert(!aws_template_name_ok("a:b"));
	ck_assert(!aws_template_name_ok("1234567890123456789012345678901234567"));
	(void)said_end();
	heard("thing type name");
	heard("thing group name");
	heard("1 to 36");
	ck_assert(aws_type_name_ok("a:b-c_D"));
	ck_assert(aws_group_name_ok("a:b-c_D"));
	ck_assert(aws_template_name_ok("a-c_D"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("awsregistry");
	TCase *tc = tcase_create("awsregistry");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, things_have_type_and_attributes);
	tcase_add_test(tc, things_change_in_versions);
	tcase_add_test(tc, things_are_in_groups);
	tcase_add_test(tc, principals_are_listed_and_policies_deleted);
	tcase_add_test(tc, names_and_values_are_checked);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	standin_forget();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
