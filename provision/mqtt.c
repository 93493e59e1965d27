/*
 * MQTT 5 over libmosquitto; see mqtt.h. Everything happens in mosquitto_loop, in the caller's
 * thread; callbacks note, and pump() looks at what was noted.
 *
 * A server that does not allow something either answers so (CONNACK, SUBACK, PUBACK), or closes the
 * connection, as AWS IoT does for CONNECT, and for SUBSCRIBE and PUBLISH of older clients.
 */
#include <config.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <mqtt_protocol.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "provision/mqttint.h"
#include "provision/stop.h"

#define LOOK_MS     200 /* how often a wait looks whether the user wants to stop */
#define KEEPALIVE_S 60
#define MESSAGE_MAX 262144U /* twice what AWS IoT delivers */
#define REFUSED     0x80    /* reason codes from here on are failures (MQTT 5.0, 2.4) */

void
mqtt_say(struct mqtt *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(m->why, sizeof(m->why), fmt, ap);
	va_end(ap);
	m->hint[0] = '\0';
}

void
mqtt_say_hint(struct mqtt *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(m->hint, sizeof(m->hint), fmt, ap);
	va_end(ap);
}

const char *
mqtt_why(const struct mqtt *m)
{
	return m != NULL ? m->why : "out of memory";
}

const char *
mqtt_hint(const struct mqtt *m)
{
	return m != NULL && m->hint[0] != '\0' ? m->hint : NULL;
}

/* Text of others, one line of it. */
static void
take_text(char *out, const char *text)
{
	(void)snprintf(out, MQTT_TEXT, "%s", text);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
}

static void
take_reason(struct mqtt *m, const mosquitto_property *props)
{
	char *text = NULL;

	m->reason[0] = '\0';
	if (mosquitto_property_read_string(props, MQTT_PROP_REASON_STRING, &text, false) != NULL)
		take_text(m->reason, text);
	free(text);
}

static void
on_connect(struct mosquitto *mosq, void *obj, int code, int flags, const mosquitto_property *props)
{
	struct mqtt *m = obj;

	(void)mosq;
	(void)flags;
	m->answered = true;
	m->connack = code;
	take_reason(m, props);
}

static void
on_disconnect(struct mosquitto *mosq, void *obj, int code, const mosquitto_property *props)
{
	struct mqtt *m = obj;

	(void)mosq;
	m->gone = true;
	m->gone_reason = code;
	if (props != NULL)
		take_reason(m, props);
}

static void
on_suback(struct mosquitto *mosq, void *obj, int mid, int n, const int *codes,
    const mosquitto_property *props)
{
	struct mqtt *m = obj;

	(void)mosq;
	if (mid != m->waited_for)
		return;
	m->ncodes = 0;
	for (int i = 0; i < n && m->ncodes < MQTT_TOPICS; i++)
		m->codes[m->ncodes++] = codes[i];
	m->acked = true;
	take_reason(m, props);
}

static void
on_puback(struct mosquitto *mosq, void *obj, int mid, int code, const mosquitto_property *props)
{
	struct mqtt *m = obj;

	(void)mosq;
	if (mid != m->waited_for)
		return;
	m->codes[0] = code;
	m->ncodes = 1;
	m->acked = true;
	take_reason(m, props);
}

/* What nobody asked for, and what is too much, is dropped. */
static void
on_message(struct mosquitto *mosq, void *obj, const struct mosquitto_message *msg,
    const mosquitto_property *props)
{
	struct mqtt *m = obj;
	struct mqtt_message *to = &m->queue[m->nqueue];
	size_t len = msg->payloadlen > 0 ? (size_t)msg->payloadlen : 0;

	(void)mosq;
	(void)props;
	if (m->nqueue == MQTT_MESSAGES || len > MESSAGE_MAX)
		return;
	to->topic = strdup(msg->topic);
	to->payload = malloc(len + 1);
	if (to->topic == NULL || to->payload == NULL) {
		mqtt_message_clear(to);
		return;
	}
	if (len > 0)
		memcpy(to->payload, msg->payload, len);
	to->payload[len] = '\0';
	to->payload_len = len;
	m->nqueue++;
}

static void
on_log(struct mosquitto *mosq, void *obj, int level, const char *text)
{
	struct mqtt *m = obj;

	(void)mosq;
	if (level == MOSQ_LOG_ERR)
		take_text(m->log, text);
}

void
mqtt_message_clear(struct mqtt_message *msg)
{
	if (msg->payload != NULL)
		OPENSSL_cleanse(msg->payload, msg->payload_len);
	free(msg->payload);
	free(msg->topic);
	memset(msg, 0, sizeof(*msg));
}

static void
init_library(void)
{
	(void)mosquitto_lib_init();
}

struct mqtt *
mqtt_new(const struct mqtt_options *o)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct mqtt *m = calloc(1, sizeof(*m));

	(void)pthread_once(&once, init_library);
	if (m == NULL)
		return NULL;
	m->o = *o;
	if (m->o.seconds == 0)
		m->o.seconds = MQTT_SECONDS;
	return m;
}

void
mqtt_close(struct mqtt **mp)
{
	struct mqtt *m = *mp;

	if (m == NULL)
		return;
	if (m->mosq != NULL && !m->gone)
		(void)mosquitto_disconnect_v5(m->mosq, MQTT_RC_NORMAL_DISCONNECTION, NULL);
	if (m->mosq != NULL)
		mosquitto_destroy(m->mosq);
	SSL_CTX_free(m->ssl);
	for (size_t i = 0; i < m->nqueue; i++)
		mqtt_message_clear(&m->queue[i]);
	ERR_clear_error();
	free(m);
	*mp = NULL;
}

bool
mqtt_tls_done(const struct mqtt *m)
{
	return m->tls.done && m->tls.alert < 0 && m->tls.verify_error == X509_V_OK;
}

const char *
mqtt_tls_version(const struct mqtt *m)
{
	return m->tls.version;
}

/* The server's code and words. */
static const char *
code_text(const struct mqtt *m, int code, char buf[2 * MQTT_TEXT])
{
	(void)snprintf(buf, (size_t)2 * MQTT_TEXT, "%s (code %d)%s%s",
	    mosquitto_reason_string(code), code, m->reason[0] != '\0' ? ": " : "", m->reason);
	return buf;
}

static void
policy_hint(struct mqtt *m)
{
	mqtt_say_hint(m, "does the policy of the certificate allow this to the client \"%s\"?",
	    m->o.client_id);
}

/* Whether libmosquitto's error is about the connection, not about what came over it. */
static bool
is_end(int rc)
{
	static const int ends[] = { MOSQ_ERR_SUCCESS, MOSQ_ERR_NO_CONN, MOSQ_ERR_CONN_REFUSED,
		MOSQ_ERR_CONN_LOST, MOSQ_ERR_TLS, MOSQ_ERR_ERRNO };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (rc == ends[i])
			return true;
	return false;
}

/* The connection ended while something was waited for. */
static enum mqtt_result
lost(struct mqtt *m, const char *doing, int rc)
{
	char text[2 * MQTT_TEXT];
	enum mqtt_result result;

	if (mqtt_tls_failure(m, &result))
		return result;
	if (!is_end(rc)) {
		mqtt_say(m, "%s: %s",
		    rc == MOSQ_ERR_NOMEM ? "cannot go on"
					 : "the server does not speak MQTT 5 as it should",
		    mosquitto_strerror(rc));
		return MQTT_FAILED;
	}
	if (m->gone && m->gone_reason >= REFUSED)
		mqtt_say(m, "the server ended the connection after %s: %s", doing,
		    code_text(m, m->gone_reason, text));
	else
		mqtt_say(m, "the server closed the connection after %s", doing);
	if (!m->answered) {
		mqtt_say_hint(m,
		    "AWS IoT does so when the certificate is not ACTIVE, and when no policy lets "
		    "it "
		    "connect as \"%s\"",
		    m->o.client_id);
		return MQTT_NOT_ADMITTED;
	}
	policy_hint(m);
	return MQTT_REFUSED;
}

static long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

/* Runs the connection until something was noted. */
static enum mqtt_result
pump(struct mqtt *m, const char *doing, bool (*noted)(const struct mqtt *))
{
	long end = now_ms() + (long)m->o.seconds * 1000L, left;
	int rc = MOSQ_ERR_SUCCESS;

	while (!noted(m)) {
		left = end - now_ms();
		if (stop_wanted()) {
			mqtt_say(m, "interrupted");
			return MQTT_STOPPED;
		}
		if (left <= 0) {
			mqtt_say(m, "no answer to %s within %u seconds", doing, m->o.seconds);
			return MQTT_FAILED;
		}
		if (m->gone || rc != MOSQ_ERR_SUCCESS)
			return lost(m, doing, rc);
		rc = mosquitto_loop(m->mosq, left < LOOK_MS ? (int)left : LOOK_MS, 1);
	}
	return MQTT_OK;
}

static bool
has_answered(const struct mqtt *m)
{
	return m->answered;
}

static bool
has_acked(const struct mqtt *m)
{
	return m->acked;
}

static bool
has_message(const struct mqtt *m)
{
	return m->nqueue > 0;
}

static bool
prepare(struct mqtt *m)
{
	m->mosq = mosquitto_new(m->o.client_id, true, m);
	if (m->mosq == NULL) {
		mqtt_say(m, "\"%s\" cannot be a client's name", m->o.client_id);
		return false;
	}
	mosquitto_connect_v5_callback_set(m->mosq, on_connect);
	mosquitto_disconnect_v5_callback_set(m->mosq, on_disconnect);
	mosquitto_subscribe_v5_callback_set(m->mosq, on_suback);
	mosquitto_publish_v5_callback_set(m->mosq, on_puback);
	mosquitto_message_v5_callback_set(m->mosq, on_message);
	mosquitto_log_callback_set(m->mosq, on_log);
	if (mosquitto_int_option(m->mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) == 0 &&
	    mosquitto_int_option(m->mosq, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) == 0 &&
	    mosquitto_void_option(m->mosq, MOSQ_OPT_SSL_CTX, m->ssl) == 0)
		return true;
	mqtt_say(m, "libmosquitto takes no SSL_CTX of ours, or has no MQTT 5");
	return false;
}

static enum mqtt_result
judge_connack(struct mqtt *m)
{
	char text[2 * MQTT_TEXT];

	if (m->connack == MQTT_RC_SUCCESS)
		return MQTT_OK;
	mqtt_say(m, "the server refuses the client \"%s\": %s", m->o.client_id,
	    code_text(m, m->connack, text));
	policy_hint(m);
	return MQTT_REFUSED;
}

enum mqtt_result
mqtt_connect(struct mqtt *m)
{
	enum mqtt_result result;
	int family, rc;

	if (!mqtt_tls_open(m) || !prepare(m))
		return MQTT_FAILED;
	result = mqtt_probe(m, &family);
	if (result != MQTT_OK)
		return result;
	/* The source address chooses the family that is known to work. */
	rc = mosquitto_connect_bind_async(m->mosq, m->o.to.host, (int)m->o.to.port, KEEPALIVE_S,
	    family == AF_INET ? "0.0.0.0" : "::");
	if (rc == MOSQ_ERR_SUCCESS)
		result = pump(m, "CONNECT", has_answered);
	else
		result = lost(m, "CONNECT", rc);
	if (result == MQTT_OK)
		result = judge_connack(m);
	m->gone = m->gone || result != MQTT_OK;
	return result;
}

/* Something was sent, or not; waits for its acknowledgement. */
static enum mqtt_result
acknowledged(struct mqtt *m, const char *doing, int rc)
{
	if (rc == MOSQ_ERR_SUCCESS)
		return pump(m, doing, has_acked);
	if (rc == MOSQ_ERR_INVAL || rc == MOSQ_ERR_MALFORMED_UTF8 || rc == MOSQ_ERR_PAYLOAD_SIZE ||
	    rc == MOSQ_ERR_OVERSIZE_PACKET) {
		mqtt_say(m, "cannot send %s: %s", doing, mosquitto_strerror(rc));
		return MQTT_FAILED;
	}
	return lost(m, doing, rc);
}

static enum mqtt_result
judge_codes(struct mqtt *m, const char *what, const char *const *topics, size_t n)
{
	char text[2 * MQTT_TEXT];

	for (size_t i = 0; i < n; i++) {
		if (i < m->ncodes && m->codes[i] < REFUSED)
			continue;
		mqtt_say(m, "the server does not let us %s \"%s\": %s", what, topics[i],
		    i < m->ncodes ? code_text(m, m->codes[i], text) : "no answer for it");
		policy_hint(m);
		return MQTT_REFUSED;
	}
	return MQTT_OK;
}

enum mqtt_result
mqtt_subscribe(struct mqtt *m, const char *const *topics, size_t n)
{
	char *list[MQTT_TOPICS];
	enum mqtt_result result;

	if (n > MQTT_TOPICS)
		n = MQTT_TOPICS;
	for (size_t i = 0; i < n; i++)
		list[i] = (char *)(uintptr_t)topics[i]; /* libmosquitto only reads them */
	m->acked = false;
	result = acknowledged(m, "SUBSCRIBE",
	    mosquitto_subscribe_multiple(m->mosq, &m->waited_for, (int)n, list, 1, 0, NULL));
	return result == MQTT_OK ? judge_codes(m, "subscribe to", topics, n) : result;
}

enum mqtt_result
mqtt_publish(struct mqtt *m, const char *topic, const void *payload, size_t payload_len)
{
	enum mqtt_result result;

	m->acked = false;
	result = acknowledged(m, "PUBLISH",
	    mosquitto_publish_v5(
		m->mosq, &m->waited_for, topic, (int)payload_len, payload, 1, false, NULL));
	return result == MQTT_OK ? judge_codes(m, "publish to", &topic, 1) : result;
}

enum mqtt_result
mqtt_receive(struct mqtt *m, struct mqtt_message *out)
{
	enum mqtt_result result = pump(m, "what was published", has_message);

	if (result != MQTT_OK)
		return result;
	*out = m->queue[0];
	m->nqueue--;
	memmove(&m->queue[0], &m->queue[1], m->nqueue * sizeof(m->queue[0]));
	memset(&m->queue[m->nqueue], 0, sizeof(m->queue[0]));
	return MQTT_OK;
}
