/*
 * The image file of a simulated chip; see image.h for how it stays whole.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/sim/image.h"

#define PAGE           4096
#define FORMAT_VERSION 2
#define LOCK_TRANSFER  0 /* bytes of the file that stand for the two locks */
#define LOCK_USE       1

static const char magic[16] = "OPTIGA sim image";

/* The fixed part of page 0, then, where their offsets never move, the index and the hosts' bytes.
 */
struct header {
	char magic[16];
	uint32_t version;
	uint32_t byte_order; /* 01020304 as this machine stores it */
	uint64_t state_size, file_size;
	struct image_facts facts;
	uint64_t sum; /* of everything above */
};

struct page {
	union {
		struct header h;
		uint8_t fill[1024];
	} fixed;
	_Atomic uint32_t valid; /* 0 or 1: which copy */
	uint8_t fill[1020];
	uint8_t host_area[IMAGE_HOST_AREA];
	uint8_t rest[PAGE - 2048 - IMAGE_HOST_AREA];
};

struct copy {
	uint64_t sum;
	struct sim_state st;
};

#define COPY_SPACE ((sizeof(struct copy) + PAGE - 1) / PAGE * PAGE)
#define FILE_SIZE  (PAGE + 2 * COPY_SPACE)

_Static_assert(sizeof(struct page) == PAGE, "one page");
_Static_assert(sizeof(struct header) <= 1024, "the facts fit their part of the page");

struct image {
	int fd;
	uint8_t *map;
	struct page *page;
	uint32_t next; /* the copy being changed */
};

static _Thread_local char error_text[512];

const char *
sim_error(void)
{
	return error_text;
}

int
image_fail(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(error_text, sizeof(error_text), fmt, ap);
	va_end(ap);
	return err;
}

static int
fail_errno(const char *path, const char *what, int e)
{
	int err = HAL_EIO;

	if (e == EACCES || e == EPERM || e == EROFS)
		err = HAL_EACCES;
	else if (e == ENOMEM)
		err = HAL_ENOMEM;
	return image_fail(err, "%s: %s: %s", path, what, strerror(e));
}

#define MULTIPLIER 0x9E3779B97F4A7C15ULL

static uint64_t
mixed(uint64_t lane, const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	lane = (lane ^ word) * MULTIPLIER;
	return lane ^ lane >> 29;
}

/* Four lanes, so that 30 kB at every transfer cost a few microseconds. Finds damage, not malice. */
static uint64_t
checksum(const void *data, size_t len)
{
	uint64_t lane[4] = { 1, 2, 3, 4 }, word, sum = len;
	const uint8_t *p = data;
	size_t i = 0;

	for (; len >= sizeof(lane); p += sizeof(lane), len -= sizeof(lane)) {
		lane[0] = mixed(lane[0], p);
		lane[1] = mixed(lane[1], p + 8);
		lane[2] = mixed(lane[2], p + 16);
		lane[3] = mixed(lane[3], p + 24);
	}
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word), i++)
		lane[i] = mixed(lane[i], p);
	word = 0;
	memcpy(&word, p, len);
	lane[i] = (lane[i] ^ word) * MULTIPLIER;
	for (i = 0; i < 4; i++)
		sum = ((sum ^ lane[i]) * MULTIPLIER) ^ sum >> 31;
	return sum;
}

static struct copy *
copy_at(uint8_t *map, uint32_t i)
{
	return (struct copy *)(void *)(map + PAGE + i * COPY_SPACE);
}

/* --- locks --------------------------------------------------------------------------------- */

static int
lock_byte(int fd, int byte, short type, bool wait)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	int r;

	do
		r = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &fl);
	while (r != 0 && errno == EINTR);
	return r;
}

/* --- making -------------------------------------------------------------------------------- */

static int
write_all(int fd, const uint8_t *p, size_t n)
{
	ssize_t w;

	while (n > 0) {
		w = write(fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static void
fill(uint8_t *map, const struct image_facts *facts, const struct sim_state *st)
{
	struct page *page = (struct page *)(void *)map;
	struct header *h = &page->fixed.h;

	memcpy(h->magic, magic, sizeof(magic));
	h->version = FORMAT_VERSION;
	h->byte_order = 0x01020304;
	h->state_size = sizeof(struct sim_state);
	h->file_size = FILE_SIZE;
	h->facts = *facts;
	h->sum = checksum(h, offsetof(struct header, sum));
	for (uint32_t i = 0; i < 2; i++) {
		copy_at(map, i)->st = *st;
		copy_at(map, i)->sum = checksum(&copy_at(map, i)->st, sizeof(*st));
	}
}

/* Complete under another name first, then linked: link never replaces anything. */
static int
publish(const char *path, const char *temp, const uint8_t *map, int fd)
{
	if (write_all(fd, map, FILE_SIZE) != 0 || fsync(fd) != 0)
		return fail_errno(path, "cannot be written", errno);
	if (link(temp, path) == 0)
		return 0;
	if (errno == EPERM || errno == EOPNOTSUPP) { /* no links on this file system */
		if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
			return 0;
	}
	if (errno == EEXIST)
		return image_fail(HAL_EEXIST, "%s: exists already and is not overwritten", path);
	return fail_errno(path, "cannot be made", errno);
}

int
image_create(const char *path, const struct image_facts *facts, const struct sim_state *st)
{
	char *temp = NULL;
	uint8_t *map = NULL;
	struct stat sb;
	int fd = -1, r;

	if (lstat(path, &sb) == 0)
		return image_fail(HAL_EEXIST, "%s: exists already and is not overwritten", path);
	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		temp = NULL;
	map = calloc(1, FILE_SIZE);
	if (temp == NULL || map == NULL) {
		r = image_fail(HAL_ENOMEM, "%s: out of memory", path);
		goto out;
	}
	fill(map, facts, st);
	fd = mkostemp(temp, O_CLOEXEC); /* O_EXCL, mode 0600 */
	if (fd < 0) {
		r = fail_errno(path, "cannot be made", errno);
		goto out;
	}
	r = publish(path, temp, map, fd);
	(void)unlink(temp);
out:
	if (fd >= 0)
		(void)close(fd);
	if (map != NULL)
		explicit_bzero(map, FILE_SIZE);
	free(map);
	free(temp);
	return r;
}

/* --- opening ------------------------------------------------------------------------------- */

static int
check_header(const char *path, int fd)
{
	struct header h;
	struct stat sb;
	ssize_t n = pread(fd, &h, sizeof(h), 0);

	if (n < 0)
		return fail_errno(path, "cannot be read", errno);
	if ((size_t)n < sizeof(h.magic) || memcmp(h.magic, magic, sizeof(magic)) != 0)
		return image_fail(HAL_EFORMAT, "%s: is not an image of a simulated chip", path);
	if ((size_t)n < sizeof(h) || h.sum != checksum(&h, offsetof(struct header, sum))) {
		if ((size_t)n >= offsetof(struct header, state_size) && h.version != FORMAT_VERSION)
			goto other;
		return image_fail(HAL_EFORMAT, "%s: image is damaged (its first page)", path);
	}
	if (h.version != FORMAT_VERSION || h.byte_order != 0x01020304 ||
	    h.state_size != sizeof(struct sim_state))
		goto other;
	if (fstat(fd, &sb) != 0)
		return fail_errno(path, "cannot be read", errno);
	if (h.file_size != FILE_SIZE || sb.st_size != (off_t)FILE_SIZE)
		return image_fail(HAL_EFORMAT, "%s: image is damaged (%lld bytes instead of %zu)",
		    path, (long long)sb.st_size, (size_t)FILE_SIZE);
	return 0;
other:
	return image_fail(HAL_EFORMAT,
	    "%s: image was made by another version of this program; make a new one", path);
}

/* The caller holds the transfer lock. */
static int
check_copies(const char *path, uint8_t *map)
{
	struct page *page = (struct page *)(void *)map;
	uint32_t valid = atomic_load_explicit(&page->valid, memory_order_acquire);
	struct copy *c;

	if (valid > 1)
		return image_fail(HAL_EFORMAT, "%s: image is damaged (no valid state)", path);
	c = copy_at(map, valid);
	if (c->sum != checksum(&c->st, sizeof(c->st)) || !sim_state_sane(&c->st))
		return image_fail(HAL_EFORMAT, "%s: image is damaged (checksum)", path);
	return 0;
}

static int
open_file(const char *path, int flags, int *fdp)
{
	struct stat sb;
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*fdp = -1;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return image_fail(HAL_ENODEV, "%s: no such file", path);
	if (fd < 0 && errno == EISDIR)
		return image_fail(HAL_EFORMAT, "%s: is a directory, not an image", path);
	if (fd < 0)
		return fail_errno(path,
		    flags == O_RDWR ? "cannot be opened for writing" : "cannot be opened", errno);
	if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode)) {
		(void)close(fd);
		return image_fail(HAL_EFORMAT, "%s: is not an image of a simulated chip", path);
	}
	*fdp = fd;
	return 0;
}

static int
map_checked(const char *path, int fd, bool writable, uint8_t **mapp)
{
	uint8_t *map;
	int r;

	if ((r = check_header(path, fd)) != 0)
		return r;
	map =
	    mmap(NULL, FILE_SIZE, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return fail_errno(path, "cannot be mapped", errno);
	if (lock_byte(fd, LOCK_TRANSFER, writable ? F_WRLCK : F_RDLCK, true) != 0)
		r = fail_errno(path, "cannot be locked", errno);
	else if ((r = check_copies(path, map)) == 0)
		*mapp = map;
	if (r != 0)
		(void)munmap(map, FILE_SIZE);
	return r; /* the lock is the caller's, and gone when it closes fd */
}

int
image_open(const char *path, enum image_use use, struct image **imgp)
{
	struct image *img;
	int r;

	*imgp = NULL;
	img = calloc(1, sizeof(*img));
	if (img == NULL)
		return image_fail(HAL_ENOMEM, "%s: out of memory", path);
	if ((r = open_file(path, O_RDWR, &img->fd)) != 0 ||
	    (r = map_checked(path, img->fd, true, &img->map)) != 0)
		goto out;
	img->page = (struct page *)(void *)img->map;
	(void)lock_byte(img->fd, LOCK_TRANSFER, F_UNLCK, false);
	if (lock_byte(img->fd, LOCK_USE, use == IMAGE_SHARED ? F_RDLCK : F_WRLCK, false) == 0)
		*imgp = img;
	else if (errno != EAGAIN && errno != EACCES)
		r = fail_errno(path, "cannot be locked", errno);
	else if (use == IMAGE_SHARED)
		r = image_fail(HAL_EBUSY,
		    "%s: a server has this chip; reach it through the server's socket", path);
	else
		r = image_fail(HAL_EBUSY, "%s: another program has this chip open", path);
out:
	if (r != 0)
		image_close(&img);
	return r;
}

void
image_close(struct image **imgp)
{
	struct image *img = *imgp;

	if (img == NULL)
		return;
	if (img->map != NULL)
		(void)munmap(img->map, FILE_SIZE);
	if (img->fd >= 0)
		(void)close(img->fd);
	free(img);
	*imgp = NULL;
}

int
image_snapshot(const char *path, struct image_facts *facts, struct sim_state *st)
{
	uint8_t *map = NULL;
	struct page *page;
	int fd, r;

	if ((r = open_file(path, O_RDONLY, &fd)) != 0)
		return r;
	if ((r = map_checked(path, fd, false, &map)) == 0) {
		page = (struct page *)(void *)map;
		*facts = page->fixed.h.facts;
		*st = copy_at(map, atomic_load(&page->valid))->st;
		(void)munmap(map, FILE_SIZE);
	}
	(void)close(fd);
	return r;
}

/* --- changing ------------------------------------------------------------------------------ */

static struct copy *
lock_valid(struct image *img)
{
	struct stat sb;
	uint32_t valid;

	if (lock_byte(img->fd, LOCK_TRANSFER, F_WRLCK, true) != 0)
		return NULL;
	valid = atomic_load_explicit(&img->page->valid, memory_order_acquire);
	/* Touching pages beyond the end of a file that was cut short would kill the process. */
	if (fstat(img->fd, &sb) != 0 || sb.st_size != (off_t)FILE_SIZE || valid > 1) {
		image_abort(img);
		return NULL;
	}
	img->next = valid ^ 1;
	return copy_at(img->map, valid);
}

const struct sim_state *
image_look(struct image *img)
{
	struct copy *c = lock_valid(img);

	return c == NULL ? NULL : &c->st;
}

struct sim_state *
image_begin(struct image *img)
{
	struct copy *c = lock_valid(img), *next;

	if (c == NULL)
		return NULL;
	next = copy_at(img->map, img->next);
	next->st = c->st;
	return &next->st;
}

void
image_commit(struct image *img)
{
	struct copy *c = copy_at(img->map, img->next);

	c->st.changes++;
	c->sum = checksum(&c->st, sizeof(c->st));
	atomic_store_explicit(&img->page->valid, img->next, memory_order_release);
	image_abort(img);
}

void
image_abort(struct image *img)
{
	(void)lock_byte(img->fd, LOCK_TRANSFER, F_UNLCK, false);
}

void *
image_host_area(struct image *img)
{
	return img->page->host_area;
}

int
image_fd(const struct image *img)
{
	return img->fd;
}
