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

/* What bus.h promises of the function of the same name; NULL where the driver has no such thing
 * (present: the device node tells). */
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
	bool (*present)(const struct bus *b);
};

/* Memory that all hosts of one chip share, all zero at first. */
struct bus_shared {
	struct bus_record record;
	uint8_t room[24];         /* for the record to grow */
	_Atomic uint64_t numbers; /* drawn in the queue for the lock */
	uint64_t node;            /* bus.node of whoever changed the record last */
};

struct bus_trace;

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
	int turn_fd;               /* the same file, opened for this turn; -1 outside of turns */
	struct bus_shared *shared; /* NULL: neither record nor queue */
	uint64_t number;           /* ours in the queue for the lock */
	void *map;                 /* mapping of the file that holds the record, or NULL */

	/* Real devices only. */
	char *reset, *vdd; /* lines, as the selector names them, or NULL */
	bool gone;         /* unplugged: nothing works until bus_lock has opened it again */
	char *node_path;
	uint64_t node; /* tells one plugging-in of a device from the next; 0: never unplugged */
	uint64_t refused_since, refused_last; /* addresses in a row; 0: it answers */
	bool refused_said;

	struct bus_trace *trace; /* NULL: none wanted */
};

extern const struct bus_ops bus_sim_ops;
extern const struct bus_ops bus_sock_ops;
extern const struct bus_ops bus_i2c_ops;
extern const struct bus_ops bus_ft260_ops;

/* A bus with default settings and no target; takes no lock. The driver's open is not called. */
int bus_new(const struct bus_ops *ops, void *priv, struct bus **busp);

/* Fills target, addr, khz_wanted, frame_max, time and ops from b->selector; logs what is wrong. */
int bus_parse_selector(struct bus *b);

/*
 * Opens path a second time for the lock: flock belongs to an open file description, so handles
 * of one process exclude each other too. flags: more O_* flags. Logs nothing; errno tells.
 */
int bus_lock_open(struct bus *b, const char *path, int flags);

/* Maps the record from the start of a file, making it long enough. 0 or -1, errno. */
int bus_lock_map(struct bus *b, int fd);
#define BUS_LOCK_FILE_LEN 4096

void bus_lock_close(struct bus *b);

/*
 * real.c, for real devices: the lock on the device node and the record in bus_record_dir (no
 * such directory: no record; a record that cannot be had is a failure). Logs.
 */
int bus_real_lock(struct bus *b, const char *node);
extern const char *bus_record_dir;

/* Is the node still the device that was opened? */
bool bus_real_same_node(const struct bus *b);

/* The machine's clock as bus time, for now and sleep. */
uint64_t bus_clock_now(struct bus *b);
int bus_clock_sleep(struct bus *b, uint64_t ns);

/*
 * Keeps count of refused addresses, and returns r. A chip refuses while it is busy, at most
 * 100 ms in a row; past that a person reads once that there is no answer. where: "" or
 * " on NODE"; why: the system's reason or NULL.
 */
int bus_real_result(struct bus *b, int r, const char *where, const char *why);

/* Marks an unplugged device and says so; returns HAL_ENODEV. */
int bus_real_gone(struct bus *b, const char *what);

/* lines.c: a line of a GPIO chip, "CHIP/OFFSET", driven high for as long as it is open. */
struct bus_line;
int bus_line_open(const char *key, const char *spec, struct bus_line **lp);
int bus_line_set(struct bus_line *l, bool high); /* HAL_ENOTSUP while another process has it */
void bus_line_close(struct bus_line **lp);

/* Times low for both kinds of line: see bus_reset_line, and IFX I2C 2.9 for the supply. */
#define BUS_RESET_LOW BUS_US(100)
#define BUS_VDD_LOW   BUS_MS(2)

/* trace.c: does nothing where no trace is wanted. start is what bus_trace_start gave just before
 * the transfer, r what became of it. */
void bus_trace_open(struct bus *b);
void bus_trace_close(struct bus *b);
uint64_t bus_trace_start(struct bus *b);
void bus_trace_write(struct bus *b, const uint8_t *data, size_t len, uint64_t start, int r);
void bus_trace_read(struct bus *b, const uint8_t *data, size_t len, uint64_t start, int r);
void bus_trace_reset(struct bus *b, uint64_t start, int r);

/* HAL_ENODEV, HAL_EACCES, HAL_ENOMEM or HAL_EIO for a failed system call. */
int bus_errno(int err);

#endif
