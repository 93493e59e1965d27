/* The plan: from what chip and cloud have to the step that comes next. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "provision/plan.h"
#include "tests/unit/test_prov_util.h"

/* A state in letters, and the steps to come as their names. */
static const struct {
	struct state s;
	const char *steps;
} rows[] = {
	{ { .cloud = false }, "key csr sign write tidy" },
	{ { .key = true }, "csr sign write tidy" },
	{ { .key = true, .cert = CERT_GOOD }, "" },
	{ { .key = true, .cert = CERT_FOREIGN }, "refused" },
	{ { .key = true, .cert = CERT_OTHER_KEY }, "refused" },
	{ { .key = true, .cert = CERT_FOREIGN, .replace = true }, "csr sign remove write tidy" },
	{ { .key = true, .cert = CERT_GOOD, .replace = true }, "" },
	{ { .renewing = true }, "key csr sign write switch drop-old tidy" },
	{ { .key = true, .cert = CERT_GOOD, .renewing = true, .journal = true },
	    "switch drop-old tidy" },
	{ { .key = true, .cert = CERT_GOOD, .old = true }, "drop-old" },
	{ { .cloud = true, .type_missing = true, .groups_missing = true, .policy = true },
	    "thing-type thing groups key csr sign write register attach-policy attach-thing "
	    "activate tidy" },
	{ { .cloud = true,
	      .policy = true,
	      .thing = true,
	      .type_missing = true,
	      .thing_differs = true,
	      .key = true,
	      .cert = CERT_GOOD,
	      .registered = true,
	      .policy_attached = true,
	      .thing_attached = true,
	      .active = true },
	    "" },
	{ { .cloud = true,
	      .policy = true,
	      .thing = true,
	      .type_missing = true,
	      .thing_differs = true,
	      .update_thing = true,
	      .key = true,
	      .cert = CERT_GOOD,
	      .registered = true,
	      .policy_attached = true,
	      .thing_attached = true,
	      .active = true },
	    "thing-type update-thing" },
	{ { .cloud = true,
	      .by_aws = true,
	      .policy = true,
	      .thing = true,
	      .key = true,
	      .cert = CERT_FOREIGN,
	      .replace = true },
	    "csr sign remove write attach-policy attach-thing activate drop-old tidy" },
	{ { .finishes = true }, "key csr sign write finish tidy" },
	{ { .finishes = true, .key = true, .cert = CERT_GOOD, .journal = true }, "tidy" },
	{ { .finishes = true, .key = true, .cert = CERT_STALE, .journal = true },
	    "remove csr sign write finish tidy" },
	{ { .finishes = true, .key = true, .cert = CERT_FOREIGN }, "refused" },
	{ { .finishes = true, .key = true, .cert = CERT_FOREIGN, .replace = true },
	    "csr sign remove write finish tidy" },
	{ { .cloud = true, .by_aws = true },
	    "policy thing key csr sign write attach-policy attach-thing activate tidy" },
	{ { .cloud = true, .by_aws = true, .policy = true, .thing = true, .key = true },
	    "csr sign write attach-policy attach-thing activate tidy" },
	{ { .cloud = true,
	      .by_aws = true,
	      .policy = true,
	      .thing = true,
	      .key = true,
	      .pending = PENDING_ASKED,
	      .journal = true },
	    "resume csr sign write attach-policy attach-thing activate tidy" },
	{ { .cloud = true,
	      .by_aws = true,
	      .policy = true,
	      .thing = true,
	      .key = true,
	      .pending = PENDING_ISSUED,
	      .journal = true },
	    "write attach-policy attach-thing activate tidy" },
	{ { .cloud = true,
	      .by_aws = true,
	      .policy = true,
	      .thing = true,
	      .key = true,
	      .cert = CERT_GOOD },
	    "attach-policy attach-thing activate" },
	{ { .cloud = true,
	      .by_aws = true,
	      .policy = true,
	      .thing = true,
	      .key = true,
	      .cert = CERT_GOOD,
	      .policy_attached = true,
	      .thing_attached = true,
	      .active = true },
	    "" },
	{ { .cloud = true,
	      .by_aws = true,
	      .policy = true,
	      .thing = true,
	      .key = true,
	      .cert = CERT_GOOD,
	      .policy_attached = true,
	      .thing_attached = true,
	      .active = true,
	      .journal = true },
	    "tidy" },
	{ { .cloud = true,
	      .by_aws = true,
	      .policy = true,
	      .thing = true,
	      .key = true,
	      .cert = CERT_GOOD,
	      .policy_attached = true,
	      .active = true },
	    "attach-thing" },
	{ { .cloud = true,
	      .by_aws = true,
	      .policy = true,
	      .thing = true,
	      .key = true,
	      .cert = CERT_REVOKED },
	    "refused" },
	{ { .cloud = true,
	      .by_aws = true,
	      .policy = true,
	      .thing = true,
	      .key = true,
	      .cert = CERT_REVOKED,
	      .replace = true },
	    "csr sign remove write attach-policy attach-thing activate drop-old tidy" },
};

START_TEST(every_row_gives_its_steps)
{
	enum step list[STEP_COUNT];
	size_t n = plan_list(&rows[_i].s, list);
	char text[256] = "";

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			(void)strcat(text, " ");
		(void)strcat(text, step_name(list[i]));
	}
	if (plan_next(&rows[_i].s) == STEP_REFUSED)
		(void)strcat(text, "refused");
	ck_assert_str_eq(text, rows[_i].steps);
}
END_TEST

/* Any combination of facts, by number. */
static struct state
state_of(unsigned int bits)
{
	return (struct state){
		.cloud = bits & 1,
		.by_aws = bits & 1 && !(bits >> 15 & 1),
		.registered = bits >> 16 & 1,
		.finishes = bits >> 17 & 1,
		.renewing = bits >> 8 & 1,
		.old = bits >> 9 & 1,
		.replace = bits >> 1 & 1,
		.key = bits >> 2 & 1,
		.request = bits >> 3 & 1,
		.journal = bits >> 4 & 1,
		.policy = bits >> 5 & 1,
		.thing = bits >> 6 & 1,
		.policy_attached = bits >> 7 & 1,
		.thing_attached = bits >> 8 & 1,
		.active = bits >> 9 & 1,
		.cert = (enum chip_cert)(bits >> 10 & 7),
		.pending = (enum pending)(bits >> 13 & 3),
	};
}

static bool
is_state(unsigned int bits)
{
	return (bits >> 10 & 7) <= CERT_OTHER_KEY && (bits >> 13 & 3) <= PENDING_ISSUED;
}

START_TEST(from_any_state_the_plan_ends_in_nothing_to_do)
{
	for (unsigned int bits = 0; bits < 1U << 18; bits++) {
		struct state s = state_of(bits);
		unsigned int n = 0;
		enum step step;

		if (!is_state(bits))
			continue;
		while ((step = plan_next(&s)) != STEP_DONE && step != STEP_REFUSED) {
			ck_assert_uint_lt(n++, STEP_COUNT);
			plan_apply(&s, step);
		}
		if (step == STEP_REFUSED)
			ck_assert(!s.replace);
		else
			ck_assert(s.key && s.cert == CERT_GOOD && !s.finish);
		if (step == STEP_DONE && s.cloud)
			ck_assert(s.policy && s.thing && s.policy_attached && s.thing_attached &&
				  s.active && !s.journal && (s.by_aws || s.registered));
	}
}
END_TEST

START_TEST(a_certificate_becomes_active_only_when_all_else_is_there)
{
	for (unsigned int bits = 0; bits < 1U << 18; bits++) {
		struct state s = state_of(bits);

		if (!is_state(bits) || plan_next(&s) != STEP_ACTIVATE)
			continue;
		ck_assert(s.cloud && s.policy && s.thing && s.key && s.cert == CERT_GOOD &&
			  s.policy_attached && s.thing_attached && (s.by_aws || s.registered));
	}
}
END_TEST

START_TEST(no_second_certificate_is_asked_for)
{
	for (unsigned int bits = 0; bits < 1U << 18; bits++) {
		struct state s = state_of(bits);

		if (is_state(bits) && plan_next(&s) == STEP_SIGN)
			ck_assert(s.key && s.pending == PENDING_NONE && s.cert != CERT_GOOD);
	}
}
END_TEST

START_TEST(every_step_is_found_by_its_name)
{
	for (enum step step = 0; step < STEP_COUNT; step++) {
		ck_assert_int_eq(step_by_name(step_name(step)), step);
		ck_assert_str_ne(step_text(step), "");
	}
	ck_assert_int_eq(step_by_name("nothing"), STEP_COUNT);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("plan");

	tcase_add_loop_test(
	    tc, every_row_gives_its_steps, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, from_any_state_the_plan_ends_in_nothing_to_do);
	tcase_add_test(tc, a_certificate_becomes_active_only_when_all_else_is_there);
	tcase_add_test(tc, no_second_certificate_is_asked_for);
	tcase_add_test(tc, every_step_is_found_by_its_name);
	return run_case("provision/plan", tc);
}
