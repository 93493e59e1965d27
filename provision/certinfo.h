/* A certificate decoded for people and programs (RFC 5280). All text is clean (text_clean). */
#ifndef PROVISION_CERTINFO_H
#define PROVISION_CERTINFO_H

#include <stdbool.h>
#include <time.h>

#include <openssl/x509.h>

#define CERTINFO_EXTENSIONS 16

struct certinfo {
	char *subject, *issuer;
	char *common_name; /* of the subject; the whole subject when it has none */
	char *issuer_name; /* the same of the issuer */
	char serial[64];   /* hex */
	char from[32], until[32];
	time_t starts, ends;
	char key[64];       /* "secp256r1", "RSA-2048" */
	int key_bits;       /* 0: the key cannot be read */
	char signature[64]; /* "ecdsa-with-SHA384" */
	bool weak_hash;     /* MD5 or SHA-1 */
	bool ca;
	bool self_signed; /* subject and issuer are one, and it verifies with its own key */
	char id[65];      /* SHA-256 over the DER */
	struct {
		char *name, *value;
		bool critical;
	} extensions[CERTINFO_EXTENSIONS];
	size_t nextensions;
};

/* false: out of memory, or OpenSSL cannot read it at all. Free in both cases. */
bool certinfo_read(struct certinfo *ci, X509 *cert);
void certinfo_free(struct certinfo *ci);

/* Whole days from now to its end, rounded down; negative: it has ended. */
long certinfo_days(const struct certinfo *ci, time_t now);

#endif
