/* The claim's key and certificate: in files, or in a slot of the chip. */
#ifndef PROVISION_CLAIMKEY_H
#define PROVISION_CLAIMKEY_H

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provision/options.h"

struct claim_key {
	EVP_PKEY *key;
	bool on_token;
	X509 *cert;
	STACK_OF(X509) * chain; /* NULL: none */
};

/* As --claim-cert and --claim-key, or --claim-slot say; own is the slot that is provisioned. */
bool claim_key_open(
    struct claim_key *k, const struct options *o, struct token *t, const struct slot *own);
void claim_key_clear(struct claim_key *k);

#endif
