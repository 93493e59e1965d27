/* See test_store_host.h. */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "hal/base/err.h"
#include "hal/sim/sim.h"
#include "pkcs11/store/recover.h"
#include "tests/unit/test_store_host.h"

struct store *st;
char host_image[96];
CK_OBJECT_HANDLE host_found[64];
static char dir[64];

static void
open_store(void)
{
	char selector[160];

	snprintf(selector, sizeof(selector), "sim:%s?time=virtual", host_image);
	ck_assert_int_eq(store_new(selector, NULL, &st), 0);
}

void
host_start(void)
{
	host_start_model("trust-m-v3");
}

void
host_start_model(const char *model)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;

	cfg.model = model;
	cfg.monitor = false;
	strcpy(dir, "/tmp/store-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(host_image, sizeof(host_image), "%s/chip", dir);
	ck_assert_msg(sim_create(host_image, &cfg) == 0, "%s", sim_error());
	open_store();
}

void
host_end(void)
{
	store_free(&st);
	(void)unlink(host_image);
	(void)rmdir(dir);
}

void
host_again(void)
{
	store_free(&st);
	open_store();
}

struct chip *
host_chip(void)
{
	ck_assert_int_eq(store_attach(st), 0);
	return store_chip(st);
}

unsigned
host_commands(void)
{
	return chip_commands(host_chip());
}

int
host_hurry(void)
{
	const char *fork_mode = getenv("CK_FORK");

	return fork_mode != NULL && strcmp(fork_mode, "no") == 0 ? 8 : 1;
}

CK_ULONG
host_find(const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	CK_OBJECT_HANDLE *h;
	CK_ULONG found;

	ck_assert_int_eq(store_find(st, tmpl, n, &h, &found), 0);
	ck_assert_uint_le(found, NITEMS(host_found));
	if (found > 0)
		memcpy(host_found, h, found * sizeof(*h));
	else
		ck_assert_ptr_null(h);
	free(h);
	for (CK_ULONG i = 0; i < found; i++)
		for (CK_ULONG j = 0; j < i; j++)
			ck_assert_uint_ne(host_found[i], host_found[j]);
	return found;
}

CK_ULONG
host_find_class(CK_OBJECT_CLASS cls)
{
	const CK_ATTRIBUTE t = { CKA_CLASS, &cls, sizeof(cls) };

	return host_find(&t, 1);
}

CK_ULONG
host_find_id(CK_OBJECT_CLASS cls, const void *id, CK_ULONG len)
{
	uint8_t copy[64];
	const CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_ID, copy, len } };

	ck_assert_uint_le(len, sizeof(copy));
	memcpy(copy, id, len);
	return host_find(t, 2);
}

int
host_get(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, struct buf *out)
{
	CK_ATTRIBUTE a = { type, NULL, 0 };
	int r;

	buf_reset(out);
	if ((r = store_attributes(st, h, &a, 1)) != 0) {
		if (r != STORE_EHANDLE)
			ck_assert_uint_eq(a.ulValueLen, CK_UNAVAILABLE_INFORMATION);
		return r;
	}
	ck_assert_int_eq(buf_put_fill(out, 0xAA, a.ulValueLen), 0);
	a.pValue = out->data;
	r = store_attributes(st, h, &a, 1);
	if (r == 0)
		ck_assert_uint_eq(a.ulValueLen, out->len);
	return r;
}

bool
host_bool(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	struct buf b = BUF_INIT;
	bool v;

	ck_assert_int_eq(host_get(h, type, &b), 0);
	ck_assert_uint_eq(b.len, 1);
	ck_assert_uint_le(b.data[0], 1);
	v = b.data[0] != 0;
	buf_free(&b);
	return v;
}

CK_ULONG
host_ulong(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	struct buf b = BUF_INIT;
	CK_ULONG v;

	ck_assert_int_eq(host_get(h, type, &b), 0);
	ck_assert_uint_eq(b.len, sizeof(v));
	memcpy(&v, b.data, sizeof(v));
	buf_free(&b);
	return v;
}

bool
host_is(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const void *p, size_t len)
{
	struct buf b = BUF_INIT;
	bool same;

	ck_assert_int_eq(host_get(h, type, &b), 0);
	same = b.len == len && (len == 0 || memcmp(b.data, p, len) == 0);
	buf_free(&b);
	return same;
}

int
host_generate(enum chip_alg alg, const void *id, CK_ULONG id_len, const char *label,
    CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *priv)
{
	const struct chip_keytype *kt = chip_keytype_by_alg((int)alg);
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG bits = kt->bits;
	uint8_t params[16], idbuf[64];
	char text[64];
	CK_ATTRIBUTE p[8], q[8];
	CK_ULONG np = 0, nq = 0;

	p[np++] = q[nq++] = (CK_ATTRIBUTE){ CKA_TOKEN, &yes, sizeof(yes) };
	q[nq++] = (CK_ATTRIBUTE){ CKA_SIGN, &yes, sizeof(yes) };
	if (kt->rsa) {
		p[np++] = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) };
	} else {
		memcpy(params, kt->params, kt->params_len);
		p[np++] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, params, kt->params_len };
	}
	if (id != NULL) {
		memcpy(idbuf, id, id_len);
		p[np++] = q[nq++] = (CK_ATTRIBUTE){ CKA_ID, idbuf, id_len };
	}
	if (label != NULL) {
		snprintf(text, sizeof(text), "%s", label);
		q[nq++] = (CK_ATTRIBUTE){ CKA_LABEL, text, strlen(text) };
	}
	return store_generate(st, kt->rsa, p, np, q, nq, pub, priv);
}

int
host_set(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const void *p, CK_ULONG len)
{
	uint8_t copy[128];
	const CK_ATTRIBUTE a = { type, copy, len };

	ck_assert_uint_le(len, sizeof(copy));
	memcpy(copy, p, len);
	return store_set(st, h, &a, 1);
}

/* --- certificates --------------------------------------------------------------------------- */

EVP_PKEY *
host_key(const char *curve)
{
	EVP_PKEY *k = curve != NULL ? EVP_EC_gen(curve) : EVP_RSA_gen(2048);

	ck_assert_ptr_nonnull(k);
	return k;
}

void
host_spki(EVP_PKEY *key, struct buf *spki)
{
	unsigned char *p = NULL;
	const int n = i2d_PUBKEY(key, &p);

	ck_assert_int_gt(n, 0);
	buf_reset(spki);
	ck_assert_int_eq(buf_put(spki, p, (size_t)n), 0);
	OPENSSL_free(p);
}

void
host_chip_spki(CK_OBJECT_HANDLE h, struct buf *spki)
{
	ck_assert_int_eq(store_public_key(st, h, spki), 0);
}

static X509_NAME *
name(const char *cn, size_t pad)
{
	static const char filler[] = "0123456789012345678901234567890123456789";
	X509_NAME *n = X509_NAME_new();

	ck_assert_int_eq(
	    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0),
	    1);
	for (; pad > 0; pad -= pad < 40 ? pad : 40)
		ck_assert_int_eq(
		    X509_NAME_add_entry_by_txt(n, "OU", MBSTRING_ASC, (const unsigned char *)filler,
			pad < 40 ? (int)pad : 40, -1, 0),
		    1);
	return n;
}

void
host_cert(const struct buf *spki, const char *subject, const char *issuer, EVP_PKEY *by, bool ca,
    size_t pad, struct buf *der)
{
	static int serial = 1000;
	const unsigned char *p = spki->data;
	EVP_PKEY *pub = d2i_PUBKEY(NULL, &p, (long)spki->len);
	X509_NAME *sn = name(subject, pad), *in = name(issuer, 0);
	X509 *x = X509_new();
	unsigned char *out = NULL;
	int n;

	ck_assert_ptr_nonnull(pub);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_set_subject_name(x, sn);
	X509_set_issuer_name(x, in);
	ASN1_TIME_set_string(X509_getm_notBefore(x), "20250102030405Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), "20501231235959Z");
	X509_set_pubkey(x, pub);
	if (ca) {
		X509_EXTENSION *e =
		    X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
	ck_assert_int_gt(X509_sign(x, by, EVP_sha256()), 0);
	n = i2d_X509(x, &out);
	ck_assert_int_gt(n, 0);
	buf_reset(der);
	ck_assert_int_eq(buf_put(der, out, (size_t)n), 0);
	OPENSSL_free(out);
	X509_free(x);
	X509_NAME_free(sn);
	X509_NAME_free(in);
	EVP_PKEY_free(pub);
}

int
host_create(const struct buf *der, const void *id, CK_ULONG id_len, const char *label, bool trusted,
    CK_OBJECT_HANDLE *h)
{
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE;
	uint8_t idbuf[64];
	char text[64];
	CK_ATTRIBUTE a[8] = {
		{ CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VALUE, der->data, der->len },
	};
	CK_ULONG n = 4;

	if (id != NULL) {
		memcpy(idbuf, id, id_len);
		a[n++] = (CK_ATTRIBUTE){ CKA_ID, idbuf, id_len };
	}
	if (label != NULL) {
		snprintf(text, sizeof(text), "%s", label);
		a[n++] = (CK_ATTRIBUTE){ CKA_LABEL, text, strlen(text) };
	}
	if (trusted)
		a[n++] = (CK_ATTRIBUTE){ CKA_TRUSTED, &yes, sizeof(yes) };
	return store_create(st, a, n, h);
}

bool
host_signs_for(CK_OBJECT_HANDLE priv, const struct buf *spki)
{
	struct recover_sig s = { .digest_len = RECOVER_DIGEST_LEN, .sig = BUF_INIT };
	struct store_key key;
	int r;

	ck_assert_int_eq(store_key(st, priv, &key), 0);
	memset(s.digest, 0x5A, sizeof(s.digest));
	if (key.type->rsa)
		r = chip_sign_rsa(host_chip(), key.oid, s.digest, s.digest_len, &s.sig);
	else
		r = chip_sign_ecdsa(
		    host_chip(), key.oid, key.type->size, s.digest, s.digest_len, &s.sig);
	ck_assert_int_eq(r, 0);
	r = recover_check(key.type, spki, &s);
	buf_free(&s.sig);
	return r == 0;
}
