/* provision/msg.h for fuzz targets: nothing is shown. */
#ifndef TESTS_FUZZ_MESSAGES_H
#define TESTS_FUZZ_MESSAGES_H

/* Calls of prov_error so far. */
extern unsigned int errors;

#endif
