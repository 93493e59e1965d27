/*
 * What the store reads from a chip's objects: index, certificates, records of public keys.
 *
 * Input: one byte that says what the rest is; bit 7: of a Trust X, with its smaller objects.
 */
#include <config.h>

#include <string.h>

#include "pkcs11/store/index.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/spki.h"
#include "pkcs11/store/x509.h"
#include "tests/fuzz/fuzz.h"

#define CHAIN_LEN 8

/* The objects of one copy, one length byte before each. */
static void
index_parts(struct input *in, size_t object)
{
	struct buf parts[INDEX_PARTS];
	struct index ix;
	struct cur v;
	unsigned part;

	for (unsigned i = 0; i < INDEX_PARTS; i++) {
		const uint8_t *p;
		size_t n;

		parts[i] = (struct buf)BUF_INIT;
		p = input_bytes(in, input_u8(in) % (object + 1), &n);
		fuzz_assert(buf_put(&parts[i], p, n) == 0);
		(void)index_owner(p, n, &part);
	}
	if (index_join(&ix, parts, object) == 0) {
		fuzz_assert(index_valid(ix.body, ix.len));
		for (unsigned code = 0; code < 256; code++)
			(void)index_get(&ix, (uint8_t)code, INDEX_LABEL, &v);
		(void)index_put(&ix, 0xF1, INDEX_LABEL, "label", 5);
		fuzz_assert(index_valid(ix.body, ix.len));
	}
	for (unsigned i = 0; i < INDEX_PARTS; i++)
		buf_free(&parts[i]);
}

/* Entries alone, changed in memory: whatever is valid stays valid. */
static void
index_entries(struct input *in, size_t object)
{
	struct index ix = { 0 };
	const uint8_t *p = input_bytes(in, INDEX_MAX, &ix.len);

	if (ix.len > 0)
		memcpy(ix.body, p, ix.len);
	if (!index_valid(ix.body, ix.len))
		return;
	for (unsigned code = 0xF0; code < 0x100; code++) {
		(void)index_set_state(&ix, (uint8_t)code, INDEX_STATE_GENERATED);
		(void)index_put(&ix, (uint8_t)code, INDEX_ID, "id", code % 3);
		fuzz_assert(ix.len <= INDEX_MAX && index_valid(ix.body, ix.len));
		index_drop(&ix, (uint8_t)(code + 1));
	}
	for (unsigned i = 0; i < index_nparts(ix.len, object); i++) {
		uint8_t out[INDEX_OBJECT_MAX];

		fuzz_assert(index_part(&ix, i, object, out) <= sizeof(out));
	}
}

static void
certificates(struct input *in, bool anchor)
{
	struct cur ders[CHAIN_LEN];
	struct buf out = BUF_INIT;
	bool ca, issued;
	unsigned n;

	fuzz_assert(cert_promised(in->p, in->len, 1728) <= 1728);
	n = cert_split(in->p, in->len, anchor, ders, CHAIN_LEN);
	fuzz_assert(n <= CHAIN_LEN);
	for (unsigned i = 0; i < n; i++) {
		for (int part = X509_PART_SUBJECT; part <= X509_PART_SPKI; part++)
			(void)x509_part(ders[i].p, ders[i].len, (enum x509_part)part, &out);
		buf_reset(&out);
		(void)x509_spki(ders[i].p, ders[i].len, &out);
		(void)x509_is_ca(ders[i].p, ders[i].len, &ca);
		(void)x509_issued(ders[i].p, ders[i].len, ders[0].p, ders[0].len, &issued);
	}
	if (n > 0)
		(void)cert_join(ders, n, &out);
	buf_free(&out);
}

static void
public_key(struct input *in)
{
	struct buf spki = BUF_INIT, point = BUF_INIT;
	const struct chip_keytype *kt;
	struct cur n, e;

	if (spki_parse(in->p, in->len, &kt, &spki) == 0 && !kt->rsa)
		(void)spki_compress(&spki, &point);
	for (size_t i = 0; (kt = chip_keytype_at(i)) != NULL; i++)
		if (spki_from_record(in->p, in->len, kt, &spki) == 0 && kt->rsa)
			fuzz_assert(spki_rsa(&spki, &n, &e) == 0);
	buf_free(&spki);
	buf_free(&point);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	const uint8_t kind = input_u8(&in);
	const size_t object = (kind & 0x80) != 0 ? INDEX_OBJECT_X : INDEX_OBJECT_M;

	switch ((kind & 0x7F) % 5) {
	case 0: index_parts(&in, object); break;
	case 1: index_entries(&in, object); break;
	case 2: certificates(&in, false); break;
	case 3: certificates(&in, true); break;
	default: public_key(&in);
	}
	return 0;
}
