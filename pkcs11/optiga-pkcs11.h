/*
 * What optiga-pkcs11.so adds to PKCS #11: vendor attributes and classes. Installed; includes
 * nothing but the PKCS #11 header that the program has included before it.
 */
#ifndef OPTIGA_PKCS11_H
#define OPTIGA_PKCS11_H

/* Vendor range of this module: "OP" in the upper half. */
#define OPTIGA_VENDOR (0x80000000UL | 0x4F500000UL)

/* Chip object identifier behind an object, two bytes big-endian, for example E0 F1. Read and
 * search. */
#define CKA_OPTIGA_OID (OPTIGA_VENDOR | 0x0001UL)

/*
 * Metadata of the chip object, the raw block as the chip returns it ("20 len ..."). Set: tags that
 * differ from what there is are written, all at once; those the block does not have stay.
 */
#define CKA_OPTIGA_METADATA (OPTIGA_VENDOR | 0x0002UL)

/*
 * Life cycle state LcsO, CK_ULONG: 1 creation, 3 initialization, 7 operational, 15 termination.
 * Set: upwards only, which cannot be undone (CKA_OPTIGA_IRREVERSIBLE).
 */
#define CKA_OPTIGA_LIFE_CYCLE (OPTIGA_VENDOR | 0x0003UL)

/* Bytes of content used and possible, CK_ULONG. Read only; not of keys. */
#define CKA_OPTIGA_USED_SIZE (OPTIGA_VENDOR | 0x0004UL)
#define CKA_OPTIGA_MAX_SIZE  (OPTIGA_VENDOR | 0x0005UL)

/*
 * CK_ULONG, in a template of C_SetAttributeValue together with CKA_VALUE of a data object: the
 * bytes take the place of those from this offset on, the others stay, and the object grows if
 * need be. Without it CKA_VALUE replaces the whole.
 */
#define CKA_OPTIGA_OFFSET (OPTIGA_VENDOR | 0x0006UL)

/*
 * CK_TRUE in a template of C_SetAttributeValue: what the rest of it does may never be undone, and
 * that is meant. Without it such changes are CKR_ACTION_PROHIBITED.
 */
#define CKA_OPTIGA_IRREVERSIBLE (OPTIGA_VENDOR | 0x0007UL)

/* Counters: CK_ULONG, 1 to 255, in a template of C_SetAttributeValue: counts up by so much. */
#define CKA_OPTIGA_COUNT_ADD (OPTIGA_VENDOR | 0x0008UL)

/* Counters: CK_ULONG, where counting ends. Read, and set where the chip allows. */
#define CKA_OPTIGA_THRESHOLD (OPTIGA_VENDOR | 0x0009UL)

/*
 * Access conditions: who may change, read and use the object, as the chip's expression (FF when
 * it has none: never); read, and set where the chip allows. And the same in words, for people.
 */
#define CKA_OPTIGA_CHANGE        (OPTIGA_VENDOR | 0x0010UL)
#define CKA_OPTIGA_READ          (OPTIGA_VENDOR | 0x0011UL)
#define CKA_OPTIGA_EXECUTE       (OPTIGA_VENDOR | 0x0012UL)
#define CKA_OPTIGA_CHANGE_WORDS  (OPTIGA_VENDOR | 0x0014UL)
#define CKA_OPTIGA_READ_WORDS    (OPTIGA_VENDOR | 0x0015UL)
#define CKA_OPTIGA_EXECUTE_WORDS (OPTIGA_VENDOR | 0x0016UL)

/*
 * The platform binding secret, of chip object E140: what host and chip share for the encrypted
 * connection. In a template of C_SetAttributeValue, CK_ULONG: a new random secret is made, given to
 * the chip, proved by a handshake and kept on this host; it takes the place of the one before. The
 * value says what becomes of the object's access conditions. OPTIGA_PAIR_RENEWABLE and
 * OPTIGA_PAIR_SEALED can never be undone (CKA_OPTIGA_IRREVERSIBLE).
 * CKR_ACTION_PROHIBITED: the chip takes no new secret, or only under the old one, which this host
 * does not have. CKR_FUNCTION_FAILED: the secret cannot be kept on this host.
 */
#define CKA_OPTIGA_PAIR       (OPTIGA_VENDOR | 0x0030UL)

#define OPTIGA_PAIR_OPEN      0UL /* they stay: whoever has the board can pair it again */
#define OPTIGA_PAIR_RENEWABLE 1UL /* changed only under the secret itself, never read */
#define OPTIGA_PAIR_SEALED    2UL /* neither changed nor read */

/*
 * CK_BBOOL, of chip object E140, and of F1D0 where that is an authorization reference: this host
 * has the secret, and a handshake (an authorization) just now has proved it. Set, CK_FALSE only:
 * the host forgets the secret; the chip keeps its own.
 */
#define CKA_OPTIGA_PAIRED (OPTIGA_VENDOR | 0x0031UL)

/*
 * The secret's bytes, of the same objects; in a template of C_SetAttributeValue, never read. A
 * secret from elsewhere that the chip has already: proved, then kept on this host.
 * CKR_ATTRIBUTE_VALUE_INVALID: it is not the chip's, or it is the one of the factory.
 */
#define CKA_OPTIGA_SECRET (OPTIGA_VENDOR | 0x0032UL)

/* CK_BBOOL, of chip object E140: the chip has the secret of the factory, which everybody knows.
 * Read only; a handshake with it tells. */
#define CKA_OPTIGA_FACTORY_SECRET (OPTIGA_VENDOR | 0x0033UL)

/*
 * Class of the objects of the chip as they are: every OID of the model, with the attributes
 * above, CKA_LABEL (what it is) and CKA_VALUE (content, where it may be read). Found by a search
 * that names the class or CKA_OPTIGA_OID.
 */
#define CKO_OPTIGA_CHIP_OBJECT (OPTIGA_VENDOR | 0x0001UL)

/*
 * CK_BBOOL, in a template of C_UnwrapKey: the object may be in use, its content is overwritten.
 */
#define CKA_OPTIGA_REPLACE (OPTIGA_VENDOR | 0x0020UL)

/*
 * C_UnwrapKey on chips that have it: a protected update. The wrapped key is the fragments one
 * after the other, all but the last of 640 bytes; the parameter has the signed manifest; the
 * unwrapping key is the certificate object of the trust anchor that the manifest names. The
 * object it is for may be named in the template (CKA_OPTIGA_OID). The handle returned is that of
 * what is there afterwards: private key, secret key, certificate or data; CK_INVALID_HANDLE when
 * an update of metadata has left none.
 */
#define CKM_OPTIGA_PROTECTED_UPDATE (OPTIGA_VENDOR | 0x0001UL)

typedef struct CK_OPTIGA_PROTECTED_UPDATE_PARAMS {
	unsigned char *pManifest;
	unsigned long ulManifestLen;
} CK_OPTIGA_PROTECTED_UPDATE_PARAMS;

#endif
