/* Attributes of keys that the module makes; see sobjattr.h. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/chip.h"
#include "pkcs11/sobj.h"
#include "pkcs11/store/spki.h"

static const struct {
	CK_ATTRIBUTE_TYPE type;
	CK_FLAGS use;
} uses[] = {
	{ CKA_SIGN, CKF_SIGN },
	{ CKA_VERIFY, CKF_VERIFY },
	{ CKA_ENCRYPT, CKF_ENCRYPT },
	{ CKA_DECRYPT, CKF_DECRYPT },
	{ CKA_DERIVE, CKF_DERIVE },
	{ CKA_WRAP, CKF_WRAP },
	{ CKA_UNWRAP, CKF_UNWRAP },
};

bool
sobj_key_use(size_t i, CK_ATTRIBUTE_TYPE *type, CK_FLAGS *use)
{
	if (i >= NITEMS(uses))
		return false;
	*type = uses[i].type;
	*use = uses[i].use;
	return true;
}

static const struct {
	CK_OBJECT_CLASS cls;
	enum key_kind key;
	enum sobj_kind kind;
	CK_KEY_TYPE type;
} kinds[] = {
	{ CKO_PUBLIC_KEY, KEY_RSA, SOBJ_RSA, CKK_RSA },
	{ CKO_PUBLIC_KEY, KEY_EC, SOBJ_EC, CKK_EC },
	{ CKO_PRIVATE_KEY, KEY_EC, SOBJ_PRIV_EC, CKK_EC },
	{ CKO_SECRET_KEY, KEY_AES, SOBJ_AES, CKK_AES },
	{ CKO_SECRET_KEY, KEY_GENERIC, SOBJ_GENERIC, CKK_GENERIC_SECRET },
};

static CK_RV
put_public(struct sobj_attrs *a, enum sobj_kind kind, const struct mod_key *k)
{
	struct cur n, e;
	CK_RV rv;

	if (kind == SOBJ_RSA) {
		if (spki_rsa(&k->value, &n, &e) != 0)
			return CKR_FUNCTION_FAILED;
		rv = sobj_attrs_put(a, CKA_MODULUS, n.p, n.len);
		return rv != CKR_OK ? rv : sobj_attrs_put(a, CKA_PUBLIC_EXPONENT, e.p, e.len);
	}
	if (spki_point(&k->value, &n) != 0)
		return CKR_FUNCTION_FAILED;
	rv = sobj_attrs_put(a, CKA_EC_PARAMS, k->type->params, k->type->params_len);
	return rv != CKR_OK ? rv : sobj_attrs_put(a, CKA_EC_POINT, n.p, n.len);
}

/* What the chip lets be done with a key on it is what it is for, unless the template says less. */
static CK_RV
put_uses(struct sobj_attrs *a, CK_OBJECT_CLASS cls, const struct mod_key *k)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < NITEMS(uses) && rv == CKR_OK; i++) {
		const bool private_only = uses[i].type == CKA_DECRYPT || uses[i].type == CKA_SIGN ||
					  uses[i].type == CKA_DERIVE || uses[i].type == CKA_UNWRAP;

		if (cls == CKO_SECRET_KEY || private_only)
			rv = sobj_attrs_put_bool(a, uses[i].type, (k->uses & uses[i].use) != 0);
	}
	return rv;
}

static CK_RV
put_secret(struct sobj_attrs *a, CK_OBJECT_CLASS cls, const struct mod_key *k,
    const struct sobj_origin *from)
{
	CK_RV rv = CKR_OK;

	if (cls == CKO_PRIVATE_KEY)
		rv = sobj_attrs_put(a, CKA_EC_PARAMS, k->type->params, k->type->params_len);
	else if (k->oid == 0)
		rv = sobj_attrs_put(a, CKA_VALUE, k->value.data, k->value.len);
	if (rv == CKR_OK && cls == CKO_SECRET_KEY)
		rv = sobj_attrs_put_ulong(a, CKA_VALUE_LEN, k->oid != 0 ? from->len : k->value.len);
	if (rv != CKR_OK || k->oid == 0)
		return rv;
	if ((rv = sobj_attrs_put_bool(a, CKA_SENSITIVE, true)) != CKR_OK ||
	    (rv = sobj_attrs_put_bool(a, CKA_EXTRACTABLE, false)) != CKR_OK ||
	    (rv = sobj_attrs_put_bool(a, CKA_COPYABLE, false)) != CKR_OK)
		return rv;
	return put_uses(a, cls, k);
}

CK_RV
sobj_key_attrs(CK_OBJECT_CLASS cls, const struct mod_key *k, const struct sobj_origin *from,
    enum sobj_kind *kind, struct sobj_attrs *a)
{
	for (size_t i = 0; i < NITEMS(kinds); i++) {
		CK_RV rv;

		if (kinds[i].cls != cls || kinds[i].key != k->kind)
			continue;
		*kind = kinds[i].kind;
		if ((rv = sobj_attrs_put_ulong(a, CKA_CLASS, cls)) != CKR_OK ||
		    (rv = sobj_attrs_put_ulong(a, CKA_KEY_TYPE, kinds[i].type)) != CKR_OK)
			return rv;
		return cls == CKO_PUBLIC_KEY ? put_public(a, *kind, k)
					     : put_secret(a, cls, k, from);
	}
	return CKR_TEMPLATE_INCONSISTENT;
}

/* Asked of a key on the chip what the chip does not let be done. */
static bool
too_much(const struct sobj_attrs *a, const struct mod_key *k)
{
	if (!sobj_attrs_bool(a, CKA_SENSITIVE) || sobj_attrs_bool(a, CKA_EXTRACTABLE) ||
	    sobj_attrs_bool(a, CKA_COPYABLE))
		return true;
	for (size_t i = 0; i < NITEMS(uses); i++)
		if (sobj_attrs_bool(a, uses[i].type) && (k->uses & uses[i].use) == 0)
			return true;
	return false;
}

CK_RV
sobj_key_origin(struct sobj_attrs *a, CK_OBJECT_CLASS cls, const struct mod_key *k,
    const struct sobj_origin *from)
{
	const CK_ATTRIBUTE *extractable = sobj_attrs_get(a, CKA_EXTRACTABLE);
	CK_RV rv;

	if (cls != CKO_PUBLIC_KEY && k->oid != 0 && too_much(a, k)) {
		log_info("%04X: a key in a session of the chip cannot be read, copied or put to "
			 "other uses than the chip's",
		    k->oid);
		return CKR_TEMPLATE_INCONSISTENT;
	}
	if ((rv = sobj_attrs_put_bool(a, CKA_LOCAL, from->local)) != CKR_OK ||
	    (rv = sobj_attrs_put_ulong(a, CKA_KEY_GEN_MECHANISM,
		 from->local ? from->mechanism : CK_UNAVAILABLE_INFORMATION)) != CKR_OK ||
	    cls == CKO_PUBLIC_KEY)
		return rv;
	rv = sobj_attrs_put_bool(
	    a, CKA_ALWAYS_SENSITIVE, from->always_sensitive && sobj_attrs_bool(a, CKA_SENSITIVE));
	return rv != CKR_OK ? rv
			    : sobj_attrs_put_bool(a, CKA_NEVER_EXTRACTABLE,
				  from->never_extractable && extractable != NULL &&
				      !sobj_attrs_bool(a, CKA_EXTRACTABLE));
}
