/* Certificates decoded; see certinfo.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "provision/cert.h"
#include "provision/certinfo.h"
#include "provision/chipmap.h"

#define DAY           86400
#define SERIAL_MAX    31    /* bytes shown; RFC 5280 allows 20 */
#define EXTENSION_MAX 2048U /* bytes of text shown */

/* OpenSSL puts it before the names of most extensions. */
#define PREFIX "X509v3 "

static char *
clean(const char *text)
{
	return text_clean((const unsigned char *)text, strlen(text));
}

/* Takes text, which may be NULL. */
static char *
take_clean(char *text)
{
	char *out = text != NULL ? clean(text) : NULL;

	free(text);
	return out;
}

static char *
common_name(const X509_NAME *name, const char *whole)
{
	const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *utf8 = NULL;
	char *out = NULL;
	int len = -1;

	if (at >= 0)
		len = ASN1_STRING_to_UTF8(
		    &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len > 0)
		out = text_clean(utf8, (size_t)len);
	else if (whole != NULL)
		out = strdup(whole);
	OPENSSL_free(utf8);
	return out;
}

static void
put_serial(struct certinfo *ci, const ASN1_INTEGER *serial)
{
	const unsigned char *p = ASN1_STRING_get0_data(serial);
	const int len = ASN1_STRING_length(serial);

	for (int i = 0; i < len && i < SERIAL_MAX; i++)
		(void)snprintf(ci->serial + 2 * i, 3, "%02X", p[i]);
}

static time_t
put_time(const ASN1_TIME *t, char text[32])
{
	struct tm tm;

	(void)time_text(t, text);
	return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

/* OpenSSL breaks long values into lines and indents them: one line here. */
static char *
one_line(const char *p, size_t len)
{
	char *out = malloc(2 * len + 1), *w = out;

	for (size_t i = 0; out != NULL && i < len; i++) {
		if (p[i] != '\n' && p[i] != '\r') {
			*w++ = p[i];
			continue;
		}
		while (i + 1 < len && strchr(" \n\r", p[i + 1]) != NULL)
			i++;
		if (w > out && w[-1] != ':' && w[-1] != ',' && i + 1 < len)
			*w++ = ';';
		if (i + 1 < len)
			*w++ = ' ';
	}
	if (out == NULL)
		return NULL;
	while (w > out && w[-1] == ' ')
		w--;
	*w = '\0';
	return out;
}

/* What OpenSSL cannot print is shown by its size. */
static char *
extension_value(X509_EXTENSION *ext)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *line, *out = NULL, size[48];
	long len;

	if (bio != NULL && X509V3_EXT_print(bio, ext, X509V3_EXT_DEFAULT, 0) == 1 &&
	    (len = BIO_get_mem_data(bio, &data)) > 0) {
		line = one_line(data, (size_t)len < EXTENSION_MAX ? (size_t)len : EXTENSION_MAX);
		out = take_clean(line);
	}
	if (out == NULL) {
		(void)snprintf(size, sizeof(size), "%d bytes",
		    ASN1_STRING_length(X509_EXTENSION_get_data(ext)));
		out = strdup(size);
	}
	BIO_free(bio);
	ERR_clear_error();
	return out;
}

static bool
put_extensions(struct certinfo *ci, const X509 *cert)
{
	const int n = X509_get_ext_count(cert);

	for (int i = 0; i < n && ci->nextensions < CERTINFO_EXTENSIONS; i++) {
		X509_EXTENSION *ext = X509_get_ext(cert, i);
		char name[80];

		(void)OBJ_obj2txt(name, sizeof(name), X509_EXTENSION_get_object(ext), 0);
		ci->extensions[ci->nextensions].name = clean(
		    strncmp(name, PREFIX, strlen(PREFIX)) == 0 ? name + strlen(PREFIX) : name);
		ci->extensions[ci->nextensions].value = extension_value(ext);
		ci->extensions[ci->nextensions].critical = X509_EXTENSION_get_critical(ext) == 1;
		ci->nextensions++;
		if (ci->extensions[ci->nextensions - 1].name == NULL ||
		    ci->extensions[ci->nextensions - 1].value == NULL)
			return false;
	}
	return true;
}

static void
put_signature(struct certinfo *ci, const X509 *cert)
{
	const X509_ALGOR *alg;
	const ASN1_OBJECT *obj;
	int hash = NID_undef;

	X509_get0_signature(NULL, &alg, cert);
	X509_ALGOR_get0(&obj, NULL, NULL, alg);
	(void)OBJ_obj2txt(ci->signature, sizeof(ci->signature), obj, 0);
	(void)OBJ_find_sigid_algs(OBJ_obj2nid(obj), &hash, NULL);
	ci->weak_hash = hash == NID_sha1 || hash == NID_md5;
}

bool
certinfo_read(struct certinfo *ci, X509 *cert)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	const X509_NAME *issuer = X509_get_issuer_name(cert);
	EVP_PKEY *key = X509_get0_pubkey(cert);
	bool ok;

	memset(ci, 0, sizeof(*ci));
	ci->subject = take_clean(name_line(subject));
	ci->issuer = take_clean(name_line(issuer));
	ci->common_name = common_name(subject, ci->subject);
	ci->issuer_name = common_name(issuer, ci->issuer);
	put_serial(ci, X509_get0_serialNumber(cert));
	ci->starts = put_time(X509_get0_notBefore(cert), ci->from);
	ci->ends = put_time(X509_get0_notAfter(cert), ci->until);
	put_signature(ci, cert);
	(void)strcpy(ci->key, "unknown");
	if (key != NULL) {
		(void)key_name(key, ci->key, sizeof(ci->key));
		ci->key_bits = EVP_PKEY_get_bits(key);
	}
	ci->ca = X509_check_ca(cert) > 0;
	ci->self_signed =
	    key != NULL && X509_NAME_cmp(subject, issuer) == 0 && X509_verify(cert, key) == 1;
	ok = ci->subject != NULL && ci->issuer != NULL && ci->common_name != NULL &&
	     ci->issuer_name != NULL && put_extensions(ci, cert) && cert_id(cert, ci->id);
	ERR_clear_error();
	return ok;
}

void
certinfo_free(struct certinfo *ci)
{
	free(ci->subject);
	free(ci->issuer);
	free(ci->common_name);
	free(ci->issuer_name);
	for (size_t i = 0; i < ci->nextensions; i++) {
		free(ci->extensions[i].name);
		free(ci->extensions[i].value);
	}
	memset(ci, 0, sizeof(*ci));
}

long
certinfo_days(const struct certinfo *ci, time_t now)
{
	const long long s = (long long)ci->ends - (long long)now;

	return (long)(s >= 0 ? s / DAY : -((-s + DAY - 1) / DAY));
}
