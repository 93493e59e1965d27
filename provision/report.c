/* Results on standard output; see report.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "provision/cert.h"
#include "provision/msg.h"
#include "provision/report.h"

json_t *
report_new(void)
{
	return json_object();
}

void
report_add(json_t *r, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		(void)json_object_set_new(r, name, json_string(value));
}

void
report_cert(json_t *r, X509 *cert)
{
	char *subject = name_line(X509_get_subject_name(cert));
	char *issuer = name_line(X509_get_issuer_name(cert));
	char until[32], id[65];

	if (cert_id(cert, id))
		report_add(r, "certificate", id);
	report_add(r, "subject", subject);
	report_add(r, "issuer", issuer);
	report_add(r, "valid_until", time_text(X509_get0_notAfter(cert), until));
	free(subject);
	free(issuer);
}

/* Names are JSON's, with "_" where people read a space. */
static void
print_name(const char *name, int width)
{
	int n = 0;

	for (; name[n] != '\0'; n++)
		(void)putchar(name[n] == '_' ? ' ' : name[n]);
	(void)printf("%*s", n < width ? width - n : 0, "");
}

/* Objects in a list are set off by an empty line. */
static void
print_lines(const json_t *r, int width)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)r, key, value)
	{
		if (json_is_string(value)) {
			print_name(key, width);
			(void)printf(" %s\n", json_string_value(value));
		} else if (json_is_object(value)) {
			char *text = json_dumps(value, 0);

			print_name(key, width);
			(void)printf(" %s\n", text != NULL ? text : "");
			free(text);
		} else if (json_is_array(value)) {
			size_t i;
			json_t *row;

			json_array_foreach(value, i, row)
			{
				(void)putchar('\n');
				print_lines(row, width);
			}
		}
	}
}

bool
report_print(json_t *r, bool as_json)
{
	bool ok = r != NULL;

	if (!ok)
		prov_error("out of memory");
	else if (as_json)
		ok = json_dumpf(r, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
	else
		print_lines(r, 12);
	json_decref(r);
	return ok;
}
