/* Processes that die at a bus transfer of their choice; bus_write is wrapped by the linker. */
#ifndef TESTS_UNIT_STORE_CUT_H
#define TESTS_UNIT_STORE_CUT_H

#include <stdbool.h>

#ifndef CUT_EVERY
#define CUT_EVERY 11 /* every transfer: the .long programs */
#endif

/*
 * Runs what in a process that dies at transfer n; false when it came to its end. The store of
 * this process is closed meanwhile and knows nothing afterwards.
 */
bool dies_at(int n, void (*what)(void));

#endif
