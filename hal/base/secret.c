/* Memory for secrets; see secret.h. */
#include <config.h>

#include <string.h>
#include <sys/mman.h>

#include "hal/base/err.h"
#include "hal/base/secret.h"

#define PAGE 4096 /* mapped; more where pages are larger */

struct secret {
	size_t len;
	uint8_t data[];
};

_Static_assert(sizeof(struct secret) + SECRET_MAX <= PAGE, "a secret fits the mapping");

int
secret_new(size_t len, struct secret **sp)
{
	void *p;

	*sp = NULL;
	if (len == 0 || len > SECRET_MAX)
		return HAL_EINVAL;
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return HAL_ENOMEM;
	/* Each may be refused (RLIMIT_MEMLOCK, old kernel); the secret is needed all the same. */
	(void)mlock(p, PAGE);
	(void)madvise(p, PAGE, MADV_DONTDUMP);
	(void)madvise(p, PAGE, MADV_WIPEONFORK);
	*sp = p;
	(*sp)->len = len;
	return 0;
}

int
secret_from(const void *p, size_t len, struct secret **sp)
{
	int r;

	if ((r = secret_new(len, sp)) == 0)
		memcpy((*sp)->data, p, len);
	return r;
}

void
secret_free(struct secret **sp)
{
	if (*sp == NULL)
		return;
	explicit_bzero(*sp, PAGE);
	(void)munmap(*sp, PAGE);
	*sp = NULL;
}

uint8_t *
secret_data(struct secret *s)
{
	return s->data;
}

const uint8_t *
secret_bytes(const struct secret *s)
{
	return s->data;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

bool
secret_memeq(const void *p, const void *q, size_t n)
{
	const volatile uint8_t *a = p, *b = q;
	uint8_t diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= a[i] ^ b[i];
	return diff == 0;
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && secret_memeq(a->data, b->data, a->len);
}
