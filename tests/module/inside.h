/* The simulator below the module, for tests that are linked with the module's parts. */
#ifndef TESTS_MODULE_INSIDE_H
#define TESTS_MODULE_INSIDE_H

#include <p11-kit/pkcs11.h>

struct sim;

/* The handle that the session's token uses; NULL if there is no such session, or no chip. */
struct sim *inside_sim(CK_SESSION_HANDLE h);

#endif
