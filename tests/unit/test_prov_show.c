/* Drawings of a chip: text, JSON and HTML of the same map, with names that do their worst. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provision/show.h"
#include "tests/unit/test_prov_util.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

/* Markup, quotes, an escape sequence, and bytes that are no UTF-8. */
#define ATTACK  "<b onclick='x'>\"&\033[31m\xFF"
#define ESCAPED "&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;\\x1B[31m\\xFF"

static struct chip_object objects[8];
static struct chip_key keys[2];
static struct chip_x509 certs[2];
static struct certinfo infos[2];
static struct chipmap map;
static struct show show;
static EVP_PKEY *pair;

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
put_object(uint16_t oid, enum chip_kind kind, const char *meta, const char *value)
{
	struct chip_object *o = &objects[map.nobjects++];

	memset(o, 0, sizeof(*o));
	o->oid = oid;
	o->kind = kind;
	o->name = text_clean((const unsigned char *)ATTACK, strlen(ATTACK));
	ck_assert_ptr_nonnull(o->name);
	o->meta_len = 2 + unhex(meta, o->meta + 2);
	o->meta[0] = 0x20;
	o->meta[1] = (unsigned char)(o->meta_len - 2);
	ck_assert(chip_meta_parse(o));
	o->content = kind == CHIP_EC_KEY ? CONTENT_NONE : CONTENT_HIDDEN;
	if (value == NULL)
		return;
	o->value = malloc(strlen(value) / 2 + 1);
	ck_assert_ptr_nonnull(o->value);
	o->value_len = unhex(value, o->value);
	o->content = CONTENT_READ;
}

static void
put_cert(uint16_t oid, unsigned int at, int key, long days)
{
	struct chip_x509 *c = &certs[map.ncerts];
	X509 *x = X509_new();

	ck_assert_int_eq(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
			     (const unsigned char *)ATTACK, -1, -1, 0),
	    1);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(x), -86400));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(x), days * 86400));
	ck_assert_int_eq(X509_set_pubkey(x, pair), 1);
	ck_assert_int_gt(X509_sign(x, pair, EVP_sha256()), 0);
	*c = (struct chip_x509){ .cert = x, .oid = oid, .at = at, .size = 300, .key = key };
	ck_assert(certinfo_read(&infos[map.ncerts], x));
	map.ncerts++;
}

/* A key with an expired certificate and a chain, a counter that limits it, data, a secret. */
static void
setup(void)
{
	map = (struct chipmap){ .chip = true, .objects = objects, .keys = keys, .certs = certs };
	show = (struct show){ .map = &map, .certs = infos, .label = "<label>", .serial = "1" };
	show.model = "model";
	show.manufacturer = "maker";
	show.now = time(NULL);
	pair = EVP_EC_gen("P-256");
	put_object(0xE0C2, CHIP_STATUS, "C4011BD001FFD10100",
	    "CD16339301001C000500000A09A413000A002F002E801010712440");
	put_object(0xE0C5, CHIP_STATUS, "C40101D001FFD10100", "07");
	put_object(0xE0E1, CHIP_CERT, "C00101C40206C0C502012CD003E1FC07D10100D30100", "30");
	put_object(0xE0F1, CHIP_EC_KEY, "C00107D001FFD30340E120E00103E10111", NULL);
	put_object(0xE0F2, CHIP_EC_KEY, "C00101D003E1FC07D30100", NULL);
	put_object(0xE120, CHIP_COUNTER, "C00107C40108D001FFD10100", "0000001E00000064");
	put_object(0xE140, CHIP_BINDING, "C00101C40140C50140D003E1FC07D101FFD30100", NULL);
	put_object(
	    0xF1D0, CHIP_DATA, "C00101C1028003C4018CC50102D003E1FC07D10100D80321E0E8", "0102");
	memset(keys, 0, sizeof(keys));
	keys[0].oid = 0xE0F1;
	keys[0].label = text_clean((const unsigned char *)ATTACK, strlen(ATTACK));
	keys[0].key.id_len = unhex("E0F1", keys[0].key.id);
	ck_assert_int_eq(EVP_PKEY_up_ref(pair), 1);
	keys[0].key.pub = pair;
	map.nkeys = 1;
	put_cert(0xE0E1, 0, 0, -1);
	put_cert(0xE0E1, 1, -1, 100);
}

static void
teardown(void)
{
	for (size_t i = 0; i < map.nobjects; i++) {
		free(objects[i].name);
		free(objects[i].value);
	}
	for (size_t i = 0; i < map.ncerts; i++) {
		certinfo_free(&infos[i]);
		X509_free(certs[i].cert);
	}
	free(keys[0].label);
	token_key_clear(&keys[0].key);
	EVP_PKEY_free(pair);
}

/* All that show_text writes, to be freed. */
static char *
text_of(size_t width, bool colour)
{
	char *text = NULL;
	size_t len = 0;
	struct look l = { .f = open_memstream(&text, &len), .width = width, .colour = colour };

	ck_assert_ptr_nonnull(l.f);
	show_text(&show, &l);
	ck_assert_int_eq(fclose(l.f), 0);
	return text;
}

#define SAYS(text, words)                                                                          \
	ck_assert_msg(strstr(text, words) != NULL, "no \"%s\" in\n%s", words, text)

START_TEST(in_words)
{
	char *text = text_of(0, false);

	SAYS(text, "event counter 7: the chip answers more slowly");
	SAYS(text, "E0F1 second   secp256r1 for authentication, signatures, \"<b onclick='x'>");
	SAYS(text, "70 uses left");
	SAYS(text, "expired 20");
	SAYS(text, "E0F2 third    free");
	SAYS(text, "30 of 100");
	SAYS(text, "secret, 64 of 64 bytes");
	SAYS(text, "update by an update signed for E0E8");
	SAYS(text, "an update did not end");
	SAYS(text, "use while counter E120 lasts; life cycle operational, locked");
	ck_assert_ptr_null(strchr(text, '\033'));
	free(text);
	text = text_of(0, true);
	SAYS(text, "\033[1mSlots\033[0m");
	free(text);
}
END_TEST

/* UTF-8: bytes of the form 10xxxxxx go on. */
static size_t
columns(const char *line)
{
	size_t n = 0;

	for (; *line != '\0'; line++)
		n += ((unsigned char)*line & 0xC0) != 0x80;
	return n;
}

START_TEST(every_width)
{
	for (show.all = false;; show.all = true) {
		for (size_t width = 40; width < 130; width += 3) {
			char *text = text_of(width, false), *save = NULL;

			for (char *line = strtok_r(text, "\n", &save); line != NULL;
			     line = strtok_r(NULL, "\n", &save))
				ck_assert_msg(columns(line) <= width, "%zu: %s", width, line);
			free(text);
		}
		if (show.all)
			break;
	}
}
END_TEST

START_TEST(one_slot)
{
	char *text;

	show.slot = chip_slot_find("second");
	text = text_of(0, false);
	SAYS(text, "\nkey          secp256r1\n");
	SAYS(text, "\nid           e0f1\n");
	SAYS(text, "in           E0E1, of the chain");
	SAYS(text, "conditions   change never; use while counter E120 lasts");
	ck_assert_ptr_null(strstr(text, "F1D0"));
	free(text);
	show.slot = chip_slot_find("third");
	text = text_of(0, false);
	SAYS(text, "\nkey          none\n");
	ck_assert_ptr_null(strstr(text, "certificate"));
	free(text);
}
END_TEST

START_TEST(as_a_page)
{
	char *page = NULL;
	size_t len = 0, texts = 0;
	FILE *f = open_memstream(&page, &len);

	ck_assert_ptr_nonnull(f);
	ck_assert(show_html(&show, f));
	ck_assert_int_eq(fclose(f), 0);
	for (const char *p = page; (p = strstr(p, ESCAPED)) != NULL; p++)
		texts++;
	ck_assert_uint_ge(texts, 8);
	SAYS(page, "<title>&lt;label&gt;</title>");
	ck_assert_ptr_null(strstr(page, "<b onclick"));
	ck_assert_ptr_null(strchr(page, '\033'));
	SAYS(page, "aria-label=\"30 of 100 counts\"");
	SAYS(page, "class=\"box cert alarm\"");
	SAYS(page, "class=\"tile alarm\"><b>7</b>");
	SAYS(page, "</html>\n");
	free(page);
}
END_TEST

START_TEST(as_json)
{
	json_t *r = show_json(&show), *o;
	char *text = json_dumps(r, 0);

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(json_array_size(json_object_get(r, "slots")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(r, "objects")), map.nobjects);
	ck_assert_uint_eq(json_array_size(json_object_get(r, "certificates")), 2);
	o = json_array_get(json_object_get(r, "objects"), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "uses_left")), 70);
	o = json_object_get(json_object_get(r, "chip"), "uid_fields");
	ck_assert_str_eq(json_string_value(json_object_get(o, "build")), "2440");
	ck_assert_int_eq(json_integer_value(json_object_get(o, "wafer_x")), 0x2F);
	free(text);
	json_decref(r);
	show.slot = chip_slot_find("second");
	r = show_json(&show);
	ck_assert_uint_eq(json_array_size(json_object_get(r, "objects")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(r, "certificates")), 2);
	json_decref(r);
	/* Another token: no objects, and so no chip. */
	show.slot = NULL;
	map.chip = false;
	r = show_json(&show);
	ck_assert_ptr_null(json_object_get(r, "objects"));
	ck_assert_ptr_null(json_object_get(r, "chip"));
	json_decref(r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("show");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, in_words);
	tcase_add_test(tc, every_width);
	tcase_add_test(tc, one_slot);
	tcase_add_test(tc, as_a_page);
	tcase_add_test(tc, as_json);
	return run_case("show", tc);
}
