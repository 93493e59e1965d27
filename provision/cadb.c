/*
 * The records of a CA; see cadb.h.
 *
 * A line of index.txt has six fields with tabs between them (openssl-ca(1)): status; end of
 * validity as the certificate has it, YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ; time of revocation and
 * reason; number in upper-case hex, whole bytes; file, always "unknown"; subject as
 * X509_NAME_oneline writes it, which leaves no control characters.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "provision/cadb.h"
#include "provision/cert.h"
#include "provision/file.h"
#include "provision/msg.h"

#define INDEX_MAX    (64U * 1024 * 1024)
#define SERIAL_MAX   128U
#define CERT_MAX     65536U
#define NFIELDS      6
#define NUMBER_BYTES 16
#define NUMBER_MAX   20 /* RFC 5280, 4.1.2.2 */

/* A certificate this near to its end is not given out again: a third of its life, at most this. */
#define RENEW_DAYS 30

static bool
read_file(
    const struct cadb *db, const char *name, size_t max, char **textp, size_t *lenp, bool *absent)
{
	char *path = file_join(db->dir, name);

	*textp = path != NULL ? file_read_if(path, max, lenp, absent) : NULL;
	free(path);
	return *textp != NULL;
}

static bool
write_file(const struct cadb *db, const char *name, const char *text, size_t len)
{
	char *path = file_join(db->dir, name);
	bool ok = path != NULL && file_replace(path, text, len, 0644);

	free(path);
	return ok;
}

static bool
exists(const struct cadb *db, const char *name)
{
	char *path = file_join(db->dir, name);
	struct stat st;
	bool yes = path != NULL && lstat(path, &st) == 0;

	free(path);
	return yes;
}

/* One line into its fields; false: there are not six. */
static bool
split(const char *line, size_t len, struct cadb_text f[NFIELDS])
{
	size_t n = 0;

	f[0].p = line;
	for (size_t i = 0; i < len; i++) {
		if (line[i] != '\t')
			continue;
		f[n].len = (size_t)(line + i - f[n].p);
		if (++n == NFIELDS)
			return false;
		f[n].p = line + i + 1;
	}
	f[n].len = (size_t)(line + len - f[n].p);
	return n == NFIELDS - 1;
}

bool
cadb_next(const struct cadb *db, size_t *pos, struct cadb_row *row)
{
	struct cadb_text f[NFIELDS];
	const char *line, *end;
	size_t len;

	do {
		if (*pos >= db->index_len)
			return false;
		line = db->index + *pos;
		end = memchr(line, '\n', db->index_len - *pos);
		len = end != NULL ? (size_t)(end - line) : db->index_len - *pos;
		*pos += len + (end != NULL ? 1 : 0);
	} while (!split(line, len, f) || f[0].len != 1);
	row->status = f[0].p[0];
	row->expires = f[1];
	row->revoked = f[2];
	row->serial = f[3];
	row->subject = f[5];
	return true;
}

static bool
is_hex(const struct cadb_text *t)
{
	for (size_t i = 0; i < t->len; i++)
		if (strchr("0123456789ABCDEFabcdef", t->p[i]) == NULL || t->p[i] == '\0')
			return false;
	return t->len > 0;
}

/* openssl would refuse the whole file for one such line, and lines that it skips are no good. */
static bool
check_index(const struct cadb *db)
{
	struct cadb_text f[NFIELDS];
	size_t line = 1;

	for (size_t pos = 0; pos < db->index_len; line++) {
		const char *p = db->index + pos, *end = memchr(p, '\n', db->index_len - pos);
		size_t len = end != NULL ? (size_t)(end - p) : db->index_len - pos;

		pos += len + (end != NULL ? 1 : 0);
		if (len == 0 || *p == '#')
			continue;
		if (end != NULL && split(p, len, f) && f[0].len == 1 &&
		    strchr("VRE", f[0].p[0]) != NULL && is_hex(&f[3]))
			continue;
		prov_error("\"%s/index.txt\", line %zu: it is no record of a certificate, as "
			   "\"openssl ca\" writes them",
		    db->dir, line);
		prov_hint("restore the file; \"index.txt.old\" beside it may be one step behind");
		return false;
	}
	return true;
}

/* Leading zeros do not count. */
static struct cadb_text
trim(struct cadb_text t)
{
	while (t.len > 1 && *t.p == '0') {
		t.p++;
		t.len--;
	}
	return t;
}

static bool
same_number(struct cadb_text a, struct cadb_text b)
{
	a = trim(a);
	b = trim(b);
	return a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

/* Upper-case hex of whole bytes; OPENSSL_free. */
static char *
number_text(const ASN1_INTEGER *number)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(number, NULL);
	char *text = NULL;

	if (bn != NULL)
		text = BN_is_zero(bn) ? OPENSSL_strdup("00") : BN_bn2hex(bn);
	BN_free(bn);
	return text;
}

static bool
find_number(const struct cadb *db, const char *number, struct cadb_row *row)
{
	const struct cadb_text wanted = { number, strlen(number) };
	size_t pos = 0;

	while (cadb_next(db, &pos, row))
		if (same_number(row->serial, wanted))
			return true;
	return false;
}

/* A first number that no one can guess and no other beginning of these records has used. */
static bool
begin_serial(struct cadb *db)
{
	unsigned char bytes[NUMBER_BYTES];
	char text[2 * NUMBER_BYTES + 2];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
		prov_error("no random numbers: %s", ossl_why());
		return false;
	}
	bytes[0] = (unsigned char)((bytes[0] & 0x3F) | 0x40);
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(text + 2 * i, 3, "%02X", bytes[i]);
	(void)strcat(text, "\n");
	return write_file(db, "serial", text, strlen(text));
}

/*
 * Records are begun where there are none. openssl moves index.txt and serial out of the way before
 * the new ones come: if it was killed in between, they must be put back, not begun afresh.
 */
static bool
begin(struct cadb *db)
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{ "index.txt", "" },
		{ "index.txt.attr", "unique_subject = no\n" },
		{ "crlnumber", "01\n" },
	};
	static const char *const moved[] = { "index.txt", "serial" };
	char name[32], *dir;
	bool ok;

	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s.old", moved[i]);
		if (exists(db, moved[i]) || !exists(db, name))
			continue;
		prov_error("\"%s/%s\" is missing, and \"%s\" is there: \"openssl ca\" was "
			   "interrupted",
		    db->dir, moved[i], name);
		prov_hint("rename \"%s.new\", if it is there, else \"%s\", to \"%s\"", moved[i],
		    name, moved[i]);
		return false;
	}
	if (exists(db, "serial") && !exists(db, "index.txt")) {
		prov_error("\"%s/index.txt\" is missing", db->dir);
		prov_hint("restore it: without it nobody knows what was issued");
		return false;
	}
	dir = file_join(db->dir, "newcerts");
	ok = dir != NULL && file_make_dir(dir);
	free(dir);
	for (size_t i = 0; ok && i < sizeof(files) / sizeof(files[0]); i++)
		ok = exists(db, files[i].name) ||
		     write_file(db, files[i].name, files[i].text, strlen(files[i].text));
	return ok && (exists(db, "serial") || begin_serial(db));
}

bool
cadb_open(struct cadb *db, const char *dir)
{
	*db = (struct cadb){ .dir = dir };
	if (begin(db) && read_file(db, "index.txt", INDEX_MAX, &db->index, &db->index_len, NULL) &&
	    check_index(db) && read_file(db, "serial", SERIAL_MAX, &db->serial, NULL, NULL))
		return true;
	cadb_close(db);
	return false;
}

bool
cadb_peek(struct cadb *db, const char *dir)
{
	bool absent;

	*db = (struct cadb){ .dir = dir };
	return exists(db, "index.txt") &&
	       read_file(db, "index.txt", INDEX_MAX, &db->index, &db->index_len, &absent);
}

void
cadb_close(struct cadb *db)
{
	free(db->index);
	free(db->serial);
	*db = (struct cadb){ .dir = NULL };
}

bool
cadb_revoked(const struct cadb *db, X509 *cert)
{
	char *number = number_text(X509_get0_serialNumber(cert));
	struct cadb_row row;
	bool yes = number != NULL && find_number(db, number, &row) && row.status == 'R';

	OPENSSL_free(number);
	return yes;
}

/* --- given again ------------------------------------------------------------------------------ */

static X509 *
read_recorded(const struct cadb *db, const struct cadb_text *serial)
{
	char *path = NULL, *data = NULL;
	X509 *cert = NULL;
	bool absent;
	BIO *bio;

	if (asprintf(&path, "%s/newcerts/%.*s.pem", db->dir, (int)serial->len, serial->p) < 0)
		return NULL;
	/* One that is gone is only not given again. */
	if (access(path, R_OK) == 0)
		data = file_read_if(path, CERT_MAX, NULL, &absent);
	bio = data != NULL ? BIO_new_mem_buf(data, -1) : NULL;
	if (bio != NULL)
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	free(data);
	free(path);
	(void)ossl_why();
	return cert;
}

static bool
has_time_left(X509 *cert)
{
	const ASN1_TIME *from = X509_get0_notBefore(cert), *to = X509_get0_notAfter(cert);
	int life, left, seconds;

	if (X509_cmp_current_time(from) > 0 || ASN1_TIME_diff(&life, &seconds, from, to) != 1 ||
	    ASN1_TIME_diff(&left, &seconds, NULL, to) != 1)
		return false;
	return left > (life / 3 < RENEW_DAYS ? life / 3 : RENEW_DAYS);
}

X509 *
cadb_find(const struct cadb *db, X509_NAME *subject, EVP_PKEY *key, X509 *issuer)
{
	char *line = X509_NAME_oneline(subject, NULL, 0);
	X509 *found = NULL;
	struct cadb_row row;
	size_t pos = 0;

	while (line != NULL && cadb_next(db, &pos, &row)) {
		X509 *cert;

		if (row.status != 'V' || row.subject.len != strlen(line) ||
		    memcmp(row.subject.p, line, row.subject.len) != 0)
			continue;
		cert = read_recorded(db, &row.serial);
		if (cert != NULL && cert_is_for(cert, key) &&
		    X509_NAME_cmp(X509_get_subject_name(cert), subject) == 0 &&
		    X509_check_issued(issuer, cert) == X509_V_OK &&
		    X509_verify(cert, X509_get0_pubkey(issuer)) == 1 && has_time_left(cert)) {
			X509_free(found);
			found = cert;
			cert = NULL;
		}
		X509_free(cert);
	}
	OPENSSL_free(line);
	(void)ossl_why();
	return found;
}

/* --- one more --------------------------------------------------------------------------------- */

static BIGNUM *
parse_serial(const struct cadb *db)
{
	size_t len = strcspn(db->serial, "\r\n");
	const struct cadb_text t = { db->serial, len };
	char digits[2 * NUMBER_MAX + 1];
	BIGNUM *bn = NULL;

	if (len < sizeof(digits) && is_hex(&t)) {
		(void)snprintf(digits, sizeof(digits), "%.*s", (int)len, db->serial);
		if (BN_hex2bn(&bn, digits) != (int)len) {
			BN_free(bn);
			bn = NULL;
		}
	}
	if (bn != NULL && BN_num_bits(bn) < NUMBER_MAX * 8)
		return bn;
	BN_free(bn);
	prov_error("\"%s/serial\" holds no number for a certificate (hexadecimal, up to 20 bytes)",
	    db->dir);
	prov_hint("write into it one higher than the highest number in index.txt");
	return NULL;
}

ASN1_INTEGER *
cadb_number(const struct cadb *db)
{
	BIGNUM *bn = parse_serial(db);
	ASN1_INTEGER *number = NULL;
	struct cadb_row row;
	bool taken = true;

	/* Taken: the file was put back from a copy, or somebody wrote into it. */
	while (bn != NULL && taken) {
		char *text;

		ASN1_INTEGER_free(number);
		number = BN_to_ASN1_INTEGER(bn, NULL);
		text = number != NULL ? number_text(number) : NULL;
		taken = text != NULL && (BN_is_zero(bn) || find_number(db, text, &row));
		OPENSSL_free(text);
		if (text == NULL || (taken && BN_add_word(bn, 1) != 1)) {
			prov_error("cannot number the certificate: %s", ossl_why());
			ASN1_INTEGER_free(number);
			number = NULL;
			taken = false;
		}
	}
	BN_free(bn);
	return number;
}

static bool
unchanged(const struct cadb *db)
{
	char *index = NULL, *serial = NULL;
	bool absent;
	bool same = read_file(db, "index.txt", INDEX_MAX, &index, NULL, &absent) &&
		    strcmp(index, db->index) == 0 &&
		    read_file(db, "serial", SERIAL_MAX, &serial, NULL, &absent) &&
		    strcmp(serial, db->serial) == 0;

	free(index);
	free(serial);
	if (!same) {
		prov_error("the CA's records in \"%s\" were changed meanwhile; nothing was issued",
		    db->dir);
		prov_hint("run again; start \"openssl ca\" as \"flock %s/lock openssl ca ...\", "
			  "since it takes no lock itself",
		    db->dir);
	}
	return same;
}

static bool
write_next(struct cadb *db, const ASN1_INTEGER *number)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(number, NULL);
	char *hex = NULL, *text = NULL;
	bool ok = false;

	if (bn != NULL && BN_add_word(bn, 1) == 1)
		hex = BN_bn2hex(bn);
	if (hex != NULL && asprintf(&text, "%s\n", hex) >= 0) {
		ok = write_file(db, "serial", text, strlen(text));
		if (ok) {
			free(db->serial);
			db->serial = text;
			text = NULL;
		}
	} else {
		prov_error("cannot number the next certificate: %s", ossl_why());
		text = NULL;
	}
	free(text);
	OPENSSL_free(hex);
	BN_free(bn);
	return ok;
}

static bool
write_cert(const struct cadb *db, X509 *cert, const char *number)
{
	char name[16 + 2 * NUMBER_MAX], *pem = cert_pem(cert);
	bool ok = pem != NULL;

	(void)snprintf(name, sizeof(name), "newcerts/%s.pem", number);
	ok = ok && write_file(db, name, pem, strlen(pem));
	free(pem);
	return ok;
}

static bool
write_index(struct cadb *db, X509 *cert, const char *number)
{
	const ASN1_TIME *end = X509_get0_notAfter(cert);
	char *subject = X509_NAME_oneline(X509_get_subject_name(cert), NULL, 0), *text = NULL;
	bool ok = false;
	int len = -1;

	if (subject != NULL)
		len = asprintf(&text, "%sV\t%.*s\t\t%s\tunknown\t%s\n", db->index, end->length,
		    (const char *)end->data, number, subject);
	OPENSSL_free(subject);
	if (len < 0) {
		prov_error("out of memory");
		return false;
	}
	ok = write_file(db, "index.txt", text, (size_t)len);
	if (!ok) {
		free(text);
		return false;
	}
	free(db->index);
	db->index = text;
	db->index_len = (size_t)len;
	return true;
}

bool
cadb_add(struct cadb *db, X509 *cert)
{
	const ASN1_INTEGER *number = X509_get0_serialNumber(cert);
	char *text = number_text(number);
	bool ok = text != NULL && strlen(text) <= 2 * NUMBER_MAX;

	ok = ok && unchanged(db) && write_next(db, number) && write_cert(db, cert, text) &&
	     write_index(db, cert, text);
	OPENSSL_free(text);
	return ok;
}
