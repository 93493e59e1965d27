/* Views; see view.h. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/view.h"

/* Of each kind of object in a view; NULL: none of it shows. */
static const char *const labels[OBJ_NKINDS] = {
	[OBJ_PRIVATE] = "PrvKey",
	[OBJ_PUBLIC] = "PubKey",
	[OBJ_CERT] = "Cert",
	[OBJ_ALIAS] = "PubKey",
};

/* --- what shows ----------------------------------------------------------------------------- */

bool
view_has_place(const struct store *st, const struct object *o)
{
	if (st->view == NULL)
		return o->kind != OBJ_ALIAS;
	if (labels[o->kind] == NULL)
		return false;
	if (o->kind == OBJ_CERT)
		return !o->slot->row->anchor;
	return o->key->row->oid == st->view->key;
}

int
view_slot_shows(struct store *st, struct cert_slot *s, bool *yes)
{
	const struct key *k;
	int r;

	*yes = st->view == NULL;
	if (*yes || s->row->anchor)
		return 0;
	if ((r = cert_load(st, s)) != 0 || s->n == 0)
		return r;
	/* A chain shows with its leaf. */
	if ((r = cert_pair(st, s, &s->certs[0], &k)) == 0)
		*yes = k != NULL ? k->row->oid == st->view->key : s->row->oid == st->view->cert;
	return r;
}

int
view_exists(struct store *st, struct object *o, bool *yes)
{
	int r;

	*yes = view_has_place(st, o);
	if (!*yes)
		return 0;
	r = kinds[o->kind]->exists(st, o, yes);
	if (r == 0 && *yes && o->kind == OBJ_CERT)
		r = view_slot_shows(st, o->slot, yes);
	return r;
}

/* --- labels --------------------------------------------------------------------------------- */

static int
get_label(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	const char *label = labels[o->kind];

	(void)st;
	(void)arg;
	return label != NULL ? buf_put(out, label, strlen(label)) : STORE_EATTR_TYPE;
}

const struct attr *
view_attr(const struct store *st, CK_ATTRIBUTE_TYPE type)
{
	static const struct attr label = { CKA_LABEL, ~0U, ATTR_FREE, get_label, 0, false };

	return st->view != NULL && type == CKA_LABEL ? &label : NULL;
}

bool
view_label(const struct store *st, const CK_ATTRIBUTE *label)
{
	if (st->view == NULL || label == NULL)
		return false;
	for (size_t i = 0; i < OBJ_NKINDS; i++)
		if (labels[i] != NULL && label->ulValueLen == strlen(labels[i]) &&
		    memcmp(label->pValue, labels[i], label->ulValueLen) == 0)
			return true;
	return false;
}

/* --- what goes in --------------------------------------------------------------------------- */

int
view_check_class(const struct store *st, CK_OBJECT_CLASS cls)
{
	if (st->view == NULL || cls == CKO_CERTIFICATE)
		return 0;
	log_info("a slot of layout key-slots takes no objects of class %lu but its key and "
		 "certificates: use layout = chip",
	    cls);
	return STORE_EPROHIBITED;
}

void
view_take_key_id(const struct store *st, const CK_ATTRIBUTE **id, unsigned *oid)
{
	if (st->view == NULL)
		return;
	if (*oid != 0 && *oid != st->view->key) {
		log_info("this slot's key is in %04X: it is not called %04x, which is the name of "
			 "another object",
		    st->view->key, *oid);
		*id = NULL;
	}
	if (*oid != st->view->key)
		*oid = 0;
}

int
view_check_cert(const struct store *st, unsigned oid, bool trusted)
{
	if (st->view == NULL)
		return 0;
	if (trusted) {
		log_info("trust anchors do not show in layout key-slots: use layout = chip");
		return STORE_EPROHIBITED;
	}
	if (oid == 0 || oid == st->view->key || oid == st->view->cert)
		return 0;
	log_info("CKA_ID names %04X, but this slot's are the key in %04X and its certificate in "
		 "%04X",
	    oid, st->view->key, st->view->cert);
	return STORE_EPROHIBITED;
}

int
view_check_cert_place(struct store *st, struct cert_slot *s)
{
	bool yes;
	int r;

	if ((r = view_slot_shows(st, s, &yes)) != 0 || yes)
		return r;
	log_info("%04X holds this certificate already, and shows it in another slot", s->row->oid);
	return STORE_EPROHIBITED;
}

int
view_check_cert_key(const struct store *st, const struct key *k)
{
	if (st->view == NULL || k == NULL || k->row->oid == st->view->key)
		return 0;
	log_info("the certificate is for the key in %04X, which is in another slot: this one's "
		 "is %04X",
	    k->row->oid, st->view->key);
	return STORE_EPROHIBITED;
}
