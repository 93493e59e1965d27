/*
 * A simulated OPTIGA chip behind its I2C registers.
 *
 * One image file holds memory and volatile state: any number of processes that open it see ONE
 * chip. Each transfer is atomic, also against SIGKILL. Nothing here is shared with the host's
 * own layers, so that a misreading of the specification shows instead of cancelling out.
 */
#ifndef HAL_SIM_SIM_H
#define HAL_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sim;

enum sim_time {
	SIM_TIME_IDLE,    /* bus time plus real idle time */
	SIM_TIME_VIRTUAL, /* pure bus time: repeats exactly */
	SIM_TIME_REAL,    /* the clock; sleeping is real */
};

enum sim_line { SIM_LINE_RESET, SIM_LINE_SUPPLY };

struct sim_config {
	const char *model; /* "trust-m-v3"; all: sim_app_model in app.h */
	bool monitor;      /* security event counter and its delays */
	bool seeded;       /* draw keys, randoms and speed from seed: repeats exactly */
	uint64_t seed;
	double speed; /* 1.0: execution times of the frozen table; 0.5: twice as fast */
};
#define SIM_CONFIG_DEFAULT                                                                         \
	{                                                                                          \
		"trust-m-v3", true, false, 0, 1.0                                                  \
	}

/* A sentence for a person about the last failure of sim_create or sim_open in this thread. */
const char *sim_error(void);

/* Makes a new image, mode 0600. HAL_EEXIST if the file exists (never overwritten), HAL_EINVAL,
 * HAL_EACCES, HAL_EIO. */
int sim_create(const char *path, const struct sim_config *cfg);

/*
 * HAL_ENODEV (missing), HAL_EACCES, HAL_EFORMAT (damaged or not an image; left untouched),
 * HAL_EBUSY (a server holds it), HAL_EIO. A handle is used by one thread at a time and not in a
 * forked child; open again there.
 */
int sim_open(const char *path, enum sim_time mode, struct sim **simp);
void sim_close(struct sim **simp);

/*
 * One I2C transaction at a 7-bit address. 0, HAL_ENACK (address refused). A read is never short:
 * bytes past the end of what the chip has are FF.
 */
int sim_write(struct sim *s, uint8_t addr, const uint8_t *data, size_t len);
int sim_read(struct sim *s, uint8_t addr, uint8_t *data, size_t len);

/* Bus time in ns; sleeping moves it (SIM_TIME_REAL: really sleeps). */
uint64_t sim_now(struct sim *s);
void sim_sleep(struct sim *s, uint64_t ns);

/* The master's clock, for the duration of transfers. Default 100 kHz. */
void sim_set_khz(struct sim *s, unsigned khz);

/* Sets a line; both are high when the image is made. Setting the level it has does nothing. */
void sim_line(struct sim *s, enum sim_line line, bool high);

/* 256 bytes in the image, zero at first, that hosts may use to tell each other things. Never
 * looked at by the chip, not part of a transfer's atomicity. Lives until sim_close. */
void *sim_host_area(struct sim *s);

/* The open image, for flock (the chip itself never uses flock). */
int sim_fd(struct sim *s);

#endif
