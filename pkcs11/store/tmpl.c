/* Templates; see tmpl.h. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/chip.h"
#include "pkcs11/store/store.h"
#include "pkcs11/store/tmpl.h"

const CK_ATTRIBUTE *
tmpl_find(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < n; i++)
		if (tmpl[i].type == type)
			return &tmpl[i];
	return NULL;
}

static int
bool_of(const CK_ATTRIBUTE *a, bool *value)
{
	if (a->ulValueLen != sizeof(CK_BBOOL) || a->pValue == NULL)
		return STORE_EATTR_VALUE;
	*value = *(const CK_BBOOL *)a->pValue != CK_FALSE;
	return 0;
}

int
tmpl_bool(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, bool *value)
{
	const CK_ATTRIBUTE *a = tmpl_find(tmpl, n, type);

	return a == NULL ? 0 : bool_of(a, value);
}

int
tmpl_ulong(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_ULONG *value)
{
	const CK_ATTRIBUTE *a = tmpl_find(tmpl, n, type);

	if (a == NULL)
		return 0;
	if (a->ulValueLen != sizeof(*value) || a->pValue == NULL)
		return STORE_EATTR_VALUE;
	memcpy(value, a->pValue, sizeof(*value));
	return 0;
}

static enum tmpl_rule
rule_of(const struct tmpl_row *rows, CK_ATTRIBUTE_TYPE type)
{
	for (; rows->rule != TMPL_END; rows++)
		if (rows->type == type)
			break;
	return rows->rule;
}

static int
check_one(const CK_ATTRIBUTE *a, enum tmpl_rule rule)
{
	bool value;
	int r;

	switch (rule) {
	case TMPL_END: return STORE_EATTR_TYPE;
	case TMPL_FIXED: return STORE_EATTR_READONLY;
	case TMPL_TRUE:
	case TMPL_FALSE:
		if ((r = bool_of(a, &value)) != 0)
			return r;
		return value == (rule == TMPL_TRUE) ? 0 : STORE_EATTR_VALUE;
	case TMPL_USED:
	case TMPL_IGNORE: break;
	}
	return a->pValue == NULL && a->ulValueLen != 0 ? STORE_EATTR_VALUE : 0;
}

int
tmpl_check(const CK_ATTRIBUTE *tmpl, CK_ULONG n, const struct tmpl_row *rows)
{
	for (CK_ULONG i = 0; i < n; i++) {
		const int r = check_one(&tmpl[i], rule_of(rows, tmpl[i].type));

		if (r != 0) {
			log_info("attribute 0x%lx refused: %s", (unsigned long)tmpl[i].type,
			    r == STORE_EATTR_TYPE       ? "not known here"
			    : r == STORE_EATTR_READONLY ? "only the token sets it"
							: "not this value");
			return r;
		}
		if (tmpl_find(tmpl, i, tmpl[i].type) != NULL)
			return STORE_ECONFLICT;
	}
	return 0;
}

/* D16: what is asked of the key and the family has. */
static const struct {
	CK_ATTRIBUTE_TYPE type;
	unsigned ec, rsa;
} usages[] = {
	{ CKA_SIGN, CHIP_USE_SIGN, CHIP_USE_SIGN },
	{ CKA_DERIVE, CHIP_USE_KEYAGREE, 0 },
	{ CKA_DECRYPT, 0, CHIP_USE_ENC },
};

int
tmpl_usage(const CK_ATTRIBUTE *priv, CK_ULONG n, bool rsa, unsigned *usage)
{
	bool refused = false;
	int r;

	*usage = 0;
	for (size_t i = 0; i < NITEMS(usages); i++) {
		bool on = false;

		if ((r = tmpl_bool(priv, n, usages[i].type, &on)) != 0)
			return r;
		if (on)
			*usage |= rsa ? usages[i].rsa : usages[i].ec;
		else if (usages[i].type == CKA_SIGN)
			refused = tmpl_find(priv, n, CKA_SIGN) != NULL;
	}
	if (*usage == 0 && refused) {
		log_info("a key that may neither sign nor anything else was asked for");
		return STORE_ECONFLICT;
	}
	if (*usage == 0)
		*usage = CHIP_USE_SIGN;
	return 0;
}
