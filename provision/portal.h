/* The file in which the vendor's portal delivers the secrets of a personalised chip. */
#ifndef PROVISION_PORTAL_H
#define PROVISION_PORTAL_H

#include <stdbool.h>
#include <stddef.h>

#define PORTAL_UID_LEN    27
#define PORTAL_SECRET_LEN 64

struct portal {
	unsigned char uid[PORTAL_UID_LEN];
	unsigned char binding[PORTAL_SECRET_LEN];
	unsigned char authorization[PORTAL_SECRET_LEN];
	bool has_authorization;
};

/*
 * JSON: "uid", "binding_secret" and, if there is one, "authorization_secret", in hexadecimal.
 * False: said what is wrong, without any of the file's text. Nothing of it stays in memory but *p.
 */
bool portal_load(const char *path, struct portal *p);
bool portal_parse(const char *path, const char *text, size_t len, struct portal *p);

/* Wipes it. */
void portal_clear(struct portal *p);

#endif
