/* The portal file of a personalised chip; see portal.h. The only JSON below the tool. */
#include <config.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/binding.h"
#include "hal/chip/portal.h"

/* Exactly max bytes of hexadecimal. */
static bool
get_hex(const json_t *j, const char *name, uint8_t *out, size_t max)
{
	const char *text = json_string_value(json_object_get(j, name));
	unsigned v;

	if (text == NULL || strlen(text) != 2 * max ||
	    strspn(text, "0123456789abcdefABCDEF") != 2 * max)
		return false;
	for (size_t i = 0; i < max; i++) {
		(void)sscanf(text + 2 * i, "%2x", &v);
		out[i] = (uint8_t)v;
	}
	return true;
}

/* HAL_ENOTFOUND: the file has none of that name. */
static int
get_secret(const json_t *j, const char *name, struct secret **sp)
{
	int r;

	*sp = NULL;
	if (json_object_get(j, name) == NULL)
		return HAL_ENOTFOUND;
	if ((r = secret_new(CHIP_BINDING_LEN, sp)) != 0)
		return r;
	if (get_hex(j, name, secret_data(*sp), CHIP_BINDING_LEN))
		return 0;
	secret_free(sp);
	return HAL_EFORMAT;
}

static int
import(struct chip *c, const json_t *j, const char *path)
{
	struct secret *binding = NULL, *authorization = NULL;
	uint8_t uid[CHIP_UID_LEN];
	int r;

	if (!get_hex(j, "uid", uid, sizeof(uid)) ||
	    (r = get_secret(j, "binding_secret", &binding)) == HAL_ENOTFOUND || r == HAL_EFORMAT) {
		log_error("%s: is no portal file: needs \"uid\" and \"binding_secret\"", path);
		return HAL_EFORMAT;
	}
	if (r == 0 && memcmp(uid, chip_uid(c), sizeof(uid)) != 0) {
		log_error("%s: is for another chip than %s", path, chip_selector(c));
		r = HAL_ENOTFOUND;
	}
	if (r == 0 && (r = get_secret(j, "authorization_secret", &authorization)) == HAL_ENOTFOUND)
		r = 0;
	if (r == 0 && (r = chip_binding_adopt(c, binding)) == HAL_EPAIR)
		log_error("%s: the chip does not have this secret any more", path);
	if (r == 0 && authorization != NULL)
		r = chip_authorization_keep(c, authorization);
	secret_free(&binding);
	secret_free(&authorization);
	return r;
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
	explicit_bzero(q, *(size_t *)p);
	free(p);
}

int
chip_portal_import(struct chip *c, const char *path)
{
	json_malloc_t old_malloc;
	json_free_t old_free;
	json_error_t e;
	json_t *j;
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	json_get_alloc_funcs(&old_malloc, &old_free);
	json_set_alloc_funcs(wiped_malloc, wiped_free);
	j = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
	if (j == NULL) {
		/* Without the text near the error: it may be the secret. */
		log_error("%s: cannot be read as JSON (line %d)", path, e.line);
		r = HAL_EFORMAT;
	} else {
		r = import(c, j, path);
	}
	json_decref(j);
	json_set_alloc_funcs(old_malloc, old_free);
	chip_release(c);
	return r;
}
