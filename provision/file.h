/*
 * Files: read whole and limited, replaced in one step, locked; and where a user's files belong
 * (XDG base directory specification 0.8). Functions say why they failed.
 */
#ifndef PROVISION_FILE_H
#define PROVISION_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The whole file ("-": standard input) of at most max bytes, with a NUL after it; malloc'ed. NULL
 * when it cannot be read or is longer.
 */
char *file_read(const char *path, size_t max, size_t *lenp);

/* As file_read, but a file that does not exist is NULL without a word and sets *absent. */
char *file_read_if(const char *path, size_t max, size_t *lenp, bool *absent);

/*
 * Put the bytes into path in one step: a reader, and whoever comes after a crash, sees the old file
 * or the new one, whole and on the disk.
 */
bool file_replace(const char *path, const void *data, size_t len, mode_t mode);

/* To path, or to standard output for NULL and "-". */
bool file_put(const char *path, const char *text);

/* Removes a file; one that is not there is fine. */
bool file_remove(const char *path);

/* Makes a directory, and those above it, for the user alone. */
bool file_make_dir(const char *path);

/*
 * Takes the lock of a file, made when missing; ends with close() or with the process. -1: failed.
 * A lock that others hold is waited for, or with wait false is -1 and sets *busy.
 */
int file_lock(const char *path, bool wait, bool *busy);

/* "DIR/NAME", malloc'ed. */
char *file_join(const char *dir, const char *name);

/*
 * $VAR/optiga-provision, or with VAR unset or relative $HOME/fallback/optiga-provision; malloc'ed,
 * not made.
 */
char *file_user_dir(const char *var, const char *fallback);

#endif
