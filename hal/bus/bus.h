/*
 * The bus: moves bytes to and from one I2C address, tells and spends time, and holds what the
 * processes that share one chip need to know of each other.
 *
 * Selectors name a chip (scheme ":" target [ "?" key "=" value { "&" ... } ]):
 *   sim:FILE        a simulated chip in this process, FILE is its memory
 *   bus:PATH        a bus socket, such as "optiga-sim serve" makes
 *   i2c:NODE i2c:N  an adapter of the kernel, /dev/i2c-N
 *   ft260:          an FT260 USB bridge: the only one, or with SERIAL, usb/PORT (as in usb/1-1.4)
 *                   or /dev/hidrawN
 * Keys: addr (7 bit, default 0x30), khz (the highest clock wanted, default 400; on i2c: what the
 * adapter runs at, default 100), frame (upper limit for DATA_REG_LEN, default 277, on
 * ft260: 59), time (idle,
 * virtual, real; sim: only), reset and vdd (GPIO lines of i2c: as
 * in gpiochip0/17, of ft260: as in F; default none). Values are percent-decoded.
 *
 * With OPTIGA_TRACE=FILE in the environment every event is appended to FILE (trace.c).
 *
 * A bus handle is used by one thread at a time; the caller sees to that.
 */
#ifndef HAL_BUS_BUS_H
#define HAL_BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus;

#define BUS_US(n) ((uint64_t)(n)*1000)
#define BUS_MS(n) ((uint64_t)(n)*1000000)

/*
 * Opens the device a selector names; no traffic to the chip. On failure *busp is NULL, and a
 * log line at level error says what failed, on what, the system's reason and what to do.
 * HAL_EINVAL selector (unknown scheme or key, bad value), HAL_ENODEV, HAL_EACCES, HAL_EFORMAT
 * (sim: file is damaged or foreign), HAL_ENOTSUP, HAL_ENOMEM, HAL_EIO.
 */
int bus_open(const char *selector, struct bus **busp);

/* Closes and frees; accepts a NULL *busp and clears it. */
void bus_close(struct bus **busp);

/*
 * Whether the device is still the one that was opened: no traffic to the chip. False when it was
 * unplugged, even if it is back, until the next bus_lock opens it again.
 */
bool bus_present(const struct bus *b);

/* The selector as given; valid until bus_close. */
const char *bus_selector(const struct bus *b);

/*
 * One transaction each: START, address, bytes, STOP. Never a repeated start.
 * 0, HAL_ENACK (address refused: try again later), HAL_EIO (a data byte refused, bus fault, or
 * a lost connection), HAL_ENODEV (device went away). len 1..65535.
 */
int bus_write(struct bus *b, const uint8_t *data, size_t len);
int bus_read(struct bus *b, uint8_t *data, size_t len);

/* Bus time in ns from an arbitrary start; never goes back. Every wait of the stack is bus_sleep. */
uint64_t bus_now(struct bus *b);
int bus_sleep(struct bus *b, uint64_t ns);

/* The clock in kHz: what it runs at now, what the user wants at most; setting may be refused
 * (HAL_ENOTSUP). */
unsigned bus_khz(const struct bus *b);
unsigned bus_khz_wanted(const struct bus *b);
int bus_set_khz(struct bus *b, unsigned khz);

/* The user's upper limit for DATA_REG_LEN, 16..277. */
size_t bus_frame_max(const struct bus *b);

/*
 * Drives the chip's reset line low and high again, keeping 10..2500 us (datasheet 5.1.3.2); where
 * there is only a supply line, that one.
 * HAL_ENOTSUP when this bus has no such line.
 */
int bus_reset_line(struct bus *b);

/*
 * The lock that makes hosts take turns, held per command sequence. Kernel-owned (flock): gone
 * with its process, also after SIGKILL. Not recursive. Waits in arrival order as far as the
 * kernel keeps one. A real device that was unplugged is opened again first, which can fail as
 * bus_open can. HAL_EIO when the lock cannot be had.
 */
int bus_lock(struct bus *b);
void bus_unlock(struct bus *b);

/*
 * What hosts that share one chip tell each other: one record per chip, in memory that all of
 * them see, read and changed only while bus_lock is held. All zero at first. The bus keeps it
 * and never looks inside.
 */
struct bus_record {
	uint32_t magic;    /* 0: nobody wrote yet */
	uint32_t version;  /* layout, 1 */
	uint64_t owner;    /* random number of the handle that used the chip last */
	uint64_t boot;     /* counts resets and OpenApplications: volatile chip state was lost */
	uint64_t change;   /* counts changes of persistent content: caches are stale */
	uint32_t open;     /* 1: the application was opened and not closed since */
	uint32_t busy;     /* 1: set for the time of a command; still set on entry: its host died */
	uint64_t shield;   /* random number of the handle whose encrypted session stands; 0: none */
	uint32_t presence; /* 1: some host used the presentation layer since the last reset */
	uint8_t spare[12];
	uint64_t contexts_boot; /* the boot that the next line belongs to */
	uint64_t contexts[4];   /* processes that have the chip's session contexts; 0: none */
};

/* The record, or NULL when this bus has none (then assume the worst after every bus_lock). */
struct bus_record *bus_record(struct bus *b);

#endif
