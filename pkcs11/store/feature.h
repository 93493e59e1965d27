/* Counters, profiles and chip objects: what kinds and attributes share. */
#ifndef PKCS11_STORE_FEATURE_H
#define PKCS11_STORE_FEATURE_H

#include "pkcs11/store/kind.h"

/* PKCS #11 profiles (OASIS, "PKCS #11 Cryptographic Token Interface Profiles") that hold. */
struct profile {
	CK_ULONG id;
	const char *name;
};
extern const struct profile profiles[];

#endif
