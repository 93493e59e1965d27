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
 * Metadata of the chip object, the raw block as the chip returns it ("20 len ..."). Read only.
 */
#define CKA_OPTIGA_METADATA (OPTIGA_VENDOR | 0x0002UL)

/* Life cycle state LcsO, CK_ULONG: 1 creation, 3 initialization, 7 operational, 15 termination.
 * Read only. */
#define CKA_OPTIGA_LIFE_CYCLE (OPTIGA_VENDOR | 0x0003UL)

/* Bytes of content used and possible, CK_ULONG. Read only; certificates, data, secrets. */
#define CKA_OPTIGA_USED_SIZE (OPTIGA_VENDOR | 0x0004UL)
#define CKA_OPTIGA_MAX_SIZE  (OPTIGA_VENDOR | 0x0005UL)

/*
 * CK_ULONG, in a template of C_SetAttributeValue together with CKA_VALUE of a data object: the
 * bytes take the place of those from this offset on, the others stay, and the object grows if
 * need be. Without it CKA_VALUE replaces the whole.
 */
#define CKA_OPTIGA_OFFSET (OPTIGA_VENDOR | 0x0006UL)

#endif
