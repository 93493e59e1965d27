/*
 * The INI dialect of ~/.aws/config and ~/.aws/credentials: "key = value" in "[section]"s, comments
 * on lines of their own, values verbatim, and below a key with an empty value an indented block of
 * further pairs.
 */
#ifndef PROVISION_INI_H
#define PROVISION_INI_H

#include <stdbool.h>
#include <stddef.h>

struct ini;

/*
 * Returns 0 with the file in *ip, 1 if there is no such file (*ip is NULL), -1 if it cannot be
 * read or is not of this form; why then says so, with the line.
 */
int ini_load(const char *path, struct ini **ip, char *why, size_t why_len);

/* May hold secrets: wiped, then freed. */
void ini_free(struct ini **ip);

/* kind "profile" and name "x" is [profile x], kind NULL is [x]; quotes around the name are dropped.
 */
bool ini_has(const struct ini *ini, const char *kind, const char *name);

/* The last value of key (any case), in block when that is not NULL; NULL: not there. */
const char *ini_get(
    const struct ini *ini, const char *kind, const char *name, const char *block, const char *key);

#endif
