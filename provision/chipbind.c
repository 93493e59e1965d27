/* The binding secret; see chipbind.h. */
#include <config.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/chipbind.h"
#include "provision/rv.h"
#include "provision/tokenint.h"

/* -1: the module does not know. */
static int
ask(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL yes = CK_FALSE;
	CK_ATTRIBUTE a = { type, &yes, sizeof(yes) };

	if (object_attributes(t, o, &a, 1) != CKR_OK || a.ulValueLen != sizeof(yes))
		return -1;
	return yes != CK_FALSE;
}

bool
chip_factory_secret(struct token *t, const struct chipmap *m, int *out)
{
	CK_OBJECT_CLASS class = CKO_OPTIGA_CHIP_OBJECT;
	unsigned char oid[2] = { OID_BINDING >> 8, OID_BINDING & 0xFF };
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_OPTIGA_OID, oid, sizeof(oid) },
	};
	CK_OBJECT_HANDLE o;
	CK_ULONG n = 0;

	*out = -1;
	if (chipmap_object(m, OID_BINDING) == NULL)
		return true;
	t->failed = CKR_OK;
	/* A secret that this host has was made or brought here: no need to try the factory's. */
	if (object_find(t, templ, 2, &o, 1, &n) == CKR_OK && n == 1)
		*out = ask(t, o, CKA_OPTIGA_PAIRED) == 1 ? 0 : ask(t, o, CKA_OPTIGA_FACTORY_SECRET);
	if (t->failed == CKR_OK)
		return true;
	rv_error(t->failed, "cannot try the binding secret");
	return false;
}
