/*
 * The records of a CA, as "openssl ca" keeps them, so that both can work on one directory:
 * index.txt (one line per certificate), serial (the next number, hexadecimal), newcerts/NUMBER.pem.
 *
 * openssl takes no lock. Whoever works here holds "lock" of the directory; "flock DIR/lock openssl
 * ca ..." does too. Without it, a change in the meantime is noticed, unless it falls into the
 * instant of writing. Functions say why they failed.
 */
#ifndef PROVISION_CADB_H
#define PROVISION_CADB_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

struct cadb {
	const char *dir; /* the caller's */
	char *index;     /* the file's text */
	size_t index_len;
	char *serial; /* the file's text */
};

/* A line of the index; texts end at a tab or at the line's end, and len says where. */
struct cadb_text {
	const char *p;
	size_t len;
};
struct cadb_row {
	char status; /* V valid, R revoked, E expired */
	struct cadb_text expires, revoked, serial, subject;
};

/*
 * Read and check the records of a directory; ones that were never begun are begun. The lock of the
 * directory is held.
 */
bool cadb_open(struct cadb *db, const char *dir);
void cadb_close(struct cadb *db);

/* Reads without checking or making anything: false, without a word, when there are none. */
bool cadb_peek(struct cadb *db, const char *dir);

/* Rows in the file's order; *pos starts as 0. */
bool cadb_next(const struct cadb *db, size_t *pos, struct cadb_row *row);

/* Whether the certificate's number is that of a revoked one. */
bool cadb_revoked(const struct cadb *db, X509 *cert);

/*
 * The latest certificate that the issuer gave this subject and key, neither revoked nor near its
 * end; NULL: there is none.
 */
X509 *cadb_find(const struct cadb *db, X509_NAME *subject, EVP_PKEY *key, X509 *issuer);

/* The number of the next certificate, one that the index does not have. */
ASN1_INTEGER *cadb_number(const struct cadb *db);

/*
 * Records a certificate with the number that cadb_number gave. Written in an order in which no
 * crash has a number used twice: the next number, the certificate, the index; only what is in the
 * index counts as issued.
 */
bool cadb_add(struct cadb *db, X509 *cert);

#endif
