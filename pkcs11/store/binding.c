/*
 * What this host shares with the chip: the platform binding secret (chip object E140) and the
 * authorization secret of personalised parts (F1D0), by the attributes CKA_OPTIGA_PAIR, _PAIRED,
 * _SECRET and _FACTORY_SECRET. hal/chip keeps them and uses them on demand.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/base/secret.h"
#include "hal/chip/binding.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/feature.h"
#include "pkcs11/store/tmpl.h"

#define TYPE_AUTHORIZATION 0x31 /* of a data object */

static int
has_secret(struct store *st, const struct object *o)
{
	const struct chip_meta *m;
	int r;

	if (o->chip->oid == CHIP_OID_BINDING)
		return 0;
	if (o->chip->oid != CHIP_OID_AUTHORIZATION)
		return STORE_EATTR_TYPE;
	if ((r = kinds[o->kind]->meta(st, o, &m)) != 0)
		return r;
	return m->type == TYPE_AUTHORIZATION ? 0 : STORE_EATTR_TYPE;
}

int
binding_paired(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	(void)arg;
	if ((r = has_secret(st, o)) != 0)
		return r;
	r = o->chip->oid == CHIP_OID_BINDING ? chip_binding_prove(st->chip)
					     : chip_authorize_stored(st->chip);
	switch (r) {
	case HAL_EPAIR:
	case HAL_ENOTFOUND:
	case CHIP_E_ACCESS: /* authorizing itself asks for the encrypted connection */
	case CHIP_E_AUTHORIZATION: return attr_bool(st, o, 0, out);
	case 0: return attr_bool(st, o, 1, out);
	default: return r;
	}
}

int
binding_factory(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	bool yes = false;
	int r;

	(void)arg;
	if (o->chip->oid != CHIP_OID_BINDING)
		return STORE_EATTR_TYPE;
	if ((r = chip_binding_is_factory(st->chip, &yes)) != 0)
		return r;
	return attr_bool(st, o, yes, out);
}

/* The files' errors are no errors of the chip; they were logged with their path. */
static int
of_files(struct store *st, int r)
{
	return r == HAL_EACCES || (r == HAL_ENODEV && chip_present(st->chip)) ? STORE_EFILES : r;
}

static int
make_pair(struct store *st, uint16_t oid, CK_ULONG mode, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	static const enum chip_binding_lock locks[] = {
		[OPTIGA_PAIR_OPEN] = CHIP_BINDING_OPEN,
		[OPTIGA_PAIR_RENEWABLE] = CHIP_BINDING_RENEW,
		[OPTIGA_PAIR_SEALED] = CHIP_BINDING_SEALED,
	};
	int r;

	if (oid != CHIP_OID_BINDING)
		return STORE_EATTR_TYPE;
	if (mode >= NITEMS(locks))
		return STORE_EATTR_VALUE;
	if (mode != OPTIGA_PAIR_OPEN &&
	    (r = meta_meant(tmpl, n, oid, "the binding secret is locked for ever")) != 0)
		return r;
	return of_files(st, chip_pair(st->chip, locks[mode]));
}

static int
adopt(struct store *st, uint16_t oid, const CK_ATTRIBUTE *a)
{
	struct secret *s = NULL;
	int r;

	if (a->ulValueLen == 0 || a->ulValueLen > CHIP_BINDING_LEN)
		return STORE_EATTR_VALUE;
	if ((r = secret_from(a->pValue, a->ulValueLen, &s)) != 0)
		return r;
	r = oid == CHIP_OID_BINDING ? chip_binding_adopt(st->chip, s)
				    : chip_authorization_adopt(st->chip, s);
	secret_free(&s);
	if (r != HAL_EPAIR && r != HAL_EINVAL && r != CHIP_E_AUTHORIZATION)
		return of_files(st, r);
	log_info("%04X: this secret is not the chip's, or not to be used", oid);
	return STORE_EATTR_VALUE;
}

static int
forget(struct store *st, uint16_t oid, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	bool yes = false;
	int r;

	if ((r = tmpl_bool(tmpl, n, CKA_OPTIGA_PAIRED, &yes)) != 0)
		return r;
	if (yes) {
		log_info("CKA_OPTIGA_PAIRED is set to CK_FALSE only; CKA_OPTIGA_PAIR pairs");
		return STORE_EATTR_VALUE;
	}
	return of_files(st, oid == CHIP_OID_BINDING ? chip_binding_remove(st->chip)
						    : chip_authorization_remove(st->chip));
}

int
binding_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	const CK_ATTRIBUTE *pair = tmpl_find(tmpl, n, CKA_OPTIGA_PAIR),
			   *secret = tmpl_find(tmpl, n, CKA_OPTIGA_SECRET),
			   *paired = tmpl_find(tmpl, n, CKA_OPTIGA_PAIRED);
	CK_ULONG mode = 0;
	int r;

	if (pair == NULL && secret == NULL && paired == NULL)
		return 0;
	if ((pair != NULL) + (secret != NULL) + (paired != NULL) > 1 ||
	    tmpl_find(tmpl, n, CKA_VALUE) != NULL)
		return STORE_ECONFLICT;
	if ((r = has_secret(st, o)) != 0 || (r = tmpl_ulong(tmpl, n, CKA_OPTIGA_PAIR, &mode)) != 0)
		return r;
	if (pair != NULL)
		r = make_pair(st, o->chip->oid, mode, tmpl, n);
	else if (secret != NULL)
		r = adopt(st, o->chip->oid, secret);
	else
		r = forget(st, o->chip->oid, tmpl, n);
	store_forget(st); /* what can be read and used depends on it */
	return r;
}
