/* What PKCS #11 answers mean; see rv.h. */
#include <config.h>

#include <stdio.h>

#include "provision/msg.h"
#include "provision/rv.h"

#define HINT_LOG  "run with OPTIGA_LOG=info to see what the chip said"
#define HINT_WIRE "check power, wiring and the device in the module's configuration, then run again"

static const struct {
	CK_RV rv;
	const char *text;
	const char *hint;
} rows[] = {
	{ CKR_HOST_MEMORY, "out of memory", NULL },
	{ CKR_GENERAL_ERROR, "the module failed", HINT_LOG },
	{ CKR_FUNCTION_FAILED, "the module could not do it", HINT_LOG },
	{ CKR_FUNCTION_NOT_SUPPORTED, "the module has no such function", NULL },
	{ CKR_DEVICE_ERROR, "the chip does not answer as it should", HINT_WIRE },
	{ CKR_DEVICE_REMOVED, "the chip has gone", HINT_WIRE },
	{ CKR_TOKEN_NOT_PRESENT, "the chip is not there", HINT_WIRE },
	{ CKR_TOKEN_NOT_RECOGNIZED, "the chip is of no kind the module knows", HINT_LOG },
	{ CKR_DEVICE_MEMORY, "the chip has no room for it",
	    "\"show\" lists what the slots hold; destroy a certificate or key no longer needed" },
	{ CKR_ACTION_PROHIBITED, "the chip forbids it: the object is locked",
	    "use another slot; locks of the life cycle cannot be undone" },
	{ CKR_TOKEN_WRITE_PROTECTED, "the token is write protected", NULL },
	{ CKR_SESSION_READ_ONLY, "the session is read only", NULL },
	{ CKR_SESSION_COUNT, "too many sessions are open", "end other programs that use the chip" },
	{ CKR_MECHANISM_INVALID, "the chip has no such kind of key or signature",
	    "use secp256r1 or secp384r1, or RSA with 2048 bits" },
	{ CKR_CURVE_NOT_SUPPORTED, "the chip has no such curve", "use secp256r1 or secp384r1" },
	{ CKR_DOMAIN_PARAMS_INVALID, "the chip has no such curve", "use secp256r1 or secp384r1" },
	{ CKR_KEY_SIZE_RANGE, "the chip has no keys of this size", "use RSA with 2048 bits" },
	{ CKR_KEY_FUNCTION_NOT_PERMITTED, "the key may not be used for this",
	    "use a slot whose key signs" },
	{ CKR_KEY_TYPE_INCONSISTENT, "the key is of another type", NULL },
	{ CKR_DATA_LEN_RANGE, "the data has the wrong length", NULL },
	{ CKR_ATTRIBUTE_VALUE_INVALID, "the module refused a value",
	    "the slot may be taken: \"show\" lists what the slots hold" },
	{ CKR_ATTRIBUTE_TYPE_INVALID, "the module does not know an attribute", NULL },
	{ CKR_ATTRIBUTE_READ_ONLY, "the module does not let an attribute be set", NULL },
	{ CKR_TEMPLATE_INCOMPLETE, "the module wants more attributes", NULL },
	{ CKR_TEMPLATE_INCONSISTENT, "the module refused this combination",
	    "the slot may be of another kind: \"show\" lists the slots" },
	{ CKR_PIN_INCORRECT, "the PIN is wrong", "check the file given with --pin-file" },
	{ CKR_PIN_INVALID, "the PIN is not valid", "check the file given with --pin-file" },
	{ CKR_PIN_LEN_RANGE, "the PIN has the wrong length",
	    "check the file given with --pin-file" },
	{ CKR_PIN_LOCKED, "the PIN is locked after too many wrong ones", NULL },
	{ CKR_PIN_EXPIRED, "the PIN must be changed first", NULL },
	{ CKR_USER_NOT_LOGGED_IN, "the token wants a PIN", "give --pin-file FILE" },
	{ CKR_USER_PIN_NOT_INITIALIZED, "the token's PIN was never set", "set the user PIN first" },
	{ CKR_OBJECT_HANDLE_INVALID, "the object has gone",
	    "another program changed the token; run again" },
	{ CKR_KEY_HANDLE_INVALID, "the key has gone",
	    "another program changed the token; run again" },
	{ CKR_SESSION_HANDLE_INVALID, "the session was closed", "run again" },
	{ CKR_OPERATION_NOT_INITIALIZED, "the chip was reset by another program", "run again" },
	{ CKR_CRYPTOKI_NOT_INITIALIZED, "the module is not initialised", NULL },
	{ CKR_RANDOM_NO_RNG, "the token has no random numbers", NULL },
	{ CKR_ARGUMENTS_BAD, "the module refused its arguments", NULL },
	{ CKR_SLOT_ID_INVALID, "there is no such slot", NULL },
	{ CKR_CANT_LOCK, "the module cannot be used from threads", NULL },
};

const char *
rv_text(CK_RV rv)
{
	static char number[48];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].rv == rv)
			return rows[i].text;
	(void)snprintf(number, sizeof(number), "the module answered CKR 0x%lX", (unsigned long)rv);
	return number;
}

const char *
rv_hint(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].rv == rv)
			return rows[i].hint;
	return NULL;
}

void
rv_error(CK_RV rv, const char *what)
{
	prov_error("%s: %s", what, rv_text(rv));
	if (rv_hint(rv) != NULL)
		prov_hint("%s", rv_hint(rv));
}
