/*
 * Where a server is, and a TCP connection to it on trial. libmosquitto would do without, but it
 * either waits for minutes, or tries the first of several addresses only; and it does not say why
 * a connection failed.
 */
#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "provision/mqttint.h"
#include "provision/stop.h"

/* How often a wait looks whether the user wants to stop. */
#define LOOK_MS 200

static bool
port_ok(const char *text, unsigned int *port)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	n = strtoul(text, &end, 10);
	*port = (unsigned int)n;
	return *end == '\0' && n > 0 && n < 65536;
}

bool
mqtt_address(const char *text, struct mqtt_address *out)
{
	bool bracket = text[0] == '[';
	const char *host = bracket ? text + 1 : text, *end;
	size_t len;

	out->port = MQTT_PORT;
	end = bracket ? strchr(host, ']') : host + strcspn(host, ":");
	if (end == NULL)
		return false;
	len = (size_t)(end - host);
	if (len == 0 || len >= sizeof(out->host))
		return false;
	for (size_t i = 0; i < len; i++)
		if (isalnum((unsigned char)host[i]) == 0 &&
		    strchr(bracket ? ":.%" : "-._", host[i]) == NULL)
			return false;
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	end += bracket ? 1 : 0;
	return *end == '\0' || (*end == ':' && port_ok(end + 1, &out->port));
}

static long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

/* 0: connected; otherwise an errno. */
static int
try_address(const struct addrinfo *a, long ms)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err = 0;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(err);
	long end = now_ms() + ms;

	if (fd < 0)
		return errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0 && errno != EINPROGRESS) {
		err = errno;
		(void)close(fd);
		return err;
	}
	while (poll(&p, 1, LOOK_MS) <= 0 && now_ms() < end && !stop_wanted())
		;
	if (p.revents == 0)
		err = stop_wanted() ? EINTR : ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	(void)close(fd);
	return err;
}

enum mqtt_result
mqtt_probe(struct mqtt *m, int *family)
{
	const struct addrinfo want = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char port[8];
	int r, err = 0;
	long n = 0;

	(void)snprintf(port, sizeof(port), "%u", m->o.to.port);
	r = getaddrinfo(m->o.to.host, port, &want, &list);
	if (r != 0) {
		mqtt_say(m, "\"%s\" has no address: %s", m->o.to.host, gai_strerror(r));
		mqtt_say_hint(m, "is it spelled right, and does this machine have a name server?");
		return MQTT_FAILED;
	}
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
		n++;
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		err = try_address(a, (long)m->o.seconds * 1000L / n);
		*family = a->ai_family;
		if (err == 0 || err == EINTR)
			break;
	}
	freeaddrinfo(list);
	if (err == 0)
		return MQTT_OK;
	if (err == EINTR) {
		mqtt_say(m, "interrupted");
		return MQTT_STOPPED;
	}
	mqtt_say(m, "cannot reach %s, port %u: %s", m->o.to.host, m->o.to.port, strerror(err));
	mqtt_say_hint(m, "firewalls often let only port 443 through: try --data-endpoint %s:443",
	    m->o.to.host);
	return MQTT_FAILED;
}
