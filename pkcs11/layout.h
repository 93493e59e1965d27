/*
 * How a chip is laid out in slots: as one token, or as the six of the vendor's PKCS #11 sample,
 * each with one key, its certificate and its public key under fixed names. A layout is a table
 * of names and filters over the same objects; the store does the filtering (struct store_view).
 */
#ifndef PKCS11_LAYOUT_H
#define PKCS11_LAYOUT_H

#include <stddef.h>

#include "pkcs11/store/store.h"

struct layout {
	const char *name; /* in the configuration */
	size_t nslots;    /* of each chip */
	/*
	 * What each of them shows; NULL: the whole chip under the names of the device and the
	 * configuration. Else slot N is "SlotN" and its token "TokenN".
	 */
	const struct store_view *views;
};

/* NULL: no layout has that name. */
const struct layout *mod_layout_by_name(const char *name);

/* Without a word in the configuration; each of the two modules that are built brings its own. */
extern const char mod_layout_default[];

#endif
