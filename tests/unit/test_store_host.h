/* A store on a simulated chip of its own, in virtual time, and short ways to ask it things. */
#ifndef TESTS_UNIT_TEST_STORE_HOST_H
#define TESTS_UNIT_TEST_STORE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"
#include "hal/chip/chip.h"
#include "pkcs11/store/store.h"

extern struct store *st;    /* of the chip made by host_start */
extern char host_image[96]; /* its file */

void host_start(void);
void host_start_model(const char *model);
void host_end(void);
/* A store that knows nothing, as in another process. */
void host_again(void);
struct chip *host_chip(void); /* attached */
unsigned host_commands(void);

/* 1; more under valgrind (make memcheck), which is that much slower: divides rounds. */
int host_hurry(void);

/* --- asking --------------------------------------------------------------------------------- */

/* Number of objects of a class (and with an ID); handles in host_found, at most 64. */
extern CK_OBJECT_HANDLE host_found[64];
CK_ULONG host_find(const CK_ATTRIBUTE *tmpl, CK_ULONG n);
CK_ULONG host_find_class(CK_OBJECT_CLASS cls);
CK_ULONG host_find_id(CK_OBJECT_CLASS cls, const void *id, CK_ULONG len);

/* Reads one attribute; the result of store_attributes. */
int host_get(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, struct buf *out);
bool host_bool(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type);
CK_ULONG host_ulong(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type);
/* Whether the attribute has exactly these bytes. */
bool host_is(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const void *p, size_t len);

/* --- making --------------------------------------------------------------------------------- */

/* Key pair; alg CHIP_ALG_*; id and label may be NULL. Result of store_generate. */
int host_generate(enum chip_alg alg, const void *id, CK_ULONG id_len, const char *label,
    CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *priv);
/* Sets CKA_ID or CKA_LABEL. */
int host_set(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const void *p, CK_ULONG len);

/* A key of the host's, for authorities and strangers. */
EVP_PKEY *host_key(const char *curve);
/*
 * A certificate for a SubjectPublicKeyInfo, signed by an authority's key; pad adds bytes to its
 * subject to make it longer. DER appended.
 */
void host_cert(const struct buf *spki, const char *subject, const char *issuer, EVP_PKEY *by,
    bool ca, size_t pad, struct buf *der);
void host_spki(EVP_PKEY *key, struct buf *spki);
/* The chip's key as SubjectPublicKeyInfo. */
void host_chip_spki(CK_OBJECT_HANDLE h, struct buf *spki);
/* C_CreateObject; id and label may be NULL. */
int host_create(const struct buf *der, const void *id, CK_ULONG id_len, const char *label,
    bool trusted, CK_OBJECT_HANDLE *h);

/* Whether the chip's key in the slot signs for this public key. */
bool host_signs_for(CK_OBJECT_HANDLE priv, const struct buf *spki);

#endif
