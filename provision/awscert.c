/* What AWS says about certificates, held against what it must be. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "provision/awscall.h"

#define ARN_MAX     2048
#define CERT_ID_LEN 64

bool
aws_cert_id_ok(const char *id)
{
	return strlen(id) == CERT_ID_LEN && strspn(id, "0123456789abcdef") == CERT_ID_LEN;
}

bool
aws_arn_ok(const char *arn)
{
	size_t len = strlen(arn);

	for (const char *p = arn; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return len > 4 && len <= ARN_MAX && strncmp(arn, "arn:", 4) == 0;
}

static bool
digest_hex(X509 *cert, char id[65])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (X509_digest(cert, EVP_sha256(), md, &len) != 1 || 2 * len != CERT_ID_LEN)
		return false;
	for (unsigned int i = 0; i < len; i++)
		(void)snprintf(id + (size_t)2 * i, 3, "%02x", md[i]);
	return true;
}

const char *
aws_cert_pem_check(const char *pem, char id[65])
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *first = NULL, *second = NULL;
	const char *why = NULL;

	id[0] = '\0';
	if (bio != NULL)
		first = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (first == NULL || !digest_hex(first, id))
		why = "no certificate in it";
	else if ((second = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		why = "more than one certificate in it";
	ERR_clear_error();
	X509_free(first);
	X509_free(second);
	BIO_free(bio);
	return why;
}
