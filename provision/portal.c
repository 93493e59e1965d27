/* Portal files; see portal.h. The module gets the secrets as bytes, and need not know any file. */
#include <config.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "provision/file.h"
#include "provision/msg.h"
#include "provision/portal.h"

#define FILE_MAX_LEN 16384U

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *p = c != '\0' ? strchr(digits, c) : NULL;

	return p != NULL ? (int)(p - digits) % 16 : -1;
}

static bool
take_hex(const json_t *file, const char *path, const char *name, unsigned char *out, size_t len)
{
	const char *text = json_string_value(json_object_get(file, name));
	bool ok = text != NULL && strlen(text) == 2 * len;

	for (size_t i = 0; ok && i < len; i++) {
		const int hi = digit(text[2 * i]), lo = digit(text[2 * i + 1]);

		ok = hi >= 0 && lo >= 0;
		out[i] = (unsigned char)(hi * 16 + lo);
	}
	if (!ok)
		prov_error("%s: %s: expected %zu bytes in hexadecimal digits", path, name, len);
	return ok;
}

static bool
take(const json_t *file, const char *path, struct portal *p)
{
	if (json_object_get(file, "binding_secret") == NULL) {
		prov_error("%s: is no portal file: it has no binding_secret", path);
		return false;
	}
	p->has_authorization = json_object_get(file, "authorization_secret") != NULL;
	return take_hex(file, path, "uid", p->uid, sizeof(p->uid)) &&
	       take_hex(file, path, "binding_secret", p->binding, sizeof(p->binding)) &&
	       (!p->has_authorization || take_hex(file, path, "authorization_secret",
					     p->authorization, sizeof(p->authorization)));
}

/* jansson frees what it parsed without wiping it. */
static void *
wiped_malloc(size_t n)
{
	size_t *p = n < SIZE_MAX - sizeof(max_align_t) ? malloc(n + sizeof(max_align_t)) : NULL;

	if (p == NULL)
		return NULL;
	*p = n;
	return (char *)p + sizeof(max_align_t);
}

static void
wiped_free(void *q)
{
	void *p;

	if (q == NULL)
		return;
	p = (char *)q - sizeof(max_align_t);
	OPENSSL_cleanse(q, *(size_t *)p);
	free(p);
}

bool
portal_parse(const char *path, const char *text, size_t len, struct portal *p)
{
	json_malloc_t old_malloc;
	json_free_t old_free;
	json_error_t e;
	json_t *file;
	bool ok = false;

	memset(p, 0, sizeof(*p));
	json_get_alloc_funcs(&old_malloc, &old_free);
	json_set_alloc_funcs(wiped_malloc, wiped_free);
	file = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	/* Without the text near the mistake: it may be the secret. */
	if (file == NULL)
		prov_error("%s: line %d, column %d: is no JSON", path, e.line, e.column);
	else
		ok = take(file, path, p);
	json_decref(file);
	json_set_alloc_funcs(old_malloc, old_free);
	OPENSSL_cleanse(&e, sizeof(e));
	return ok;
}

bool
portal_load(const char *path, struct portal *p)
{
	struct stat st;
	size_t len = 0;
	char *text;
	bool ok;

	text = file_read(path, FILE_MAX_LEN, &len);
	if (text == NULL)
		return false;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0) {
		prov_warn("%s holds secrets and everybody can read it", path);
		prov_hint("chmod 600 %s, and keep it where the chip is not", path);
	}
	ok = portal_parse(path, text, len, p);
	OPENSSL_cleanse(text, len);
	free(text);
	if (!ok)
		portal_clear(p);
	return ok;
}

void
portal_clear(struct portal *p)
{
	OPENSSL_cleanse(p, sizeof(*p));
}
