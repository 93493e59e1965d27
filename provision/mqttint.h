/* Inside the MQTT files: the connection, and what TLS noted about itself. */
#ifndef PROVISION_MQTTINT_H
#define PROVISION_MQTTINT_H

#include <mosquitto.h>
#include <openssl/ssl.h>

#include "provision/mqtt.h"

#define MQTT_TOPICS   8U
#define MQTT_MESSAGES 16U
#define MQTT_TEXT     512U

/* Noted by callbacks of the handshake. */
struct mqtt_tls {
	bool done;
	int alert;        /* the server's last, description of RFC 8446 6; -1: none */
	int verify_error; /* X509_V_ERR_*, about the server's certificate */
	char version[16];
};

struct mqtt {
	struct mqtt_options o;
	struct mqtt_tls tls;
	SSL_CTX *ssl;
	struct mosquitto *mosq;

	bool answered; /* CONNACK is here */
	int connack;
	bool gone; /* disconnected */
	int gone_reason;
	int waited_for; /* message id of SUBACK or PUBACK */
	bool acked;
	int codes[MQTT_TOPICS];
	size_t ncodes;
	struct mqtt_message queue[MQTT_MESSAGES];
	size_t nqueue;

	char log[MQTT_TEXT];    /* libmosquitto's last complaint */
	char reason[MQTT_TEXT]; /* the server's own words */
	char why[2 * MQTT_TEXT];
	char hint[MQTT_TEXT];
};

/* An SSL_CTX with our key, our checks of the server and our ears; why is set if that fails. */
bool mqtt_tls_open(struct mqtt *m);

/* A failure at TLS, put into words; true: there was one. */
bool mqtt_tls_failure(struct mqtt *m, enum mqtt_result *result);

void mqtt_say(struct mqtt *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void mqtt_say_hint(struct mqtt *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A TCP connection on trial: which address family answers (AF_INET, AF_INET6); why is set if none.
 */
enum mqtt_result mqtt_probe(struct mqtt *m, int *family);

#endif
