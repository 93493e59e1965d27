/*
 * What shows of a chip when one of its keys is a token of its own (struct store_view): the key,
 * its certificates, and the public key once more as data, all under fixed labels. Without a view
 * everything shows but that data object.
 */
#ifndef PKCS11_STORE_VIEW_H
#define PKCS11_STORE_VIEW_H

#include "pkcs11/store/attr.h"

/* Whether what is there may show; no traffic. */
bool view_has_place(const struct store *st, const struct object *o);

/* Whether there is an object, and it shows. */
int view_exists(struct store *st, struct object *o, bool *yes);

/* The attribute that stands for the one of this type in a view; NULL: the object's own. */
const struct attr *view_attr(const struct store *st, CK_ATTRIBUTE_TYPE type);

/* Whether the certificates of a slot show. */
int view_slot_shows(struct store *st, struct cert_slot *s, bool *yes);

/* Whether a label is what some object of a view is called anyway, so that nobody has to keep it. */
bool view_label(const struct store *st, const CK_ATTRIBUTE *label);

/*
 * What a template is about in a view. id and oid: CKA_ID, and the chip object that it names or 0;
 * of a key pair it need not be the view's, and is then forgotten. STORE_EPROHIBITED: a class that
 * views have none of, a certificate for another place or key.
 */
int view_check_class(const struct store *st, CK_OBJECT_CLASS cls);
void view_take_key_id(const struct store *st, const CK_ATTRIBUTE **id, unsigned *oid);
int view_check_cert(const struct store *st, unsigned oid, bool trusted);
/* One that is there already is created again. */
int view_check_cert_place(struct store *st, struct cert_slot *s);
int view_check_cert_key(const struct store *st, const struct key *k);

#endif
