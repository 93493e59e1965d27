/* IDs and labels; see usage.h. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/usage.h"

int
usage_id(struct store *st, const CK_ATTRIBUTE *a, unsigned *oid)
{
	const uint8_t *p;

	*oid = 0;
	if (a == NULL || a->ulValueLen == 0)
		return 0;
	if (a->pValue == NULL || a->ulValueLen > INDEX_TEXT_MAX) {
		log_info("CKA_ID of %lu bytes: at most %d fit", a->ulValueLen, INDEX_TEXT_MAX);
		return STORE_EATTR_VALUE;
	}
	p = a->pValue;
	if (a->ulValueLen == 2 &&
	    chip_model_object(chip_model(st->chip), (uint16_t)(p[0] << 8 | p[1])) != NULL)
		*oid = (unsigned)(p[0] << 8 | p[1]);
	return 0;
}

/* RFC 3629, without overlong forms, surrogates and what is above 10FFFF. */
static bool
utf8_valid(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		const uint8_t b = p[i++];
		unsigned more = b < 0x80 ? 0 : b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
		uint32_t v = b < 0x80 ? b : b & (0x3F >> more);

		if (b == 0 || (b >= 0x80 && b < 0xC2) || b > 0xF4 || more > len - i)
			return false;
		for (unsigned n = more; n > 0; n--) {
			if ((p[i] & 0xC0) != 0x80)
				return false;
			v = v << 6 | (p[i++] & 0x3F);
		}
		if ((more == 2 && (v < 0x800 || (v >= 0xD800 && v < 0xE000))) ||
		    (more == 3 && (v < 0x10000 || v > 0x10FFFF)))
			return false;
	}
	return true;
}

int
usage_label(const CK_ATTRIBUTE *a)
{
	if (a == NULL || a->ulValueLen == 0)
		return 0;
	if (a->pValue == NULL || a->ulValueLen > INDEX_TEXT_MAX) {
		log_info("CKA_LABEL of %lu bytes: at most %d fit", a->ulValueLen, INDEX_TEXT_MAX);
		return STORE_EATTR_VALUE;
	}
	return utf8_valid(a->pValue, a->ulValueLen) ? 0 : STORE_EATTR_VALUE;
}

static int
put_unless(struct index *ix, uint8_t code, unsigned type, const CK_ATTRIBUTE *a, const void *def,
    size_t def_len)
{
	const bool same = a->ulValueLen == def_len && memcmp(a->pValue, def, def_len) == 0;
	const int r = index_put(ix, code, type, a->pValue, same ? 0 : a->ulValueLen);

	return r == HAL_ETOOBIG ? STORE_EFULL : r;
}

int
usage_put_id(struct index *ix, uint8_t code, uint16_t oid, const CK_ATTRIBUTE *a)
{
	const uint8_t def[2] = { (uint8_t)(oid >> 8), (uint8_t)oid };

	return a == NULL ? 0 : put_unless(ix, code, INDEX_ID, a, def, sizeof(def));
}

int
usage_put_label(struct index *ix, uint8_t code, uint16_t oid, const CK_ATTRIBUTE *a)
{
	char def[5];

	(void)snprintf(def, sizeof(def), "%04x", oid);
	return a == NULL ? 0 : put_unless(ix, code, INDEX_LABEL, a, def, 4);
}
