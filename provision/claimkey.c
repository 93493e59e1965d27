/* The claim's key and certificate; see claimkey.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "provision/cert.h"
#include "provision/claimkey.h"
#include "provision/connect.h"
#include "provision/file.h"

#define KEY_MAX 65536U

/* A question for a pass phrase would wait for nobody. */
static int
no_pass_phrase(char *buf, int size, int writing, void *data)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)data = true;
	return -1;
}

static EVP_PKEY *
read_key(const char *path)
{
	bool encrypted = false;
	EVP_PKEY *key = NULL;
	size_t len;
	char *text = file_read(path, KEY_MAX, &len);
	BIO *bio;

	if (text == NULL)
		return NULL;
	bio = BIO_new_mem_buf(text, (int)len);
	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, &encrypted);
	if (key == NULL) {
		prov_error(
		    "%s: %s", path, encrypted ? "the key is encrypted" : "no private key in it");
		prov_hint("it must be a private key in PEM, without a pass phrase");
	}
	ERR_clear_error();
	BIO_free(bio);
	OPENSSL_cleanse(text, len);
	free(text);
	return key;
}

static bool
from_files(struct claim_key *k, const struct options *o)
{
	if (o->claim_cert == NULL || o->claim_key == NULL) {
		prov_error("--%s is given without --%s",
		    o->claim_cert != NULL ? "claim-cert" : "claim-key",
		    o->claim_cert != NULL ? "claim-key" : "claim-cert");
		return false;
	}
	k->cert = cert_read(o->claim_cert);
	k->key = k->cert != NULL ? read_key(o->claim_key) : NULL;
	if (k->key == NULL || cert_is_for(k->cert, k->key))
		return k->key != NULL;
	prov_error("%s is no certificate for the key in %s", o->claim_cert, o->claim_key);
	return false;
}

static bool
read_slot(struct claim_key *k, struct token *t, const struct slot *s, struct token_key *key)
{
	enum found found = token_find_key(t, s, key);

	if (found == FOUND_NONE)
		prov_error("--claim-slot: slot \"%s\" (%04X) has no key", s->name, s->key_oid);
	if (found != FOUND_ONE || key->pub == NULL || !connect_certs(t, key, &k->cert, &k->chain))
		return false;
	if (k->cert == NULL)
		prov_error("--claim-slot: slot \"%s\" (%04X) has no certificate for its key",
		    s->name, s->key_oid);
	return k->cert != NULL;
}

static bool
from_slot(struct claim_key *k, const char *name, struct token *t, const struct slot *own)
{
	const struct slot *s = slot_parse("--claim-slot", name);
	struct token_key key = { 0 };

	if (s == NULL)
		return false;
	if (s == own) {
		prov_error("--claim-slot: slot \"%s\" (%04X) is the one to be provisioned", s->name,
		    s->key_oid);
		return false;
	}
	k->on_token = true;
	if (read_slot(k, t, s, &key))
		k->key = token_signer(t, &key);
	token_key_clear(&key);
	return k->key != NULL;
}

bool
claim_key_open(
    struct claim_key *k, const struct options *o, struct token *t, const struct slot *own)
{
	const bool files = o->claim_cert != NULL || o->claim_key != NULL;

	*k = (struct claim_key){ .key = NULL };
	if (files && o->claim_slot == NULL)
		return from_files(k, o);
	if (!files && o->claim_slot != NULL)
		return from_slot(k, o->claim_slot, t, own);
	prov_error("--ca claim needs %s", files ? "one claim, not two" : "a claim certificate");
	prov_hint("give --claim-cert FILE and --claim-key FILE, or --claim-slot SLOT");
	return false;
}

void
claim_key_clear(struct claim_key *k)
{
	EVP_PKEY_free(k->key);
	X509_free(k->cert);
	sk_X509_pop_free(k->chain, X509_free);
	memset(k, 0, sizeof(*k));
}
