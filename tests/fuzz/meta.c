/* The host and metadata, signatures and public keys as a chip gives them. */
#include <config.h>

#include <string.h>

#include "hal/chip/internal.h"
#include "tests/fuzz/fuzz.h"

static void
words(const struct cur *ac)
{
	char text[200];

	for (size_t n = 1; n <= sizeof(text); n += 33) {
		memset(text, 'x', sizeof(text));
		chip_access_words(ac, text, n);
		fuzz_assert(memchr(text, '\0', n) != NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct chip_meta m;
	struct buf sig = BUF_INIT;

	if (chip_meta_parse(data, len, &m) == 0) {
		fuzz_assert(m.raw_len <= sizeof(m.raw));
		words(&m.change);
		words(&m.read);
		words(&m.execute);
		words(&m.update);
	}
	for (size_t size = 32; size <= 66; size += 34) {
		if (chip_ecdsa_normalise(data, len, size, &sig) == 0)
			fuzz_assert(sig.len == 2 * size);
	}
	for (size_t i = 0; chip_keytype_at(i) != NULL; i++)
		(void)chip_pubkey_valid(chip_keytype_at(i), data, len);
	buf_free(&sig);
	return 0;
}
