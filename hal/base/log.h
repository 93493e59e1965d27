/*
 * Log lines to standard error, off unless OPTIGA_LOG (error, info, debug) asks for them.
 *
 * error: something a person must know, in a person's words: what failed, on what, what to do.
 * info:  what was refused and why, what was recovered. debug: for whoever reads this code.
 * Never a secret: no keys, PINs, binding secrets, plain text of protected frames.
 */
#ifndef HAL_BASE_LOG_H
#define HAL_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_OFF, LOG_LEVEL_ERROR, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Sets the level from the environment; ignored in set-uid programs. Called by whoever starts
 * the stack (C_Initialize, main). name prefixes every line and must stay valid.
 */
void log_init(const char *name);
void log_set_level(enum log_level level);

/*
 * While on, errors and infos of this thread are worth debug lines: for trying again what failed
 * before and was told then.
 */
void log_hush(bool on);

/* One line each; a newline is added. Saves and restores errno. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
