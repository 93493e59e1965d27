/* What calls cost: commands on the bus, counted in a trace (OPTIGA_TRACE) of a chip. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "tests/module/harness.h"

/* A data frame with the first part of a command: DATA FCTR LEN(2) PCTR CMD PARAM LEN(2) OID(2). */
#define AT_FCTR   1
#define AT_PCTR   4
#define AT_CMD    5
#define AT_PARAM  6
#define AT_OID    9
#define REG_DATA  0x80
#define CONTROL   0x80 /* FCTR: no data */
#define PART      0x07 /* PCTR: chaining; 0 is a whole message, 1 the first of several */
#define GET_DATA  0x01
#define CERT      0xE0E0
#define CERT_END  0xE0EF
#define INDEX     0xF1D4
#define INDEX_END 0xF1DB

struct traffic {
	unsigned commands;
	unsigned metadata, certs, index; /* of the objects read */
	unsigned others;                 /* other data objects read, but for the chip's name */
};

static char trace[128];
static long from;

static void
setup(void)
{
	harness_load();
	harness_chip();
	(void)snprintf(trace, sizeof(trace), "%s/trace", harness_dir());
	ck_assert_int_eq(setenv("OPTIGA_TRACE", trace, 1), 0);
	ck_assert_ok(p11->C_Initialize(NULL));
	from = 0;
}

static void
teardown(void)
{
	ck_assert_int_eq(unsetenv("OPTIGA_TRACE"), 0);
	harness_teardown();
}

static void
count(const unsigned char *frame, unsigned len, struct traffic *t)
{
	unsigned oid;

	if (len <= AT_OID + 1 || frame[0] != REG_DATA || (frame[AT_FCTR] & CONTROL) != 0 ||
	    (frame[AT_PCTR] & PART) > 1)
		return;
	t->commands++;
	if ((frame[AT_CMD] & 0x7F) != GET_DATA)
		return;
	oid = (unsigned)frame[AT_OID] << 8 | frame[AT_OID + 1];
	if (frame[AT_PARAM] == 1)
		t->metadata++;
	else if (oid >= CERT && oid <= CERT_END)
		t->certs++;
	else if (oid >= INDEX && oid <= INDEX_END)
		t->index++;
	else if (oid != 0xE0C2)
		t->others++;
}

/* Since the last call. */
static struct traffic
traffic(void)
{
	struct traffic t = { 0 };
	FILE *f = fopen(trace, "r");
	unsigned char frame[16];
	char line[4096];

	if (f == NULL) /* nothing happened yet */
		return t;
	ck_assert_int_eq(fseek(f, from, SEEK_SET), 0);
	while (fgets(line, sizeof(line), f) != NULL) {
		const char *p = strstr(line, "\"dir\":\"W\",\"hex\":\"");
		unsigned len = 0, v;

		if (p == NULL || strstr(line, "\"nack\"") != NULL)
			continue;
		p += strlen("\"dir\":\"W\",\"hex\":\"");
		for (; len < sizeof(frame) && sscanf(p, "%2x", &v) == 1; p += 2)
			frame[len++] = (unsigned char)v;
		count(frame, len, &t);
	}
	from = ftell(f);
	(void)fclose(f);
	return t;
}

static CK_ULONG
find(CK_SESSION_HANDLE s, const char *id, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS cls = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE tmpl[] = {
		{ CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_ID, (void *)(uintptr_t)id, strlen(id) },
	};

	return harness_find(s, tmpl, 2, key, 1);
}

static void
sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	unsigned char digest[32] = "", sig[64];
	CK_ULONG len = sizeof(sig);

	ck_assert_ok(p11->C_SignInit(s, &ecdsa, key));
	ck_assert_ok(p11->C_Sign(s, digest, sizeof(digest), sig, &len));
}

/* Nothing is left of the process before but the chip. */
static CK_SESSION_HANDLE
afresh(void)
{
	ck_assert_ok(p11->C_Finalize(NULL));
	ck_assert_ok(p11->C_Initialize(NULL));
	(void)traffic();
	return harness_session(false);
}

static void
make_keys(void)
{
	CK_OBJECT_HANDLE pub, priv;
	CK_SESSION_HANDLE s = harness_session(true);

	for (size_t i = 0; i < 3; i++)
		ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256],
		    (const char *[]){ "one", "two", "three" }[i], "a key", &pub, &priv));
}

/* No certificate, the index, and one record of metadata. */
START_TEST(signing_by_id_reads_little)
{
	CK_KEY_TYPE type;
	CK_BBOOL always;
	CK_ATTRIBUTE look[] = {
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_ALWAYS_AUTHENTICATE, &always, sizeof(always) },
	};
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s;
	struct traffic t;

	make_keys();
	s = afresh();
	ck_assert_uint_eq(find(s, "two", &key), 1);
	ck_assert_ok(p11->C_GetAttributeValue(s, key, look, 2));
	sign(s, key);
	t = traffic();
	ck_assert_uint_eq(t.certs, 0);
	ck_assert_uint_eq(t.others, 0);
	ck_assert_uint_le(t.metadata, 1);
	ck_assert_uint_ge(t.index, 1);
	ck_assert_uint_le(t.index, INDEX_END - INDEX + 1);
}
END_TEST

START_TEST(a_second_search_costs_nothing)
{
	CK_OBJECT_HANDLE list[16];
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s;
	CK_ULONG n;

	make_keys();
	s = afresh();
	ck_assert_uint_eq(find(s, "two", &key), 1);
	ck_assert_uint_gt(traffic().commands, 0);
	ck_assert_uint_eq(find(s, "two", &key), 1);
	ck_assert_uint_eq(find(s, "none", &key), 0);
	ck_assert_uint_eq(find(harness_session(false), "two", &key), 1);
	ck_assert_uint_eq(traffic().commands, 0);
	n = harness_find(s, NULL, 0, list, 16);
	(void)traffic();
	ck_assert_uint_eq(harness_find(s, NULL, 0, list, 16), n);
	ck_assert_uint_eq(traffic().commands, 0);
}
END_TEST

/* While nobody else is at work. */
START_TEST(a_signature_is_one_command)
{
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s;

	make_keys();
	s = afresh();
	ck_assert_uint_eq(find(s, "three", &key), 1);
	sign(s, key);
	(void)traffic();
	for (int i = 0; i < 3; i++) {
		sign(s, key);
		ck_assert_uint_eq(traffic().commands, 1);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("lazy");
	TCase *tc = tcase_create("trace");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, signing_by_id_reads_little);
	tcase_add_test(tc, a_second_search_costs_nothing);
	tcase_add_test(tc, a_signature_is_one_command);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return harness_run(suite());
}
