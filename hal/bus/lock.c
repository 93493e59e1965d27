/*
 * Taking turns between processes, and the record they leave for each other; and, since a turn is
 * where everything may have changed, opening a device again that was unplugged.
 *
 * The flock is the lock itself, and all that other programs need to know. Alone it is unfair:
 * whoever releases it and wants it again at once gets it, because those it wakes are not running
 * yet. So there is a queue before it, kernel-owned too. A taker draws a number from a counter in
 * the shared memory, locks the byte of that number, far behind any content of the file, and
 * waits until the byte of the number before is free. Its own byte it frees when it is done, or
 * when it dies. The counter decides nothing but the order: who lost a number, or a file system
 * without byte locks, makes the queue unfair and the lock no less a lock. A process suspended in
 * the queue holds up those behind it, as one suspended with the lock does.
 *
 * Both kinds of lock belong to an open file description, which a forked child shares until it
 * execs or ends: a child forked at any time would keep the lock of a parent killed in its turn. So
 * each turn opens the file anew, by way of /proc, and closes it: only a child forked in the very
 * turn shares that one. Where the file cannot be opened again (no /proc, privileges given up) the
 * first description serves.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"

/* Behind every byte that drivers lock or map. */
#define QUEUE_BASE ((off_t)1 << 62)
#define QUEUE_MASK 0xFFFFFFFFULL

int
bus_lock_open(struct bus *b, const char *path, int flags)
{
	b->lock_fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
	return b->lock_fd < 0 ? -1 : 0;
}

int
bus_lock_map(struct bus *b, int fd)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) != 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = ENODEV;
		return -1;
	}
	/* Only ever longer: others may have it mapped. */
	if (st.st_size < BUS_LOCK_FILE_LEN && ftruncate(fd, BUS_LOCK_FILE_LEN) != 0)
		return -1;
	p = mmap(NULL, BUS_LOCK_FILE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	b->map = p;
	b->shared = p;
	return 0;
}

void
bus_lock_close(struct bus *b)
{
	if (b->map != NULL)
		(void)munmap(b->map, BUS_LOCK_FILE_LEN);
	b->map = NULL;
	b->shared = NULL;
	/* Closing releases what this handle held, and in a forked child nothing of the parent's. */
	if (b->turn_fd >= 0 && b->turn_fd != b->lock_fd)
		(void)close(b->turn_fd);
	if (b->lock_fd >= 0)
		(void)close(b->lock_fd);
	b->lock_fd = b->turn_fd = -1;
}

static void
turn_begin(struct bus *b)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", b->lock_fd);
	b->turn_fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (b->turn_fd < 0)
		b->turn_fd = b->lock_fd;
}

/* Frees whatever the turn locked. */
static void
turn_end(struct bus *b)
{
	if (b->turn_fd != b->lock_fd)
		(void)close(b->turn_fd);
	b->turn_fd = -1;
}

static void
queue_byte(const struct bus *b, uint64_t number, short type)
{
	struct flock fl = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = QUEUE_BASE + (off_t)(number & QUEUE_MASK),
		.l_len = 1,
	};

	while (fcntl(b->turn_fd, F_OFD_SETLKW, &fl) != 0 && errno == EINTR)
		;
}

static void
queue_enter(struct bus *b)
{
	if (b->shared == NULL)
		return;
	b->number = atomic_fetch_add(&b->shared->numbers, 1);
	queue_byte(b, b->number, F_WRLCK);
	queue_byte(b, b->number - 1, F_RDLCK);
	queue_byte(b, b->number - 1, F_UNLCK);
}

static void
queue_leave(const struct bus *b)
{
	if (b->shared != NULL)
		queue_byte(b, b->number, F_UNLCK);
}

/* Opens a device again that was unplugged. It stays gone when that fails. */
static int
open_again(struct bus *b)
{
	int r;

	bus_lock_close(b);
	b->ops->close(b);
	if ((r = b->ops->open(b)) != 0) {
		bus_lock_close(b);
		b->ops->close(b);
		return r;
	}
	b->gone = false;
	return 0;
}

/*
 * The record tells of a chip that had power all the time. A device that was plugged in again is
 * another chip: whoever sees it first starts a new record. The others find that out here too,
 * unless a transfer failed before.
 */
static bool
record_is_ours(struct bus *b)
{
	if (b->shared == NULL || b->shared->node == b->node)
		return true;
	if (!bus_real_same_node(b))
		return false;
	memset(&b->shared->record, 0, sizeof(b->shared->record));
	b->shared->node = b->node;
	return true;
}

static int
lock_once(struct bus *b)
{
	int r;

	turn_begin(b);
	queue_enter(b);
	do
		r = flock(b->turn_fd, LOCK_EX);
	while (r != 0 && errno == EINTR);
	if (r == 0)
		return 0;
	log_error("%s: cannot be locked: %s", bus_selector(b), strerror(errno));
	queue_leave(b);
	turn_end(b);
	return HAL_EIO;
}

int
bus_lock(struct bus *b)
{
	int r;

	if (b->pid != getpid()) {
		log_debug("%s: opened by another process", bus_selector(b));
		return HAL_EIO;
	}
	for (int tries = 0; tries < 3; tries++) {
		if (b->gone && (r = open_again(b)) != 0)
			return r;
		if (b->lock_fd < 0)
			return 0;
		if ((r = lock_once(b)) != 0)
			return r;
		if (record_is_ours(b))
			return 0;
		bus_unlock(b);
		b->gone = true;
	}
	return HAL_ENODEV;
}

void
bus_unlock(struct bus *b)
{
	if (b->turn_fd < 0 || b->pid != getpid())
		return;
	/* Said, not left to close: a child forked in this turn shares the description. */
	(void)flock(b->turn_fd, LOCK_UN);
	queue_leave(b);
	turn_end(b);
}
