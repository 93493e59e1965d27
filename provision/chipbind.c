/* The binding secret; see chipbind.h. */
#include <config.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/chipbind.h"
#include "provision/tokenint.h"

/* -1: the module does not know. */
static int
ask(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL yes = CK_FALSE;
	CK_ATTRIBUTE a = { type, &yes, sizeof(yes) };

	if (t->module->C_GetAttributeValue(t->session, o, &a, 1) != CKR_OK ||
	    a.ulValueLen != sizeof(yes))
		return -1;
	return yes != CK_FALSE;
}

int
chip_factory_secret(struct token *t, const struct chipmap *m)
{
	CK_OBJECT_CLASS class = CKO_OPTIGA_CHIP_OBJECT;
	unsigned char oid[2] = { OID_BINDING >> 8, OID_BINDING & 0xFF };
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_OPTIGA_OID, oid, sizeof(oid) },
	};
	CK_OBJECT_HANDLE o;
	CK_ULONG n = 0;

	if (chipmap_object(m, OID_BINDING) == NULL ||
	    object_find(t, templ, 2, &o, 1, &n) != CKR_OK || n != 1)
		return -1;
	/* A secret that this host has was made or brought here: no need to try the factory's. */
	if (ask(t, o, CKA_OPTIGA_PAIRED) == 1)
		return 0;
	return ask(t, o, CKA_OPTIGA_FACTORY_SECRET);
}
