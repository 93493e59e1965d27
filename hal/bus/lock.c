/*
 * Taking turns between processes, and the record they leave for each other.
 *
 * Two kernel-owned locks on one open file. The flock is the lock itself, the one other programs
 * can take part in. Alone it is unfair: whoever releases it and wants it again at once gets it,
 * because those it wakes are not running yet. So a taker first holds the gate, a lock on one
 * byte far behind any content, until it has the flock; one that has just released the flock
 * finds the gate held by the next in line and queues behind the others.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"

/* Behind every byte that drivers lock or map. */
#define GATE_OFFSET ((off_t)0x7FFFFFFFFFFFFFF0)

int
bus_lock_open(struct bus *b, const char *path, int flags)
{
	b->lock_fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
	return b->lock_fd < 0 ? -1 : 0;
}

int
bus_lock_map(struct bus *b)
{
	struct stat st;
	void *p;

	if (fstat(b->lock_fd, &st) != 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = ENODEV;
		return -1;
	}
	/* Only ever longer: others may have it mapped. */
	if (st.st_size < BUS_LOCK_FILE_LEN && ftruncate(b->lock_fd, BUS_LOCK_FILE_LEN) != 0)
		return -1;
	p = mmap(NULL, BUS_LOCK_FILE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, b->lock_fd, 0);
	if (p == MAP_FAILED)
		return -1;
	b->map = p;
	b->record = p;
	return 0;
}

void
bus_lock_close(struct bus *b)
{
	if (b->map != NULL)
		(void)munmap(b->map, BUS_LOCK_FILE_LEN);
	b->map = NULL;
	b->record = NULL;
	/* Closing releases what this handle held, and in a forked child nothing of the parent's. */
	if (b->lock_fd >= 0)
		(void)close(b->lock_fd);
	b->lock_fd = -1;
}

static int
gate(int fd, short type)
{
	struct flock fl = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = GATE_OFFSET, .l_len = 1
	};
	int r;

	do
		r = fcntl(fd, F_OFD_SETLKW, &fl);
	while (r != 0 && errno == EINTR);
	return r;
}

int
bus_lock(struct bus *b)
{
	bool gated;
	int r;

	if (b->lock_fd < 0)
		return 0;
	if (b->pid != getpid()) {
		log_debug("%s: opened by another process", bus_selector(b));
		return HAL_EIO;
	}
	/* A file system without byte locks still has the flock, which is what counts. */
	gated = gate(b->lock_fd, F_WRLCK) == 0;
	do
		r = flock(b->lock_fd, LOCK_EX);
	while (r != 0 && errno == EINTR);
	if (r != 0)
		log_error("%s: cannot be locked: %s", bus_selector(b), strerror(errno));
	if (gated)
		(void)gate(b->lock_fd, F_UNLCK);
	return r == 0 ? 0 : HAL_EIO;
}

void
bus_unlock(struct bus *b)
{
	if (b->lock_fd >= 0 && b->pid == getpid())
		(void)flock(b->lock_fd, LOCK_UN);
}
