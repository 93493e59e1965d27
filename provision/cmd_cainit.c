/* ca init: a certification authority of the user's own, made before it is used. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "provision/ca.h"
#include "provision/cert.h"
#include "provision/file.h"
#include "provision/options.h"
#include "provision/report.h"

#define INTERMEDIATE "/intermediate/ca.pem"

static void
add_certificate(json_t *r, const char *label, const char *file)
{
	X509 *cert = cert_read(file);
	char kind[64], end[32], *name;

	if (cert == NULL)
		return;
	name = name_line(X509_get_subject_name(cert));
	report_add(r, label, file);
	report_add(r, "subject", name);
	report_add(r, "key", key_name(X509_get0_pubkey(cert), kind, sizeof(kind)));
	report_add(r, "valid_until", time_text(X509_get0_notAfter(cert), end));
	free(name);
	X509_free(cert);
}

static enum prov_exit
report(const struct options *o, const char *dir, bool made)
{
	json_t *r = report_new();
	char *file = ca_cert_file(dir), *below = NULL;

	if (file == NULL || asprintf(&below, "%s" INTERMEDIATE, dir) < 0)
		below = NULL;
	report_add(r, "result", made ? "made" : "nothing to do");
	report_add(r, "directory", dir);
	if (file != NULL)
		add_certificate(r, "ca", file);
	if (o->intermediate && below != NULL)
		report_add(r, "intermediate", below);
	free(file);
	free(below);
	return report_print(r, o->json) ? PROV_OK : PROV_FAILED;
}

enum prov_exit
cmd_ca_init(const struct options *o)
{
	char *dir = ca_dir(o->nargs > 0 ? o->args[0] : NULL);
	const struct ca_options opts = {
		.dir = dir,
		.pass_file = o->ca_pass_file,
		.key = o->ca_key,
		.subject = o->subject,
	};
	enum prov_exit status = PROV_FAILED;
	bool made = false;

	if (dir != NULL && !ca_options_check(&opts))
		status = PROV_USAGE;
	else if (dir != NULL && ca_init(&opts, o->intermediate, &made))
		status = report(o, dir, made);
	free(dir);
	return status;
}
