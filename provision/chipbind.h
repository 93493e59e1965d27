/* What only a handshake with the chip can tell about its binding secret. */
#ifndef PROVISION_CHIPBIND_H
#define PROVISION_CHIPBIND_H

#include "provision/chipmap.h"

/*
 * *out is 1: the chip has the secret that all are delivered with; 0: it has another; -1: it has
 * none, or the module cannot tell. false: the chip failed, and it was said why.
 */
bool chip_factory_secret(struct token *t, const struct chipmap *m, int *out);

#endif
