/* What PKCS #11 answers mean to the user: one table from CKR_* to a sentence and a next step. */
#ifndef PROVISION_RV_H
#define PROVISION_RV_H

#include <p11-kit/pkcs11.h>

/* "the token is write protected"; for a code that has no row, its number in words, until the next
 * call. */
const char *rv_text(CK_RV rv);

/* What the user can do about it; NULL: nothing known. */
const char *rv_hint(CK_RV rv);

/* prov_error("WHAT: text of rv") and, when there is one, its hint. */
void rv_error(CK_RV rv, const char *what);

#endif
