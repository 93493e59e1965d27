/* Keys and certificates on the token; see token.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/cert.h"
#include "provision/msg.h"
#include "provision/rv.h"
#include "provision/tokenchip.h"
#include "provision/tokenint.h"

#define VALUE_MAX 65536U
#define CERTS_MAX 16U

/* An answer that leaves others to be had, and one that the token is not to be trusted after. */
static CK_RV
note(struct token *t, CK_RV rv)
{
	switch (rv) {
	case CKR_OK:
	case CKR_ATTRIBUTE_SENSITIVE:
	case CKR_ATTRIBUTE_TYPE_INVALID:
	case CKR_ATTRIBUTE_VALUE_INVALID:
	case CKR_BUFFER_TOO_SMALL:
	case CKR_TEMPLATE_INCONSISTENT: break;
	default: t->failed = rv; break;
	}
	return rv;
}

CK_RV
object_find(struct token *t, CK_ATTRIBUTE *templ, CK_ULONG n, CK_OBJECT_HANDLE *out, CK_ULONG max,
    CK_ULONG *found)
{
	CK_RV rv = note(t, t->module->C_FindObjectsInit(t->session, templ, n)), end;

	*found = 0;
	if (rv != CKR_OK)
		return rv;
	rv = note(t, t->module->C_FindObjects(t->session, out, max, found));
	end = note(t, t->module->C_FindObjectsFinal(t->session));
	return rv != CKR_OK ? rv : end;
}

CK_RV
object_attributes(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *list, CK_ULONG n)
{
	return note(t, t->module->C_GetAttributeValue(t->session, o, list, n));
}

unsigned char *
object_get(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, size_t *lenp)
{
	CK_ATTRIBUTE a = { type, NULL, 0 };
	unsigned char *value;

	if (object_attributes(t, o, &a, 1) != CKR_OK ||
	    a.ulValueLen == CK_UNAVAILABLE_INFORMATION || a.ulValueLen == 0 ||
	    a.ulValueLen > VALUE_MAX)
		return NULL;
	value = malloc(a.ulValueLen);
	a.pValue = value;
	if (value == NULL || object_attributes(t, o, &a, 1) != CKR_OK ||
	    a.ulValueLen == CK_UNAVAILABLE_INFORMATION) {
		free(value);
		return NULL;
	}
	*lenp = a.ulValueLen;
	return value;
}

void
token_key_clear(struct token_key *k)
{
	EVP_PKEY_free(k->pub);
	memset(k, 0, sizeof(*k));
}

static EVP_PKEY *
key_from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

/* CKA_EC_PARAMS: DER of the curve's OID. CKA_EC_POINT: OCTET STRING around the point (PKCS
 * #11 3.0, 2.3.3). */
static EVP_PKEY *
ec_public(const unsigned char *par, size_t par_len, const unsigned char *point, size_t point_len)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	const unsigned char *p = par, *q = point;
	ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &p, (long)par_len);
	ASN1_OCTET_STRING *oct = d2i_ASN1_OCTET_STRING(NULL, &q, (long)point_len);
	EVP_PKEY *key = NULL;

	if (bld != NULL && oid != NULL && oct != NULL && OBJ_obj2nid(oid) != NID_undef &&
	    OSSL_PARAM_BLD_push_utf8_string(
		bld, OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(OBJ_obj2nid(oid)), 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
		ASN1_STRING_get0_data(oct), (size_t)ASN1_STRING_length(oct)) == 1)
		key = key_from_params("EC", bld);
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(oct);
	OSSL_PARAM_BLD_free(bld);
	return key;
}

static EVP_PKEY *
rsa_public(const unsigned char *n, size_t n_len, const unsigned char *e, size_t e_len)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *bn = BN_bin2bn(n, (int)n_len, NULL), *be = BN_bin2bn(e, (int)e_len, NULL);
	EVP_PKEY *key = NULL;

	if (bld != NULL && bn != NULL && be != NULL &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
		key = key_from_params("RSA", bld);
	BN_free(bn);
	BN_free(be);
	OSSL_PARAM_BLD_free(bld);
	return key;
}

/* The key that two attributes of an object make; NULL: they are not there, or wrong. */
static EVP_PKEY *
public_of(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE first, CK_ATTRIBUTE_TYPE second,
    EVP_PKEY *(*make)(const unsigned char *, size_t, const unsigned char *, size_t))
{
	size_t a_len = 0, b_len = 0;
	unsigned char *a = object_get(t, o, first, &a_len), *b = object_get(t, o, second, &b_len);
	EVP_PKEY *key = a != NULL && b != NULL ? make(a, a_len, b, b_len) : NULL;

	ERR_clear_error();
	free(a);
	free(b);
	return key;
}

static EVP_PKEY *
public_from(struct token *t, CK_OBJECT_HANDLE o)
{
	EVP_PKEY *key = public_of(t, o, CKA_EC_PARAMS, CKA_EC_POINT, ec_public);

	return key != NULL ? key : public_of(t, o, CKA_MODULUS, CKA_PUBLIC_EXPONENT, rsa_public);
}

/* From the public key object with the same ID, else from the private key's own attributes. */
static EVP_PKEY *
find_public(struct token *t, struct token_key *k)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, k->id, k->id_len },
	};
	CK_OBJECT_HANDLE o;
	CK_ULONG n;

	if (object_find(t, templ, 2, &o, 1, &n) == CKR_OK && n == 1) {
		EVP_PKEY *key = public_from(t, o);

		if (key != NULL)
			return key;
	}
	return public_from(t, k->handle);
}

static CK_RV
find_private(struct token *t, CK_ATTRIBUTE_TYPE by, const unsigned char oid[2],
    CK_OBJECT_HANDLE *out, CK_ULONG *n)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	unsigned char value[2] = { oid[0], oid[1] };
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ by, value, sizeof(value) },
	};

	return object_find(t, templ, 2, out, 2, n);
}

bool
token_key_read(struct token *t, CK_OBJECT_HANDLE handle, struct token_key *out)
{
	unsigned char *id;
	bool ok;

	memset(out, 0, sizeof(*out));
	out->handle = handle;
	id = object_get(t, handle, CKA_ID, &out->id_len);
	ok = id != NULL && out->id_len <= sizeof(out->id);
	if (ok)
		memcpy(out->id, id, out->id_len);
	else
		out->id_len = 0;
	free(id);
	out->pub = ok ? find_public(t, out) : public_from(t, handle);
	return ok;
}

enum found
token_find_key(struct token *t, const struct slot *s, struct token_key *out)
{
	const unsigned char oid[2] = { (unsigned char)(s->key_oid >> 8), s->key_oid & 0xFF };
	CK_OBJECT_HANDLE hits[2];
	CK_ULONG n = 0;
	CK_RV rv;

	memset(out, 0, sizeof(*out));
	/* Where the key is, not what somebody called it; other modules know only the latter. */
	rv = find_private(t, CKA_OPTIGA_OID, oid, hits, &n);
	if (rv != CKR_OK || n == 0)
		rv = find_private(t, CKA_ID, oid, hits, &n);
	if (rv != CKR_OK) {
		rv_error(rv, "cannot search the token for the key");
		return FOUND_FAILED;
	}
	if (n == 0)
		return FOUND_NONE;
	if (n > 1) {
		prov_error("several keys on the token have the ID %04x", s->key_oid);
		prov_hint("give all but one another ID, or destroy them");
		return FOUND_FAILED;
	}
	if (!token_key_read(t, hits[0], out)) {
		prov_error(
		    "cannot read the ID of the key in slot \"%s\" (%04X)", s->name, s->key_oid);
		return FOUND_FAILED;
	}
	return FOUND_ONE;
}

/* Both halves get the slot's object identifier as their ID, which places them on the chip. */
static CK_RV
generate(struct token *t, const struct config *c, const char *label, CK_MECHANISM_TYPE type,
    CK_ATTRIBUTE *pub, CK_ULONG npub, CK_OBJECT_HANDLE *priv_out)
{
	CK_MECHANISM mech = { type, NULL, 0 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	unsigned char id[2] = { (unsigned char)(c->slot->key_oid >> 8), c->slot->key_oid & 0xFF };
	char name[32];
	CK_ULONG npriv = 6;
	CK_ATTRIBUTE priv[9] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) },
		{ CKA_EXTRACTABLE, &no, sizeof(no) },
		{ CKA_SIGN, &yes, sizeof(yes) },
		{ CKA_ID, id, sizeof(id) },
	};
	CK_OBJECT_HANDLE pub_out;

	pub[0] = (CK_ATTRIBUTE){ CKA_TOKEN, &yes, sizeof(yes) };
	pub[1] = (CK_ATTRIBUTE){ CKA_VERIFY, &yes, sizeof(yes) };
	pub[2] = (CK_ATTRIBUTE){ CKA_ID, id, sizeof(id) };
	if (c->usage & CONFIG_USE_DERIVE)
		priv[npriv++] = (CK_ATTRIBUTE){ CKA_DERIVE, &yes, sizeof(yes) };
	if (c->usage & CONFIG_USE_DECRYPT)
		priv[npriv++] = (CK_ATTRIBUTE){ CKA_DECRYPT, &yes, sizeof(yes) };
	if (label != NULL) {
		(void)snprintf(name, sizeof(name), "%s", label);
		priv[npriv++] = (CK_ATTRIBUTE){ CKA_LABEL, name, strlen(name) };
	}
	return t->module->C_GenerateKeyPair(
	    t->session, &mech, pub, npub, priv, npriv, &pub_out, priv_out);
}

static CK_RV
generate_ec(struct token *t, const struct config *c, const char *label, CK_OBJECT_HANDLE *out)
{
	unsigned char params[32], *p = params;
	const ASN1_OBJECT *obj = OBJ_nid2obj(c->curve->nid);
	int len = obj != NULL ? i2d_ASN1_OBJECT(obj, NULL) : -1;
	CK_ATTRIBUTE pub[4] = { [3] = { CKA_EC_PARAMS, params, 0 } };

	if (len <= 0 || (size_t)len > sizeof(params))
		return CKR_DOMAIN_PARAMS_INVALID;
	(void)i2d_ASN1_OBJECT(obj, &p);
	pub[3].ulValueLen = (CK_ULONG)len;
	return generate(t, c, label, CKM_EC_KEY_PAIR_GEN, pub, 4, out);
}

static CK_RV
generate_rsa(struct token *t, const struct config *c, const char *label, CK_OBJECT_HANDLE *out)
{
	unsigned char f4[3] = { 1, 0, 1 };
	CK_ULONG size = c->rsa_bits;
	CK_ATTRIBUTE pub[5] = {
		[3] = { CKA_MODULUS_BITS, &size, sizeof(size) },
		[4] = { CKA_PUBLIC_EXPONENT, f4, sizeof(f4) },
	};

	return generate(t, c, label, CKM_RSA_PKCS_KEY_PAIR_GEN, pub, 5, out);
}

bool
token_generate(struct token *t, const struct config *c, struct token_key *out)
{
	return token_generate_as(t, c, NULL, out);
}

bool
token_generate_as(struct token *t, const struct config *c, const char *label, struct token_key *out)
{
	CK_OBJECT_HANDLE priv;
	CK_RV rv;

	memset(out, 0, sizeof(*out));
	rv = c->type == KEY_EC ? generate_ec(t, c, label, &priv) : generate_rsa(t, c, label, &priv);
	if (rv != CKR_OK) {
		prov_error("cannot generate a key (%s) in slot \"%s\" (%04X): %s",
		    config_key_name(c), c->slot->name, c->slot->key_oid, rv_text(rv));
		if (rv_hint(rv) != NULL)
			prov_hint("%s", rv_hint(rv));
		return false;
	}
	if (token_find_key(t, c->slot, out) != FOUND_ONE || out->pub == NULL) {
		prov_error("the key generated in slot \"%s\" (%04X) cannot be read back",
		    c->slot->name, c->slot->key_oid);
		return false;
	}
	return true;
}

bool
token_certs(
    struct token *t, const struct token_key *k, struct token_cert *list, size_t max, size_t *np)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	unsigned char id[sizeof(k->id)];
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, id, k != NULL ? k->id_len : 0 },
	};
	CK_OBJECT_HANDLE hits[CERTS_MAX];
	CK_ULONG n;
	CK_RV rv;

	*np = 0;
	if (k != NULL)
		memcpy(id, k->id, k->id_len);
	rv = object_find(t, templ, k != NULL ? 2 : 1, hits, max < CERTS_MAX ? max : CERTS_MAX, &n);
	if (rv != CKR_OK) {
		rv_error(rv, "cannot search the token for certificates");
		return false;
	}
	for (CK_ULONG i = 0; i < n; i++) {
		size_t len = 0;
		unsigned char *der = object_get(t, hits[i], CKA_VALUE, &len);

		list[i].handle = hits[i];
		list[i].cert = der != NULL ? cert_from_der(der, len) : NULL;
		free(der);
	}
	*np = n;
	return true;
}

/* In the object that holds the key's certificate (oid; 0: none), or with the key's ID. */
static bool
belongs(struct token *t, const struct token_key *k, CK_OBJECT_HANDLE o, uint16_t oid)
{
	unsigned char at[2];
	size_t len = 0;
	unsigned char *id = object_get(t, o, CKA_ID, &len);
	bool same = id != NULL && len == k->id_len && memcmp(id, k->id, len) == 0;

	free(id);
	return same ||
	       (oid != 0 && token_chip_get(t, o, CKA_OPTIGA_OID, at, sizeof(at), &len) == CKR_OK &&
		   len == sizeof(at) && (at[0] << 8 | at[1]) == oid);
}

bool
token_has_cert(struct token *t, const struct token_key *k, X509 *cert, bool *has)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	size_t len = 0;
	unsigned char *der = cert_der(cert, &len);
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_VALUE, der, len },
	};
	CK_OBJECT_HANDLE hits[CERTS_MAX];
	CK_ULONG n = 0;
	uint16_t oid;
	CK_RV rv;

	*has = false;
	if (der == NULL)
		return false;
	rv = object_find(t, templ, 2, hits, CERTS_MAX, &n);
	free(der);
	if (rv != CKR_OK)
		rv_error(rv, "cannot search the token for certificates");
	oid = rv == CKR_OK && n > 0 ? token_cert_oid(t, k) : 0;
	for (CK_ULONG i = 0; rv == CKR_OK && i < n && !*has; i++)
		*has = belongs(t, k, hits[i], oid);
	return rv == CKR_OK;
}

void
token_certs_clear(struct token_cert *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		X509_free(list[i].cert);
		list[i].cert = NULL;
	}
}

/* Subject, issuer and serial number in DER, as attributes want them; to be freed with OPENSSL_free.
 */
struct names {
	unsigned char *subject, *issuer, *serial;
	int subject_len, issuer_len, serial_len;
};

static bool
cert_names(X509 *cert, struct names *n)
{
	memset(n, 0, sizeof(*n));
	n->subject_len = i2d_X509_NAME(X509_get_subject_name(cert), &n->subject);
	n->issuer_len = i2d_X509_NAME(X509_get_issuer_name(cert), &n->issuer);
	n->serial_len = i2d_ASN1_INTEGER(X509_get_serialNumber(cert), &n->serial);
	return n->subject_len > 0 && n->issuer_len > 0 && n->serial_len > 0;
}

static CK_RV
create_cert(struct token *t, const struct token_key *k, unsigned char *der, size_t der_len,
    const struct names *nm, CK_OBJECT_HANDLE *out)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	unsigned char id[sizeof(k->id)];
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &no, sizeof(no) },
		{ CKA_ID, id, k->id_len },
		{ CKA_SUBJECT, nm->subject, (CK_ULONG)nm->subject_len },
		{ CKA_ISSUER, nm->issuer, (CK_ULONG)nm->issuer_len },
		{ CKA_SERIAL_NUMBER, nm->serial, (CK_ULONG)nm->serial_len },
		{ CKA_VALUE, der, der_len },
	};

	memcpy(id, k->id, k->id_len);
	return t->module->C_CreateObject(t->session, templ, sizeof(templ) / sizeof(templ[0]), out);
}

bool
token_write_cert(struct token *t, const struct token_key *k, X509 *cert)
{
	unsigned char *der = NULL, *back = NULL;
	size_t der_len, back_len = 0;
	CK_OBJECT_HANDLE o;
	struct names nm;
	bool ok = false;
	CK_RV rv;

	if (!cert_names(cert, &nm)) {
		prov_error("cannot encode the certificate's names: %s", ossl_why());
		goto out;
	}
	der = cert_der(cert, &der_len);
	if (der == NULL)
		goto out;
	rv = create_cert(t, k, der, der_len, &nm, &o);
	if (rv != CKR_OK) {
		rv_error(rv, "cannot write the certificate to the chip");
		goto out;
	}
	back = object_get(t, o, CKA_VALUE, &back_len);
	if (back == NULL || back_len != der_len || memcmp(back, der, der_len) != 0) {
		prov_error("the certificate read back from the chip is not the one written");
		prov_hint("check power and wiring, then run again");
		(void)t->module->C_DestroyObject(t->session, o);
		goto out;
	}
	ok = true;
out:
	OPENSSL_free(nm.subject);
	OPENSSL_free(nm.issuer);
	OPENSSL_free(nm.serial);
	free(der);
	free(back);
	return ok;
}

bool
token_destroy(struct token *t, CK_OBJECT_HANDLE object)
{
	CK_RV rv = t->module->C_DestroyObject(t->session, object);

	if (rv == CKR_OK)
		return true;
	rv_error(rv, "cannot remove the object from the chip");
	return false;
}

bool
token_destroy_key(struct token *t, const struct token_key *k)
{
	CK_OBJECT_CLASS cls = CKO_PUBLIC_KEY;
	unsigned char id[sizeof(k->id)];
	CK_ATTRIBUTE templ[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_ID, id, k->id_len } };
	CK_OBJECT_HANDLE pub;
	CK_ULONG n = 0;
	CK_RV rv;

	/* On the chip both are one, and go together; elsewhere the public key comes first, so that
	   an interruption leaves what can be found again. */
	memcpy(id, k->id, k->id_len);
	if (k->id_len > 0 && object_find(t, templ, 2, &pub, 1, &n) == CKR_OK && n == 1) {
		rv = t->module->C_DestroyObject(t->session, pub);
		if (rv != CKR_OK && rv != CKR_ACTION_PROHIBITED) {
			rv_error(rv, "cannot destroy the public key");
			return false;
		}
	}
	return token_destroy(t, k->handle);
}
