/*
 * The on-chip index: the IDs, labels and public keys that a chip has no place for. Its format is
 * a permanent interface: chips in the field carry it.
 *
 * Place. Two copies of parts, one part per data object. Trust M: objects of 140 bytes, copy A in
 * F1D4-F1D7, copy B in F1D8-F1DB. Trust X: objects of 100 bytes, A in F1D4-F1D9, B in F1DA-F1DF.
 * A copy uses as many parts as its length needs. An object that starts with the
 * mark is ours; one that is all zero is free; any other is somebody else's and never written.
 *
 * Head (part 0):
 *   0   3  mark 9E 4F 50
 *   3   1  7:4 format version (1) | 3:0 number of the part (0)
 *   4   4  sequence number; the copy whose number is later (serial arithmetic) is in force
 *   8   2  length n of the entries in all parts
 *   10  4  CRC-32 (IEEE 802.3) of bytes 4-9 and the n bytes of entries
 *   14  .. up to 126 bytes of entries (Trust X: 86)
 * Continuation (parts 1-3, Trust X: 1-5):
 *   0   3  mark
 *   3   1  7:4 format version | 3:0 number of the part
 *   4   .. up to 136 bytes of entries (Trust X: 96)
 * There are at most 534 bytes of entries on either. Integers are big-endian. Bytes after the last
 * entry are ignored.
 *
 * Entries follow each other without gaps:
 *   0   1  what it is about, see index_code
 *   1   1  length of the rest
 *   2   1  state, INDEX_STATE_*
 *   3   .. fields
 * Fields: one byte, 7:5 type (INDEX_*) | 4:0 length 1-31; if these five bits are 0, one more
 * byte with the length 1-255; then the value.
 *
 * Writing. The copy that is not in force is written: continuations first, head last, each object
 * by one erase-and-write command, which the chip does wholly or not at all; parts that hold the
 * bytes already are skipped. A power cut leaves a copy whose CRC is wrong, and the other one in
 * force. The mark on each part says that its bytes may be written again.
 *
 * Later versions. Entries, state bits and fields that a reader does not know are kept as they
 * are. A copy of a later format version is neither read nor overwritten.
 */
#ifndef PKCS11_STORE_INDEX_H
#define PKCS11_STORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"

#define INDEX_VERSION    1
#define INDEX_PARTS      6   /* at most, of one copy */
#define INDEX_OBJECT_M   140 /* bytes of one data object */
#define INDEX_OBJECT_X   100
#define INDEX_OBJECT_MAX INDEX_OBJECT_M
#define INDEX_MAX        534 /* bytes of entries */

/* State of an object. Bits that are not named here are kept. */
#define INDEX_STATE_GENERATED 0x01 /* made on this chip by this module */
#define INDEX_STATE_DESTROYED 0x02 /* overwritten; INDEX_HASH and INDEX_ALG tell with what */
#define INDEX_STATE_PENDING                                                                        \
	0x04                  /* about to be generated, or with DESTROYED about to be              \
				 overwritten; of a data object or secret: about to be written or   \
				 erased. Still set means that this was cut short */
#define INDEX_STATE_DATA 0x08 /* of a data object: there is one, even if it is all zero */

/* Field types. 0 is left for a form of fields to come. */
#define INDEX_ID    1 /* CKA_ID */
#define INDEX_LABEL 2 /* CKA_LABEL, UTF-8 */
#define INDEX_POINT 3 /* EC public key, compressed point (SEC 1, 2.3.3) */
#define INDEX_HASH                                                                                 \
	4 /* first bytes of SHA-256 of the SubjectPublicKeyInfo: 4 of an RSA key, 8 of a destroyed \
	     one */
#define INDEX_ALG                                                                                  \
	5 /* chip algorithm of the key that overwrote a destroyed one; of an AES key made here */
#define INDEX_APPLICATION 6 /* CKA_APPLICATION of a data object, UTF-8 */
#define INDEX_OBJECT_ID   7 /* CKA_OBJECT_ID of a data object, DER */

#define INDEX_TEXT_MAX    32 /* ID, label and application */
#define INDEX_DER_MAX     32 /* object ID */

/* Entries in memory, always well-formed. */
struct index {
	uint32_t seq;
	size_t len;
	uint8_t body[INDEX_MAX];
};

/*
 * One byte for an object: E0xx is xx; F1xx is xx without its top bit; E200 is 20; E120-E123 are
 * 30-33. Further certificates of the chain in E0E0-E0E3, number n from 1 to 7: 80 | slot << 3 | n.
 * 0 for any other.
 */
uint8_t index_code(uint16_t oid, unsigned n);

/* State of an entry; 0 when there is none. */
uint8_t index_state(const struct index *ix, uint8_t code);

/* A field's value; false when it is not there. Valid until the index changes. */
bool index_get(const struct index *ix, uint8_t code, unsigned type, struct cur *value);

/*
 * Change one thing; the entry is made when needed and dropped when nothing is left in it.
 * len 0 removes a field. HAL_ETOOBIG when it does not fit; the index is then as before.
 */
int index_set_state(struct index *ix, uint8_t code, uint8_t state);
int index_put(struct index *ix, uint8_t code, unsigned type, const void *p, size_t len);

/* The whole entry. */
void index_drop(struct index *ix, uint8_t code);

/* Whether the entries are the same, byte for byte. */
bool index_same(const struct index *a, const struct index *b);

/* Whether body[0..len) is entries and fields without gaps. */
bool index_valid(const uint8_t *body, size_t len);

/* --- parts: object is the size of a data object, INDEX_OBJECT_M or INDEX_OBJECT_X ------------ */

/* Parts that len bytes of entries need, 1..INDEX_PARTS. */
unsigned index_nparts(size_t len, size_t object);

/* The bytes of one part, at most object; returns how many. */
size_t index_part(const struct index *ix, unsigned part, size_t object, uint8_t *out);

enum index_owner {
	INDEX_FREE, /* all zero, or empty */
	INDEX_OURS,
	INDEX_LATER, /* ours, of a later format version */
	INDEX_FOREIGN,
};
/* Whose an object's content is; part is the number in it when it is ours. */
enum index_owner index_owner(const uint8_t *data, size_t len, unsigned *part);

/* Sequence number and length of entries from a head. False: no head of this version. */
bool index_head(const uint8_t *data, size_t len, uint32_t *seq, size_t *body_len);

/* Whether sequence number a is later than b. */
bool index_later(uint32_t a, uint32_t b);

/* Puts a copy together from its parts; HAL_EFORMAT when they are not one copy. */
int index_join(struct index *ix, const struct buf parts[INDEX_PARTS], size_t object);

#endif
