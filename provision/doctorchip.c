/* The local half of "doctor": the module, the chips it shows, whether their devices may be used. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <p11-kit/p11-kit.h>

#include "provision/doctor.h"
#include "provision/rv.h"
#include "provision/token.h"

#define DEFAULT_MODULE MODULE_DIR "/optiga-pkcs11.so"
#define SLOTS_MAX      256U

/* What a module writes to standard error is kept: it says why a chip does not answer. */
struct heard {
	int fd, saved;
	char text[1024];
};

static void
hear_begin(struct heard *h)
{
	h->text[0] = '\0';
	(void)fflush(stderr);
	h->fd = memfd_create("heard", MFD_CLOEXEC);
	h->saved = dup(STDERR_FILENO);
	if (h->fd >= 0 && h->saved >= 0)
		(void)dup2(h->fd, STDERR_FILENO);
}

/* Its last line without the program's name and the level, "optiga-pkcs11: error: ". */
static const char *
hear_end(struct heard *h)
{
	ssize_t n = 0;
	char *line;

	(void)fflush(stderr);
	if (h->saved >= 0) {
		(void)dup2(h->saved, STDERR_FILENO);
		(void)close(h->saved);
	}
	if (h->fd >= 0) {
		n = pread(h->fd, h->text, sizeof(h->text) - 1, 0);
		(void)close(h->fd);
	}
	h->text[n > 0 ? n : 0] = '\0';
	while ((line = strrchr(h->text, '\n')) != NULL && line[1] == '\0')
		*line = '\0';
	line = line != NULL ? line + 1 : h->text;
	for (int i = 0; i < 2; i++) {
		char *colon = strstr(line, ": ");

		if (colon != NULL && strcspn(line, " ") > (size_t)(colon - line))
			line = colon + 2;
	}
	return line;
}

static void
check_slot(struct doctor *d, CK_FUNCTION_LIST *module, CK_SLOT_ID id)
{
	char *where = NULL, *label = NULL, *serial = NULL, *model = NULL;
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;
	struct heard h;
	const char *why;
	CK_RV rv;

	hear_begin(&h);
	rv = module->C_GetSlotInfo(id, &slot);
	if (rv == CKR_OK && (slot.flags & CKF_TOKEN_PRESENT) == 0)
		rv = CKR_TOKEN_NOT_PRESENT;
	if (rv == CKR_OK)
		rv = module->C_GetTokenInfo(id, &token);
	why = hear_end(&h);
	if (rv == CKR_OK || rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_TOKEN_NOT_RECOGNIZED)
		where = p11_kit_space_strdup(slot.slotDescription, sizeof(slot.slotDescription));
	if (rv == CKR_OK && (token.flags & CKF_TOKEN_INITIALIZED) != 0) {
		label = p11_kit_space_strdup(token.label, sizeof(token.label));
		serial = p11_kit_space_strdup(token.serialNumber, sizeof(token.serialNumber));
		model = p11_kit_space_strdup(token.model, sizeof(token.model));
		doctor_add(d, DOCTOR_OK, "chip", NULL, "\"%s\", serial %s, %s, at %s",
		    label != NULL ? label : "", serial != NULL ? serial : "",
		    model != NULL ? model : "", where != NULL ? where : "");
	} else if (rv != CKR_OK) {
		doctor_add(d, DOCTOR_FAILED, "chip", *why == '\0' ? rv_hint(rv) : NULL,
		    "none at %s: %s", where != NULL ? where : "?",
		    *why != '\0' ? why : rv_text(rv));
	}
	if (where != NULL)
		doctor_bus(d, where);
	free(where);
	free(label);
	free(serial);
	free(model);
}

static void
check_slots(struct doctor *d, CK_FUNCTION_LIST *module)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	CK_RV rv = module->C_GetSlotList(CK_FALSE, slots, &n);

	if (rv != CKR_OK)
		doctor_add(d, DOCTOR_FAILED, "chip", rv_hint(rv), "cannot list the slots: %s",
		    rv_text(rv));
	else if (n == 0)
		doctor_add(d, DOCTOR_FAILED, "chip",
		    "set device = in " SYSCONFDIR "/optiga-pkcs11.conf, or OPTIGA_DEVICE in the "
		    "environment, for example i2c:/dev/i2c-1",
		    "none is named");
	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++)
		check_slot(d, module, slots[i]);
}

/* False: nothing more can be asked of it. */
static bool
check_module(struct doctor *d)
{
	const char *path = d->opts->token.module;
	char *real = realpath(path != NULL ? path : DEFAULT_MODULE, NULL);
	CK_FUNCTION_LIST *module;
	struct heard h;
	const char *why;
	CK_INFO info;
	CK_RV rv;

	if (path == NULL)
		path = DEFAULT_MODULE;
	p11_kit_be_quiet();
	module = p11_kit_module_load(real != NULL ? real : path, 0);
	free(real);
	if (module == NULL) {
		why = p11_kit_message();
		doctor_add(d, DOCTOR_FAILED, "module",
		    "install it, or give the file of a PKCS #11 module with --module",
		    "cannot load it: %s", why != NULL ? why : path);
		return false;
	}
	hear_begin(&h);
	rv = p11_kit_module_initialize(module);
	why = hear_end(&h);
	if (rv == CKR_OK && module->C_GetInfo(&info) == CKR_OK) {
		doctor_add(d, DOCTOR_OK, "module", NULL, "%s, version %u.%u", path,
		    (unsigned int)info.libraryVersion.major,
		    (unsigned int)info.libraryVersion.minor);
		if (*why != '\0')
			doctor_add(
			    d, DOCTOR_WARNING, "module", "see optiga-pkcs11.conf(5)", "%s", why);
		check_slots(d, module);
	} else {
		doctor_add(d, DOCTOR_FAILED, "module", rv_hint(rv), "cannot initialise %s: %s",
		    path, *why != '\0' ? why : rv_text(rv));
	}
	if (rv == CKR_OK)
		(void)p11_kit_module_finalize(module);
	p11_kit_module_release(module);
	return rv == CKR_OK;
}

/* As a run would: the one token, and its PIN. */
static void
check_token(struct doctor *d)
{
	struct prov_kept said = { .error = "" };
	struct token *t;
	struct heard h;

	prov_keep(&said);
	hear_begin(&h);
	t = token_open(&d->opts->token);
	(void)hear_end(&h);
	prov_keep(NULL);
	if (t != NULL)
		doctor_add(d, DOCTOR_OK, "token", NULL, "\"%s\" opens", token_label(t));
	else
		doctor_add(d, DOCTOR_FAILED, "token", said.hint, "%s", said.error);
	token_close(&t);
}

static bool
any_chip(const struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->lines[i].check, "chip") == 0 && d->lines[i].status == DOCTOR_OK)
			return true;
	return false;
}

void
doctor_chip(struct doctor *d)
{
	/* Errors alone, unless the user asked for more. */
	(void)setenv("OPTIGA_LOG", "error", 0);
	if (check_module(d) && any_chip(d))
		check_token(d);
}
