/* C_Initialize, C_Finalize, C_GetInfo: PKCS #11 v2.40, 5.4. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

CK_RV
mod_C_Initialize(void *args)
{
	const CK_C_INITIALIZE_ARGS *a = args;

	if (a != NULL && a->pReserved != NULL)
		return CKR_ARGUMENTS_BAD;
	return mod_start(a);
}

CK_RV
mod_C_Finalize(void *reserved)
{
	return reserved != NULL ? CKR_ARGUMENTS_BAD : mod_stop();
}

CK_RV
mod_C_GetInfo(CK_INFO *info)
{
	const char *minor = strchr(PACKAGE_VERSION, '.');
	struct mod *m;
	CK_RV rv;

	if ((rv = mod_enter(&m)) != CKR_OK)
		return rv;
	if (info == NULL)
		return mod_leave(CKR_ARGUMENTS_BAD);
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion = (CK_VERSION){ 2, 40 };
	mod_pad(info->manufacturerID, sizeof(info->manufacturerID), PACKAGE_NAME);
	mod_pad(info->libraryDescription, sizeof(info->libraryDescription),
	    "OPTIGA Trust PKCS#11 module");
	info->libraryVersion.major = (unsigned char)strtoul(PACKAGE_VERSION, NULL, 10);
	if (minor != NULL)
		info->libraryVersion.minor = (unsigned char)strtoul(minor + 1, NULL, 10);
	return mod_leave(CKR_OK);
}
