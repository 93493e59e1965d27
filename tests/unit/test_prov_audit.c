/* The rules of "audit": every row is found where it should be, and nowhere else. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provision/audit.h"
#include "tests/unit/test_prov_util.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))
#define DAY       86400L

/* --- one chip, in pieces ------------------------------------------------------------------- */

/* An object by its metadata and content, both in hex; sizes and conditions as on real chips. */
struct thing {
	uint16_t oid;
	enum chip_kind kind;
	const char *meta, *value; /* value NULL: may not be read */
};

static struct chip_object objects[4];
static struct chip_key keys[2];
static struct chip_x509 certs[2];
static struct certinfo infos[2];
static struct chipmap map;
static struct show show;
static EVP_PKEY *pairs[2]; /* made once: [0] the key in E0F1, [1] another */
static char name[] = "object";

static size_t
unhex(const char *text, unsigned char *out)
{
	size_t n = 0;
	unsigned int byte;

	for (; sscanf(text, "%2x", &byte) == 1; text += 2)
		out[n++] = (unsigned char)byte;
	return n;
}

static void
put_thing(const struct thing *t)
{
	struct chip_object *o = &objects[map.nobjects++];
	static unsigned char values[NITEMS(objects)][256];

	memset(o, 0, sizeof(*o));
	o->oid = t->oid;
	o->kind = t->kind;
	o->name = name;
	/* The rows leave out how long it is. */
	o->meta_len = 2 + unhex(t->meta, o->meta + 2);
	o->meta[0] = 0x20;
	o->meta[1] = (unsigned char)(o->meta_len - 2);
	ck_assert(chip_meta_parse(o));
	o->content = t->value != NULL ? CONTENT_READ : CONTENT_HIDDEN;
	if (t->value == NULL)
		return;
	o->value = values[map.nobjects - 1];
	o->value_len = unhex(t->value, o->value);
	if (o->kind == CHIP_CERT || o->kind == CHIP_ANCHOR)
		o->form = chip_bytes_in_use(o) == 0 ? FORM_EMPTY : FORM_OTHER;
}

static void
clear(void)
{
	for (size_t i = 0; i < map.ncerts; i++) {
		certinfo_free(&infos[i]);
		X509_free(certs[i].cert);
	}
	for (size_t i = 0; i < map.nkeys; i++)
		token_key_clear(&keys[i].key);
	map = (struct chipmap){ .chip = true, .objects = objects, .keys = keys, .certs = certs };
	show = (struct show){ .map = &map, .certs = infos, .label = "t", .serial = "s" };
	show.now = time(NULL);
}

static void
put_key(uint16_t oid, EVP_PKEY *pub)
{
	struct chip_key *k = &keys[map.nkeys++];

	memset(k, 0, sizeof(*k));
	k->oid = oid;
	k->key.id[0] = (unsigned char)(oid >> 8);
	k->key.id[1] = (unsigned char)oid;
	k->key.id_len = 2;
	if (pub != NULL)
		ck_assert_int_eq(EVP_PKEY_up_ref(pub), 1);
	k->key.pub = pub;
}

/* Issued by issuer (itself when that is the subject) for a key, from a day to another. */
static void
put_cert(uint16_t oid, EVP_PKEY *pub, const char *subject, const char *issuer, long from, long to,
    const EVP_MD *md)
{
	struct chip_x509 *c = &certs[map.ncerts];
	X509 *x = X509_new();
	X509_NAME *n = X509_get_subject_name(x), *by = X509_NAME_new();

	ck_assert_int_eq(X509_NAME_add_entry_by_txt(
			     n, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0),
	    1);
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(
			     by, "CN", MBSTRING_UTF8, (const unsigned char *)issuer, -1, -1, 0),
	    1);
	ck_assert_int_eq(X509_set_issuer_name(x, by), 1);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(x), from * DAY));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(x), to * DAY + 60));
	ck_assert_int_eq(X509_set_pubkey(x, pub), 1);
	ck_assert_int_gt(X509_sign(x, pairs[0], md), 0);
	X509_NAME_free(by);
	*c = (struct chip_x509){ .cert = x, .oid = oid, .key = -1 };
	for (size_t k = 0; k < map.nkeys; k++)
		if (keys[k].key.pub != NULL && EVP_PKEY_eq(keys[k].key.pub, pub) == 1)
			c->key = (int)k;
	ck_assert(certinfo_read(&infos[map.ncerts], x));
	map.ncerts++;
}

/* "rule rule", in the order of the table's gravity. */
static const char *
found(int factory)
{
	static char text[256];
	struct audit a = { .show = &show, .days = 90, .factory_secret = factory };

	audit_run(&a);
	ck_assert(!a.failed);
	text[0] = '\0';
	for (size_t i = 0; i < a.n; i++) {
		const size_t used = strlen(text);

		(void)snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? " " : "",
		    a.findings[i].rule->id);
	}
	audit_free(&a);
	return text;
}

/* --- objects ------------------------------------------------------------------------------- */

static const struct {
	struct thing t;
	const char *found;
} things[] = {
	/* As delivered: data. */
	{ { 0xF1D0, CHIP_DATA, "C00101C4018CC50164D003E1FC07D10100", "0000" }, "free-open" },
	{ { 0xF1D0, CHIP_DATA, "C00101C4018CC50164D003E1FC07D10100", "0001" }, "object-open" },
	{ { 0xF1D0, CHIP_DATA, "C00107C4018CC50164D003E1FC07D10100", "0001" }, "" },
	{ { 0xF1D0, CHIP_DATA, "C00107C4018CC50164D00100D10100", "0001" }, "object-open" },
	{ { 0xF1D0, CHIP_DATA, "C00101C4018CC50164D001FFD10100", "0001" }, "object-unlocked" },
	{ { 0xF1D0, CHIP_DATA, "C0010FC4018CC50164D001FFD10100", NULL }, "terminated" },
	/* Changed only by its update: not open, and not to be opened. */
	{ { 0xF1D0, CHIP_DATA, "C00107C4018CC50164D00321E0E8D10100", "0001" }, "" },
	/* A secret that may be read, and one that may not. */
	{ { 0xF1D0, CHIP_DATA, "C00107C4018CC50164D001FFD10100E80121", NULL }, "secret-readable" },
	{ { 0xF1D0, CHIP_DATA, "C00107C4018CC50164D001FFD101FFE80121", NULL }, "" },
	{ { 0xF1D0, CHIP_DATA, "C1028003C00107C4018CC50164D001FFD10100", "01" },
	    "update-incomplete" },
	{ { 0xF1D0, CHIP_DATA, "C1020003C00107C4018CC50164D001FFD10100", "01" }, "" },
	/* Conditions of another kind of chip: nothing is said to be closed. */
	{ { 0xF1D0, CHIP_DATA, "C00107C4018CC50164D00155D10100", "0001" }, "conditions-unknown" },
	{ { 0xF1D0, CHIP_DATA, "C00107C4018CC50164D001FFD10220E1", "0001" }, "conditions-unknown" },
	/* The module's own. */
	{ { 0xF1D4, CHIP_DATA, "C00101C4018CC50164D003E1FC07D10100", "9E4F501000" }, "index-open" },
	/* Trust anchors. */
	{ { 0xE0E8, CHIP_ANCHOR, "C00101C40204B0C50204B0D003E1FC07D10100", "3000" },
	    "anchor-open not-a-certificate" },
	{ { 0xE0E8, CHIP_ANCHOR, "C00101C40204B0C50204B0D003E1FC07D10100", "0000" },
	    "anchor-free" },
	{ { 0xE0E8, CHIP_ANCHOR, "C00107C40204B0C50204B0D003E1FC07D10100", "0000" }, "" },
	{ { 0xE0E8, CHIP_ANCHOR, "C00101C40204B0C50204B0D001FFD10100", "3000" },
	    "anchor-open not-a-certificate" },
	/* The binding secret. */
	{ { 0xE140, CHIP_BINDING, "C00101C40140C50140D007E1FC07FE20E140D103E1FC07D30100E80122",
	      NULL },
	    "binding-open" },
	{ { 0xE140, CHIP_BINDING, "C00107C40140C50140D001FFD101FFD30100E80122", NULL }, "" },
	{ { 0xE140, CHIP_BINDING, "C00107C40140C50140D00320E140D101FFD30100E80122", NULL }, "" },
	/* Counters: unused, in use, near the end, at it; one that anyone may turn back. */
	{ { 0xE120, CHIP_COUNTER, "C00107C40108D003E1FC07D10100", "0000000000000000" }, "" },
	{ { 0xE120, CHIP_COUNTER, "C00107C40108D003E1FC07D10100", "0000000100000064" }, "" },
	{ { 0xE120, CHIP_COUNTER, "C00107C40108D003E1FC07D10100", "0000005900000064" }, "" },
	{ { 0xE120, CHIP_COUNTER, "C00107C40108D003E1FC07D10100", "0000005A00000064" },
	    "counter-near" },
	{ { 0xE120, CHIP_COUNTER, "C00107C40108D003E1FC07D10100", "0000006400000064" },
	    "counter-end" },
	{ { 0xE120, CHIP_COUNTER, "C00107C40108D003E1FC07D10100", "FFFFFFFF00000000" },
	    "counter-end" },
	{ { 0xE120, CHIP_COUNTER, "C00101C40108D003E1FC07D10100", "0000000100000064" },
	    "object-open" },
	/* State of the chip. */
	{ { 0xE0C5, CHIP_STATUS, "C40101D001FFD10100", "00" }, "" },
	{ { 0xE0C5, CHIP_STATUS, "C40101D001FFD10100", "01" }, "events" },
	{ { 0xE0C5, CHIP_STATUS, "C40101D001FFD10100", "05" }, "events" },
	{ { 0xE0C5, CHIP_STATUS, "C40101D001FFD10100", "06" }, "throttled" },
	{ { 0xE0C0, CHIP_STATUS, "C40101D00100D10100", "07" }, "" },
	{ { 0xE0C0, CHIP_STATUS, "C40101D00100D10100", "03" }, "chip-life-cycle" },
	{ { 0xE0C9, CHIP_STATUS, "C00107C40108D003E1FC07D10100", "3200050100000000" }, "" },
	{ { 0xE0C9, CHIP_STATUS, "C00107C40108D003E1FC07D10100", "0000050100000000" },
	    "monitor-off" },
	{ { 0xE0C9, CHIP_STATUS, "C00101C40108D003E1FC07D10100", "3200050100000000" },
	    "monitor-open" },
	/* A certificate's place. */
	{ { 0xE0E1, CHIP_CERT, "C00107C40206C0C50206C0D003E1FC07D10100", "3055" },
	    "not-a-certificate" },
};

START_TEST(object)
{
	clear();
	put_thing(&things[_i].t);
	ck_assert_str_eq(found(-1), things[_i].found);
	/* The chip as a whole is not part of a slot. */
	show.slot = chip_slot_find("six");
	ck_assert_str_eq(found(-1), "");
}
END_TEST

START_TEST(factory_secret)
{
	const struct thing t = { 0xE140, CHIP_BINDING, "C00107C40140C50140D001FFD101FFD30100E80122",
		NULL };

	clear();
	put_thing(&t);
	ck_assert_str_eq(found(0), "");
	ck_assert_str_eq(found(1), "binding-factory");
	objects[0].meta_len = 0; /* the chip tells nothing of it */
	ck_assert_str_eq(found(1), "conditions-unknown");
}
END_TEST

/* --- keys and certificates ----------------------------------------------------------------- */

static const struct thing locked_key = { 0xE0F1, CHIP_EC_KEY, "C00107D003E1FC07D30100E00103E10110",
	NULL };

START_TEST(key_states)
{
	static const struct {
		const char *meta, *found;
	} rows[] = {
		{ "C00107D003E1FC07D30100E00103E10110", "key-no-certificate key-unknown" },
		{ "C00101D003E1FC07D30100E00103E10110",
		    "key-unlocked key-no-certificate key-unknown" },
		{ "C00107D00100D30100E00103E10110", "key-open key-no-certificate key-unknown" },
		{ "C00107D001FFD30100E00141E10110", "key-weak key-no-certificate key-unknown" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct thing t = locked_key;

		clear();
		t.meta = rows[i].meta;
		put_thing(&t);
		put_key(0xE0F1, NULL);
		ck_assert_str_eq(found(-1), rows[i].found);
	}
}
END_TEST

static void
key_in_place(void)
{
	clear();
	put_thing(&locked_key);
	put_key(0xE0F1, pairs[0]);
}

START_TEST(certificate_states)
{
	key_in_place();
	put_cert(0xE0E1, pairs[0], "device", "Plant CA", -1, 1000, EVP_sha256());
	ck_assert_str_eq(found(-1), "");
	key_in_place();
	put_cert(0xE0E1, pairs[0], "device", "Plant CA", -9, -1, EVP_sha256());
	ck_assert_str_eq(found(-1), "cert-expired");
	key_in_place();
	put_cert(0xE0E1, pairs[0], "device", "Plant CA", -9, 89, EVP_sha256());
	ck_assert_str_eq(found(-1), "cert-expiring");
	key_in_place();
	put_cert(0xE0E1, pairs[0], "device", "Plant CA", -9, 90, EVP_sha256());
	ck_assert_str_eq(found(-1), "");
	key_in_place();
	put_cert(0xE0E1, pairs[0], "device", "Plant CA", 1, 1000, EVP_sha256());
	ck_assert_str_eq(found(-1), "cert-not-yet");
	key_in_place();
	put_cert(0xE0E1, pairs[0], "device", "Plant CA", -1, 1000, EVP_sha1());
	ck_assert_str_eq(found(-1), "cert-weak");
	key_in_place();
	put_cert(0xE0E1, pairs[0], "device", "device", -1, 1000, EVP_sha256());
	ck_assert_str_eq(found(-1), "cert-self-signed");
}
END_TEST

START_TEST(test_certificates)
{
	static const struct {
		const char *issuer;
		bool test;
	} rows[] = {
		{ "Infineon OPTIGA(TM) Trust M Test CA 000", true },
		{ "TEST", true },
		{ "my-test-ca", true },
		{ "Simulated Vendor", true },
		{ "Latest Testament Ltd", false },
		{ "Attest", false },
		{ "Plant CA", false },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		key_in_place();
		put_cert(0xE0E1, pairs[0], "device", rows[i].issuer, -1, 1000, EVP_sha256());
		ck_assert_str_eq(found(-1), rows[i].test ? "cert-test" : "");
	}
}
END_TEST

START_TEST(certificates_for_other_keys)
{
	key_in_place();
	put_cert(0xE0E1, pairs[1], "device", "Plant CA", -1, 1000, EVP_sha256());
	ck_assert_str_eq(found(-1), "key-mismatch key-no-certificate");
	/* Elsewhere: for no key. */
	key_in_place();
	put_cert(0xE0E3, pairs[1], "device", "Plant CA", -1, 1000, EVP_sha256());
	ck_assert_str_eq(found(-1), "cert-no-key key-no-certificate");
	/* Unless a key's public half is not known. */
	key_in_place();
	put_key(0xE0F2, NULL);
	put_cert(0xE0E3, pairs[1], "device", "Plant CA", -1, 1000, EVP_sha256());
	ck_assert_str_eq(found(-1), "key-no-certificate key-no-certificate key-unknown");
	key_in_place();
	put_key(0xE0FC, NULL);
	put_cert(0xE0E1, pairs[1], "device", "Plant CA", -1, 1000, EVP_sha256());
	ck_assert_str_eq(found(-1), "key-no-certificate key-no-certificate key-unknown");
	/* Another token, by ID. */
	key_in_place();
	map.chip = false;
	map.nobjects = 0;
	keys[0].oid = 0;
	put_cert(0, pairs[1], "device", "Plant CA", -1, 1000, EVP_sha256());
	memcpy(certs[0].id, keys[0].key.id, 2);
	certs[0].id_len = 2;
	ck_assert_str_eq(found(-1), "key-mismatch key-no-certificate");
}
END_TEST

START_TEST(only_the_slot)
{
	key_in_place();
	put_key(0xE0F2, pairs[1]);
	put_cert(0xE0E2, pairs[1], "other", "Plant CA", -9, -1, EVP_sha256());
	show.slot = chip_slot_find("second");
	ck_assert_str_eq(found(-1), "key-no-certificate");
	show.slot = chip_slot_find("third");
	ck_assert_str_eq(found(-1), "cert-expired");
}
END_TEST

/* --- the table, and what is accepted ------------------------------------------------------- */

/* Those that rows above do not have are named here, so that a new rule comes with a test. */
START_TEST(every_rule_is_tested)
{
	static const char *const others[] = { "binding-factory", "key-open", "key-unlocked",
		"key-weak", "key-unknown", "key-mismatch", "key-no-certificate", "cert-expired",
		"cert-expiring", "cert-not-yet", "cert-weak", "cert-test", "cert-self-signed",
		"cert-no-key" };
	const struct audit_rule *r;

	for (size_t i = 0; (r = audit_rule_row(i)) != NULL; i++) {
		bool seen = false;

		for (size_t k = 0; k < NITEMS(things); k++)
			seen = seen || strstr(things[k].found, r->id) != NULL;
		for (size_t k = 0; k < NITEMS(others); k++)
			seen = seen || strcmp(others[k], r->id) == 0;
		ck_assert_msg(seen, "%s is in no test", r->id);
		ck_assert_ptr_eq(audit_rule_find(r->id), r);
		ck_assert(r->means[0] != '\0' && r->remedy[0] != '\0');
	}
	ck_assert_ptr_null(audit_rule_find("none"));
}
END_TEST

static const struct {
	const char *text;
	bool good;
	bool accepted;
	const char *said; /* of it, words */
} accepts[] = {
	{ "", true, false, "" },
	{ "# only a comment\n\n", true, false, "" },
	{ "key-no-certificate E0F1\n", true, true, "" },
	{ "  key-no-certificate\tE0F1  # why\r\n", true, true, "" },
	{ "key-no-certificate *", true, true, "" },
	{ "* E0F1", true, true, "" },
	{ "* *", true, true, "" },
	{ "key-no-certificate E0F2\n", true, false,
	    "accept:1: \"key-no-certificate E0F2\" was not" },
	{ "cert-expired E0F1\n", true, false, "was not found" },
	{ "\n\nkey-nocertificate E0F1\n", false, false, "accept:3: there is no finding" },
	{ "key-no-certificate\n", false, false, "accept:1: there is no object behind" },
	{ "key-no-certificate e0f1\n", false, false, "\"e0f1\" is no object" },
	{ "key-no-certificate E0F1 why\n", false, false, "something stands behind" },
};

START_TEST(accepted)
{
	struct audit a = { .show = &show, .factory_secret = -1 };

	key_in_place();
	audit_run(&a);
	ck_assert_uint_eq(a.n, 1);
	scratch_write("accept", accepts[_i].text);
	ck_assert_int_eq(audit_accept(&a, scratch_file("accept")), accepts[_i].good);
	ck_assert_int_eq(a.findings[0].accepted, accepts[_i].accepted);
	if (accepts[_i].said[0] == '\0')
		ck_assert_str_eq(said(), "");
	ck_assert_msg(strstr(said(), accepts[_i].said) != NULL, "%s", said());
	audit_free(&a);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("audit");
	int status;

	pairs[0] = EVP_EC_gen("P-256");
	pairs[1] = EVP_EC_gen("P-256");
	tcase_add_loop_test(tc, object, 0, NITEMS(things));
	tcase_add_test(tc, factory_secret);
	tcase_add_test(tc, key_states);
	tcase_add_test(tc, certificate_states);
	tcase_add_test(tc, test_certificates);
	tcase_add_test(tc, certificates_for_other_keys);
	tcase_add_test(tc, only_the_slot);
	tcase_add_test(tc, every_rule_is_tested);
	tcase_add_loop_test(tc, accepted, 0, NITEMS(accepts));
	status = run_case("audit", tc);
	clear();
	EVP_PKEY_free(pairs[0]);
	EVP_PKEY_free(pairs[1]);
	return status;
}
