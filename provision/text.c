/* Text of others made safe; see chipmap.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/chipmap.h"

/* \u{10FFFF} and a NUL. */
#define LONGEST 11

/* Code point at p, and its bytes; 0 bytes: no UTF-8 (RFC 3629). */
static size_t
utf8(const unsigned char *p, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const size_t n = p[0] < 0x80             ? 1
			 : (p[0] & 0xE0) == 0xC0 ? 2
			 : (p[0] & 0xF0) == 0xE0 ? 3
			 : (p[0] & 0xF8) == 0xF0 ? 4
						 : 0;

	if (n == 0 || n > len)
		return 0;
	*cp = n == 1 ? p[0] : p[0] & (0x7FU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3F);
	}
	return *cp < least[n] || *cp > 0x10FFFF || (*cp >= 0xD800 && *cp <= 0xDFFF) ? 0 : n;
}

/* Ranges of what steers instead of being seen: Unicode general categories Cc, Zl, Zp, Cf. */
static bool
steers(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1F },
		{ 0x7F, 0x9F },
		{ 0xAD, 0xAD },
		{ 0x61C, 0x61C },
		{ 0x200B, 0x200F },
		{ 0x2028, 0x202E },
		{ 0x2060, 0x206F },
		{ 0xFEFF, 0xFEFF },
		{ 0xFFF9, 0xFFFB },
		{ 0xE0000, 0xE007F },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

char *
text_clean(const unsigned char *p, size_t len)
{
	char *out, *w;

	if (len > SIZE_MAX / LONGEST - 1)
		return NULL;
	out = w = malloc(len * LONGEST + 1);
	while (out != NULL && len > 0) {
		uint32_t cp = 0;
		size_t n = utf8(p, len, &cp);

		if (n > 0 && !steers(cp)) {
			memcpy(w, p, n);
			w += n;
		} else if (n > 1) {
			w += snprintf(w, LONGEST, "\\u{%X}", (unsigned int)cp);
		} else {
			w += snprintf(w, LONGEST, "\\x%02X", p[0]);
			n = 1;
		}
		p += n;
		len -= n;
	}
	if (out != NULL)
		*w = '\0';
	return out;
}
