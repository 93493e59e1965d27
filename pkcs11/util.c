/* Arguments and answers that many calls share. */
#include <config.h>

#include <string.h>

#include "pkcs11/mod.h"

/* No object has as many attributes by far; keeps a garbage count from being walked. */
#define TEMPLATE_MAX 1024

CK_RV
mod_check_template(const CK_ATTRIBUTE *tmpl, CK_ULONG n, bool values)
{
	if (n == 0 && values)
		return CKR_OK;
	if (tmpl == NULL || n > TEMPLATE_MAX)
		return CKR_ARGUMENTS_BAD;
	for (CK_ULONG i = 0; values && i < n; i++)
		if ((tmpl[i].pValue == NULL && tmpl[i].ulValueLen != 0) ||
		    tmpl[i].ulValueLen == CK_UNAVAILABLE_INFORMATION)
			return CKR_ATTRIBUTE_VALUE_INVALID;
	return CKR_OK;
}

CK_RV
mod_template_bool(
    const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, bool fallback, bool *vp)
{
	*vp = fallback;
	for (CK_ULONG i = 0; i < n; i++) {
		if (tmpl[i].type != type)
			continue;
		if (tmpl[i].ulValueLen != sizeof(CK_BBOOL))
			return CKR_ATTRIBUTE_VALUE_INVALID;
		*vp = *(const CK_BBOOL *)tmpl[i].pValue != CK_FALSE;
	}
	return CKR_OK;
}

CK_RV
mod_answer(CK_SESSION_HANDLE h, CK_RV rv)
{
	struct session *s;
	const CK_RV bad = mod_enter_session(h, &s);

	return bad != CKR_OK ? bad : mod_leave_session(s, rv);
}

bool
mod_output(const void *out, CK_ULONG *lenp, CK_ULONG need, CK_RV *rv, bool *keep)
{
	CK_ULONG room;

	*keep = false;
	if (lenp == NULL) {
		*rv = CKR_ARGUMENTS_BAD;
		return false;
	}
	room = out != NULL ? *lenp : 0; /* it may be anything in a query */
	*lenp = need;
	if (out != NULL && room >= need)
		return true;
	*keep = true;
	*rv = out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
	return false;
}

void
mod_pad(unsigned char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len > size)
		for (len = size; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80;)
			len--; /* back to the start of the character that does not fit */
	memset(out, ' ', size);
	memcpy(out, text, len);
}
