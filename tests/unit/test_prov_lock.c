/* "lock" without a chip: conditions in words, policies, and the change that a policy makes. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/lockplan.h"
#include "tests/unit/test_prov_util.h"

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES(...)                                                                                 \
	{                                                                                          \
		{ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })                                \
	}

/* --- conditions ------------------------------------------------------------------------------- */

static const struct {
	const char *words;
	struct access bytes;
	const char *back; /* NULL: the same words */
} good[] = {
	{ "always", BYTES(0x00), NULL },
	{ "never", BYTES(0xFF), NULL },
	{ "until operational", BYTES(0xE1, 0xFC, 7), NULL },
	{ "Paired Host", BYTES(0x20, 0xE1, 0x40), "paired host" },
	{ "paired host even unencrypted", BYTES(0x21, 0xE1, 0x40), NULL },
	{ "protected update with E0E8", BYTES(0x21, 0xE0, 0xE8), NULL },
	{ "by protected update with 0xe0e8", BYTES(0x21, 0xE0, 0xE8),
	    "protected update with E0E8" },
	{ "after authorization with F1D0", BYTES(0x23, 0xF1, 0xD0), "authorization with F1D0" },
	{ "counter E120", BYTES(0x40, 0xE1, 0x20), NULL },
	{ "protected update with E0E8 and encrypted with F1D4",
	    BYTES(0x21, 0xE0, 0xE8, 0xFD, 0x20, 0xF1, 0xD4), NULL },
	{ "until operational or paired host and authorization with F1D0",
	    BYTES(0xE1, 0xFC, 7, 0xFE, 0x20, 0xE1, 0x40, 0xFD, 0x23, 0xF1, 0xD0), NULL },
	{ "  until   operational  OR  paired\thost ", BYTES(0xE1, 0xFC, 7, 0xFE, 0x20, 0xE1, 0x40),
	    "until operational or paired host" },
	/* As the chip's manual and the module write them. */
	{ "LcsO < operational", BYTES(0xE1, 0xFC, 7), "until operational" },
	{ "LcsA = initialization", BYTES(0xE0, 0xFA, 3), NULL },
	{ "LcsG > creation", BYTES(0x70, 0xFB, 1), NULL },
	{ "Conf(E140)", BYTES(0x20, 0xE1, 0x40), "paired host" },
	{ "Luc(e121)", BYTES(0x40, 0xE1, 0x21), "counter E121" },
	{ "SecStaG(20)", BYTES(0x10, 0x20), NULL },
	{ "SecStaA(20) and Auto(F1D1)", BYTES(0x90, 0x20, 0xFD, 0x23, 0xF1, 0xD1),
	    "SecStaA(20) and authorization with F1D1" },
};

START_TEST(words_become_bytes_and_words_again)
{
	char words[ACCESS_WORDS_MAX];
	struct access a, again;
	const char *why = access_parse(good[_i].words, &a);

	ck_assert_msg(why == NULL, "%s: %s", good[_i].words, why);
	ck_assert_msg(access_equal(&a, &good[_i].bytes), "%s", good[_i].words);
	access_words(&a, words);
	ck_assert_str_eq(words, good[_i].back != NULL ? good[_i].back : good[_i].words);
	ck_assert_ptr_null(access_parse(words, &again));
	ck_assert(access_equal(&a, &again));
}
END_TEST

static const struct {
	const char *words, *why;
} bad[] = {
	{ "", "\"\" is no condition" },
	{ "sometimes", "\"sometimes\" is no condition" },
	{ "never or", "\"never or\" is no condition" },
	{ "never or paired host", "stand alone" },
	{ "paired host and always", "stand alone" },
	{ "paired host or", "\"paired host or\" is no condition" },
	{ "protected update with E0E", "is no condition" },
	{ "protected update with E0E8F", "is no condition" },
	{ "protected update with G0E8", "is no condition" },
	{ "Conf(E140", "is no condition" },
	{ "Conf E140", "is no condition" },
	{ "SecStaG(2)", "is no condition" },
	{ "LcsO ~ operational", "is no condition" },
	{ "LcsO < 7 more", "is no condition" },
	{ "until operational or until operational or until operational or paired host",
	    "more than 3 alternatives" },
	{ "paired host and paired host and paired host and paired host and paired host and "
	  "paired host and paired host and paired host",
	    "more than 7 conditions" },
	{ "a condition that is very much longer than any that there is or ever will be",
	    "is no condition" },
};

START_TEST(other_words_are_refused)
{
	struct access a;
	const char *why = access_parse(bad[_i].words, &a);

	ck_assert_msg(why != NULL, "%s", bad[_i].words);
	ck_assert_msg(strstr(why, bad[_i].why) != NULL, "%s: %s", bad[_i].words, why);
}
END_TEST

START_TEST(strange_bytes_are_shown_as_they_are)
{
	static const struct access strange[] = { BYTES(0x21, 0xE0), BYTES(0x55),
		BYTES(0xFF, 0xFD, 0), BYTES(0xE1, 0xFC, 7, 0xFE), BYTES(0xE1, 0xFC, 7, 0x01, 0x20),
		{ { 0 }, 0 } };
	char words[ACCESS_WORDS_MAX];

	for (size_t i = 0; i < ROWS(strange); i++) {
		struct access out;

		access_words(&strange[i], words);
		ck_assert_msg(strncmp(words, "unknown:", 8) == 0, "%zu: %s", i, words);
		access_final(&strange[i], 7, &out);
		ck_assert(access_equal(&out, &strange[i]));
	}
}
END_TEST

/* Whatever the chip has: words that fit, and that stand for the same bytes if for any. */
START_TEST(random_bytes_keep_their_meaning)
{
	static const uint8_t likely[] = { 0x00, 0xFF, 0x10, 0x90, 0x20, 0x21, 0x23, 0x40, 0x70,
		0xE0, 0xE1, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0x07, 0x03, 0x40, 0xE8 };
	unsigned int seed = 5, known = 0;

	for (int i = 0; i < 50000; i++) {
		char words[ACCESS_WORDS_MAX];
		struct access a = { .len = 1 + (size_t)(rand_r(&seed) % 12) }, again, left;

		for (size_t k = 0; k < a.len; k++)
			a.expr[k] = likely[(size_t)rand_r(&seed) % ROWS(likely)];
		access_words(&a, words);
		access_final(&a, 7, &left);
		ck_assert_uint_le(left.len, a.len + 1);
		if (strncmp(words, "unknown:", 8) == 0 || access_parse(words, &again) != NULL)
			continue;
		known++;
		ck_assert_msg(access_equal(&a, &again), "%s", words);
	}
	ck_assert_uint_gt(known, 500);
}
END_TEST

START_TEST(what_is_left_when_the_life_cycle_has_moved)
{
	static const struct {
		const char *words;
		uint8_t lcso;
		const char *left;
	} rows[] = {
		{ "until operational", 1, "until operational" },
		{ "until operational", 7, "never" },
		{ "until operational or paired host", 7, "paired host" },
		{ "paired host or until operational", 15, "paired host" },
		{ "until operational and paired host", 7, "never" },
		{ "until operational and paired host or always or counter E120", 7, NULL },
		{ "counter E120 or until operational and paired host or protected update with E0E8",
		    7, "counter E120 or protected update with E0E8" },
		{ "LcsO < initialization or paired host", 1,
		    "LcsO < initialization or paired host" },
		{ "LcsO < initialization or paired host", 3, "paired host" },
		{ "always", 7, "always" },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		char words[ACCESS_WORDS_MAX];
		struct access a, left;

		if (rows[i].left == NULL) {
			ck_assert_ptr_nonnull(access_parse(rows[i].words, &a));
			continue;
		}
		ck_assert_ptr_null(access_parse(rows[i].words, &a));
		access_final(&a, rows[i].lcso, &left);
		access_words(&left, words);
		ck_assert_str_eq(words, rows[i].left);
	}
}
END_TEST

/* --- policies --------------------------------------------------------------------------------- */

#define RULE(inside) "{ \"objects\": [ { " inside " } ] }"

static const struct {
	const char *file, *said;
} mistakes[] = {
	{ "", "line 1" },
	{ "{ \"objects\": [", "line 1, column" },
	{ "[]", "expected an object with a member \"objects\"" },
	{ "{ \"object\": [] }", "expected an object with a member \"objects\"" },
	{ "{ \"objects\": [] }", "objects: expected a list of 1 to 64 rules" },
	{ "{ \"objects\": {} }", "objects: expected a list of 1 to 64 rules" },
	{ "{ \"objects\": [ 1 ] }", "objects[0]: expected an object in braces" },
	{ "{ \"objects\": [ { \"object\": \"key\", \"change\": \"never\" } ], \"extra\": 1 }",
	    "extra: is no member of a policy" },
	{ RULE("\"change\": \"never\""), "objects[0].object: is missing" },
	{ RULE("\"object\": \"key\""), "objects[0]: asks for nothing" },
	{ RULE("\"object\": \"lock\", \"change\": \"never\""),
	    "objects[0].object: \"lock\" is no object; expected \"key\", \"certificate\"" },
	{ RULE("\"object\": 7, \"change\": \"never\""),
	    "objects[0].object: expected a text in quotes" },
	{ RULE("\"object\": \"key\", \"change\": \"perhaps\""),
	    "objects[0].change: \"perhaps\" is no condition" },
	{ RULE("\"object\": \"key\", \"read\": \"never and always\""),
	    "objects[0].read: \"always\" and \"never\" stand alone" },
	{ RULE("\"object\": \"key\", \"life_cycle\": \"creation\""),
	    "objects[0].life_cycle: \"creation\" is no state to go to; expected initialization" },
	{ RULE("\"object\": \"key\", \"reset\": \"once\""),
	    "objects[0].reset: \"once\" is no way to begin again" },
	{ RULE("\"object\": \"key\", \"lifecycle\": \"operational\""),
	    "objects[0].lifecycle: is no member of an object's rule" },
	{ RULE("\"object\": \"key\", \"change\": \"never\", \"allow_lock_out\": \"yes\""),
	    "objects[0].allow_lock_out: expected true or false" },
	{ RULE("\"object\": \"key\", \"change\": \"never\", \"change\": \"never\""),
	    "line 1, column" },
	{ "{ \"objects\": [ { \"object\": \"key\", \"change\": \"never\" },\n"
	  "{ \"object\": \"key\", \"read\": \"never\" } ] }",
	    "objects[1]: is for the same object as objects[0]" },
};

START_TEST(mistakes_are_named_with_their_place)
{
	struct lock_policy *p;

	scratch_write("policy.json", mistakes[_i].file);
	p = lock_policy_load(scratch_file("policy.json"));
	ck_assert_msg(p == NULL, "%s", mistakes[_i].file);
	ck_assert_msg(
	    strstr(said(), mistakes[_i].said) != NULL, "%s: %s", mistakes[_i].file, said());
	ck_assert_ptr_nonnull(strstr(said(), "/policy.json: "));
}
END_TEST

static struct lock_policy *
policy(const char *text)
{
	struct lock_policy *p;

	scratch_write("policy.json", text);
	p = lock_policy_load(scratch_file("policy.json"));
	ck_assert_msg(p != NULL, "%s: %s", text, said());
	return p;
}

START_TEST(policies_are_read)
{
	struct lock_policy *p =
	    policy("{ \"comment\": \"for all boards\", \"objects\": [\n"
		   "{ \"object\": \"second\", \"change\": \"never\" },\n"
		   "{ \"object\": \"Certificate\", \"read\": \"always\" },\n"
		   "{ \"object\": \"0xe0e8\", \"comment\": \"root\",\n"
		   "  \"life_cycle\": \"Operational\", \"allow_lock_out\": true,\n"
		   "  \"metadata_update\": \"protected update with E0E8\",\n"
		   "  \"reset\": \"creation and zeros\" } ] }");

	ck_assert_uint_eq(p->n, 3);
	ck_assert_uint_eq(p->rules[0].oid, 0xE0F1);
	ck_assert(p->rules[0].wanted[LOCK_CHANGE] && !p->rules[0].wanted[LOCK_READ]);
	ck_assert_int_eq(p->rules[1].target, LOCK_TARGET_CERTIFICATE);
	ck_assert_uint_eq(p->rules[2].oid, 0xE0E8);
	ck_assert_uint_eq(p->rules[2].life_cycle, 7);
	ck_assert_int_eq(p->rules[2].reset, 0x11);
	ck_assert(p->rules[2].allow_lock_out);
	ck_assert(lock_policy_needs_slot(p));
	lock_policy_free(&p);
	ck_assert_ptr_null(p);
	lock_policy_free(&p);
	p = lock_policy_load(NULL);
	ck_assert_ptr_nonnull(p);
	ck_assert(lock_policy_needs_slot(p));
	lock_policy_free(&p);
	ck_assert_ptr_null(lock_policy_load(scratch_file("none.json")));
	ck_assert_ptr_nonnull(strstr(said(), "none.json"));
}
END_TEST

START_TEST(shipped_policies_are_good)
{
	static const char *const names[] = { "key-final", "key-and-certificate-final",
		"key-of-this-host", "key-updatable" };
	const char *top = getenv("top_srcdir");
	struct lock_policy *p, *own = lock_policy_load(NULL);

	for (size_t i = 0; i < ROWS(names); i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/provision/locks/%s.json",
		    top != NULL ? top : ".", names[i]);
		p = lock_policy_load(path);
		ck_assert_msg(p != NULL, "%s: %s", path, said());
		if (i == 0) {
			ck_assert_uint_eq(p->n, own->n);
			ck_assert_mem_eq(p->rules, own->rules, sizeof(*p->rules));
		}
		lock_policy_free(&p);
	}
	lock_policy_free(&own);
}
END_TEST

/* --- changes ---------------------------------------------------------------------------------- */

/* Metadata as chips have them (reference: dumps of the vendor's), behind "20 len". */
#define KEY_FRESH    "C00101D003E1FC07D30100"
#define KEY_USED     "C00101D003E1FC07D30100E00103E10110"
#define KEY_LOCKED   "C00107D001FFD30100E00103E10110"
#define KEY_EXPRESS  "C00107D00720E140FD23F1D0D30100E00103E10111"
#define CERT_FRESH   "C00101C40206C0C50206C0D003E1FC07D10100D30100E80112"
#define ANCHOR_FRESH "C00101C40204B0C50204B0D003E1FC07D10100D30100E80111"
#define ANCHOR_OP    "C00107C40204B0C50204B0D001FFD10100D30100E80111"
#define BINDING      "C00101C40140C50140D007E1FC07FE20E140D103E1FC07D30100E80122"
#define DATA_FRESH   "C00101C4018CC50164D003E1FC07D10100"
#define AUTOREF      "C00101C4018CC50140D003E1FC07D101FFD30100E80131"
#define COUNTER      "C00101C40108C50108D003E1FC07D10100D30100E80101"
#define STATUS       "C40101D00100D10100"

struct given {
	uint16_t oid;
	const char *meta;
	bool empty;
};

struct row {
	const char *rule; /* behind "object": */
	uint16_t oid;
	struct given given[3];
	enum access_chip chip;
	enum lock_pairing pairing;
	const char *conditions; /* bytes in hexadecimal; NULL: nothing */
	const char *raise;
	const char *why;            /* instead: part of the reason */
	const char *forever, *mind; /* part of what is said besides; NULL: not looked at */
};

#define V1 .chip = ACCESS_CHIP_V1
#define V3 .chip = ACCESS_CHIP_V3
#define X  .chip = ACCESS_CHIP_X
#define ON .pairing = LOCK_PAIRED

static const struct row rows[] = {
	/* The default policy on a key in use, in every state it can be found in. */
	{ "'change': 'until operational', 'life_cycle': 'operational'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false } }, V3, .raise = "2003C00107",
	    .forever = "the key can never be replaced or erased again, by anyone" },
	{ "'change': 'until operational', 'life_cycle': 'operational'", 0xE0F1,
	    { { 0xE0F1, KEY_LOCKED, false } }, V3 },
	{ "'change': 'until operational', 'life_cycle': 'operational'", 0xE0F1,
	    { { 0xE0F1, KEY_FRESH, false } }, V3, .why = "it holds no key" },
	{ "'change': 'until operational', 'life_cycle': 'operational', 'allow_lock_out': true",
	    0xE0F1, { { 0xE0F1, KEY_FRESH, false } }, V3, .raise = "2003C00107" },
	/* Conditions first; both; conditions alone. */
	{ "'change': 'never', 'life_cycle': 'operational'", 0xE0F1, { { 0xE0F1, KEY_USED, false } },
	    X, .conditions = "2003D001FF", .raise = "2003C00107",
	    .forever = "its rules are fixed: nobody" },
	{ "'change': 'never'", 0xE0F1, { { 0xE0F1, KEY_USED, false } }, V3,
	    .conditions = "2003D001FF" },
	{ "'change': 'never', 'life_cycle': 'initialization'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false } }, V3, .conditions = "2003D001FF", .raise = "2003C00103",
	    .forever = "its rules can still be changed" },
	/* What is fixed: the same in other bytes is fine, anything else is not. */
	{ "'change': 'until operational'", 0xE0F1, { { 0xE0F1, KEY_LOCKED, false } }, V3 },
	{ "'change': 'until operational or paired host and authorization with F1D0'", 0xE0F1,
	    { { 0xE0F1, KEY_EXPRESS, false } }, V3, ON },
	{ "'change': 'never'", 0xE0F1, { { 0xE0F1, KEY_EXPRESS, false } }, V3, ON,
	    .why = "its rules are fixed for ever: change is \"paired host and authorization with "
		   "F1D0\", the policy wants \"never\"" },
	{ "'life_cycle': 'initialization'", 0xE0F1, { { 0xE0F1, KEY_LOCKED, false } }, V3,
	    .why = "its life cycle is operational, which never goes back to initialization" },
	{ "'life_cycle': 'operational'", 0xE0C3, { { 0xE0C3, STATUS, false } }, V3,
	    .why = "it has no life cycle state" },
	{ "'read': 'never'", 0xE0C3, { { 0xE0C3, STATUS, false } }, V3,
	    .why = "its rules are fixed for ever: read is \"always\"" },
	{ "'change': 'never'", 0xE0C9, { { 0xE0F1, KEY_USED, false } }, V1,
	    .why = "the chip has no such object" },
	/* Useless for ever. */
	{ "'execute': 'never', 'life_cycle': 'operational'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false } }, V3, .why = "its key could never be used again" },
	{ "'execute': 'until operational', 'life_cycle': 'operational'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false } }, V3, .why = "its key could never be used again" },
	{ "'execute': 'never'", 0xE0F1, { { 0xE0F1, KEY_USED, false } }, V3,
	    .conditions = "2003D301FF" },
	{ "'life_cycle': 'termination'", 0xE0F1, { { 0xE0F1, KEY_USED, false } }, V3,
	    .why = "terminated, it can neither be read nor used" },
	{ "'change': 'never', 'life_cycle': 'operational'", 0xE0E1,
	    { { 0xE0E1, CERT_FRESH, true } }, V3, .why = "it holds no certificate" },
	{ "'read': 'never', 'life_cycle': 'operational'", 0xE0E1, { { 0xE0E1, CERT_FRESH, false } },
	    V3, .why = "could never be read again" },
	{ "'change': 'never', 'life_cycle': 'operational'", 0xE0E1,
	    { { 0xE0E1, CERT_FRESH, false } }, V3, .conditions = "2003D001FF",
	    .raise = "2003C00107",
	    .forever = "the certificate can never be replaced or erased again" },
	{ "'life_cycle': 'operational'", 0xE0E8, { { 0xE0E8, ANCHOR_FRESH, true } }, V3,
	    .why = "it is empty, and would stay so for ever" },
	{ "'read': 'never', 'life_cycle': 'operational'", 0xF1D1, { { 0xF1D1, DATA_FRESH, false } },
	    V3, .why = "it could neither be read nor used again" },
	{ "'read': 'never', 'execute': 'always', 'life_cycle': 'operational'", 0xF1D1,
	    { { 0xF1D1, DATA_FRESH, false } }, V3, .conditions = "2006D101FFD30100",
	    .raise = "2003C00107", .forever = "the data can never be read again, by anyone" },
	/* What conditions rest on. */
	{ "'change': 'protected update with E0E8', 'life_cycle': 'operational'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE0E8, ANCHOR_OP, false } }, V3,
	    .conditions = "2005D00321E0E8", .raise = "2003C00107",
	    .forever = "the key can only be replaced or erased by: protected update with E0E8" },
	{ "'change': 'protected update with E0E8'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE0E8, ANCHOR_FRESH, false } }, V3,
	    .conditions = "2005D00321E0E8",
	    .mind = "E0E8, which a condition rests on, is not "
		    "locked itself" },
	{ "'change': 'protected update with E0E8'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE0E8, ANCHOR_FRESH, true } }, V3,
	    .why = "the trust anchor E0E8 is empty" },
	{ "'change': 'protected update with E0E8', 'allow_lock_out': true", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE0E8, ANCHOR_FRESH, true } }, V3,
	    .conditions = "2005D00321E0E8" },
	{ "'change': 'protected update with F1D1'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xF1D1, DATA_FRESH, false } }, V3,
	    .why = "names F1D1, which is no trust anchor" },
	{ "'change': 'protected update with E0E9'", 0xE0F1, { { 0xE0F1, KEY_USED, false } }, X,
	    .why = "a Trust X does not know \"protected update with E0E9\"" },
	{ "'change': 'protected update with E0EF'", 0xE0F1, { { 0xE0F1, KEY_USED, false } }, V1,
	    .why = "names E0EF, which the chip does not have" },
	{ "'execute': 'paired host'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE140, BINDING, false } }, V1, ON,
	    .conditions = "2005D30320E140", .mind = "E140, which a condition rests on" },
	{ "'execute': 'paired host'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE140, BINDING, false } }, V3,
	    .pairing = LOCK_UNPAIRED, .why = "this host is not paired with the chip" },
	{ "'execute': 'paired host'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE140, BINDING, false } }, V3,
	    .pairing = LOCK_FACTORY, .why = "the binding secret of the factory" },
	{ "'change': 'authorization with F1D1'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xF1D1, AUTOREF, false } }, V3,
	    .conditions = "2005D00323F1D1", .mind = "the module cannot prove to know" },
	{ "'change': 'authorization with F1D0'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xF1D0, AUTOREF, false } }, V3,
	    .conditions = "2005D00323F1D0", .mind = "this host does not have the secret in F1D0" },
	{ "'metadata_update': 'protected update with E0E8'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE0E8, ANCHOR_OP, false } }, V3,
	    .why = "metadata_update has no effect without a reset" },
	{ "'change': 'authorization with F1D2'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xF1D2, DATA_FRESH, false } }, V3,
	    .why = "F1D2, which is no authorization reference" },
	{ "'change': 'authorization with F1D1'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xF1D1, AUTOREF, false } }, V1,
	    .why = "a Trust M V1 does not know \"authorization with F1D1\"" },
	{ "'execute': 'counter E120'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE120, COUNTER, false } }, V1,
	    .conditions = "2005D30340E120", .mind = "every use counts E120 up" },
	{ "'execute': 'counter E120'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xE120, COUNTER, true } }, V1,
	    .why = "the counter E120 has reached its threshold already" },
	{ "'execute': 'counter F1D1'", 0xE0F1,
	    { { 0xE0F1, KEY_USED, false }, { 0xF1D1, DATA_FRESH, false } }, V1,
	    .why = "F1D1, which is no counter" },
	/* The binding secret itself. */
	{ "'change': 'paired host', 'read': 'never', 'life_cycle': 'operational'", 0xE140,
	    { { 0xE140, BINDING, false } }, V3, ON, .conditions = "2008D00320E140D101FF",
	    .raise = "2003C00107",
	    .forever = "the binding secret can only be replaced or erased by: paired host" },
	{ "'change': 'never', 'life_cycle': 'operational'", 0xE140, { { 0xE140, BINDING, false } },
	    V3, .pairing = LOCK_FACTORY, .why = "the binding secret of the factory" },
	{ "'read': 'always', 'life_cycle': 'operational'", 0xE140, { { 0xE140, BINDING, false } },
	    V3, ON, .why = "the binding secret could be read for ever" },
	/* Metadata updates, and their way back. */
	{ "'metadata_update': 'protected update with E0E8', 'reset': 'creation and zeros', "
	  "'change': 'never', 'life_cycle': 'operational'",
	    0xF1D1, { { 0xF1D1, DATA_FRESH, false }, { 0xE0E8, ANCHOR_OP, false } }, V3,
	    .conditions = "200BD001FFD80321E0E8F00111", .raise = "2003C00107",
	    .forever = "its rules are fixed, except for: protected update with E0E8" },
	{ "'metadata_update': 'protected update with E0E8'", 0xF1D1,
	    { { 0xF1D1, DATA_FRESH, false }, { 0xE0E8, ANCHOR_OP, false } }, V1,
	    .why = "a Trust M V1 has no protected update of metadata" },
	{ "'reset': 'creation'", 0xE0F1, { { 0xE0F1, KEY_LOCKED, false } }, V3,
	    .why = "its rules are fixed for ever, and another reset" },
	/* More than the chip has room for. */
	{ "'change': 'until operational or paired host or counter E120', 'read': 'until "
	  "operational or paired host or counter E120'",
	    0xE0E1,
	    { { 0xE0E1, CERT_FRESH, false }, { 0xE140, BINDING, false },
		{ 0xE120, COUNTER, false } },
	    V3, ON, .why = "its metadata would have 45 bytes" },
};

static uint8_t
nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'A' + 10);
}

static size_t
unhex(const char *s, uint8_t *out)
{
	size_t n = 0;

	for (; s[0] != '\0'; s += 2)
		out[n++] = (uint8_t)(nibble(s[0]) << 4 | nibble(s[1]));
	return n;
}

static void
fill(struct lock_object *o, const struct given *g)
{
	*o = (struct lock_object){ .oid = g->oid, .meta = { 0x20 }, .empty = g->empty };
	o->meta_len = unhex(g->meta, o->meta + 2) + 2;
	o->meta[1] = (uint8_t)(o->meta_len - 2);
}

/* With ' for ", and the object the table is about. */
static struct lock_policy *
rule_policy(const struct row *row)
{
	char text[512];

	(void)snprintf(
	    text, sizeof(text), "{ 'objects': [ { 'object': '%04X', %s } ] }", row->oid, row->rule);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	return policy(text);
}

static bool
is_block(const uint8_t *bytes, size_t len, const char *want)
{
	uint8_t b[64];
	const size_t n = want != NULL ? unhex(want, b) : 0;

	return want == NULL ? len <= 2 : n == len && memcmp(b, bytes, n) == 0;
}

static bool
is_said(const char *words, const struct lock_change *c, const struct lock_chip *chip)
{
	const char *s;

	for (size_t i = 0;
	     (s = chip == NULL ? lock_forever(c, i) : lock_warning(c, chip, i)) != NULL; i++)
		if (strstr(s, words) != NULL)
			return true;
	return false;
}

START_TEST(the_change_is_computed)
{
	const struct row *row = &rows[_i];
	struct lock_object objects[3];
	struct lock_chip chip = {
		.generation = row->chip, .pairing = row->pairing, .objects = objects
	};
	struct lock_policy *p = rule_policy(row);
	struct lock_change c;
	const char *hint, *why;

	for (size_t i = 0; i < ROWS(row->given) && row->given[i].oid != 0; i++)
		fill(&objects[chip.n++], &row->given[i]);
	why = lock_compute(&p->rules[0], &chip, row->oid, &c, &hint);
	if (row->why != NULL) {
		ck_assert_msg(why != NULL && strstr(why, row->why) != NULL, "%s: %s", row->rule,
		    why != NULL ? why : "fine");
		lock_policy_free(&p);
		return;
	}
	ck_assert_msg(why == NULL, "%s: %s", row->rule, why);
	ck_assert_msg(is_block(c.conditions, c.conditions_len, row->conditions), "%s", row->rule);
	ck_assert_msg(is_block(c.raise, c.raise_len, row->raise), "%s", row->rule);
	ck_assert_int_eq(lock_change_empty(&c), row->conditions == NULL && row->raise == NULL);
	ck_assert_msg(
	    row->forever == NULL || is_said(row->forever, &c, NULL), "%s: for ever", row->rule);
	ck_assert_msg(row->mind == NULL || is_said(row->mind, &c, &chip), "%s: mind", row->rule);
	ck_assert_int_eq(lock_forever(&c, 0) != NULL, row->raise != NULL);
	lock_policy_free(&p);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("lock");

	tcase_add_loop_test(tc, words_become_bytes_and_words_again, 0, ROWS(good));
	tcase_add_loop_test(tc, other_words_are_refused, 0, ROWS(bad));
	tcase_add_test(tc, strange_bytes_are_shown_as_they_are);
	tcase_add_test(tc, random_bytes_keep_their_meaning);
	tcase_add_test(tc, what_is_left_when_the_life_cycle_has_moved);
	tcase_add_loop_test(tc, mistakes_are_named_with_their_place, 0, ROWS(mistakes));
	tcase_add_test(tc, policies_are_read);
	tcase_add_test(tc, shipped_policies_are_good);
	tcase_add_loop_test(tc, the_change_is_computed, 0, ROWS(rows));
	return run_case("prov_lock", tc);
}
