/* What goes wrong when: CALL:WHICH:KIND[:ARG], from the command line and from a file read anew for
 * each request. */
#include <config.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/standin/standin.h"

static const struct {
	const char *name;
	enum si_fault_kind kind;
	const char *what;
} kinds[] = {
	{ "throttle400", SI_THROTTLE400, "400 ThrottlingException" },
	{ "throttle429", SI_THROTTLE429, "429 with Retry-After ARG (1)" },
	{ "error500", SI_ERROR500, "500 InternalFailureException" },
	{ "error503", SI_ERROR503, "503 with a page of HTML" },
	{ "error", SI_ERROR, "ARG is STATUS:CODE[:MESSAGE]" },
	{ "bodycode", SI_BODYCODE, "the same without x-amzn-ErrorType, the code in the body" },
	{ "html", SI_HTML, "ARG (200) and a page of HTML" },
	{ "empty-error", SI_EMPTY_ERROR, "ARG (500) without body and code" },
	{ "close-before", SI_CLOSE_BEFORE, "closes before the state changes" },
	{ "reset-before", SI_RESET_BEFORE, "RST before the state changes" },
	{ "kill-before", SI_KILL_BEFORE, "SIGKILL to the process in file ARG, before" },
	{ "silence-before", SI_SILENCE_BEFORE, "no answer, no change" },
	{ "skew", SI_SKEW, "from now on our clock is ARG (600) seconds ahead" },
	{ "close-after", SI_CLOSE_AFTER, "closes after the state has changed" },
	{ "reset-after", SI_RESET_AFTER, "RST after the state has changed" },
	{ "kill-after", SI_KILL_AFTER, "SIGKILL to the process in file ARG, after" },
	{ "silence", SI_SILENCE, "changed, but no answer" },
	{ "cut", SI_CUT, "half of the body, no Content-Length" },
	{ "cut-length", SI_CUT_LENGTH, "half of the body, Content-Length of all" },
	{ "dribble", SI_DRIBBLE, "a byte a second" },
	{ "badjson", SI_BADJSON, "a body that is no JSON" },
	{ "wrongtypes", SI_WRONGTYPES, "every member becomes a number" },
	{ "missing", SI_MISSING, "an empty object" },
	{ "endless", SI_ENDLESS, "a body without end" },
	{ "otherkey", SI_OTHERKEY, "the certificate is for another key" },
	{ "twocerts", SI_TWOCERTS, "two certificates in one PEM" },
	{ "bigcert", SI_BIGCERT, "a certificate of 60 kB" },
	{ "late404", SI_LATE404, "what is made stays invisible for ARG (2) seconds" },
};

const char *
si_fault_help(void)
{
	static char text[4096];
	size_t used = 0;

	for (size_t i = 0; i < SI_NITEMS(kinds); i++)
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "  %-15s %s\n", kinds[i].name, kinds[i].what);
	return text;
}

/* "3", "*" or "3-": the third, all, from the third on. */
static bool
parse_which(const char *s, struct si_fault *out)
{
	char *end;
	unsigned long n;

	out->first = 1;
	out->last = UINT_MAX;
	if (strcmp(s, "*") == 0)
		return true;
	n = strtoul(s, &end, 10);
	if (n == 0 || n > 100000 || end == s)
		return false;
	out->first = (unsigned int)n;
	if (*end == '\0')
		out->last = out->first;
	return *end == '\0' || strcmp(end, "-") == 0;
}

bool
si_fault_parse(const char *spec, struct si_fault *out)
{
	char copy[640], *rest = copy, *call, *which, *kind;

	memset(out, 0, sizeof(*out));
	if (strlen(spec) >= sizeof(copy))
		return false;
	(void)snprintf(copy, sizeof(copy), "%s", spec);
	(void)snprintf(out->text, sizeof(out->text), "%s", spec);
	call = strsep(&rest, ":");
	which = strsep(&rest, ":");
	kind = strsep(&rest, ":");
	if (kind == NULL || strlen(call) >= sizeof(out->call) || !parse_which(which, out))
		return false;
	(void)snprintf(out->call, sizeof(out->call), "%.47s", call);
	if (rest != NULL)
		(void)snprintf(out->arg, sizeof(out->arg), "%.511s", rest);
	for (size_t i = 0; i < SI_NITEMS(kinds); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			out->kind = kinds[i].kind;
	return out->kind != SI_NONE;
}

static bool
fits(const struct si_fault *f, const char *call, unsigned int occurrence)
{
	return (strcmp(f->call, call) == 0 || strcmp(f->call, "*") == 0) &&
	       occurrence >= f->first && occurrence <= f->last;
}

const struct si_fault *
si_fault_find(const struct si_fault *given, size_t ngiven, const char *file, const char *call,
    unsigned int occurrence, struct si_fault *from_file)
{
	const struct si_fault *found = NULL;
	char line[640];
	FILE *f;

	for (size_t i = 0; i < ngiven; i++)
		if (fits(&given[i], call, occurrence))
			return &given[i];
	f = fopen(file, "re");
	while (f != NULL && found == NULL && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (!si_fault_parse(line, from_file))
			(void)fprintf(stderr, "aws-standin: no fault: %s\n", line);
		else if (fits(from_file, call, occurrence))
			found = from_file;
	}
	if (f != NULL)
		(void)fclose(f);
	return found;
}
