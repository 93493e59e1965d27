/*
 * Inside of a bus: what every driver fills in, one `struct bus_ops` per driver file. Tests put
 * their own chip behind it.
 */
#ifndef HAL_BUS_OPS_H
#define HAL_BUS_OPS_H

#include <stdatomic.h>

#include "hal/bus/bus.h"

/* Clock before anything was negotiated: every chip and adapter can do it. */
#define BUS_KHZ_START 100

enum bus_time { BUS_TIME_IDLE, BUS_TIME_VIRTUAL, BUS_TIME_REAL };

/* What bus.h promises of the function of the same name; NULL where the driver has no such thing. */
struct bus_ops {
	const char *scheme;
	int (*open)(struct bus *b); /* logs its failure; close is called after it in any case */
	void (*close)(struct bus *b);
	int (*write)(struct bus *b, const uint8_t *data, size_t len);
	int (*read)(struct bus *b, uint8_t *data, size_t len);
	uint64_t (*now)(struct bus *b);
	int (*sleep)(struct bus *b, uint64_t ns);
	int (*set_khz)(struct bus *b, unsigned khz);
	int (*reset_line)(struct bus *b);
};

/* Memory that all hosts of one chip share, all zero at first. */
struct bus_shared {
	struct bus_record record;
	uint8_t room[64];         /* for the record to grow */
	_Atomic uint64_t numbers; /* drawn in the queue for the lock */
};

struct bus {
	const struct bus_ops *ops;
	void *priv;     /* the driver's own */
	char *selector; /* as given */
	char *target;   /* decoded */
	uint8_t addr;
	unsigned khz, khz_wanted;
	size_t frame_max;
	enum bus_time time;
	long pid; /* the process that opened it: a lock taken in a forked child would be shared */
	int lock_fd;               /* -1: no lock, one host alone (tests) */
	struct bus_shared *shared; /* NULL: neither record nor queue */
	uint64_t number;           /* ours in the queue for the lock */
	void *map;                 /* mapping of the lock file that holds the record, or NULL */
};

extern const struct bus_ops bus_sim_ops;
extern const struct bus_ops bus_sock_ops;

/* A bus with default settings and no target; takes no lock. The driver's open is not called. */
int bus_new(const struct bus_ops *ops, void *priv, struct bus **busp);

/* Fills target, addr, khz_wanted, frame_max, time and ops from b->selector; logs what is wrong. */
int bus_parse_selector(struct bus *b);

/*
 * Opens path a second time for the lock: flock belongs to an open file description, so handles
 * of one process exclude each other too. flags: more O_* flags. Logs nothing; errno tells.
 */
int bus_lock_open(struct bus *b, const char *path, int flags);

/* Maps the record from the start of the lock file, making the file long enough. 0 or -1, errno. */
int bus_lock_map(struct bus *b);
#define BUS_LOCK_FILE_LEN 4096

void bus_lock_close(struct bus *b);

/* HAL_ENODEV, HAL_EACCES, HAL_ENOMEM or HAL_EIO for a failed system call. */
int bus_errno(int err);

#endif
