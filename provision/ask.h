/* Questions on the terminal. */
#ifndef PROVISION_ASK_H
#define PROVISION_ASK_H

#include <stdbool.h>

/*
 * True for "yes" in full. Anything else, and no terminal to ask on, is false and was said; the
 * hint then is to add --yes.
 */
bool ask_yes(const char *question);

#endif
