/* doctor: what could keep a run from working, a line each. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/doctor.h"
#include "provision/report.h"

static const char *const words[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_FAILED] = "failed",
};

/* One line it must be, whatever an answer had in it. */
static void
flatten(char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s < ' ')
			*s = ' ';
}

void
doctor_add(struct doctor *d, enum doctor_status status, const char *check, const char *remedy,
    const char *fmt, ...)
{
	struct doctor_line l = { .status = status, .check = check };
	va_list ap;

	if (d->n == d->room) {
		size_t room = d->room != 0 ? 2 * d->room : 32;
		struct doctor_line *more = reallocarray(d->lines, room, sizeof(*more));

		if (more == NULL)
			return;
		d->lines = more;
		d->room = room;
	}
	va_start(ap, fmt);
	if (vasprintf(&l.text, fmt, ap) < 0)
		l.text = NULL;
	va_end(ap);
	if (remedy != NULL && *remedy != '\0')
		l.remedy = strdup(remedy);
	flatten(l.text);
	flatten(l.remedy);
	d->lines[d->n++] = l;
}

static enum doctor_status
worst(const struct doctor *d)
{
	enum doctor_status w = DOCTOR_OK;

	for (size_t i = 0; i < d->n; i++)
		if (d->lines[i].status > w)
			w = d->lines[i].status;
	return w;
}

static void
print_lines(const struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_line *l = &d->lines[i];

		(void)printf("%-8s %-12s %s%s%s\n", words[l->status], l->check,
		    l->text != NULL ? l->text : "", l->remedy != NULL ? " -> " : "",
		    l->remedy != NULL ? l->remedy : "");
	}
}

static bool
print_json(const struct doctor *d)
{
	json_t *r = report_new(), *list = json_array();

	report_add(r, "result", words[worst(d)]);
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_line *l = &d->lines[i];
		json_t *o = report_new();

		report_add(o, "check", l->check);
		report_add(o, "status", words[l->status]);
		report_add(o, "text", l->text);
		report_add(o, "remedy", l->remedy);
		(void)json_array_append_new(list, o);
	}
	(void)json_object_set_new(r, "checks", list);
	return report_print(r, true);
}

static void
free_lines(struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->lines[i].text);
		free(d->lines[i].remedy);
	}
	free(d->lines);
}

/* AWS IoT has no part in what another CA signs, unless it is asked for. */
static bool
wants_cloud(const struct doctor *d)
{
	const char *ca = d->opts->ca;

	if (ca == NULL && d->config != NULL)
		ca = d->config->ca;
	return ca == NULL || strcmp(ca, "aws") == 0 || strcmp(ca, "factory") == 0 ||
	       d->opts->registration == REGISTER_AWS ||
	       (d->config != NULL && d->config->registration == REGISTER_AWS);
}

enum prov_exit
cmd_doctor(const struct options *o)
{
	struct doctor d = { .opts = o };
	struct config_set *set = NULL;
	enum doctor_status w;
	bool ok = true;

	if (o->config != NULL) {
		set = config_set_load(o->config);
		if (set == NULL)
			return PROV_FAILED;
		d.config = set->list;
	}
	doctor_chip(&d);
	if (wants_cloud(&d))
		doctor_cloud(&d);
	w = worst(&d);
	if (o->json)
		ok = print_json(&d);
	else
		print_lines(&d);
	free_lines(&d);
	config_set_free(&set);
	return ok && w != DOCTOR_FAILED ? PROV_OK : PROV_FAILED;
}
