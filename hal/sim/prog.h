/* The program optiga-sim: its commands and how it speaks. */
#ifndef HAL_SIM_PROG_H
#define HAL_SIM_PROG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum prog_exit { PROG_OK = 0, PROG_FAILED = 1, PROG_USAGE = 2 };

/* "optiga-sim: ..." on stderr. Return the exit status that fits. */
int prog_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int prog_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Commands get the words after their name; argv[0] is the name. */
int prog_create(int argc, char **argv);
int prog_serve(int argc, char **argv);
int prog_show(int argc, char **argv);
int prog_vendor_ca(int argc, char **argv);
int prog_decode(int argc, char **argv);
int prog_replay(int argc, char **argv);

/* An access condition in words, "LcsO < operational or Conf(E140)", cut to n bytes (words.c). */
void prog_access_words(const uint8_t *ac, size_t len, char *out, size_t n);

/*
 * The portal file of a new chip. open: makes it, mode 0600, never over another; a descriptor, or
 * negative with the message said. write: what the chip in image keeps; PROG_OK or PROG_FAILED.
 */
int prog_portal_open(const char *path);
int prog_portal_write(int fd, const char *path, const char *image);

#endif
