/* Holds the rows of the benchmark against what is allowed, what was, and what the vendor needs. */
#include <config.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/bench.h"

#define VARIANT "default-cold-reset"
#define LINE    (64 * 1024)

/* Figures have one decimal in the file. */
#define ROUNDED 0.051

static json_t *baseline; /* array */
static json_t *vendor;   /* transactions by scenario */
static unsigned rows, bad, better;

static void
complain(const struct row *r, const char *what)
{
	printf("%s: ", what);
	bench_print(r);
	bad++;
}

static bool
is(const json_t *o, const char *key, const char *value)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL && strcmp(s, value) == 0;
}

static double
number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static const json_t *
row_before(const struct row *r)
{
	const json_t *o;
	size_t i;

	json_array_foreach(baseline, i,
	    o) if (is(o, "op", r->op) && is(o, "speed", r->speed) && is(o, "ack", r->ack) &&
		   number(o, "khz") == r->khz &&
		   json_is_true(json_object_get(o, "shielded")) == r->shielded) return o;
	return NULL;
}

static void
check_row(const struct row *r)
{
	const json_t *o = row_before(r);

	rows++;
	if (r->ratio > r->ratio_max)
		complain(r, "too far from the bound");
	if (o == NULL) {
		complain(r, "not in the baseline");
		return;
	}
	if (r->us > number(o, "us") + ROUNDED || r->bytes > number(o, "bytes") ||
	    r->transactions > number(o, "transactions") || r->polls > number(o, "polls"))
		complain(r, "worse than the baseline");
	else if (r->us < number(o, "us") - ROUNDED)
		better++;
}

/* What the vendor's host needs for scenarios with + between them; 0: one is not in the traces. */
static unsigned
vendor_transactions(const char *scenarios)
{
	unsigned sum = 0;

	for (const char *s = scenarios, *end; *s != '\0'; s = *end == '\0' ? end : end + 1) {
		const json_t *n;
		char name[64];

		end = s + strcspn(s, "+");
		(void)snprintf(name, sizeof(name), "%.*s", (int)(end - s), s);
		if ((n = json_object_get(vendor, name)) == NULL)
			return 0;
		sum += (unsigned)json_integer_value(n);
	}
	return sum;
}

static void
check_vendor(const struct row *r)
{
	const unsigned n = vendor_transactions(r->scenario);

	if (n == 0)
		complain(r, "not in the traces");
	else if (r->transactions > n)
		complain(r, "more transactions than the vendor's host");
	else
		printf("%s%s: %u transactions, the vendor's host %u\n", r->op,
		    r->shielded ? " shielded" : "", r->transactions, n);
}

static int
each_line(const char *path, void (*take)(json_t *o))
{
	static char line[LINE];
	FILE *f = fopen(path, "r");
	json_t *o;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if ((o = json_loads(line, 0, NULL)) == NULL) {
			printf("%s: a line is no JSON\n", path);
			(void)fclose(f);
			return -1;
		}
		take(o);
		json_decref(o);
	}
	(void)fclose(f);
	return 0;
}

static void
take_baseline(json_t *o)
{
	(void)json_array_append(baseline, o);
}

/* Transactions of the vendor's host, without those that read I2C_STATE. */
static void
take_trace(json_t *o)
{
	static bool state; /* the register selected is I2C_STATE */
	const char *scenario = json_string_value(json_object_get(o, "scenario"));

	if (!is(o, "variant", VARIANT) || is(o, "dir", "Z") || json_object_get(o, "nack") != NULL)
		return;
	if (is(o, "dir", "W"))
		state = is(o, "hex", "82");
	if (!state)
		(void)json_object_set_new(vendor, scenario,
		    json_integer(json_integer_value(json_object_get(vendor, scenario)) + 1));
}

int
bench_check(const char *baseline_path, const char *traces_path)
{
	baseline = json_array();
	vendor = json_object();
	if (each_line(baseline_path, take_baseline) != 0 || each_line(traces_path, take_trace) != 0)
		return 1;
	bench_like_traces(check_vendor);
	bench_all(check_row);
	if (rows != json_array_size(baseline)) {
		printf("%u rows, the baseline has %zu\n", rows, json_array_size(baseline));
		bad++;
	}
	if (better > 0)
		printf("%u rows are better than the baseline: put them into it\n", better);
	printf("%s - %u rows as good as the baseline and the bound demand\n",
	    bad == 0 ? "ok" : "not ok", rows);
	json_decref(baseline);
	json_decref(vendor);
	return bad != 0;
}
