/* A certificate and the CAs behind it; see chain.h. */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "provision/cert.h"
#include "provision/chain.h"
#include "provision/file.h"
#include "provision/msg.h"

#define FILE_MAX  65536U
#define PKCS7_MAX (256U * 1024)
#define LIST_MAX  32 /* certificates in one answer */

/*
 * An object of the chip holds eight certificates; TLS identity: tag and length, length of the
 * chain, and a length before each (solution reference manual, "Data structure ... certificates").
 */
#define CHAIN_MAX    7
#define FRAMING_ALL  6U
#define FRAMING_EACH 3U

static STACK_OF(X509) * copy_of(const STACK_OF(X509) * certs)
{
	return certs != NULL ? X509_chain_up_ref((STACK_OF(X509) *)(uintptr_t)certs) : NULL;
}

/* The certificates of a PKCS #7 without signers (RFC 5652, "certs-only" in RFC 8551, 3.8). */
static STACK_OF(X509) * from_pkcs7(PKCS7 *p7)
{
	STACK_OF(X509) *list = NULL;

	if (p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
		list = copy_of(p7->d.sign->cert);
	PKCS7_free(p7);
	return list;
}

static STACK_OF(X509) * from_pem(const char *data, size_t len)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	X509 *cert;

	while (bio != NULL && list != NULL &&
	       (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(list, cert) <= 0)
			X509_free(cert);
	BIO_free(bio);
	return list;
}

static bool
is_empty(const STACK_OF(X509) * list)
{
	return list == NULL || sk_X509_num(list) <= 0;
}

STACK_OF(X509) * chain_from_pkcs7(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	PKCS7 *p7 = len <= PKCS7_MAX ? d2i_PKCS7(NULL, &p, (long)len) : NULL;
	STACK_OF(X509) *list = NULL;

	/* Bytes after it: it is not what it says. */
	if (p7 != NULL && p == der + len)
		list = from_pkcs7(p7);
	else
		PKCS7_free(p7);
	ERR_clear_error();
	if (!is_empty(list) && sk_X509_num(list) <= LIST_MAX)
		return list;
	certs_free(&list);
	return NULL;
}

static STACK_OF(X509) * from_der(const unsigned char *der, size_t len)
{
	X509 *cert = cert_from_der(der, len);
	STACK_OF(X509) *list = NULL;

	if (cert == NULL)
		return chain_from_pkcs7(der, len);
	list = sk_X509_new_null();
	if (list == NULL || sk_X509_push(list, cert) <= 0)
		X509_free(cert);
	return list;
}

STACK_OF(X509) * chain_parse(const char *what, const char *data, size_t len)
{
	STACK_OF(X509) *list = from_pem(data, len);
	BIO *bio;

	if (is_empty(list)) {
		sk_X509_pop_free(list, X509_free);
		bio = BIO_new_mem_buf(data, (int)len);
		list = bio != NULL ? from_pkcs7(PEM_read_bio_PKCS7(bio, NULL, NULL, NULL)) : NULL;
		BIO_free(bio);
	}
	if (is_empty(list)) {
		sk_X509_pop_free(list, X509_free);
		list = from_der((const unsigned char *)data, len);
	}
	ERR_clear_error();
	if (!is_empty(list) && sk_X509_num(list) <= LIST_MAX)
		return list;
	if (is_empty(list)) {
		prov_error("%s: no certificate in it", what);
		prov_hint("it must be the device's certificate in PEM or DER, its issuers behind "
			  "it if you like");
	} else {
		prov_error("%s: more than %d certificates in it", what, LIST_MAX);
	}
	sk_X509_pop_free(list, X509_free);
	return NULL;
}

STACK_OF(X509) * chain_read(const char *path)
{
	STACK_OF(X509) *list = NULL;
	size_t len;
	char *data = file_read(path, FILE_MAX, &len);

	if (data != NULL)
		list = chain_parse(path, data, len);
	free(data);
	return list;
}

/* --- choosing --------------------------------------------------------------------------------- */

static bool
is_ca(X509 *cert)
{
	return X509_check_ca(cert) != 0;
}

static void
say_other_keys(const char *what, const STACK_OF(X509) * list)
{
	char *name = name_line(X509_get_subject_name(sk_X509_value(list, 0)));

	prov_error("%s: the certificate is for another key than this one's (its name is \"%s\")",
	    what, name != NULL ? name : "");
	prov_hint("it must be the one made from this chip's request");
	free(name);
}

static X509 *
find_leaf(const char *what, const STACK_OF(X509) * list, EVP_PKEY *key)
{
	X509 *leaf = NULL;
	int others = 0;

	for (int i = 0; i < sk_X509_num(list); i++) {
		X509 *cert = sk_X509_value(list, i);

		if (!cert_is_for(cert, key)) {
			others += is_ca(cert) ? 0 : 1;
		} else if (leaf != NULL && X509_cmp(leaf, cert) != 0) {
			prov_error("%s: two certificates for this key in it", what);
			prov_hint("keep the one that is wanted");
			return NULL;
		} else {
			leaf = cert;
		}
	}
	if (leaf == NULL) {
		say_other_keys(what, list);
	} else if (others > 0) {
		prov_error("%s: %d certificate%s in it that belong%s to another device", what,
		    others, others == 1 ? "" : "s", others == 1 ? "s" : "");
		prov_hint("only the CAs that issued the certificate may come with it");
		leaf = NULL;
	}
	return leaf;
}

static X509 *
find_issuer(const STACK_OF(X509) * list, X509 *cert)
{
	for (int i = 0; i < sk_X509_num(list); i++) {
		X509 *by = sk_X509_value(list, i);
		EVP_PKEY *key = X509_get0_pubkey(by);

		if (is_ca(by) && key != NULL && X509_check_issued(by, cert) == X509_V_OK &&
		    X509_verify(cert, key) == 1)
			return by;
	}
	return NULL;
}

static size_t
length(X509 *cert, const STACK_OF(X509) * chain)
{
	size_t len = FRAMING_ALL + FRAMING_EACH + (size_t)i2d_X509(cert, NULL);

	for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++)
		len += FRAMING_EACH + (size_t)i2d_X509(sk_X509_value(chain, i), NULL);
	return len;
}

X509 *
chain_take(const char *what, const STACK_OF(X509) * list, EVP_PKEY *key, STACK_OF(X509) * *chainp)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *leaf = find_leaf(what, list, key), *by = leaf;

	*chainp = NULL;
	while (leaf != NULL && chain != NULL && sk_X509_num(chain) < CHAIN_MAX &&
	       (by = find_issuer(list, by)) != NULL && X509_self_signed(by, 0) != 1)
		if (X509_add_cert(chain, by, X509_ADD_FLAG_UP_REF) != 1)
			break;
	ERR_clear_error();
	if (leaf == NULL || chain == NULL) {
		sk_X509_pop_free(chain, X509_free);
		return NULL;
	}
	if (sk_X509_num(chain) > 0 && length(leaf, chain) > CERT_OBJECT_MAX) {
		prov_warn("%s: the certificate and its %d issuer%s have %zu bytes with framing, "
			  "and an object of the chip takes %u: the issuer%s left off",
		    what, sk_X509_num(chain), sk_X509_num(chain) == 1 ? "" : "s",
		    length(leaf, chain), CERT_OBJECT_MAX,
		    sk_X509_num(chain) == 1 ? " is" : "s are");
		while (sk_X509_num(chain) > 0)
			X509_free(sk_X509_pop(chain));
	}
	*chainp = chain;
	(void)X509_up_ref(leaf);
	return leaf;
}

/* --- checking --------------------------------------------------------------------------------- */

static const char *
verify(X509 *cert, STACK_OF(X509) * between, X509_STORE *store)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	const char *why = "out of memory";

	if (ctx != NULL && X509_STORE_CTX_init(ctx, store, cert, between) == 1) {
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
		why = X509_verify_cert(ctx) == 1
			  ? NULL
			  : X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return why;
}

const char *
chain_problem(X509 *cert, STACK_OF(X509) * between, const char *anchors)
{
	X509_STORE *store = X509_STORE_new();
	const char *why = "out of memory";

	if (store != NULL && X509_STORE_load_file(store, anchors) != 1)
		why = "no CA certificates can be read";
	else if (store != NULL)
		why = verify(cert, between, store);
	X509_STORE_free(store);
	ERR_clear_error();
	return why;
}

const char *
chain_judge(X509 *cert, const char *anchors)
{
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		return "it is not valid yet";
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return "it has expired";
	return anchors != NULL ? chain_problem(cert, NULL, anchors) : NULL;
}

const char *
chain_problem_with(X509 *cert, STACK_OF(X509) * between, const STACK_OF(X509) * anchors)
{
	X509_STORE *store = X509_STORE_new();
	const char *why = "out of memory";
	bool ok = store != NULL;

	for (int i = 0; ok && i < sk_X509_num(anchors); i++)
		ok = X509_STORE_add_cert(store, sk_X509_value(anchors, i)) == 1;
	if (ok)
		why = verify(cert, between, store);
	X509_STORE_free(store);
	ERR_clear_error();
	return why;
}
