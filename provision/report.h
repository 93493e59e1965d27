/* Results on standard output: lines of name and value, or one JSON object. */
#ifndef PROVISION_REPORT_H
#define PROVISION_REPORT_H

#include <stdbool.h>

#include <jansson.h>
#include <openssl/x509.h>

/* An ordered object; NULL without memory, which every function here accepts. */
json_t *report_new(void);

/* Left out when value is NULL or "". */
void report_add(json_t *r, const char *name, const char *value);

/* Subject, issuer, end of validity, ID. */
void report_cert(json_t *r, X509 *cert);

/* Prints and frees. */
bool report_print(json_t *r, bool as_json);

#endif
