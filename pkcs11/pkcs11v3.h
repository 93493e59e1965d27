/*
 * What p11-kit's pkcs11.h (v2.40) lacks of PKCS #11 v3.0 and this module uses: interfaces, the
 * longer function list, attributes, constants. Numbers from the standard, appendix "Manifest
 * Constants"; tests/module/test_v3.c holds them against another implementation's header.
 */
#ifndef PKCS11_PKCS11V3_H
#define PKCS11_PKCS11V3_H

#include <p11-kit/pkcs11.h>

#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 0x00000004UL
#endif
#ifndef CKA_PROFILE_ID
#define CKA_PROFILE_ID 0x00000601UL
#endif

#ifndef CKO_PROFILE
#define CKO_PROFILE 0x00000009UL
#endif

#ifndef CKP_INVALID_ID
#define CKP_INVALID_ID                0x00000000UL
#define CKP_BASELINE_PROVIDER         0x00000001UL
#define CKP_EXTENDED_PROVIDER         0x00000002UL
#define CKP_AUTHENTICATION_TOKEN      0x00000003UL
#define CKP_PUBLIC_CERTIFICATES_TOKEN 0x00000004UL
#endif

#ifndef CKM_HKDF_DERIVE
#define CKM_HKDF_DERIVE    0x0000402AUL
#define CKM_HKDF_DATA      0x0000402BUL
#define CKM_HKDF_KEY_GEN   0x0000402CUL

#define CKF_HKDF_SALT_NULL 0x00000001UL
#define CKF_HKDF_SALT_DATA 0x00000002UL
#define CKF_HKDF_SALT_KEY  0x00000004UL

#define CKK_HKDF           0x00000042UL

typedef struct CK_HKDF_PARAMS {
	CK_BBOOL bExtract;
	CK_BBOOL bExpand;
	CK_MECHANISM_TYPE prfHashMechanism;
	CK_ULONG ulSaltType;
	CK_BYTE_PTR pSalt;
	CK_ULONG ulSaltLen;
	CK_OBJECT_HANDLE hSaltKey;
	CK_BYTE_PTR pInfo;
	CK_ULONG ulInfoLen;
} CK_HKDF_PARAMS;
#endif

#endif
