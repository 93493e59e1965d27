/*
 * One MQTT connection over TLS with mutual authentication, through libmosquitto. MQTT 5, because
 * its answers carry the reason of a refusal. The key may be one that signs on the chip.
 *
 * Functions that end in anything but MQTT_OK say nothing themselves: mqtt_why has the words.
 */
#ifndef PROVISION_MQTT_H
#define PROVISION_MQTT_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#define MQTT_PORT       8883U
#define MQTT_PORT_HTTPS 443U /* the server tells MQTT from HTTP by ALPN there (aws-iot 3.6) */
#define MQTT_SECONDS    20U

struct mqtt; /* complete in provision/mqttint.h */

struct mqtt_address {
	char host[256];
	unsigned int port;
};

/* "HOST", "HOST:PORT", "[IPv6]:PORT"; false: it is none of these. */
bool mqtt_address(const char *text, struct mqtt_address *out);

struct mqtt_options {
	struct mqtt_address to;
	const char *client_id;
	const char *ca_file; /* for the server's certificate; NULL: the system's */
	EVP_PKEY *key;
	bool key_on_token; /* then an RSA key makes no PSS signatures */
	X509 *cert;
	STACK_OF(X509) * chain; /* sent behind it; NULL: none */
	unsigned int seconds;   /* limit of every call; 0: MQTT_SECONDS */
};

enum mqtt_result {
	MQTT_OK,
	MQTT_FAILED,       /* no way to the server, no answer, or it is not the one it should be */
	MQTT_NOT_ADMITTED, /* the server is there and turned the certificate or the client away */
	MQTT_REFUSED,      /* connected, and this was not allowed */
	MQTT_STOPPED,      /* the user wants to stop */
};

/* Checks and connects nothing yet; NULL: no memory. The key and the certificates must outlive it.
 */
struct mqtt *mqtt_new(const struct mqtt_options *o);
/* Says good-bye to the server if it is still there. */
void mqtt_close(struct mqtt **mp);

/* The two halves: name, TCP and TLS; then MQTT's CONNECT under the client's name. */
enum mqtt_result mqtt_connect(struct mqtt *m);

/* Whether the TLS handshake was completed, and the server has not taken that back. */
bool mqtt_tls_done(const struct mqtt *m);
/* "TLSv1.3"; "" before. */
const char *mqtt_tls_version(const struct mqtt *m);

/* At most 8 at once, quality of service 1; each must be granted. */
enum mqtt_result mqtt_subscribe(struct mqtt *m, const char *const *topics, size_t n);

/* Quality of service 1, acknowledged. */
enum mqtt_result mqtt_publish(
    struct mqtt *m, const char *topic, const void *payload, size_t payload_len);

struct mqtt_message {
	char *topic;
	char *payload; /* with a NUL after it */
	size_t payload_len;
};
void mqtt_message_clear(struct mqtt_message *msg); /* wipes it, too */

/* The next message, waited for. */
enum mqtt_result mqtt_receive(struct mqtt *m, struct mqtt_message *out);

/* What failed last, "what: why"; and what to do about it, NULL: nothing known. */
const char *mqtt_why(const struct mqtt *m);
const char *mqtt_hint(const struct mqtt *m);

#endif
