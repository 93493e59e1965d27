/*
 * A token as one HTML page that needs nothing else: no scripts, no fonts, no pictures from
 * elsewhere. Names in certificates are chosen by others: all text goes through put(), and should
 * that ever fail, the page's own content security policy lets nothing run or load.
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/cert.h"
#include "provision/show.h"
#include "provision/showhtml.h"

#define TEXT_MAX 16384U

/* --- writing ------------------------------------------------------------------------------- */

/* HTML 13.1.2: text and double-quoted attribute values alike. */
static void
put(FILE *f, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&': (void)fputs("&amp;", f); break;
		case '<': (void)fputs("&lt;", f); break;
		case '>': (void)fputs("&gt;", f); break;
		case '"': (void)fputs("&quot;", f); break;
		case '\'': (void)fputs("&#39;", f); break;
		default: (void)fputc(*text, f); break;
		}
	}
}

static void __attribute__((format(printf, 2, 3))) putf(FILE *f, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(f, text);
}

/* Markup of ours, as it is. */
static void
raw(FILE *f, const char *markup)
{
	(void)fputs(markup, f);
}

/* One row of a list of names and values; nothing without a value. */
static void __attribute__((format(printf, 3, 4)))
fact(FILE *f, const char *name, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (text[0] == '\0')
		return;
	raw(f, "<dt>");
	put(f, name);
	raw(f, "</dt><dd>");
	put(f, text);
	raw(f, "</dd>\n");
}

/* How full something is; in numbers for those who do not see it. */
static void
bar(FILE *f, const char *of, long used, long max)
{
	const long percent = max > 0 && used > 0 ? (100 * used + max - 1) / max : 0;

	(void)fprintf(f,
	    "<span class=\"bar\" role=\"img\" aria-label=\"%ld of %ld %s\">"
	    "<i style=\"width:%ld%%\"></i></span>",
	    used, max, of, percent > 100 ? 100 : percent);
}

/* --- head ---------------------------------------------------------------------------------- */

static void
begin(const struct show *s, FILE *f)
{
	char when[32] = "";
	struct tm tm;

	if (gmtime_r(&s->now, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	raw(f, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	       "<meta http-equiv=\"Content-Security-Policy\" "
	       "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	put(f, s->label);
	raw(f, "</title>\n<style>\n");
	raw(f, showhtml_style);
	raw(f, "</style>\n</head>\n<body>\n<header>\n<h1>");
	put(f, s->label);
	raw(f, "</h1>\n<p>");
	putf(f, "%s, serial %s, by %s. Read %s.", s->model, s->serial, s->manufacturer, when);
	raw(f, "</p>\n</header>\n<main>\n");
}

/* --- state of the chip --------------------------------------------------------------------- */

static void __attribute__((format(printf, 4, 5)))
tile(FILE *f, const char *name, bool alarm, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)fprintf(f, "<div class=\"tile%s\"><b>", alarm ? " alarm" : "");
	put(f, text);
	raw(f, "</b><span>");
	put(f, name);
	raw(f, "</span></div>\n");
}

static void
room_tile(const struct show *s, FILE *f, enum chip_kind kind, const char *name)
{
	long used, max;

	show_room(s->map, kind, &used, &max);
	if (max == 0)
		return;
	raw(f, "<div class=\"tile\"><b>");
	putf(f, "%ld free", max - used);
	raw(f, "</b>");
	bar(f, "bytes", used, max);
	raw(f, "<span>");
	putf(f, "%s, %ld of %ld bytes in use", name, used, max);
	raw(f, "</span></div>\n");
}

static void
state(const struct show *s, FILE *f)
{
	const int life = chipmap_byte(s->map, OID_LIFE_GLOBAL);
	const int app = chipmap_byte(s->map, OID_LIFE_APP);
	const int events = chipmap_byte(s->map, OID_EVENTS);
	const int status = chipmap_byte(s->map, OID_STATUS);

	raw(f, "<section class=\"tiles\" aria-label=\"State\">\n");
	if (life >= 0)
		tile(
		    f, "life cycle of the chip", false, "%s", chip_life_name((enum chip_life)life));
	if (app >= 0)
		tile(f, "life cycle of the application", false, "%s",
		    chip_life_name((enum chip_life)app));
	if (events >= 0)
		tile(f,
		    events > 0 ? "security event counter: the chip is slowed down"
			       : "security event counter: full speed",
		    events > 0, "%d", events);
	if (status > 0)
		tile(
		    f, "security status", false, "%s", (status & 0x20) != 0 ? "boot phase" : "set");
	if (chipmap_byte(s->map, OID_CURRENT) >= 0)
		tile(f, "current limit", false, "%d mA", chipmap_byte(s->map, OID_CURRENT));
	if (chipmap_byte(s->map, OID_SLEEP) >= 0)
		tile(f, "until it sleeps", false, "%d ms", chipmap_byte(s->map, OID_SLEEP));
	if (chipmap_byte(s->map, OID_LAST_ERROR) > 0)
		tile(f, "last error", true, "%02X",
		    (unsigned int)chipmap_byte(s->map, OID_LAST_ERROR));
	room_tile(s, f, CHIP_CERT, "certificates");
	room_tile(s, f, CHIP_ANCHOR, "trust anchors");
	room_tile(s, f, CHIP_DATA, "data");
	raw(f, "</section>\n");
}

/* --- map ----------------------------------------------------------------------------------- */

static void
pair_line(FILE *f, bool paired)
{
	/* Drawn, not text; aria-label of the pair says it. */
	(void)fprintf(f,
	    "<svg class=\"%s\" viewBox=\"0 0 40 10\" preserveAspectRatio=\"none\" "
	    "aria-hidden=\"true\"><line x1=\"0\" y1=\"5\" x2=\"40\" y2=\"5\"/></svg>\n",
	    paired ? "line" : "line none");
}

static void
cert_box(const struct show *s, FILE *f, int i)
{
	const struct chip_x509 *c = i >= 0 ? &s->map->certs[i] : NULL;
	const struct certinfo *ci = i >= 0 ? &s->certs[i] : NULL;
	long days;

	if (c == NULL) {
		raw(f, "<div class=\"box free\"><b>no certificate</b></div>\n");
		return;
	}
	days = certinfo_days(ci, s->now);
	(void)fprintf(f, "<div class=\"box cert%s\"><b>", days < 0 ? " alarm" : "");
	if (c->oid != 0)
		putf(f, "%04X ", c->oid);
	put(f, ci->common_name);
	raw(f, "</b><span>");
	putf(f, "%s %.10s", days < 0 ? "expired" : "until", ci->until);
	raw(f, "</span></div>\n");
}

/* A key, the line, its certificate. */
static void
pair_row(const struct show *s, FILE *f, const char *name, int k)
{
	size_t next = 0;
	const struct chip_x509 *c = k >= 0 ? chipmap_cert_of(s->map, (size_t)k, &next) : NULL;
	const struct chip_key *key = k >= 0 ? &s->map->keys[k] : NULL;
	const struct chip_object *o =
	    key != NULL && key->oid != 0 ? chipmap_object(s->map, key->oid) : NULL;
	char kind[64];

	(void)fprintf(
	    f, "<div class=\"pair\">\n<div class=\"box %s\"><b>", key != NULL ? "key" : "free");
	put(f, name);
	raw(f, "</b><span>");
	if (key != NULL)
		put(f, show_key_kind(s, (size_t)k, kind, sizeof(kind)));
	else
		raw(f, "free");
	if (key != NULL && show_key_named(key))
		putf(f, " \342\200\234%s\342\200\235", key->label);
	if (o != NULL)
		put(f, chip_locked(o) ? ", locked" : ", not locked");
	raw(f, "</span></div>\n");
	pair_line(f, c != NULL);
	if (key != NULL)
		cert_box(s, f, c != NULL ? (int)(c - s->map->certs) : -1);
	raw(f, "</div>\n");
}

static void
pairs(const struct show *s, FILE *f)
{
	char name[64];

	for (size_t i = 0; chip_slot_row(i) != NULL; i++) {
		const struct chip_slot *slot = chip_slot_row(i);
		const int k = show_key_of(s, slot);

		if (!show_wants_slot(s, slot) || (k < 0 && !s->map->chip))
			continue;
		(void)snprintf(name, sizeof(name), "%04X %s", slot->key_oid, slot->name);
		pair_row(s, f, name, k);
	}
	for (size_t k = 0; k < s->map->nkeys && s->slot == NULL; k++) {
		const struct token_key *key = &s->map->keys[k].key;

		name[0] = '\0';
		if (!show_key_elsewhere(s, k))
			continue;
		for (size_t i = 0; i < key->id_len && 2 * i + 3 <= sizeof(name); i++)
			(void)snprintf(name + 2 * i, sizeof(name) - 2 * i, "%02x", key->id[i]);
		pair_row(s, f, name, (int)k);
	}
}

/* Of counters what they count, of others the bytes. */
static void
cell_bar(FILE *f, const struct chip_object *o)
{
	const long used = chip_bytes_in_use(o);
	uint32_t value, threshold;

	if (chip_counter(o, &value, &threshold))
		bar(f, "counts", value, threshold);
	else if (o->max > 0)
		bar(f, "bytes", used > 0 ? used : 0, o->max);
}

/* What is not a key, a small box each, filled as it is full. */
static void
cells(const struct show *s, FILE *f)
{
	raw(f, "<div class=\"cells\">\n");
	for (size_t i = 0; i < s->map->nobjects; i++) {
		const struct chip_object *o = &s->map->objects[i];
		char what[256];

		if (o->kind == CHIP_STATUS || o->kind == CHIP_SESSION || o->kind == CHIP_EC_KEY ||
		    o->kind == CHIP_RSA_KEY || !show_wants_object(s, o))
			continue;
		show_content(s, o, what, sizeof(what));
		(void)fprintf(f, "<div class=\"cell%s\" title=\"",
		    chip_bytes_in_use(o) > 0 || o->alg >= 0 ? "" : " free");
		putf(f, "%s: %s", o->name, what);
		raw(f, "\"><b>");
		putf(f, "%04X", o->oid);
		raw(f, "</b><span>");
		put(f, o->name);
		raw(f, "</span>");
		cell_bar(f, o);
		raw(f, "</div>\n");
	}
	raw(f, "</div>\n");
}

static void
map(const struct show *s, FILE *f)
{
	raw(f, "<section>\n<h2>Map</h2>\n");
	pairs(s, f);
	if (s->map->chip)
		cells(s, f);
	if (s->map->nkeys == 0 && !s->map->chip)
		raw(f, "<p>No keys.</p>\n");
	raw(f, "</section>\n");
}

/* --- certificates -------------------------------------------------------------------------- */

static void
cert_facts(const struct show *s, FILE *f, size_t i)
{
	const struct chip_x509 *c = &s->map->certs[i];
	const struct certinfo *ci = &s->certs[i];
	const long days = certinfo_days(ci, s->now);

	if (c->oid != 0)
		fact(f, "in", "%04X%s", c->oid, c->at > 0 ? ", of the chain" : "");
	if (c->key >= 0 && s->map->keys[c->key].oid != 0)
		fact(f, "for the key in", "%04X", s->map->keys[c->key].oid);
	fact(f, "subject", "%s", ci->subject);
	fact(f, "issuer", "%s%s", ci->issuer, ci->self_signed ? " (itself)" : "");
	fact(f, "serial number", "%s", ci->serial);
	fact(f, "valid from", "%s", ci->from);
	fact(f, "valid until", "%s (%s%ld days%s)", ci->until, days < 0 ? "" : "in ",
	    days < 0 ? -days : days, days < 0 ? " ago" : "");
	fact(f, "public key", "%s", ci->key);
	fact(f, "signature", "%s", ci->signature);
	fact(f, "size", "%zu bytes", c->size);
	fact(f, "SHA-256", "%s", ci->id);
	for (size_t e = 0; e < ci->nextensions; e++)
		fact(f, ci->extensions[e].name, "%s%s", ci->extensions[e].value,
		    ci->extensions[e].critical ? " (critical)" : "");
}

static void
certificates(const struct show *s, FILE *f)
{
	bool any = false;

	for (size_t i = 0; i < s->map->ncerts; i++) {
		if (!show_wants_cert(s, i))
			continue;
		if (!any)
			raw(f, "<section>\n<h2>Certificates</h2>\n");
		any = true;
		raw(f, "<article>\n<h3>");
		put(f, s->certs[i].common_name);
		raw(f, "</h3>\n<dl>\n");
		cert_facts(s, f, i);
		raw(f, "</dl>\n</article>\n");
	}
	if (any)
		raw(f, "</section>\n");
}

/* --- objects ------------------------------------------------------------------------------- */

static void
access_cell(const struct show *s, FILE *f, const struct chip_object *o, enum chip_access a)
{
	char words[256], label[32];

	/* What a key is has no reading. */
	if (a == ACCESS_READ && o->content == CONTENT_NONE)
		(void)snprintf(words, sizeof(words), "\342\200\223");
	else
		(void)chip_access_words(&o->access[a], words, sizeof(words));
	(void)snprintf(label, sizeof(label), "%s", chip_access_name(a));
	(void)fprintf(f, "<td data-name=\"%s\"%s>", label,
	    a == ACCESS_CHANGE && o->kind != CHIP_STATUS && o->kind != CHIP_SESSION &&
		    chip_may(s->map, o, a) == MAY_ANYONE
		? " class=\"open\""
		: "");
	put(f, words);
	if (a == ACCESS_CHANGE && o->access[ACCESS_UPDATE].present) {
		raw(f, "; update ");
		put(f, chip_access_words(&o->access[ACCESS_UPDATE], words, sizeof(words)));
	}
	raw(f, "</td>");
}

static void
object_row(const struct show *s, FILE *f, const struct chip_object *o)
{
	char what[256];

	show_content(s, o, what, sizeof(what));
	raw(f, "<tr><th scope=\"row\">");
	putf(f, "%04X", o->oid);
	raw(f, "</th><td data-name=\"object\">");
	put(f, o->name);
	raw(f, "</td><td data-name=\"content\">");
	put(f, what);
	if (o->updating)
		raw(f, "; an update did not end");
	raw(f, "</td><td data-name=\"bytes\">");
	if (o->max > 0 && o->used >= 0 && o->kind != CHIP_STATUS) {
		const long used = chip_bytes_in_use(o) == 0 ? 0 : o->used;

		bar(f, "bytes", used, o->max);
		putf(f, " %ld of %ld", used, o->max);
	}
	raw(f, "</td><td data-name=\"life cycle\">");
	put(f, o->meta_len > 0 ? chip_life_name(o->life) : "not told");
	raw(f, "</td>");
	for (int a = 0; a < ACCESS_UPDATE; a++)
		access_cell(s, f, o, (enum chip_access)a);
	raw(f, "</tr>\n");
}

static void
objects(const struct show *s, FILE *f)
{
	raw(f, "<section>\n<h2>Objects</h2>\n<table>\n<thead><tr><th>OID</th><th>Object</th>"
	       "<th>Content</th><th>Bytes</th><th>Life cycle</th><th>Change</th><th>Read</th>"
	       "<th>Use</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < s->map->nobjects; i++)
		if (show_wants_object(s, &s->map->objects[i]))
			object_row(s, f, &s->map->objects[i]);
	raw(f,
	    "</tbody>\n</table>\n<p class=\"note\">Conditions marked are open to anyone as things "
	    "are. \342\200\234Until locked\342\200\235 ends when the object's life cycle becomes "
	    "operational, which cannot be undone.</p>\n</section>\n");
}

/* --- wear ---------------------------------------------------------------------------------- */

static void
wear_counters(const struct show *s, FILE *f)
{
	uint32_t value, threshold;

	for (size_t i = 0; i < s->map->nobjects; i++) {
		const struct chip_object *o = &s->map->objects[i];
		const long left = show_uses_left(s->map, o);
		char name[16];

		(void)snprintf(name, sizeof(name), "%04X", o->oid);
		if (chip_counter(o, &value, &threshold))
			fact(f, name, "%s: counted %u of %u", o->name, value, threshold);
		else if (left >= 0)
			fact(f, name, "%s: %ld uses left", o->name, left);
		else if (o->version >= 0)
			fact(f, name, "%s: updated to version %d", o->name, o->version);
	}
}

static void
wear(const struct show *s, FILE *f)
{
	struct chip_uid u;

	raw(f, "<section>\n<h2>Wear</h2>\n<dl>\n");
	wear_counters(s, f);
	raw(f, "</dl>\n<p class=\"note\">The chip counts neither writes nor keys made.</p>\n"
	       "</section>\n");
	if (!show_uid(s->map, &u))
		return;
	raw(f, "<section>\n<h2>Chip</h2>\n<dl>\n");
	fact(f, "unique ID", "%s", u.hex);
	fact(f, "build", "%04X", u.build);
	fact(f, "firmware", "%s", u.firmware);
	fact(f, "chip type", "%s", u.chip_type);
	fact(f, "batch", "%s", u.batch);
	fact(f, "wafer position", "%u, %u", u.wafer_x, u.wafer_y);
	raw(f, "</dl>\n</section>\n");
}

bool
show_html(const struct show *s, FILE *f)
{
	begin(s, f);
	if (s->map->chip && s->slot == NULL)
		state(s, f);
	map(s, f);
	certificates(s, f);
	if (s->map->chip)
		objects(s, f);
	if (s->map->chip && s->slot == NULL)
		wear(s, f);
	raw(f, "</main>\n</body>\n</html>\n");
	return ferror(f) == 0;
}
