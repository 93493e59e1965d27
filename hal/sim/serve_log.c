/*
 * What the bus server has seen: counters as JSON, and every event as a line of JSON, with the
 * keys of the recorded vendor traces and addr, conn, mark besides; error is the status of a
 * transfer that failed otherwise than by a refused address.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "hal/sim/prog.h"
#include "hal/sim/serve.h"

bool
serve_log_open(struct server *sv, const char *path)
{
	sv->log = fopen(path, "ae");
	if (sv->log != NULL)
		return true;
	(void)prog_error("%s: cannot be written: %s", path, strerror(errno));
	return false;
}

void
serve_log_close(struct server *sv)
{
	if (sv->log != NULL)
		(void)fclose(sv->log);
	sv->log = NULL;
}

static json_t *
hex(const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * len + 1);
	json_t *j;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[data[i] >> 4];
		text[2 * i + 1] = digits[data[i] & 15];
	}
	j = json_stringn(text, 2 * len);
	free(text);
	return j;
}

static json_t *
us(uint64_t ns)
{
	return json_real((double)ns / 1000.0);
}

static void
put(json_t *line, const char *key, json_t *value)
{
	if (value != NULL)
		(void)json_object_set_new(line, key, value);
}

void
serve_log_event(struct server *sv, const struct serve_client *c, uint64_t start, char dir, int addr,
    const uint8_t *data, size_t len, enum serve_status st)
{
	json_t *line;

	if (sv->log == NULL)
		return;
	line = json_object();
	put(line, "step", json_integer((json_int_t)sv->log_step++));
	put(line, "conn", json_integer(c->nr));
	put(line, "addr", json_integer(addr));
	put(line, "dir", json_stringn(&dir, 1));
	put(line, "hex", hex(data, len));
	put(line, "n", json_integer((json_int_t)len));
	put(line, "gap_us", sv->log_stopped ? us(start - sv->log_stop) : json_null());
	put(line, "t_us", us(start));
	if (st == SERVE_ADDR_NACK)
		put(line, "nack", json_integer(1));
	else if (st != SERVE_DONE)
		put(line, "error", json_integer(st));
	if (sv->mark != NULL)
		put(line, "mark", json_string(sv->mark)); /* absent when it is no UTF-8 */
	(void)json_dumpf(line, sv->log, JSON_COMPACT);
	(void)fputc('\n', sv->log);
	(void)fflush(sv->log);
	json_decref(line);
	if (dir == 'W' || dir == 'R') {
		sv->log_stop = serve_now(sv);
		sv->log_stopped = true;
	}
}

char *
serve_statistics(struct server *sv, const struct serve_client *c)
{
	const struct serve_counts *n = &sv->counts;
	struct sim_view v = { .max_khz = 0 };
	json_t *j = json_object();
	char *text;

	(void)sim_look(sv->sim, &v);
	put(j, "now_ns", json_integer((json_int_t)serve_now(sv)));
	put(j, "mode", json_string(sv->virtual_time ? "virtual" : "real"));
	put(j, "scl_khz", json_integer(c->khz));
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "writes", n->writes },
		{ "reads", n->reads },
		{ "bytes_written", n->bytes_written },
		{ "bytes_read", n->bytes_read },
		{ "addr_nacks", n->addr_nacks },
		{ "data_nacks", n->data_nacks },
		{ "bus_errors", n->bus_errors },
		{ "sleeps", n->sleeps },
		{ "sleep_us", n->sleep_us },
		{ "resets", v.counts.resets - sv->chip_base.resets },
		{ "guard_violations", v.counts.guard_violations - sv->chip_base.guard_violations },
		{ "overspeed", n->overspeed },
		{ "commands", v.counts.commands - sv->chip_base.commands },
		{ "handshakes", v.counts.handshakes - sv->chip_base.handshakes },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put(j, rows[i].key, json_integer((json_int_t)rows[i].value));
	text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return text;
}

void
serve_statistics_reset(struct server *sv)
{
	struct sim_view v;

	memset(&sv->counts, 0, sizeof(sv->counts));
	if (sim_look(sv->sim, &v) == 0)
		sv->chip_base = v.counts;
}
