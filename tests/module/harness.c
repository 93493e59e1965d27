/* What the module tests share; see harness.h. */
#include <config.h>

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "hal/sim/sim.h"
#include "tests/module/harness.h"

CK_FUNCTION_LIST *p11;
static void *handle;
static char dir[64];

const char *const harness_models[] = { "trust-x", "trust-m-v1", "trust-m-v3" };
static size_t next_model = MODEL_V3;

static const unsigned char p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const unsigned char p384[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22 };

/* SEC 2, RFC 5639. */
static const unsigned char p521[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23 };
#define BRAINPOOL(n)                                                                               \
	{                                                                                          \
		0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, (n)                    \
	}
static const unsigned char bp256[] = BRAINPOOL(7);
static const unsigned char bp384[] = BRAINPOOL(11);
static const unsigned char bp512[] = BRAINPOOL(13);

const struct key_kind harness_kinds[] = {
	{ "P-256", CKK_EC, 256, p256, sizeof(p256), 64 },
	{ "P-384", CKK_EC, 384, p384, sizeof(p384), 96 },
	{ "P-521", CKK_EC, 521, p521, sizeof(p521), 132 },
	{ "brainpoolP256r1", CKK_EC, 256, bp256, sizeof(bp256), 64 },
	{ "brainpoolP384r1", CKK_EC, 384, bp384, sizeof(bp384), 96 },
	{ "brainpoolP512r1", CKK_EC, 512, bp512, sizeof(bp512), 128 },
	{ "RSA 1024", CKK_RSA, 1024, NULL, 0, 128 },
	{ "RSA 2048", CKK_RSA, 2048, NULL, 0, 256 },
};
const size_t harness_nkinds = sizeof(harness_kinds) / sizeof(harness_kinds[0]);

void
harness_load(void)
{
	const char *build = getenv("top_builddir");
	CK_C_GetFunctionList get;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/.libs/optiga-pkcs11.so", build ? build : ".");
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(handle != NULL, "%s", dlerror());
	*(void **)&get = dlsym(handle, "C_GetFunctionList");
	ck_assert_ptr_nonnull(get);
	ck_assert_ok(get(&p11));
}

void
harness_unload(void)
{
	p11 = NULL;
	ck_assert_int_eq(dlclose(handle), 0);
	handle = NULL;
}

void
harness_model(size_t model)
{
	next_model = model;
}

void
harness_chip(void)
{
	const char *tmp = getenv("TMPDIR");
	struct sim_config cfg = SIM_CONFIG_DEFAULT;
	char path[128], selector[192];

	(void)snprintf(dir, sizeof(dir), "%s/optiga-test-XXXXXX",
	    tmp != NULL && strlen(tmp) < 32 ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/chip.img", dir);
	cfg.model = harness_models[next_model];
	next_model = MODEL_V3;
	ck_assert_msg(sim_create(path, &cfg) == 0, "%s", sim_error());
	(void)snprintf(selector, sizeof(selector), "sim:%s", path);
	ck_assert_int_eq(setenv("OPTIGA_DEVICE", selector, 1), 0);
}

const char *
harness_dir(void)
{
	return dir;
}

void
harness_scrap(void)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(dir);
	(void)unsetenv("OPTIGA_DEVICE");
}

void
harness_setup(void)
{
	harness_load();
	harness_chip();
	ck_assert_ok(p11->C_Initialize(NULL));
}

void
harness_teardown(void)
{
	CK_RV rv = p11->C_Finalize(NULL);

	ck_assert(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED);
	harness_scrap();
	harness_unload();
}

CK_SESSION_HANDLE
harness_session(bool rw)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (rw ? CKF_RW_SESSION : 0);
	CK_SESSION_HANDLE s = 0;

	ck_assert_ok(p11->C_OpenSession(0, flags, NULL, NULL, &s));
	ck_assert_uint_ne(s, 0);
	return s;
}

CK_RV
harness_generate(CK_SESSION_HANDLE s, const struct key_kind *kind, const char *id,
    const char *label, CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *priv)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG bits = kind->bits;
	char idbuf[32], labelbuf[64];
	unsigned char params[16];
	CK_ATTRIBUTE a[6] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VERIFY, &yes, sizeof(yes) },
		{ CKA_ID, idbuf, id != NULL ? strlen(id) : 0 },
		{ CKA_LABEL, labelbuf, label != NULL ? strlen(label) : 0 },
	};
	CK_ATTRIBUTE b[6];
	CK_ULONG n = 2, m;
	CK_MECHANISM mech = {
		kind->type == CKK_EC ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0
	};

	if (id != NULL) {
		memcpy(idbuf, id, strlen(id));
		n++;
	}
	if (label != NULL) {
		(void)snprintf(labelbuf, sizeof(labelbuf), "%s", label);
		a[n++] = a[3];
	}
	memcpy(b, a, sizeof(b));
	m = n;
	b[1].type = CKA_SIGN;
	if (kind->type == CKK_EC) {
		memcpy(params, kind->params, kind->params_len);
		a[n++] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, params, kind->params_len };
	} else {
		a[n++] = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) };
	}
	return p11->C_GenerateKeyPair(s, &mech, a, n, b, m, pub, priv);
}

CK_ULONG
harness_find(
    CK_SESSION_HANDLE s, CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *list, CK_ULONG max)
{
	CK_OBJECT_HANDLE some[3];
	CK_ULONG got, total = 0;

	ck_assert_ok(p11->C_FindObjectsInit(s, tmpl, n));
	do {
		ck_assert_ok(p11->C_FindObjects(s, some, 3, &got));
		for (CK_ULONG i = 0; i < got; i++, total++)
			if (total < max)
				list[total] = some[i];
	} while (got > 0);
	ck_assert_ok(p11->C_FindObjectsFinal(s));
	return total;
}

unsigned char *
harness_attribute(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE_TYPE type, size_t *len)
{
	CK_ATTRIBUTE a = { type, NULL, 0 };
	unsigned char *p;

	ck_assert_ok(p11->C_GetAttributeValue(s, obj, &a, 1));
	p = calloc(1, a.ulValueLen + 1);
	ck_assert_ptr_nonnull(p);
	a.pValue = p;
	ck_assert_ok(p11->C_GetAttributeValue(s, obj, &a, 1));
	*len = a.ulValueLen;
	return p;
}

EVP_PKEY *
harness_pkey(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE obj)
{
	unsigned char *der;
	const unsigned char *p;
	EVP_PKEY *pkey;
	size_t len;

	p = der = harness_attribute(s, obj, CKA_PUBLIC_KEY_INFO, &len);
	pkey = d2i_PUBKEY(NULL, &p, (long)len);
	ck_assert_ptr_nonnull(pkey);
	ck_assert_uint_eq((size_t)(p - der), len);
	free(der);
	return pkey;
}

/* r || s as DER. */
static unsigned char *
ecdsa_der(const unsigned char *sig, size_t sig_len, size_t *len)
{
	ECDSA_SIG *es = ECDSA_SIG_new();
	unsigned char *der = NULL;
	int n;

	ck_assert_int_eq(ECDSA_SIG_set0(es, BN_bin2bn(sig, (int)(sig_len / 2), NULL),
			     BN_bin2bn(sig + sig_len / 2, (int)(sig_len / 2), NULL)),
	    1);
	n = i2d_ECDSA_SIG(es, &der);
	ck_assert_int_gt(n, 0);
	*len = (size_t)n;
	ECDSA_SIG_free(es);
	return der;
}

bool
harness_verify(EVP_PKEY *pkey, const char *md, const unsigned char *data, size_t len,
    const unsigned char *sig, size_t sig_len)
{
	unsigned char *der = NULL;
	EVP_PKEY_CTX *pctx;
	EVP_MD_CTX *ctx;
	bool ok;

	if (EVP_PKEY_is_a(pkey, "EC"))
		sig = der = ecdsa_der(sig, sig_len, &sig_len);
	if (md == NULL) {
		pctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
		ck_assert_int_eq(EVP_PKEY_verify_init(pctx), 1);
		ok = EVP_PKEY_verify(pctx, sig, sig_len, data, len) == 1;
		EVP_PKEY_CTX_free(pctx);
	} else {
		ctx = EVP_MD_CTX_new();
		ck_assert_int_eq(EVP_DigestVerifyInit_ex(ctx, NULL, md, NULL, NULL, pkey, NULL), 1);
		ok = EVP_DigestVerify(ctx, sig, sig_len, data, len) == 1;
		EVP_MD_CTX_free(ctx);
	}
	OPENSSL_free(der);
	return ok;
}

unsigned char *
harness_certificate(EVP_PKEY *pkey, const char *cn, size_t *len)
{
	EVP_PKEY *ca = EVP_EC_gen("P-256");
	X509_NAME *name = X509_NAME_new();
	unsigned char *der = NULL, *copy;
	X509 *crt = X509_new();
	int n;

	ck_assert_int_eq(X509_NAME_add_entry_by_txt(
			     name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0),
	    1);
	ck_assert_int_eq(X509_set_version(crt, X509_VERSION_3), 1);
	ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(crt), 4711), 1);
	ck_assert_int_eq(X509_set_subject_name(crt, name), 1);
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(
			     name, "O", MBSTRING_ASC, (const unsigned char *)"Test CA", -1, -1, 0),
	    1);
	ck_assert_int_eq(X509_set_issuer_name(crt, name), 1);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(crt), 0));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(crt), 86400));
	ck_assert_int_eq(X509_set_pubkey(crt, pkey), 1);
	ck_assert_int_gt(X509_sign(crt, ca, EVP_sha256()), 0);
	n = i2d_X509(crt, &der);
	ck_assert_int_gt(n, 0);
	copy = malloc((size_t)n);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, der, (size_t)n);
	*len = (size_t)n;
	OPENSSL_free(der);
	X509_free(crt);
	X509_NAME_free(name);
	EVP_PKEY_free(ca);
	return copy;
}

int
harness_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
