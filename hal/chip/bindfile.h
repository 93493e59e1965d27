/* Files that keep secrets of chips: one line of hexadecimal each. */
#ifndef HAL_CHIP_BINDFILE_H
#define HAL_CHIP_BINDFILE_H

#include "hal/base/secret.h"

/* Behind the serial in a file's name. */
#define BINDFILE_CURRENT ""
#define BINDFILE_PENDING ".new"
#define BINDFILE_AUTH    ".auth"

/* dir NULL: the environment's, else the installation's. */
const char *bindfile_dir(const char *dir);

/* HAL_ENOTFOUND: no such file. HAL_EFORMAT, HAL_EACCES, HAL_EIO: logged. *sp NULL on failure. */
int bindfile_read(const char *dir, const char *serial, const char *suffix, struct secret **sp);

/* Replaces the file at once and durably; makes the directory where its parent is there. */
int bindfile_write(
    const char *dir, const char *serial, const char *suffix, const struct secret *secret);

/* What was pending is current now. */
int bindfile_settle(const char *dir, const char *serial);

/*
 * Removes what writers of this chip's files left that were killed. Only while the chip is held, as
 * writers hold it too. Failures are logged, and no matter.
 */
void bindfile_sweep(const char *dir, const char *serial);

/* 0 too when there is none. */
int bindfile_remove(const char *dir, const char *serial, const char *suffix);

#endif
