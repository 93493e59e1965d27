/* Policy documents of AWS IoT made from templates. */
#ifndef PROVISION_POLICY_H
#define PROVISION_POLICY_H

#include <stdbool.h>

/*
 * The document for a template: file, or for NULL our own, which lets a thing connect under its own
 * name and use topics below it. <aws-region>, <aws-account-id> and <aws-partition> are filled in.
 * A file that gives a device rights beyond its own name draws a warning that names the statement.
 * malloc'ed; NULL: said why.
 */
char *policy_make(const char *file, const char *partition, const char *region, const char *account);

/* Whether two documents mean the same, as JSON. */
bool policy_equal(const char *a, const char *b);

#endif
