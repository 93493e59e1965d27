/*
 * Certificates in objects of the chip (SRM "Data structure: chip certificates"):
 *
 *   30 ...                                   one certificate in DER, zeros or old bytes behind it
 *   C0 len(2) list(3) { len(3) DER } ...     a TLS identity, leaf first
 *   C2 len(2) ...                            a USB Type-C identity
 */
#include <config.h>

#include <string.h>

#include <openssl/err.h>

#include "provision/chipmap.h"

static size_t
be(const unsigned char *p, size_t n)
{
	size_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* One certificate at the beginning of len bytes; its length is its own. */
static bool
take(const unsigned char *p, size_t len, unsigned int at, struct chip_x509 *out)
{
	const unsigned char *end = p;

	*out = (struct chip_x509){ .at = at, .key = -1 };
	out->cert = d2i_X509(NULL, &end, (long)len);
	ERR_clear_error();
	out->size = out->cert != NULL ? (size_t)(end - p) : 0;
	return out->cert != NULL;
}

static enum chip_form
parse_chain(const unsigned char *p, size_t len, struct chip_x509 *list, size_t max, size_t *np)
{
	size_t end, i = 6;

	/* C0, length of the rest, length of the list: SRM; RFC 5246, 7.4.2. */
	if (len < 6 || (end = 3 + be(p + 1, 2)) > len || end < 6 || be(p + 3, 3) != end - 6)
		return FORM_OTHER;
	while (end - i >= 3 && *np < max) {
		const size_t one = be(p + i, 3);

		i += 3;
		if (one > end - i || !take(p + i, one, (unsigned int)*np, &list[*np]))
			break;
		(*np)++;
		i += one;
	}
	return *np > 0 ? FORM_CHAIN : FORM_OTHER;
}

static bool
all_zero(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

enum chip_form
chip_certs_parse(const unsigned char *p, size_t len, struct chip_x509 *list, size_t max, size_t *np)
{
	*np = 0;
	if (all_zero(p, len))
		return FORM_EMPTY;
	if (p[0] == 0xC0)
		return parse_chain(p, len, list, max, np);
	if (p[0] == 0xC2)
		return FORM_USB;
	if (p[0] != 0x30 || max == 0 || !take(p, len, 0, &list[0]))
		return FORM_OTHER;
	*np = 1;
	return FORM_BARE;
}
