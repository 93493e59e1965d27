/* The token: module, choice among several, session, PIN; see token.h. */
#include <config.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <p11-kit/uri.h>

#include "provision/file.h"
#include "provision/msg.h"
#include "provision/rv.h"
#include "provision/tokenint.h"

#define DEFAULT_MODULE MODULE_DIR "/optiga-pkcs11.so"
#define PIN_MAX        256U
#define SLOTS_MAX      256U

/* p11-kit takes a bare name for one in its own folder; the user means the file if there is one. */
static CK_FUNCTION_LIST *
load_file(const char *path)
{
	CK_FUNCTION_LIST *module;
	char *real = realpath(path, NULL);

	module = p11_kit_module_load(real != NULL ? real : path, 0);
	free(real);
	return module;
}

bool
token_load(struct token *t, const char *path)
{
	CK_RV rv;

	if (path == NULL)
		path = DEFAULT_MODULE;
	/* The module says why a chip cannot be opened, if it is let: errors only, unless the user
	 * asked. */
	(void)setenv("OPTIGA_LOG", "error", 0);
	p11_kit_be_quiet();
	t->module = load_file(path);
	if (t->module == NULL) {
		const char *why = p11_kit_message();

		prov_error("cannot load the module \"%s\": %s", path,
		    why != NULL ? why : "no reason given");
		prov_hint("give the file of a PKCS #11 module with --module");
		return false;
	}
	rv = p11_kit_module_initialize(t->module);
	if (rv != CKR_OK) {
		prov_error("cannot initialise the module \"%s\": %s", path, rv_text(rv));
		if (rv_hint(rv) != NULL)
			prov_hint("%s", rv_hint(rv));
		return false;
	}
	t->initialized = true;
	return true;
}

/* Fields of the standard are padded with spaces and have no NUL. */
#define FIELD_IS(field, text) field_is(field, sizeof(field), text)

static bool
field_is(const unsigned char *field, size_t size, const char *text)
{
	size_t len = p11_kit_space_strlen(field, size);

	return len == strlen(text) && memcmp(field, text, len) == 0;
}

bool
token_matches(const CK_TOKEN_INFO *info, P11KitUri *uri, const char *name)
{
	/* Not initialised: an empty slot of a software token. */
	if ((info->flags & CKF_TOKEN_INITIALIZED) == 0)
		return false;
	if (uri != NULL)
		return p11_kit_uri_match_token_info(uri, info) == 1;
	if (name == NULL)
		return true;
	return FIELD_IS(info->label, name) || FIELD_IS(info->serialNumber, name);
}

static void
say_choices(struct token *t, const CK_SLOT_ID *slots, size_t n, P11KitUri *uri, const char *name)
{
	prov_error("several tokens are there:");
	for (size_t i = 0; i < n; i++) {
		CK_TOKEN_INFO info;
		char *label, *serial;

		if (t->module->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
		    !token_matches(&info, uri, name))
			continue;
		label = p11_kit_space_strdup(info.label, sizeof(info.label));
		serial = p11_kit_space_strdup(info.serialNumber, sizeof(info.serialNumber));
		if (label != NULL && serial != NULL)
			(void)fprintf(stderr, "  \"%s\", serial %s\n", label, serial);
		free(label);
		free(serial);
	}
	prov_hint("choose one with --token SERIAL");
}

void
token_say_none(void)
{
	prov_error("there is no chip");
	prov_hint("set device = in %s/optiga-pkcs11.conf, or OPTIGA_DEVICE in the "
		  "environment, for example i2c:/dev/i2c-1 or sim:FILE",
	    SYSCONFDIR);
}

static bool
choose(struct token *t, P11KitUri *uri, const char *name)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	size_t hits = 0;
	CK_RV rv;

	rv = t->module->C_GetSlotList(CK_TRUE, slots, &n);
	if (rv != CKR_OK) {
		rv_error(rv, "cannot list the tokens");
		return false;
	}
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info;

		if (t->module->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
		    !token_matches(&info, uri, name))
			continue;
		if (hits++ == 0) {
			t->slot = slots[i];
			t->info = info;
		}
	}
	if (hits == 1)
		return true;
	if (hits > 1) {
		say_choices(t, slots, n, uri, name);
	} else if (name != NULL) {
		prov_error("there is no token \"%s\"", name);
		prov_hint("\"p11tool --provider MODULE --list-tokens\" shows those that are there");
	} else {
		token_say_none();
	}
	return false;
}

/* The PIN, to be wiped and freed; NULL: none given, or failed, which sets *failed. */
static char *
get_pin(const char *file, P11KitUri *uri, bool *failed)
{
	const char *value = uri != NULL ? p11_kit_uri_get_pin_value(uri) : NULL;
	const char *source = uri != NULL ? p11_kit_uri_get_pin_source(uri) : NULL;
	char *pin;

	*failed = false;
	if (file == NULL && value != NULL)
		return strdup(value);
	if (file == NULL && source != NULL)
		file = strncmp(source, "file:", 5) == 0 ? source + 5 : source;
	if (file == NULL)
		return NULL;
	pin = file_read(file, PIN_MAX, NULL);
	if (pin == NULL)
		*failed = true;
	else
		pin[strcspn(pin, "\r\n")] = '\0';
	return pin;
}

static bool
login(struct token *t, const char *pin_file, P11KitUri *uri)
{
	bool failed;
	char *pin;
	CK_RV rv;

	if ((t->info.flags & CKF_LOGIN_REQUIRED) == 0)
		return true;
	pin = get_pin(pin_file, uri, &failed);
	if (pin == NULL) {
		if (!failed) {
			prov_error("the token \"%s\" wants a PIN", t->label);
			prov_hint("put it into a file and give --pin-file FILE");
		}
		return false;
	}
	rv = t->module->C_Login(t->session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
	OPENSSL_cleanse(pin, strlen(pin));
	free(pin);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return true;
	rv_error(rv, "cannot log in to the token");
	return false;
}

static bool
take_names(struct token *t)
{
	const CK_TOKEN_INFO *i = &t->info;

	t->label = p11_kit_space_strdup(i->label, sizeof(i->label));
	t->serial = p11_kit_space_strdup(i->serialNumber, sizeof(i->serialNumber));
	t->model = p11_kit_space_strdup(i->model, sizeof(i->model));
	t->manufacturer = p11_kit_space_strdup(i->manufacturerID, sizeof(i->manufacturerID));
	if (t->label != NULL && t->serial != NULL && t->model != NULL && t->manufacturer != NULL)
		return true;
	prov_error("out of memory");
	return false;
}

static bool
open_session(struct token *t, bool write)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (write ? CKF_RW_SESSION : 0UL);
	CK_RV rv = t->module->C_OpenSession(t->slot, flags, NULL, NULL, &t->session);

	if (rv == CKR_OK)
		return true;
	t->session = CK_INVALID_HANDLE;
	rv_error(rv, "cannot open a session on the token");
	return false;
}

bool
token_parse_uri(const char *token, P11KitUri **urip)
{
	*urip = NULL;
	if (token == NULL || strncmp(token, "pkcs11:", 7) != 0)
		return true;
	*urip = p11_kit_uri_new();
	if (*urip != NULL &&
	    p11_kit_uri_parse(token, P11_KIT_URI_FOR_ANY, *urip) == P11_KIT_URI_OK &&
	    !p11_kit_uri_any_unrecognized(*urip))
		return true;
	prov_error("\"%s\" is not a PKCS #11 URI", token);
	prov_hint("for example \"pkcs11:token=LABEL\" or \"pkcs11:serial=SERIAL\"");
	return false;
}

struct token *
token_open(const struct token_options *opts)
{
	struct token *t = calloc(1, sizeof(*t));
	P11KitUri *uri = NULL;
	bool ok = false;

	if (t == NULL) {
		prov_error("out of memory");
		return NULL;
	}
	ok = token_parse_uri(opts->token, &uri) && token_load(t, opts->module) &&
	     choose(t, uri, opts->token) && take_names(t) && open_session(t, opts->write) &&
	     login(t, opts->pin_file, uri);
	p11_kit_uri_free(uri);
	if (!ok)
		token_close(&t);
	return t;
}

void
token_close(struct token **tp)
{
	struct token *t = *tp;

	if (t == NULL)
		return;
	signer_close(t);
	if (t->session != CK_INVALID_HANDLE)
		(void)t->module->C_CloseSession(t->session);
	if (t->initialized)
		(void)p11_kit_module_finalize(t->module);
	if (t->module != NULL)
		p11_kit_module_release(t->module);
	free(t->label);
	free(t->serial);
	free(t->model);
	free(t->manufacturer);
	free(t);
	*tp = NULL;
}

const char *
token_label(const struct token *t)
{
	return t->label;
}

const char *
token_serial(const struct token *t)
{
	return t->serial;
}

const char *
token_model(const struct token *t)
{
	return t->model;
}

const char *
token_manufacturer(const struct token *t)
{
	return t->manufacturer;
}
