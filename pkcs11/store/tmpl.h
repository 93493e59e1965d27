/* Templates: reading attributes that a caller gives. */
#ifndef PKCS11_STORE_TMPL_H
#define PKCS11_STORE_TMPL_H

#include <stdbool.h>

#include <p11-kit/pkcs11.h>

/* The attribute, or NULL. */
const CK_ATTRIBUTE *tmpl_find(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type);

/* 0, value unchanged when the attribute is not there; STORE_EATTR_VALUE when it has another size.
 */
int tmpl_bool(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, bool *value);
int tmpl_ulong(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_ULONG *value);

/*
 * CHIP_USE_* from CKA_SIGN, CKA_DERIVE, CKA_DECRYPT of a private key's template; none: signing.
 * STORE_ECONFLICT: nothing at all.
 */
int tmpl_usage(const CK_ATTRIBUTE *priv, CK_ULONG n, bool rsa, unsigned *usage);

/* What a kind of template may hold, ended by a row of TMPL_END. */
enum tmpl_rule {
	TMPL_END,
	TMPL_USED,   /* looked at by the caller */
	TMPL_IGNORE, /* says nothing that can be granted or refused here */
	TMPL_TRUE,   /* must be true when given: it is, and cannot be otherwise */
	TMPL_FALSE,
	TMPL_FIXED, /* the token's to say */
};
struct tmpl_row {
	CK_ATTRIBUTE_TYPE type;
	enum tmpl_rule rule;
};

/*
 * Holds a template against the rows: STORE_EATTR_TYPE for an attribute without row,
 * STORE_EATTR_READONLY for a fixed one, STORE_EATTR_VALUE for a wrong or malformed one,
 * STORE_ECONFLICT for one that is given twice.
 */
int tmpl_check(const CK_ATTRIBUTE *tmpl, CK_ULONG n, const struct tmpl_row *rows);

#endif
