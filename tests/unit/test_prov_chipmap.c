/* The object map, read from a module that lies, and its words. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/certinfo.h"
#include "provision/chipmap.h"
#include "provision/tokenint.h"
#include "tests/unit/test_prov_util.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

/* --- a module that is a table -------------------------------------------------------------- */

struct fake {
	CK_OBJECT_CLASS class;
	uint16_t oid; /* 0: no such attribute */
	const char *label;
	const char *meta; /* hex */
	const unsigned char *value;
	size_t value_len;
	CK_RV rv; /* of reading attributes */
};

static const struct fake *fakes;
static size_t nfakes, at, reads_of_value;
static CK_OBJECT_CLASS wanted;
static CK_RV find_rv;
static size_t calls, fails_at; /* of the module; 0: never */

static CK_RV
find_init(CK_SESSION_HANDLE h, CK_ATTRIBUTE *templ, CK_ULONG n)
{
	(void)h;
	ck_assert_uint_ge(n, 1);
	ck_assert_uint_eq(templ[0].type, CKA_CLASS);
	memcpy(&wanted, templ[0].pValue, sizeof(wanted));
	at = n == 1 ? 0 : nfakes; /* public keys by ID: there are none */
	return ++calls == fails_at ? CKR_DEVICE_ERROR : find_rv;
}

static CK_RV
find(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *n)
{
	(void)h;
	for (*n = 0; at < nfakes && *n < max; at++)
		if (fakes[at].class == wanted)
			out[(*n)++] = at + 1;
	return CKR_OK;
}

static CK_RV
find_final(CK_SESSION_HANDLE h)
{
	(void)h;
	return CKR_OK;
}

static size_t
unhex(const char *text, unsigned char *out)
{
	size_t n = 0;
	unsigned int byte;

	for (; sscanf(text, "%2x", &byte) == 1; text += 2)
		out[n++] = (unsigned char)byte;
	return n;
}

static CK_RV
give(CK_ATTRIBUTE *a, const void *value, size_t len)
{
	const CK_ULONG room = a->ulValueLen;

	a->ulValueLen = len;
	if (value == NULL || (a->pValue != NULL && room < len)) {
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return value == NULL ? CKR_ATTRIBUTE_TYPE_INVALID : CKR_BUFFER_TOO_SMALL;
	}
	if (a->pValue != NULL)
		memcpy(a->pValue, value, len);
	return CKR_OK;
}

static CK_RV
get(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a, CK_ULONG n)
{
	const struct fake *f = &fakes[o - 1];
	const unsigned char oid[] = { (unsigned char)(f->oid >> 8), (unsigned char)f->oid };
	unsigned char meta[256];
	size_t len;

	(void)h;
	ck_assert_uint_eq(n, 1);
	if (++calls == fails_at)
		return CKR_DEVICE_ERROR;
	if (f->rv != CKR_OK)
		return f->rv;
	switch (a->type) {
	case CKA_ID:
	case CKA_OPTIGA_OID: return give(a, f->oid != 0 ? oid : NULL, sizeof(oid));
	case CKA_LABEL: return give(a, f->label, f->label != NULL ? strlen(f->label) : 0);
	case CKA_OPTIGA_METADATA:
		len = f->meta != NULL ? unhex(f->meta, meta) : 0;
		return give(a, f->meta != NULL ? meta : NULL, len);
	case CKA_VALUE: reads_of_value++; return give(a, f->value, f->value_len);
	default: return give(a, NULL, 0);
	}
}

static struct chipmap *
read_fakes(const struct fake *list, size_t n)
{
	CK_FUNCTION_LIST module = {
		.C_FindObjectsInit = find_init,
		.C_FindObjects = find,
		.C_FindObjectsFinal = find_final,
		.C_GetAttributeValue = get,
	};
	struct token t = { .module = &module };

	fakes = list;
	nfakes = n;
	reads_of_value = 0;
	return chipmap_read(&t);
}

#define READ(list) read_fakes(list, NITEMS(list))

/* --- certificates -------------------------------------------------------------------------- */

static unsigned char der[2048];
static size_t der_len;

/* Self-signed, subject CN=name. */
static void
make_cert(const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *n = X509_get_subject_name(cert);
	unsigned char *p = der;

	ck_assert_int_eq(X509_set_version(cert, 2), 1);
	ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(cert), 0x1234), 1);
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(
			     n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0),
	    1);
	ck_assert_int_eq(X509_set_issuer_name(cert, n), 1);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(cert), -3600));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * 3 + 60));
	ck_assert_int_eq(X509_set_pubkey(cert, key), 1);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	der_len = (size_t)i2d_X509(cert, &p);
	ck_assert_uint_lt(der_len, sizeof(der));
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* C0, length, list, two entries. */
static size_t
make_chain(unsigned char *out)
{
	const size_t list = 2 * (3 + der_len), rest = list + 3;
	unsigned char *p = out;

	*p++ = 0xC0;
	*p++ = (unsigned char)(rest >> 8);
	*p++ = (unsigned char)rest;
	*p++ = 0;
	*p++ = (unsigned char)(list >> 8);
	*p++ = (unsigned char)list;
	for (int i = 0; i < 2; i++) {
		*p++ = 0;
		*p++ = (unsigned char)(der_len >> 8);
		*p++ = (unsigned char)der_len;
		memcpy(p, der, der_len);
		p += der_len;
	}
	return (size_t)(p - out);
}

static size_t
count_certs(const unsigned char *p, size_t len, enum chip_form form)
{
	struct chip_x509 list[CHIP_CERTS_MAX];
	unsigned char *copy = malloc(len + 1); /* so that a byte too far is seen */
	size_t n;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, p, len);
	copy = realloc(copy, len > 0 ? len : 1);
	ck_assert_ptr_nonnull(copy);
	ck_assert_int_eq(chip_certs_parse(copy, len, list, CHIP_CERTS_MAX, &n), form);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(list[i].at, i);
		ck_assert_uint_eq(list[i].size, der_len);
		X509_free(list[i].cert);
	}
	free(copy);
	return n;
}

START_TEST(forms_of_certificates)
{
	unsigned char bytes[4096] = { 0 };
	size_t len;

	make_cert("leaf");
	ck_assert_uint_eq(count_certs(bytes, 1728, FORM_EMPTY), 0);
	ck_assert_uint_eq(count_certs(bytes, 0, FORM_EMPTY), 0);
	ck_assert_uint_eq(count_certs(der, der_len, FORM_BARE), 1);
	memcpy(bytes, der, der_len); /* zeros behind it */
	ck_assert_uint_eq(count_certs(bytes, 1728, FORM_BARE), 1);
	len = make_chain(bytes);
	ck_assert_uint_eq(count_certs(bytes, len, FORM_CHAIN), 2);
	ck_assert_uint_eq(count_certs(bytes, len + 100, FORM_CHAIN), 2);
	bytes[0] = 0xC2;
	ck_assert_uint_eq(count_certs(bytes, len, FORM_USB), 0);
	bytes[0] = 0x55;
	ck_assert_uint_eq(count_certs(bytes, len, FORM_OTHER), 0);
}
END_TEST

START_TEST(every_cut_and_every_length_of_a_chain)
{
	unsigned char bytes[4096];
	size_t len, total;

	make_cert("leaf");
	total = make_chain(bytes);
	for (len = 1; len < total; len++)
		ck_assert_uint_eq(count_certs(bytes, len, FORM_OTHER), 0);
	for (size_t i = 1; i < 9; i++) {
		for (unsigned int v = 0; v < 256; v += 5) {
			struct chip_x509 list[CHIP_CERTS_MAX];
			const unsigned char old = bytes[i];
			size_t n;

			bytes[i] = (unsigned char)v;
			(void)chip_certs_parse(bytes, total, list, CHIP_CERTS_MAX, &n);
			ck_assert_uint_le(n, 2);
			while (n > 0)
				X509_free(list[--n].cert);
			bytes[i] = old;
		}
	}
}
END_TEST

/* --- words --------------------------------------------------------------------------------- */

static const struct {
	const char *hex, *words;
	enum chip_may may; /* of an object in creation state, on an operational chip */
} expressions[] = {
	{ "00", "always", MAY_ANYONE },
	{ "FF", "never", MAY_NOBODY },
	{ "", "unknown:", MAY_NOBODY },
	{ "E1FC07", "until locked", MAY_ANYONE },
	{ "E1FC03", "in creation state", MAY_ANYONE },
	{ "E1FA07", "while its life cycle is operational", MAY_NOBODY },
	{ "E1FB01", "while its life cycle is above creation", MAY_NOBODY },
	{ "70FC04", "while the chip's life cycle is below 4", MAY_NOBODY },
	{ "E0FC0F", "while the application's life cycle is below termination", MAY_ANYONE },
	{ "1020", "in the boot phase", MAY_SOME },
	{ "9040", "while the application's security status has 40", MAY_NOBODY },
	{ "20E140", "over the shielded connection", MAY_SOME },
	{ "21E140", "over the shielded connection (integrity)", MAY_SOME },
	{ "20F1D4", "encrypted with the secret in F1D4", MAY_SOME },
	{ "21E0E8", "by an update signed for E0E8", MAY_SOME },
	{ "23F1D0", "after authorization with F1D0", MAY_SOME },
	{ "40E120", "while counter E120 lasts", MAY_SOME },
	{ "E1FC07FE20E140", "until locked or over the shielded connection", MAY_ANYONE },
	{ "E1FA07FD20E140", "while its life cycle is operational and over the shielded connection",
	    MAY_NOBODY },
	{ "20E140FD23F1D0", "over the shielded connection and after authorization with F1D0",
	    MAY_SOME },
	{ "E1FC07FE20E140FD23F1D0",
	    "until locked or over the shielded connection and after authorization with F1D0",
	    MAY_ANYONE },
	/* Cut, joined with nothing, unknown. */
	{ "E1FC", "unknown: E1 FC", MAY_NOBODY },
	{ "20E1", "unknown: 20 E1", MAY_NOBODY },
	{ "E1F907", "unknown: E1 F9 07", MAY_NOBODY },
	{ "55", "unknown: 55", MAY_NOBODY },
	{ "E1FC07FE", "unknown: E1 FC 07 FE", MAY_ANYONE },
	{ "E1FC0700", "unknown: E1 FC 07 00", MAY_NOBODY },
	{ "00FE20E140", "unknown: 00 FE 20 E1 40", MAY_ANYONE },
};

START_TEST(expression)
{
	const unsigned char lcs[] = { 7 };
	const struct fake list[] = {
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xE0C0,
		    .meta = "2009C40101D00100D10100",
		    .value = lcs,
		    .value_len = 1 },
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xF1C0,
		    .meta = "2009C40101D00100D10100",
		    .value = lcs,
		    .value_len = 1 },
	};
	struct chipmap *m = READ(list);
	struct chip_object o = { .life = LIFE_CREATION };
	char words[256], small[9];

	ck_assert_ptr_nonnull(m);
	o.access[ACCESS_CHANGE].present = true;
	o.access[ACCESS_CHANGE].len = unhex(expressions[_i].hex, o.access[ACCESS_CHANGE].bytes);
	ck_assert_str_eq(chip_access_words(&o.access[ACCESS_CHANGE], words, sizeof(words)),
	    expressions[_i].words);
	ck_assert_uint_lt(strlen(chip_access_words(&o.access[ACCESS_CHANGE], small, sizeof(small))),
	    sizeof(small));
	if (strncmp(words, "unknown", 7) != 0)
		ck_assert_int_eq(chip_may(m, &o, ACCESS_CHANGE), expressions[_i].may);
	ck_assert_int_eq(chip_may(m, &o, ACCESS_READ), MAY_NOBODY); /* absent */
	chipmap_free(&m);
}
END_TEST

/* --- metadata ------------------------------------------------------------------------------ */

static const struct {
	const char *hex;
	bool good;
} metas[] = {
	{ "2000", true }, { "2009C40101D00100D10100", true },
	{ "2017C00101C40206C0C5020000D001FFD10100D30100E80112", true }, { "", false },
	{ "20", false }, { "2109C40101D00100D10100", false },
	{ "200AC40101D00100D10100", false }, /* longer than it is */
	{ "2008C40101D00100D10100", false }, /* shorter */
	{ "2009C40101D00100D10200", false }, /* the last tag runs out */
	{ "2003C401", false },               /* so does the only one */
	{ "2001C0", false },                 /* a tag without a length */
};

START_TEST(metadata)
{
	struct chip_object o = { 0 };

	o.meta_len = unhex(metas[_i].hex, o.meta);
	ck_assert_int_eq(chip_meta_parse(&o), metas[_i].good);
}
END_TEST

START_TEST(metadata_means)
{
	struct chip_object o = { 0 };

	o.meta_len =
	    unhex("2022C00103C1028005C40206C0C5020004D003E1FC07D10100E00103E10111E80112", o.meta);
	o.meta[1] = (unsigned char)(o.meta_len - 2);
	ck_assert(chip_meta_parse(&o));
	ck_assert_int_eq(o.life, LIFE_INITIALIZATION);
	ck_assert_int_eq(o.version, 5);
	ck_assert(o.updating);
	ck_assert_int_eq(o.max, 1728);
	ck_assert_int_eq(o.used, 4);
	ck_assert_int_eq(o.alg, 3);
	ck_assert_int_eq(o.usage, 0x11);
	ck_assert_int_eq(o.type, 0x12);
	ck_assert(!o.access[ACCESS_EXECUTE].present);
	ck_assert(!chip_locked(&o));
}
END_TEST

/* --- maps ---------------------------------------------------------------------------------- */

START_TEST(a_chip)
{
	static unsigned char chain[4096];
	static const unsigned char counter[] = { 0, 0, 0, 3, 0, 0, 1, 0 }, zeros[100];
	size_t next = 0;
	uint32_t value, threshold;

	make_cert("leaf");
	const struct fake list[] = {
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xF1D0,
		    .label = "data 1",
		    .meta = "2011C00101C4018CC50164D003E1FC07D10100",
		    .value = zeros,
		    .value_len = sizeof(zeros) },
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xE0E1,
		    .label = "certificate 2",
		    .meta = "2017C00101C40206C0C5020000D001FFD10100D30100E80112",
		    .value = chain,
		    .value_len = make_chain(chain) },
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xE120,
		    .label = "counter",
		    .meta = "2009C40108D00100D10100",
		    .value = counter,
		    .value_len = sizeof(counter) },
		/* Its reading counts. */
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xF1D1,
		    .label = "data 2",
		    .meta = "200BC4018CD00100D10340E120",
		    .value = zeros,
		    .value_len = 1 },
		/* A secret, even where the module would tell it. */
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xF1D2,
		    .label = "data 3",
		    .meta = "200CC4018CD00100D10100E80121",
		    .value = zeros,
		    .value_len = 1 },
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xE0F1,
		    .label = "\033[31mkey",
		    .meta = "200BC00101D003E1FC07D30100" },
		{ .class = CKO_PRIVATE_KEY, .oid = 0xE0F1, .label = "device" },
		{ .class = CKO_CERTIFICATE, .oid = 0xE0E1, .value = der, .value_len = der_len },
	};
	struct chipmap *m = READ(list);

	ck_assert_ptr_nonnull(m);
	ck_assert(m->chip);
	ck_assert_uint_eq(m->nobjects, 6);
	for (size_t i = 1; i < m->nobjects; i++)
		ck_assert_uint_lt(m->objects[i - 1].oid, m->objects[i].oid);
	ck_assert_int_eq(chip_bytes_in_use(chipmap_object(m, 0xF1D0)), 0);
	ck_assert_int_eq(chipmap_object(m, 0xF1D1)->content, CONTENT_SPARED);
	ck_assert_int_eq(chipmap_object(m, 0xF1D2)->content, CONTENT_HIDDEN);
	ck_assert_str_eq(chipmap_object(m, 0xE0F1)->name, "\\x1B[31mkey");
	ck_assert_int_eq(chipmap_object(m, 0xE0E1)->form, FORM_CHAIN);
	ck_assert(chip_counter(chipmap_object(m, 0xE120), &value, &threshold));
	ck_assert_uint_eq(value, 3);
	ck_assert_uint_eq(threshold, 256);
	/* Leaf and chain once each, though the token shows the leaf as an object too. */
	ck_assert_uint_eq(m->ncerts, 2);
	ck_assert_uint_eq(m->nkeys, 1);
	ck_assert_ptr_null(chipmap_object(m, 0xE0F9));
	ck_assert_ptr_nonnull(chipmap_key(m, 0xE0F1));
	/* The token's certificate object has another ID than the key. */
	ck_assert_ptr_null(chipmap_cert_of(m, 0, &next));
	ck_assert_uint_eq(reads_of_value, 3 + 2); /* the certificate's length, then itself */
	chipmap_free(&m);
	ck_assert_ptr_null(m);
}
END_TEST

START_TEST(modules_that_fail_or_lie)
{
	static const unsigned char large[4096], odd[] = { 1, 2 };
	const struct fake list[] = {
		{ .class = CKO_OPTIGA_CHIP_OBJECT, .oid = 0 }, /* without a number */
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xE0F1,
		    .rv = CKR_ATTRIBUTE_TYPE_INVALID },
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xE0C5,
		    .meta = "FF",
		    .value = odd,
		    .value_len = 2 },
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xE0E1,
		    .value = large,
		    .value_len = sizeof(large) },
		{ .class = CKO_CERTIFICATE, .oid = 0xE0E1, .value = odd, .value_len = 2 },
		{ .class = CKO_PRIVATE_KEY, .oid = 0 },
	};
	struct chipmap *m = READ(list);

	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->nobjects, 2);
	ck_assert_int_eq(chipmap_byte(m, 0xE0C5), -1);
	ck_assert_int_eq(chipmap_object(m, 0xE0E1)->content, CONTENT_HIDDEN);
	ck_assert_uint_eq(chipmap_object(m, 0xE0E1)->meta_len, 0);
	ck_assert_uint_eq(m->ncerts, 0);
	ck_assert_uint_eq(m->nkeys, 1);
	chipmap_free(&m);

	find_rv = CKR_DEVICE_ERROR;
	ck_assert_ptr_null(READ(list));
	find_rv = CKR_OK;
	ck_assert_ptr_nonnull(strstr(said(), "cannot search the token"));
}
END_TEST

/* One failure anywhere: nothing is shown, rather than a token that lacks something. */
START_TEST(a_failure_at_every_call)
{
	make_cert("leaf");
	const struct fake list[] = {
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xE0F1,
		    .label = "key",
		    .meta = "200BC00101D003E1FC07D30100" },
		{ .class = CKO_OPTIGA_CHIP_OBJECT,
		    .oid = 0xE0E1,
		    .label = "certificate 2",
		    .meta = "2017C00101C40206C0C5020000D001FFD10100D30100E80112",
		    .value = der,
		    .value_len = der_len },
		{ .class = CKO_PRIVATE_KEY, .oid = 0xE0F1, .label = "device" },
		{ .class = CKO_CERTIFICATE, .oid = 0xE0E1, .value = der, .value_len = der_len },
	};
	struct chipmap *m;
	size_t total;

	calls = 0;
	m = READ(list);
	ck_assert_ptr_nonnull(m);
	chipmap_free(&m);
	total = calls;
	ck_assert_uint_gt(total, 20);
	for (fails_at = 1; fails_at <= total; fails_at++) {
		calls = 0;
		said_clear();
		ck_assert_ptr_null(READ(list));
		ck_assert_ptr_nonnull(strstr(said(), "cannot "));
	}
	fails_at = 0;
}
END_TEST

/* --- text ---------------------------------------------------------------------------------- */

static const struct {
	const char *in, *out;
} texts[] = {
	{ "", "" }, { "plain", "plain" },
	{ "M\303\274nchen \342\202\254 \360\237\224\221",
	    "M\303\274nchen \342\202\254 \360\237\224\221" },
	{ "a\033[2J", "a\\x1B[2J" }, { "a\nb\x7F", "a\\x0Ab\\x7F" },
	{ "\302\233m", "\\u{9B}m" },                    /* CSI of C1 */
	{ "x\342\200\256y", "x\\u{202E}y" },            /* right to left from here */
	{ "\xFF\xC0\x80", "\\xFF\\xC0\\x80" },          /* never UTF-8; overlong */
	{ "\355\240\200", "\\xED\\xA0\\x80" },          /* a surrogate */
	{ "\364\220\200\200", "\\xF4\\x90\\x80\\x80" }, /* beyond Unicode */
	{ "\342\202", "\\xE2\\x82" },                   /* cut */
};

START_TEST(cleaned)
{
	char *out = text_clean((const unsigned char *)texts[_i].in, strlen(texts[_i].in));

	ck_assert_str_eq(out, texts[_i].out);
	free(out);
}
END_TEST

START_TEST(a_certificate_decoded)
{
	struct certinfo ci;
	const unsigned char *p = der;
	X509 *cert;

	make_cert("<script>alert(1)</script>\033[31m");
	cert = d2i_X509(NULL, &p, (long)der_len);
	ck_assert(certinfo_read(&ci, cert));
	ck_assert_str_eq(ci.common_name, "<script>alert(1)</script>\\x1B[31m");
	ck_assert_ptr_null(strchr(ci.subject, '\033'));
	ck_assert_str_eq(ci.serial, "1234");
	ck_assert_str_eq(ci.key, "secp256r1");
	ck_assert_str_eq(ci.signature, "ecdsa-with-SHA256");
	ck_assert(ci.self_signed && !ci.weak_hash);
	ck_assert_int_eq(certinfo_days(&ci, time(NULL)), 3);
	ck_assert_int_eq(certinfo_days(&ci, ci.ends), 0);
	ck_assert_int_eq(certinfo_days(&ci, ci.ends + 1), -1);
	certinfo_free(&ci);
	X509_free(cert);
}
END_TEST

START_TEST(slots_by_name)
{
	ck_assert_uint_eq(chip_slot_find("first")->key_oid, 0xE0F0);
	ck_assert_uint_eq(chip_slot_find("SECOND")->key_oid, 0xE0F1);
	ck_assert_uint_eq(chip_slot_find("0xE0E1")->key_oid, 0xE0F1);
	ck_assert_uint_eq(chip_slot_find("e0fd")->key_oid, 0xE0FD);
	ck_assert_ptr_null(chip_slot_find("0"));
	ck_assert_ptr_null(chip_slot_find(""));
	ck_assert_ptr_null(chip_slot_find("E0F1x"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("chipmap");

	tcase_add_test(tc, forms_of_certificates);
	tcase_add_test(tc, every_cut_and_every_length_of_a_chain);
	tcase_add_loop_test(tc, expression, 0, NITEMS(expressions));
	tcase_add_loop_test(tc, metadata, 0, NITEMS(metas));
	tcase_add_test(tc, metadata_means);
	tcase_add_test(tc, a_chip);
	tcase_add_test(tc, modules_that_fail_or_lie);
	tcase_add_test(tc, a_failure_at_every_call);
	tcase_add_loop_test(tc, cleaned, 0, NITEMS(texts));
	tcase_add_test(tc, a_certificate_decoded);
	tcase_add_test(tc, slots_by_name);
	return run_case("chipmap", tc);
}
