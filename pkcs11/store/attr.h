/* Attributes: one row for each attribute of each kind of object, with what it costs to know. */
#ifndef PKCS11_STORE_ATTR_H
#define PKCS11_STORE_ATTR_H

#include "pkcs11/pkcs11v3.h"
#include "pkcs11/store/internal.h"

/* Kinds of objects with attributes of their own. */
#define ATTR_PRIV_EC  0x01
#define ATTR_PRIV_RSA 0x02
#define ATTR_PUB_EC   0x04
#define ATTR_PUB_RSA  0x08
#define ATTR_CERT     0x10
#define ATTR_DATA     0x20
#define ATTR_AES      0x40
#define ATTR_GENERIC  0x80
#define ATTR_COUNTER  0x100
#define ATTR_PROFILE  0x200
#define ATTR_CHIP     0x400
#define ATTR_ALIAS    0x800
#define ATTR_STORED   (~(unsigned)(ATTR_PROFILE | ATTR_ALIAS)) /* behind which is a chip object */

/* In the order in which a search looks at them (D9). */
enum attr_cost {
	ATTR_FREE,  /* known from the kind of object alone */
	ATTR_INDEX, /* the index */
	ATTR_META,  /* metadata; of a certificate: its content, which is known when it is looked at
		     */
	ATTR_READ,  /* other objects, or signatures */
};

struct attr {
	CK_ATTRIBUTE_TYPE type;
	unsigned kinds;
	enum attr_cost cost;
	int (*get)(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
	unsigned long arg;
	bool settable; /* by C_SetAttributeValue */
};

/* NULL: objects of this kind have no such attribute. */
const struct attr *attr_find(
    const struct store *st, const struct object *o, CK_ATTRIBUTE_TYPE type);

/* Appends the value. STORE_EATTR_SENSITIVE, STORE_EATTR_TYPE, or what kept it from being known. */
int attr_value(struct store *st, const struct object *o, const struct attr *a, struct buf *out);

struct attr_table {
	const struct attr *rows;
	size_t n;
};
extern const struct attr_table attr_key, attr_cert, attr_data, attr_secret, attr_counter,
    attr_profile, attr_chip, attr_alias;
/* What all objects with a chip object behind them have besides. */
extern const struct attr_table attr_stored;

int attr_bool(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
int attr_ulong(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
int attr_empty(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
int attr_oid(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
int attr_unique_id(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
/* Of what is only ever set. */
int attr_nothing(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
int attr_sensitive(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
int attr_meta(struct store *st, const struct object *o, unsigned long arg, struct buf *out);

/* arg of attr_meta */
enum attr_meta_arg {
	ATTR_META_RAW,
	ATTR_META_LCSO,
	ATTR_META_USED,
	ATTR_META_MAX,
	ATTR_META_DESTROYABLE,
	ATTR_META_CHANGEABLE,
	ATTR_META_CHANGE, /* the expressions */
	ATTR_META_READ,
	ATTR_META_EXECUTE,
	ATTR_META_CHANGE_WORDS,
	ATTR_META_READ_WORDS,
	ATTR_META_EXECUTE_WORDS,
};

#endif
