/*
 * The image file: one page of facts that never change and of what hosts tell each other, then
 * two copies of struct sim_state, of which one is valid.
 *
 * A change is made on the other copy, under a lock, and becomes valid by one store: killing a
 * process at any instruction leaves the chip before or after the transfer. The lock is an OFD
 * byte range (fcntl), so that separate opens exclude each other within one process too, and so that
 * flock on the same file stays free for hosts. A second byte is held shared by whoever has the
 * image open, exclusively by a server. Not for file systems where the two kinds of lock are one
 * (NFS).
 */
#ifndef HAL_SIM_IMAGE_H
#define HAL_SIM_IMAGE_H

#include "hal/sim/sim.h"
#include "hal/sim/state.h"

#define IMAGE_HOST_AREA 256

struct image;

/* What was decided when the image was made. */
struct image_facts {
	char model[32];
	uint64_t seed;
	double speed;
	bool seeded, monitor;
};

enum image_use { IMAGE_SHARED, IMAGE_EXCLUSIVE };

/* Remembers the sentence that sim_error returns and passes err through. */
int image_fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As sim_create, sim_open say; HAL_EBUSY: somebody's use excludes ours. */
int image_create(const char *path, const struct image_facts *facts, const struct sim_state *st);
int image_open(const char *path, enum image_use use, struct image **imgp);
void image_close(struct image **imgp);

/* A copy of an image that need not be writable and may be in anybody's use. */
int image_snapshot(const char *path, struct image_facts *facts, struct sim_state *st);

/*
 * Locks and returns the copy to change, which starts as the valid one; NULL when the file is not
 * whole any more. image_commit makes it valid and unlocks, image_abort only unlocks.
 */
struct sim_state *image_begin(struct image *img);
void image_commit(struct image *img);
void image_abort(struct image *img);

/* Locks and returns the valid copy to look at; image_abort ends that. NULL as above. */
const struct sim_state *image_look(struct image *img);

void *image_host_area(struct image *img);
int image_fd(const struct image *img);

#endif
