/* C_UnwrapKey: keys and data by protected updates, signed as a vendor would sign them. */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include "hal/chip/chip.h"
#include "pkcs11/optiga-pkcs11.h"
#include "tests/module/harness.h"
#include "tests/unit/simapp_manifest.h"

#define ANCHOR 0xE0E8
#define TARGET 0xE0F1

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE anchor, key;
static EVP_PKEY *signer, *imported;
static unsigned char payload[3 + 32 + 3 + 64];

/*
 * The chip as its owner prepares it: the signer's certificate as trust anchor, and E0F1 to be
 * changed by updates alone.
 */
static void
prepare(void)
{
	static const uint8_t as_anchor[] = { 0xD3, 1, 0x00, 0xE8, 1, 0x11 };
	static const uint8_t by_update[] = { 0xD0, 3, 0x21, ANCHOR >> 8, ANCHOR & 0xFF };
	struct chip *c;
	unsigned char *der;
	size_t len;

	der = harness_certificate(signer, "Update signer", &len);
	ck_assert_int_eq(chip_open(getenv("OPTIGA_DEVICE"), &c), 0);
	ck_assert_int_eq(chip_data_write(c, ANCHOR, 0, der, len, CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(chip_meta_write(c, ANCHOR, as_anchor, sizeof(as_anchor)), 0);
	ck_assert_int_eq(chip_meta_write(c, TARGET, by_update, sizeof(by_update)), 0);
	chip_close(&c);
	free(der);
}

/* TLVs of a private key and its public one. */
static void
make_payload(void)
{
	unsigned char point[65];
	BIGNUM *d = NULL;
	size_t n;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(imported, OSSL_PKEY_PARAM_PRIV_KEY, &d), 1);
	ck_assert_int_eq(EVP_PKEY_get_octet_string_param(
			     imported, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n),
	    1);
	memcpy(payload, "\x01\x00\x20", 3);
	ck_assert_int_eq(BN_bn2binpad(d, payload + 3, 32), 32);
	memcpy(payload + 35, "\x02\x00\x40", 3);
	memcpy(payload + 38, point + 1, 64);
	BN_clear_free(d);
}

static void
setup(void)
{
	unsigned char oid[2] = { ANCHOR >> 8, ANCHOR & 0xFF };
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
	CK_ATTRIBUTE want[] = { { CKA_OPTIGA_OID, oid, 2 }, { CKA_CLASS, &cls, sizeof(cls) } };

	harness_setup();
	signer = EVP_EC_gen("P-256");
	imported = EVP_EC_gen("P-256");
	prepare();
	make_payload();
	s = harness_session(true);
	ck_assert_uint_eq(harness_find(s, want, 2, &anchor, 1), 1);
}

static void
teardown(void)
{
	EVP_PKEY_free(signer);
	EVP_PKEY_free(imported);
	harness_teardown();
}

static void
make(struct mf *m, unsigned version)
{
	const struct mf_spec spec = { .target = TARGET,
		.anchor = ANCHOR,
		.key = signer,
		.type = MF_KEY,
		.version = version,
		.info = { CHIP_ALG_P256, CHIP_USE_SIGN },
		.payload = payload,
		.len = sizeof(payload) };

	mf_make(&spec, m);
	ck_assert_uint_eq(m->n, 1);
}

static CK_RV
unwrap(struct mf *m, CK_OBJECT_HANDLE with, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	CK_OPTIGA_PROTECTED_UPDATE_PARAMS p = { m->manifest, m->manifest_len };
	CK_MECHANISM mech = { CKM_OPTIGA_PROTECTED_UPDATE, &p, sizeof(p) };

	return p11->C_UnwrapKey(s, &mech, with, m->fragment[0], m->fragment_len[0], tmpl, n, &key);
}

START_TEST(a_signed_key_is_imported)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA_SHA256, NULL, 0 };
	unsigned char data[] = "signed by an imported key", sig[64], *local;
	CK_ULONG n = sizeof(sig);
	struct mf m;
	size_t len;

	make(&m, 1);
	ck_assert_ok(unwrap(&m, anchor, NULL, 0));
	ck_assert_ok(p11->C_SignInit(s, &ecdsa, key));
	ck_assert_ok(p11->C_Sign(s, data, sizeof(data), sig, &n));
	ck_assert(harness_verify(imported, "SHA256", data, sizeof(data), sig, n));
	local = harness_attribute(s, key, CKA_LOCAL, &len);
	ck_assert(!*local);
	free(local);
}
END_TEST

START_TEST(a_key_in_use_is_replaced_only_on_demand)
{
	CK_BBOOL yes = CK_TRUE;
	unsigned char oid[2] = { TARGET >> 8, TARGET & 0xFF };
	CK_ATTRIBUTE t[] = { { CKA_OPTIGA_OID, oid, 2 }, { CKA_OPTIGA_REPLACE, &yes, 1 } };
	struct mf m;

	make(&m, 1);
	ck_assert_ok(unwrap(&m, anchor, t, 1));
	make(&m, 2);
	ck_assert_rv(unwrap(&m, anchor, NULL, 0), CKR_ACTION_PROHIBITED);
	ck_assert_rv(unwrap(&m, anchor, t, 1), CKR_ACTION_PROHIBITED);
	ck_assert_ok(unwrap(&m, anchor, t, 2));
	/* Not newer. */
	ck_assert_rv(unwrap(&m, anchor, t, 2), CKR_WRAPPED_KEY_INVALID);
	oid[1] ^= 3;
	make(&m, 3);
	ck_assert_rv(unwrap(&m, anchor, t, 2), CKR_TEMPLATE_INCONSISTENT);
}
END_TEST

START_TEST(what_is_wrong_is_refused)
{
	CK_OPTIGA_PROTECTED_UPDATE_PARAMS p;
	CK_MECHANISM mech = { CKM_OPTIGA_PROTECTED_UPDATE, &p, sizeof(p) };
	CK_OBJECT_HANDLE pub, priv;
	struct mf m;

	make(&m, 1);
	ck_assert_rv(unwrap(&m, 4711, NULL, 0), CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], "\xE0\xF2", NULL, &pub, &priv));
	ck_assert_rv(unwrap(&m, priv, NULL, 0), CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
	m.fragment[0][5] ^= 1;
	ck_assert_rv(unwrap(&m, anchor, NULL, 0), CKR_WRAPPED_KEY_INVALID);
	m.fragment[0][5] ^= 1;
	m.manifest[m.manifest_len - 1] ^= 1;
	ck_assert_rv(unwrap(&m, anchor, NULL, 0), CKR_WRAPPED_KEY_INVALID);
	/* Every manifest that is cut short. */
	for (CK_ULONG n = 0; n < m.manifest_len; n++) {
		p.pManifest = m.manifest;
		p.ulManifestLen = n;
		ck_assert_rv(p11->C_UnwrapKey(
				 s, &mech, anchor, m.fragment[0], m.fragment_len[0], NULL, 0, &key),
		    n < m.manifest_len - 66 ? CKR_MECHANISM_PARAM_INVALID
					    : CKR_WRAPPED_KEY_INVALID);
	}
	p.ulManifestLen = m.manifest_len;
	ck_assert_rv(p11->C_UnwrapKey(s, &mech, anchor, NULL, 5, NULL, 0, &key), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_UnwrapKey(s, &mech, anchor, payload, 0, NULL, 0, &key),
	    CKR_WRAPPED_KEY_LEN_RANGE);
	mech.ulParameterLen--;
	ck_assert_rv(p11->C_UnwrapKey(s, &mech, anchor, payload, 5, NULL, 0, &key),
	    CKR_MECHANISM_PARAM_INVALID);
	mech.mechanism = CKM_RSA_PKCS;
	ck_assert_rv(
	    p11->C_UnwrapKey(s, &mech, anchor, payload, 5, NULL, 0, &key), CKR_MECHANISM_INVALID);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("protected updates");
	TCase *tc = tcase_create("unwrap");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_signed_key_is_imported);
	tcase_add_test(tc, a_key_in_use_is_replaced_only_on_demand);
	tcase_add_test(tc, what_is_wrong_is_refused);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
