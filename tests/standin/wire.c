/* HTTP/1.1 on one connection: one request in, bytes out, and the ways to end it. */
#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/standin/standin.h"

#define HEAD_MAX 65536

const char *
si_header(const struct si_request *rq, const char *lower_name)
{
	for (size_t i = 0; i < rq->nheaders; i++)
		if (strcmp(rq->headers[i].name, lower_name) == 0)
			return rq->headers[i].value;
	return NULL;
}

void
si_request_free(struct si_request *rq)
{
	free(rq->text);
	memset(rq, 0, sizeof(*rq));
}

static ssize_t
get(struct si_conn *c, char *buf, size_t max)
{
	int n;

	if (c->ssl == NULL)
		return read(c->fd, buf, max);
	n = SSL_read(c->ssl, buf, (int)max);
	return n > 0 ? n : 0;
}

void
si_write(struct si_conn *c, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = c->ssl != NULL ? SSL_write(c->ssl, data, (int)len)
					   : send(c->fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

void
si_close(struct si_conn *c, bool reset)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	char drain[1024];

	if (reset) {
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	} else {
		if (c->ssl != NULL)
			(void)SSL_shutdown(c->ssl);
		/* Bytes not read would turn the FIN into a RST. */
		(void)shutdown(c->fd, SHUT_WR);
		while (read(c->fd, drain, sizeof(drain)) > 0)
			;
	}
	SSL_free(c->ssl);
	(void)close(c->fd);
	c->ssl = NULL;
	c->fd = -1;
}

/* "Name: value"; blanks around the value are no part of it (RFC 7230, 3.2.4). */
static bool
parse_header(struct si_request *rq, char *line)
{
	char *colon = strchr(line, ':');
	struct si_header *h;

	if (colon == NULL || colon == line || rq->nheaders == SI_HEADERS_MAX)
		return false;
	*colon = '\0';
	h = &rq->headers[rq->nheaders++];
	h->name = line;
	h->value = colon + 1 + strspn(colon + 1, " \t");
	for (size_t n = strlen(h->value); n > 0 && strchr(" \t", h->value[n - 1]) != NULL; n--)
		h->value[n - 1] = '\0';
	for (char *p = line; *p != '\0'; p++) {
		if (!isgraph((unsigned char)*p))
			return false;
		*p = (char)tolower((unsigned char)*p);
	}
	return true;
}

static bool
parse_head(struct si_request *rq, char *head)
{
	char *line = head, *next, *save = NULL, *version;
	bool first = true;

	for (; line != NULL; line = next) {
		next = strstr(line, "\r\n");
		if (next != NULL) {
			*next = '\0';
			next += 2;
		}
		if (first) {
			rq->method = strtok_r(line, " ", &save);
			rq->target = strtok_r(NULL, " ", &save);
			version = strtok_r(NULL, " ", &save);
			if (version == NULL || strncmp(version, "HTTP/1.", 7) != 0 ||
			    rq->target[0] != '/')
				return false;
			first = false;
		} else if (*line != '\0' && !parse_header(rq, line)) {
			return false;
		}
	}
	return rq->target != NULL;
}

static bool
length_of(const struct si_request *rq, size_t *len)
{
	const char *text = si_header(rq, "content-length");
	char *end;

	*len = 0;
	if (si_header(rq, "transfer-encoding") != NULL)
		return false;
	if (text == NULL)
		return true;
	*len = strtoul(text, &end, 10);
	return *end == '\0' && *len <= SI_BODY_MAX;
}

int
si_read(struct si_conn *c, struct si_request *rq)
{
	size_t have = 0, need = 0, room = HEAD_MAX + SI_BODY_MAX;
	char *end = NULL;
	ssize_t n;

	memset(rq, 0, sizeof(*rq));
	rq->text = malloc(room + 1);
	if (rq->text == NULL)
		return 0;
	while (end == NULL) {
		n = get(c, rq->text + have, HEAD_MAX - have);
		if (n <= 0)
			return have == 0 ? 0 : -1;
		have += (size_t)n;
		rq->text[have] = '\0';
		end = strstr(rq->text, "\r\n\r\n");
		if (end == NULL && have == HEAD_MAX)
			return -1;
	}
	*end = '\0';
	rq->body = end + 4;
	have -= (size_t)(rq->body - rq->text);
	if (!parse_head(rq, rq->text) || !length_of(rq, &need))
		return -1;
	if (si_header(rq, "expect") != NULL && have == 0 && need > 0)
		si_write(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	while (have < need) {
		n = get(c, rq->body + have, need - have);
		if (n <= 0)
			return -1;
		have += (size_t)n;
	}
	rq->body_len = need;
	rq->body[need] = '\0';
	return 1;
}
