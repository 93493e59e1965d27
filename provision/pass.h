/* Passphrases: from a file, or from the terminal without echo. Functions say why they failed. */
#ifndef PROVISION_PASS_H
#define PROVISION_PASS_H

#include <stdbool.h>
#include <stddef.h>

#define PASS_MAX 1024

/*
 * The first line of file, or for NULL what is typed at the terminal, twice when it is a new one.
 * To be wiped. option is the one that names the file, for the hint.
 */
bool pass_get(
    const char *file, const char *option, const char *prompt, bool twice, char buf[PASS_MAX]);

#endif
