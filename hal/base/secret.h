/*
 * Secrets: binding secrets and session keys. They live in pages of their own that are locked
 * into memory where the system allows it, left out of core dumps, empty in a forked child, and
 * wiped when freed. Passed by pointer only, never copied by assignment, never logged.
 */
#ifndef HAL_BASE_SECRET_H
#define HAL_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret;

#define SECRET_MAX 4000 /* bytes, one page with the header */

/* len bytes, all zero. HAL_EINVAL: 0 or above SECRET_MAX; HAL_ENOMEM. *sp is NULL on failure. */
int secret_new(size_t len, struct secret **sp);

/* A secret with these bytes; the caller's copy stays the caller's to wipe. */
int secret_from(const void *p, size_t len, struct secret **sp);

/* Wipes and frees; NULL is allowed, *sp is NULL afterwards. */
void secret_free(struct secret **sp);

uint8_t *secret_data(struct secret *s);
const uint8_t *secret_bytes(const struct secret *s);
size_t secret_len(const struct secret *s);

/* In time that does not depend on the content. */
bool secret_equal(const struct secret *a, const struct secret *b);

/* Whether p[0..n) and q[0..n) are equal, in time that does not depend on them. */
bool secret_memeq(const void *p, const void *q, size_t n);

#endif
