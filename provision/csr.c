/* The certificate request; see csr.h. */
#include <config.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "provision/cert.h"
#include "provision/csr.h"
#include "provision/msg.h"

static const struct {
	int nid;
	const char *value;
} extensions[] = {
	{ NID_basic_constraints, "CA:FALSE" },
	{ NID_ext_key_usage, "serverAuth,clientAuth" },
	{ NID_key_usage, "critical,digitalSignature,keyEncipherment" },
};

X509_NAME *
csr_subject(const struct config *c)
{
	X509_NAME *name = X509_NAME_new();
	const struct subject_field *f;

	for (size_t i = 0; name != NULL && (f = subject_row(i)) != NULL; i++) {
		if (c->subject[i] == NULL)
			continue;
		/* OpenSSL chooses the string type each attribute asks for, UTF8String where it may.
		 */
		if (X509_NAME_add_entry_by_NID(name, f->nid, MBSTRING_UTF8,
			(const unsigned char *)c->subject[i], -1, -1, 0) != 1) {
			prov_error("%s: \"csr_config.certificate_info.%s\" cannot be put into a "
				   "subject: %s",
			    c->path, f->member, ossl_why());
			X509_NAME_free(name);
			return NULL;
		}
	}
	if (name == NULL)
		prov_error("cannot make a subject: %s", ossl_why());
	return name;
}

static bool
add_extensions(X509_REQ *req)
{
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	bool ok = list != NULL;

	for (size_t i = 0; ok && i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		X509_EXTENSION *e =
		    X509V3_EXT_conf_nid(NULL, NULL, extensions[i].nid, extensions[i].value);

		ok = e != NULL && sk_X509_EXTENSION_push(list, e) > 0;
		if (!ok)
			X509_EXTENSION_free(e);
	}
	ok = ok && X509_REQ_add_extensions(req, list) == 1;
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return ok;
}

X509_REQ *
csr_make(const struct config *c, EVP_PKEY *pub, EVP_PKEY *signer)
{
	const EVP_MD *md = EVP_get_digestbyname(c->hash->name);
	X509_NAME *name = csr_subject(c);
	X509_REQ *req = X509_REQ_new();
	bool ok = false;

	if (name == NULL)
		goto out;
	if (req == NULL || md == NULL || X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_subject_name(req, name) != 1 || X509_REQ_set_pubkey(req, pub) != 1 ||
	    (c->extensions && !add_extensions(req))) {
		prov_error("cannot make the request: %s", ossl_why());
		goto out;
	}
	if (X509_REQ_sign(req, signer, md) <= 0) {
		prov_error("the chip did not sign the request: %s", ossl_why());
		prov_hint("run with OPTIGA_LOG=info to see what the chip said");
		goto out;
	}
	/* The public key may come from a record that anyone who holds the board can write. */
	if (X509_REQ_verify(req, pub) != 1) {
		prov_error("the request does not verify: the public key on record is not that of "
			   "the key in slot \"%s\" (%04X): %s",
		    c->slot->name, c->slot->key_oid, ossl_why());
		prov_hint(
		    "nothing was sent; destroy the key and start afresh, or use another slot");
		goto out;
	}
	ok = true;
out:
	X509_NAME_free(name);
	if (!ok) {
		X509_REQ_free(req);
		req = NULL;
	}
	return req;
}
