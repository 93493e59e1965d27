/* The report of a fleet; see fleetreport.h. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provision/csv.h"
#include "provision/file.h"
#include "provision/fleetreport.h"
#include "provision/msg.h"

const char *const fleet_columns[] = {
	"row",
	"chip",
	"result",
	"token",
	"serial",
	"uid",
	"slot",
	"key",
	"keyFingerprint",
	"certificateId",
	"thing",
	"policy",
	"ca",
	"started",
	"finished",
	"attempts",
	"error",
	NULL,
};

#define COLUMNS (sizeof(fleet_columns) / sizeof(fleet_columns[0]) - 1)

struct fleet_report {
	char *path, *part;
	int fd; /* of part */
	bool csv;
	bool broken;
};

static const char *
ending(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot != NULL ? dot : "";
}

bool
fleet_report_name_ok(const char *path)
{
	const char *e = ending(path);

	return strcmp(e, ".csv") == 0 || strcmp(e, ".json") == 0 || strcmp(e, ".jsonl") == 0;
}

static bool
failed(struct fleet_report *r)
{
	prov_error("cannot write the report \"%s\": %s", r->part, strerror(errno));
	r->broken = true;
	return false;
}

/* All of it, and to the disk: what the next row follows is complete. */
static bool
append(struct fleet_report *r, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(r->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(r);
		data += n;
		len -= (size_t)n;
	}
	return fdatasync(r->fd) == 0 || errno == EINVAL || failed(r);
}

static bool
append_csv(struct fleet_report *r, const char *const values[COLUMNS])
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool ok = f != NULL && csv_write(f, values, COLUMNS);

	if (f != NULL && fclose(f) != 0)
		ok = false;
	if (!ok)
		prov_error("out of memory");
	ok = ok && append(r, text, len);
	free(text);
	return ok;
}

/* Whether the file that was locked is still the one of that name: another's end renames it. */
static bool
is_part(const struct fleet_report *r)
{
	struct stat have, there;

	return fstat(r->fd, &have) == 0 && stat(r->part, &there) == 0 &&
	       have.st_dev == there.st_dev && have.st_ino == there.st_ino;
}

/* One writer at a time; what an interrupted run has left is nobody's any more. */
static bool
open_part(struct fleet_report *r)
{
	r->fd = open(r->part, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (r->fd < 0)
		return failed(r);
	if (flock(r->fd, LOCK_EX | LOCK_NB) != 0 || !is_part(r)) {
		prov_error("another fleet is writing the report \"%s\"", r->part);
		return false;
	}
	if (ftruncate(r->fd, 0) != 0)
		return failed(r);
	return !r->csv || append_csv(r, fleet_columns);
}

struct fleet_report *
fleet_report_open(const char *path)
{
	struct fleet_report *r = calloc(1, sizeof(*r));

	if (r != NULL) {
		r->fd = -1;
		r->csv = strcmp(ending(path), ".csv") == 0;
		r->path = strdup(path);
	}
	if (r == NULL || r->path == NULL || asprintf(&r->part, "%s.part", path) < 0) {
		if (r != NULL)
			r->part = NULL;
		prov_error("out of memory");
		(void)fleet_report_close(&r, false);
		return NULL;
	}
	if (!open_part(r))
		(void)fleet_report_close(&r, false);
	return r;
}

static bool
add_csv(struct fleet_report *r, const json_t *row)
{
	const char *values[COLUMNS];
	char numbers[COLUMNS][24];

	for (size_t i = 0; i < COLUMNS; i++) {
		const json_t *v = json_object_get(row, fleet_columns[i]);

		values[i] = json_string_value(v);
		if (!json_is_integer(v))
			continue;
		(void)snprintf(
		    numbers[i], sizeof(numbers[i]), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		values[i] = numbers[i];
	}
	return append_csv(r, values);
}

static bool
add_json(struct fleet_report *r, const json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT), *line = NULL;
	int len = text != NULL ? asprintf(&line, "%s\n", text) : -1;
	bool ok = false;

	if (len < 0)
		prov_error("out of memory");
	else
		ok = append(r, line, (size_t)len);
	if (len >= 0)
		free(line);
	free(text);
	return ok;
}

bool
fleet_report_add(struct fleet_report *r, json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!(r->csv ? add_csv(r, row) : add_json(r, row)))
			return false;
	}
	return true;
}

static bool
put_in_place(struct fleet_report *r)
{
	char *slash, *dir;
	int fd;

	if (rename(r->part, r->path) != 0)
		return failed(r);
	slash = strrchr(r->path, '/');
	dir = slash == NULL ? strdup(".") : strndup(r->path, (size_t)(slash - r->path) + 1);
	fd = dir != NULL ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	free(dir);
	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
	return true;
}

bool
fleet_report_close(struct fleet_report **rp, bool complete)
{
	struct fleet_report *r = *rp;
	bool ok;

	if (r == NULL)
		return !complete;
	ok = !complete || (!r->broken && put_in_place(r));
	if (r->fd >= 0)
		(void)close(r->fd);
	free(r->path);
	free(r->part);
	free(r);
	*rp = NULL;
	return ok;
}
