/* Proof that a device can do its work; see connect.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "provision/cert.h"
#include "provision/connect.h"
#include "provision/msg.h"
#include "provision/report.h"

/* Messages of others on our topic that are passed over. */
#define OTHERS_MAX 32

#define CERTS_MAX  16

/* The issuer of cert in the list, not cert itself; NULL: it is not there, or cert is a root. */
static X509 *
issuer_of(X509 *cert, const struct token_cert *list, size_t n)
{
	if (X509_check_issued(cert, cert) == X509_V_OK)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (list[i].cert != NULL && X509_cmp(list[i].cert, cert) != 0 &&
		    X509_check_issued(list[i].cert, cert) == X509_V_OK)
			return list[i].cert;
	return NULL;
}

static X509 *
leaf_of(EVP_PKEY *pub, const struct token_cert *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].cert != NULL && cert_is_for(list[i].cert, pub) &&
		    X509_up_ref(list[i].cert) == 1)
			return list[i].cert;
	return NULL;
}

bool
connect_certs(struct token *t, const struct token_key *k, X509 **certp, STACK_OF(X509) * *chainp)
{
	struct token_cert own[CERTS_MAX], all[CERTS_MAX];
	size_t nown = 0, nall = 0;
	bool ok;
	X509 *at;

	*certp = NULL;
	*chainp = sk_X509_new_null();
	/* An issuer may have another ID, as on the chip, or the key's, as on other tokens. */
	ok = *chainp != NULL && token_certs(t, k, own, CERTS_MAX, &nown) &&
	     token_certs(t, NULL, all, CERTS_MAX, &nall);
	if (ok)
		*certp = leaf_of(k->pub, own, nown);
	at = *certp;
	/* Two that certify each other would go on for ever. */
	for (size_t i = 0; ok && i < nall && at != NULL; i++) {
		at = issuer_of(at, all, nall);
		if (at != NULL && X509_check_issued(at, at) != X509_V_OK)
			ok = X509_add_cert(*chainp, at, X509_ADD_FLAG_UP_REF) == 1;
	}
	token_certs_clear(own, nown);
	token_certs_clear(all, nall);
	ERR_clear_error();
	return ok;
}

static bool
step(json_t *r, const char *what, struct mqtt *m, bool ok)
{
	report_add(r, what, ok ? "ok" : "FAILED");
	if (ok)
		return true;
	prov_error("%s: %s", what, mqtt_why(m));
	if (mqtt_hint(m) != NULL)
		prov_hint("%s", mqtt_hint(m));
	return false;
}

static bool
prove_connection(struct mqtt *m, json_t *r)
{
	enum mqtt_result result = mqtt_connect(m);

	if (!step(r, "tls", m, result == MQTT_OK || mqtt_tls_done(m)))
		return false;
	report_add(r, "tls_version", mqtt_tls_version(m));
	return step(r, "mqtt", m, result == MQTT_OK);
}

/* Waits for what was published; what others say there is none of our business. */
static bool
prove_receipt(struct mqtt *m, const char *payload, json_t *r)
{
	struct mqtt_message msg;
	bool mine = false;

	for (int i = 0; i < OTHERS_MAX && !mine; i++) {
		if (mqtt_receive(m, &msg) != MQTT_OK)
			return step(r, "receive", m, false);
		mine = strcmp(msg.payload, payload) == 0;
		mqtt_message_clear(&msg);
	}
	report_add(r, "receive", mine ? "ok" : "FAILED");
	if (!mine)
		prov_error("receive: others publish on this topic, and our message did not come");
	return mine;
}

static bool
make_payload(char text[48])
{
	unsigned char nonce[12];
	int n = snprintf(text, 48, "optiga-provision ");

	if (RAND_bytes(nonce, sizeof(nonce)) != 1) {
		prov_error("no random numbers: %s", ossl_why());
		return false;
	}
	for (size_t i = 0; i < sizeof(nonce); i++)
		n += snprintf(text + n, 48 - (size_t)n, "%02x", nonce[i]);
	return true;
}

static bool
prove_topic(struct mqtt *m, const char *topic, json_t *r)
{
	char payload[48];

	return make_payload(payload) &&
	       step(r, "subscribe", m, mqtt_subscribe(m, &topic, 1) == MQTT_OK) &&
	       step(r, "publish", m, mqtt_publish(m, topic, payload, strlen(payload)) == MQTT_OK) &&
	       prove_receipt(m, payload, r);
}

bool
connect_prove(const struct mqtt_options *o, json_t *r)
{
	struct mqtt *m = mqtt_new(o);
	char topic[256], endpoint[sizeof(o->to.host) + 8];
	bool ok = false;

	(void)snprintf(topic, sizeof(topic), "%s/optiga-provision", o->client_id);
	(void)snprintf(endpoint, sizeof(endpoint), "%s:%u", o->to.host, o->to.port);
	if (m == NULL) {
		prov_error("out of memory");
	} else {
		report_add(r, "endpoint", endpoint);
		prov_step("connecting to %s as \"%s\"", endpoint, o->client_id);
		ok = prove_connection(m, r) && prove_topic(m, topic, r);
	}
	mqtt_close(&m);
	return ok;
}

/* AWS IoT is asked where its data endpoint is, unless the command line says so. */
static bool
ask_endpoint(const struct aws_options *opts, struct mqtt_address *to)
{
	struct aws *aws = NULL;
	char *host = NULL;
	bool ok;

	if (aws_open(opts, &aws) != AWS_OK) {
		prov_hint("with --data-endpoint HOST no credentials are needed");
		return false;
	}
	ok = aws_data_endpoint(aws, &host) == AWS_OK;
	if (ok && !mqtt_address(host, to)) {
		prov_error("AWS IoT answers with a data endpoint that is no host: \"%s\"", host);
		ok = false;
	}
	free(host);
	aws_close(&aws);
	return ok;
}

bool
connect_endpoint(const struct options *o, struct mqtt_address *to)
{
	const char *given = o->data_endpoint;

	if (given == NULL)
		return ask_endpoint(&o->aws, to);
	if (mqtt_address(given, to))
		return true;
	prov_error("--data-endpoint \"%s\" is no host", given);
	prov_hint("it is HOST or HOST:PORT, without \"mqtts://\"");
	return false;
}
