/*
 * What the module tests share: the built module through C_GetFunctionList, on a simulated chip
 * with an image of its own for each test.
 */
#ifndef TESTS_MODULE_HARNESS_H
#define TESTS_MODULE_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <check.h>
#include <openssl/types.h>
#include <p11-kit/pkcs11.h>

/* The function list; set by harness_load. */
extern CK_FUNCTION_LIST *p11;

/* Maps the module; harness_unload unmaps it. */
void harness_load(void);
void harness_unload(void);

/* Models of chips, for loop tests; the next chip is one of those, "trust-m-v3" if nobody says. */
extern const char *const harness_models[];
#define MODEL_X  0
#define MODEL_V1 1
#define MODEL_V3 2
#define NMODELS  3
void harness_model(size_t model);

/* A new chip with the factory's content, and OPTIGA_DEVICE naming it; removed by harness_scrap. */
void harness_chip(void);
void harness_scrap(void);
const char *harness_dir(void); /* the test's own directory */

/* Fixture: load, chip, C_Initialize; and back. */
void harness_setup(void);
void harness_teardown(void);

#define ck_assert_rv(call, expect)                                                                 \
	do {                                                                                       \
		CK_RV rv_ = (call);                                                                \
		ck_assert_msg(rv_ == (expect), "%s: 0x%lx, expected %s", #call, rv_, #expect);     \
	} while (0)
#define ck_assert_ok(call) ck_assert_rv(call, CKR_OK)

CK_SESSION_HANDLE harness_session(bool rw);

/* Key pair with ID and label; kind is a row of harness_kinds. */
struct key_kind {
	const char *name;
	CK_KEY_TYPE type;
	CK_ULONG bits;
	const unsigned char *params; /* CKA_EC_PARAMS */
	size_t params_len;
	size_t sig_len;
};
extern const struct key_kind harness_kinds[]; /* EC first */
extern const size_t harness_nkinds;
#define KIND_P256    0
#define KIND_P384    1
#define KIND_RSA1024 6
#define KIND_RSA2048 7
CK_RV harness_generate(CK_SESSION_HANDLE s, const struct key_kind *kind, const char *id,
    const char *label, CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *priv);

/* All objects that match; returns their number, at most max are stored. */
CK_ULONG harness_find(
    CK_SESSION_HANDLE s, CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *list, CK_ULONG max);

/* An attribute's value, two calls; free it. Fails the test if it cannot be had. */
unsigned char *harness_attribute(
    CK_SESSION_HANDLE s, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE_TYPE type, size_t *len);

/* The object's CKA_PUBLIC_KEY_INFO as a key of OpenSSL. */
EVP_PKEY *harness_pkey(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE obj);

/* OpenSSL's opinion of a signature. md: NULL for a digest signed by raw ECDSA. */
bool harness_verify(EVP_PKEY *pkey, const char *md, const unsigned char *data, size_t len,
    const unsigned char *sig, size_t sig_len);

/* A certificate for the key with that subject, self-made by a test CA; DER, free it. */
unsigned char *harness_certificate(EVP_PKEY *pkey, const char *cn, size_t *len);

/* Runs the suite, one program each; the exit status. */
int harness_run(Suite *suite);

#endif
