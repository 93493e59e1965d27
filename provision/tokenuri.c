/* What other programs call a token and a key on it (RFC 7512), and files; see token.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/msg.h"
#include "provision/tokenint.h"

char *
token_module_file(const struct token *t)
{
	char *file = p11_kit_module_get_filename(t->module);
	/* A program that is started elsewhere, or at boot, finds it too. */
	char *full = file != NULL && strchr(file, '/') != NULL ? realpath(file, NULL) : NULL;

	if (full == NULL)
		return file;
	free(file);
	return full;
}

unsigned long
token_slot_id(const struct token *t)
{
	return t->slot;
}

bool
token_needs_pin(const struct token *t)
{
	return (t->info.flags & CKF_LOGIN_REQUIRED) != 0;
}

char *
token_key_label(struct token *t, const struct token_key *k)
{
	size_t len;
	unsigned char *value = object_get(t, k->handle, CKA_LABEL, &len);
	char *label = NULL;

	if (value != NULL && memchr(value, '\0', len) == NULL)
		label = strndup((const char *)value, len);
	free(value);
	return label;
}

static bool
fill(P11KitUri *uri, const struct token *t, const struct token_key *k, const char *label,
    CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE cls = { CKA_CLASS, &class, sizeof(class) };
	CK_ATTRIBUTE id = { CKA_ID, (void *)(uintptr_t)k->id, k->id_len };
	CK_ATTRIBUTE name = { CKA_LABEL, (void *)(uintptr_t)label,
		label != NULL ? strlen(label) : 0 };
	CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri);

	if (label != NULL)
		return p11_kit_uri_set_attribute(uri, &name) == P11_KIT_URI_OK &&
		       p11_kit_uri_set_attribute(uri, &cls) == P11_KIT_URI_OK;
	memcpy(info->label, t->info.label, sizeof(info->label));
	memcpy(info->serialNumber, t->info.serialNumber, sizeof(info->serialNumber));
	return p11_kit_uri_set_attribute(uri, &id) == P11_KIT_URI_OK &&
	       p11_kit_uri_set_attribute(uri, &cls) == P11_KIT_URI_OK;
}

char *
token_uri(
    const struct token *t, const struct token_key *k, const char *label, CK_OBJECT_CLASS class)
{
	P11KitUri *uri = p11_kit_uri_new();
	char *text = NULL;

	if (uri == NULL || !fill(uri, t, k, label, class) ||
	    p11_kit_uri_format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text) != P11_KIT_URI_OK) {
		prov_error("out of memory");
		text = NULL;
	}
	p11_kit_uri_free(uri);
	return text;
}

/* Serial numbers are the token's to choose: only what is safe in a file name is kept. */
char *
token_slot_name(const struct token *t, const struct slot *s)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	char *name = NULL;

	if (asprintf(&name, "%s-%04x", token_serial(t), s->key_oid) < 0)
		return NULL;
	for (char *p = name; *p != '\0'; p++)
		if (*p != '-' && strchr(safe, *p) == NULL)
			*p = '_';
	return name;
}
