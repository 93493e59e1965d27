/* What users write about a CA, and what is written for openssl; see caint.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/objects.h>

#include "provision/caint.h"
#include "provision/cert.h"
#include "provision/config.h"
#include "provision/file.h"
#include "provision/msg.h"

#define RSA_BITS_DEFAULT 2048U /* a longer chain has little room on a chip */
#define RSA_BITS_MIN     2048U
#define RSA_BITS_MAX     8192U

/* --- the key ---------------------------------------------------------------------------------- */

static bool
parse_rsa(const char *size, struct ca_key_kind *kind)
{
	char *end = NULL;
	unsigned long bits = size != NULL ? strtoul(size, &end, 10) : RSA_BITS_DEFAULT;

	if ((size != NULL && (*size < '0' || *size > '9' || *end != '\0')) || bits < RSA_BITS_MIN ||
	    bits > RSA_BITS_MAX || bits % 256 != 0)
		return false;
	kind->bits = (unsigned int)bits;
	(void)snprintf(kind->name, sizeof(kind->name), "RSA-%u", kind->bits);
	return true;
}

/* TLS clients know the three curves of NIST, whose names OpenSSL has too. */
static bool
parse_ec(const char *name, struct ca_key_kind *kind)
{
	const struct curve *cv = curve_by_name(name != NULL ? name : "secp256r1");

	if (cv == NULL)
		return false;
	switch (cv->nid) {
	case NID_X9_62_prime256v1: kind->group = "P-256"; break;
	case NID_secp384r1: kind->group = "P-384"; break;
	case NID_secp521r1: kind->group = "P-521"; break;
	default: return false;
	}
	(void)snprintf(kind->name, sizeof(kind->name), "%s", cv->name);
	return true;
}

bool
ca_key_parse(const char *text, struct ca_key_kind *kind)
{
	const char *colon = text != NULL ? strchr(text, ':') : NULL;
	size_t len = text == NULL ? 0 : colon != NULL ? (size_t)(colon - text) : strlen(text);
	const char *more = colon != NULL ? colon + 1 : NULL;

	memset(kind, 0, sizeof(*kind));
	if (text == NULL || (len == 2 && strncasecmp(text, "ec", 2) == 0)) {
		if (parse_ec(more, kind))
			return true;
	} else if (len == 3 && strncasecmp(text, "rsa", 3) == 0 && parse_rsa(more, kind)) {
		return true;
	}
	prov_error("--ca-key: \"%s\" is no kind of key for a CA", text);
	prov_hint("use ec, ec:secp384r1, ec:secp521r1, rsa, or rsa:BITS from rsa:%u to rsa:%u",
	    RSA_BITS_MIN, RSA_BITS_MAX);
	return false;
}

/* --- the name --------------------------------------------------------------------------------- */

/* The next "/TYPE=VALUE" of *textp, a backslash before what stands for itself, into buffers. */
static bool
next_part(const char **textp, char *type, size_t type_max, char *value, size_t value_max)
{
	const char *p = *textp;
	size_t len;

	if (*p++ != '/')
		return false;
	len = strcspn(p, "=/");
	if (p[len] != '=' || len == 0 || len >= type_max)
		return false;
	memcpy(type, p, len);
	type[len] = '\0';
	p += len + 1;
	for (len = 0; *p != '\0' && *p != '/'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (len + 1 >= value_max)
			return false;
		value[len++] = *p;
	}
	value[len] = '\0';
	*textp = p;
	return len > 0;
}

X509_NAME *
ca_name_parse(const char *text)
{
	X509_NAME *name = X509_NAME_new();
	const char *p = text;
	char type[64], value[512];

	do {
		int nid;

		if (name == NULL || !next_part(&p, type, sizeof(type), value, sizeof(value))) {
			prov_error("--subject: \"%s\" is no name", text);
			prov_hint("write it as \"/C=DE/O=Example/CN=Example CA\"");
			goto fail;
		}
		nid = OBJ_txt2nid(type);
		if (nid == NID_undef || X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
					    (const unsigned char *)value, -1, -1, 0) != 1) {
			prov_error("--subject: \"%s=%s\" cannot be put into a name: %s", type,
			    value, nid == NID_undef ? "there is no such field" : ossl_why());
			goto fail;
		}
	} while (*p != '\0');
	return name;
fail:
	(void)ossl_why();
	X509_NAME_free(name);
	return NULL;
}

bool
ca_options_check(const struct ca_options *o)
{
	struct ca_key_kind kind;
	X509_NAME *name = NULL;
	bool ok = ca_key_parse(o->key, &kind) &&
		  (o->subject == NULL || (name = ca_name_parse(o->subject)) != NULL);

	X509_NAME_free(name);
	return ok;
}

/* --- openssl.cnf ------------------------------------------------------------------------------ */

/* "%s": the directory; it says where it is, since openssl has no other way to know. */
static const char conf_text[] =
    "# For \"openssl ca\" on this CA. optiga-provision reads it not, but keeps the same records.\n"
    "# openssl takes no lock; where both may work at once, start it so:\n"
    "#\n"
    "#   flock DIR/lock openssl ca -config DIR/openssl.cnf -in REQUEST -out CERTIFICATE -batch\n"
    "#   flock DIR/lock openssl ca -config DIR/openssl.cnf -revoke DIR/newcerts/NUMBER.pem\n"
    "#   flock DIR/lock openssl ca -config DIR/openssl.cnf -gencrl -out CRL\n"
    "#\n"
    "# with DIR as it stands behind \"dir\"; change it there when the directory moves.\n"
    "\n"
    "[ ca ]\n"
    "default_ca = own\n"
    "\n"
    "[ own ]\n"
    "dir = \"%s\"\n"
    "private_key = $dir/ca.key\n"
    "certificate = $dir/ca.pem\n"
    "database = $dir/index.txt\n"
    "serial = $dir/serial\n"
    "crlnumber = $dir/crlnumber\n"
    "new_certs_dir = $dir/newcerts\n"
    "unique_subject = no\n"
    "default_md = %s\n"
    "default_days = 3650\n"
    "default_crl_days = 30\n"
    "policy = any_name\n"
    "preserve = yes\n"
    "string_mask = utf8only\n"
    "name_opt = utf8\n"
    "x509_extensions = device\n"
    "crl_extensions = crl\n"
    "copy_extensions = none\n"
    "\n"
    "[ any_name ]\n"
    "countryName = optional\n"
    "stateOrProvinceName = optional\n"
    "localityName = optional\n"
    "organizationName = optional\n"
    "organizationalUnitName = optional\n"
    "commonName = optional\n"
    "serialNumber = optional\n"
    "emailAddress = optional\n"
    "\n"
    "[ device ]\n"
    "basicConstraints = critical,CA:FALSE\n"
    "keyUsage = critical,digitalSignature\n"
    "extendedKeyUsage = clientAuth\n"
    "subjectKeyIdentifier = hash\n"
    "authorityKeyIdentifier = keyid\n"
    "\n"
    "[ crl ]\n"
    "authorityKeyIdentifier = keyid\n";

bool
ca_write_conf(const struct ca *ca)
{
	char *file = file_join(ca->dir, "openssl.cnf"), *real = realpath(ca->dir, NULL);
	char *quoted = NULL, *text = NULL, *q;
	bool ok = false;

	if (file == NULL)
		goto out;
	if (access(file, F_OK) == 0) {
		ok = true;
		goto out;
	}
	/* A path may hold what means something to OpenSSL's reader. */
	q = quoted = real != NULL ? malloc(2 * strlen(real) + 1) : NULL;
	for (const char *p = real; quoted != NULL && *p != '\0'; p++) {
		if (strchr("\\\"$#'", *p) != NULL)
			*q++ = '\\';
		*q++ = *p;
	}
	if (quoted != NULL) {
		*q = '\0';
		if (asprintf(&text, conf_text, quoted, EVP_MD_get0_name(ca_hash(ca))) < 0)
			text = NULL;
	}
	if (text != NULL)
		ok = file_replace(file, text, strlen(text), 0644);
	else
		prov_error("cannot write \"%s\": no memory, or no such directory", file);
out:
	free(text);
	free(quoted);
	free(real);
	free(file);
	return ok;
}
