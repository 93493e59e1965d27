/* Who signs; see issuer.h. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "provision/issuer.h"
#include "provision/msg.h"

/* AWS IoT is asked by the job, together with all else that it must do. */
const struct issuer_kind issuer_aws = {
	.name = "aws",
	.text = "AWS IoT",
};

const struct issuer_kind *const issuer_kinds[] = {
	&issuer_aws,
	&issuer_local,
	&issuer_file,
	&issuer_exec,
	&issuer_est,
	&issuer_claim,
	&issuer_factory,
	NULL,
};

const char *
issuer_names(void)
{
	static char text[256];
	size_t n = 0;

	for (size_t i = 0; issuer_kinds[i] != NULL && n < sizeof(text); i++) {
		const struct issuer_kind *k = issuer_kinds[i];
		const bool may = k->argument != NULL && !k->needs_argument;

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%s%s%s%s", i > 0 ? ", " : "",
		    k->name, may ? "[" : "", k->argument != NULL ? ":" : "",
		    k->argument != NULL ? k->argument : "", may ? "]" : "");
	}
	return text;
}

const struct issuer_kind *
issuer_find(const char *where, const char *value, const char **argument)
{
	const size_t len = strcspn(value, ":");
	const struct issuer_kind *k = NULL;

	*argument = value[len] == ':' && value[len + 1] != '\0' ? value + len + 1 : NULL;
	for (size_t i = 0; issuer_kinds[i] != NULL && k == NULL; i++)
		if (strlen(issuer_kinds[i]->name) == len &&
		    strncmp(issuer_kinds[i]->name, value, len) == 0)
			k = issuer_kinds[i];
	if (k == NULL) {
		prov_error("%s: there is no CA \"%s\"", where, value);
	} else if (value[len] == ':' && (*argument == NULL || k->argument == NULL)) {
		prov_error("%s: \"%s\" %s", where, value,
		    k->argument != NULL ? "has nothing behind the colon" : "takes nothing more");
		k = NULL;
	} else if (k->needs_argument && *argument == NULL) {
		prov_error("%s: \"%s\" lacks \":%s\"", where, value, k->argument);
		k = NULL;
	} else {
		return k;
	}
	prov_hint("use one of %s", issuer_names());
	return NULL;
}
