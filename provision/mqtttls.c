/*
 * TLS of an MQTT connection: whom we trust, who we are, and what went wrong, from the alerts
 * (RFC 8446 6, RFC 5246 7.2) and from the verification of the server's certificate.
 */
#include <config.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "provision/cert.h"
#include "provision/mqttint.h"

/* ALPN's wire form: the length before the name. */
static const unsigned char alpn[] = "\x0ex-amzn-mqtt-ca";

static struct mqtt_tls *
noted(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static void
on_info(const SSL *ssl, int where, int value)
{
	struct mqtt_tls *t = noted(ssl);

	if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
		t->done = true;
		(void)snprintf(t->version, sizeof(t->version), "%s", SSL_get_version(ssl));
	}
	/* The level is in the upper byte and means nothing since TLS 1.3. */
	if ((where & SSL_CB_ALERT) != 0 && (where & SSL_CB_READ) != 0 &&
	    (value & 0xff) != SSL3_AD_CLOSE_NOTIFY)
		t->alert = value & 0xff;
}

static int
on_verify(int ok, X509_STORE_CTX *ctx)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());

	if (ok == 0 && noted(ssl)->verify_error == X509_V_OK)
		noted(ssl)->verify_error = X509_STORE_CTX_get_error(ctx);
	return ok;
}

/* The name is checked in the certificate; libmosquitto sends it for SNI. */
static bool
trust(struct mqtt *m)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(m->ssl);
	unsigned char ip[16];
	bool is_ip =
	    inet_pton(AF_INET, m->o.to.host, ip) == 1 || inet_pton(AF_INET6, m->o.to.host, ip) == 1;

	SSL_CTX_set_verify(m->ssl, SSL_VERIFY_PEER, on_verify);
	if ((is_ip ? X509_VERIFY_PARAM_set1_ip_asc(param, m->o.to.host)
		   : X509_VERIFY_PARAM_set1_host(param, m->o.to.host, 0)) != 1) {
		mqtt_say(m, "\"%s\" is no name of a server", m->o.to.host);
		return false;
	}
	if (m->o.ca_file == NULL) {
		if (SSL_CTX_set_default_verify_paths(m->ssl) == 1)
			return true;
		mqtt_say(m, "the system's CA certificates cannot be read: %s", ossl_why());
		return false;
	}
	if (SSL_CTX_load_verify_file(m->ssl, m->o.ca_file) == 1)
		return true;
	mqtt_say(m, "%s: no CA certificates can be read: %s", m->o.ca_file, ossl_why());
	return false;
}

/*
 * RSA keys behind PKCS #11 sign with PKCS #1 v1.5 alone, as the chip does; TLS 1.3 wants PSS
 * (RFC 8446 4.2.3).
 */
static bool
plain_rsa(struct mqtt *m)
{
	return !m->o.key_on_token || !EVP_PKEY_is_a(m->o.key, "RSA") ||
	       (SSL_CTX_set_max_proto_version(m->ssl, TLS1_2_VERSION) == 1 &&
		   SSL_CTX_set1_client_sigalgs_list(m->ssl, "RSA+SHA256:RSA+SHA384:RSA+SHA512") ==
		       1);
}

static bool
be(struct mqtt *m)
{
	bool ok = SSL_CTX_use_certificate(m->ssl, m->o.cert) == 1 &&
		  SSL_CTX_use_PrivateKey(m->ssl, m->o.key) == 1 && plain_rsa(m);

	for (int i = 0; ok && i < sk_X509_num(m->o.chain); i++)
		ok = SSL_CTX_add1_chain_cert(m->ssl, sk_X509_value(m->o.chain, i)) == 1;
	if (!ok)
		mqtt_say(m, "the key and its certificate cannot be used: %s", ossl_why());
	return ok;
}

bool
mqtt_tls_open(struct mqtt *m)
{
	m->tls.alert = -1;
	m->ssl = SSL_CTX_new(TLS_client_method());
	if (m->ssl == NULL || SSL_CTX_set_min_proto_version(m->ssl, TLS1_2_VERSION) != 1 ||
	    (m->o.to.port == MQTT_PORT_HTTPS &&
		SSL_CTX_set_alpn_protos(m->ssl, alpn, sizeof(alpn) - 1) != 0)) {
		mqtt_say(m, "TLS: %s", ossl_why());
		return false;
	}
	SSL_CTX_set_app_data(m->ssl, &m->tls);
	SSL_CTX_set_info_callback(m->ssl, on_info);
	/* The chain is what we were given, not what can be found in the store of CAs we trust. */
	SSL_CTX_set_mode(m->ssl, SSL_MODE_NO_AUTO_CHAIN);
	return trust(m) && be(m);
}

static const struct alert {
	int number;
	enum mqtt_result result;
	const char *text;
	const char *hint;
} alerts[] = {
	{ SSL3_AD_HANDSHAKE_FAILURE, MQTT_FAILED,
	    "no algorithms in common, or it wants more than was shown",
	    "it takes TLS 1.2 or 1.3; look at its log" },
	{ SSL3_AD_BAD_CERTIFICATE, MQTT_NOT_ADMITTED, "it does not accept the certificate", NULL },
	{ SSL3_AD_UNSUPPORTED_CERTIFICATE, MQTT_NOT_ADMITTED,
	    "it takes no certificates of this kind", NULL },
	{ SSL3_AD_CERTIFICATE_REVOKED, MQTT_NOT_ADMITTED, "the certificate was revoked", NULL },
	{ SSL3_AD_CERTIFICATE_EXPIRED, MQTT_NOT_ADMITTED, "the certificate has expired",
	    "look at its dates and at the server's clock" },
	{ SSL3_AD_CERTIFICATE_UNKNOWN, MQTT_NOT_ADMITTED, "it does not know the certificate",
	    NULL },
	{ TLS1_AD_UNKNOWN_CA, MQTT_NOT_ADMITTED, "it does not know who issued the certificate",
	    NULL },
	{ TLS1_AD_ACCESS_DENIED, MQTT_NOT_ADMITTED, "it knows the certificate and denies access",
	    NULL },
	{ TLS1_AD_DECRYPT_ERROR, MQTT_NOT_ADMITTED,
	    "our signature does not verify: the key is not the certificate's", NULL },
	{ TLS1_AD_PROTOCOL_VERSION, MQTT_FAILED, "it has no version of TLS in common with us",
	    "1.2 is the oldest that is used; RSA keys on a chip go with that one alone" },
	{ TLS1_AD_UNRECOGNIZED_NAME, MQTT_FAILED, "it does not know this name",
	    "give the data endpoint as AWS IoT names it" },
	{ TLS13_AD_CERTIFICATE_REQUIRED, MQTT_NOT_ADMITTED, "it wants a certificate", NULL },
	{ TLS1_AD_NO_APPLICATION_PROTOCOL, MQTT_FAILED, "it has no MQTT at this port",
	    "port 443 is for AWS IoT, with ALPN \"x-amzn-mqtt-ca\"; others mostly have 8883" },
};

#define ADMIT_HINT                                                                                 \
	"is the certificate ACTIVE, and the endpoint that of its account and region? \"verify\" "  \
	"with AWS credentials looks"

static enum mqtt_result
say_alert(struct mqtt *m)
{
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
		const struct alert *a = &alerts[i];

		if (a->number != m->tls.alert)
			continue;
		mqtt_say(m, "the server refuses the TLS handshake: %s (alert %d, %s)", a->text,
		    a->number, SSL_alert_desc_string_long(a->number));
		mqtt_say_hint(m, "%s", a->hint != NULL ? a->hint : ADMIT_HINT);
		return a->result;
	}
	mqtt_say(m, "the server breaks TLS off: alert %d, %s", m->tls.alert,
	    SSL_alert_desc_string_long(m->tls.alert));
	return MQTT_FAILED;
}

bool
mqtt_tls_failure(struct mqtt *m, enum mqtt_result *result)
{
	const char *colon = strrchr(m->log, ':');

	*result = MQTT_FAILED;
	if (m->tls.verify_error != X509_V_OK) {
		mqtt_say(m, "the server's certificate does not verify: %s",
		    X509_verify_cert_error_string(m->tls.verify_error));
		mqtt_say_hint(m,
		    "is \"%s\" the right endpoint? --ca-bundle FILE names other CA certificates",
		    m->o.to.host);
	} else if (m->tls.alert >= 0) {
		*result = say_alert(m);
	} else if (!m->tls.done) {
		mqtt_say(m, "the TLS handshake failed: %s",
		    m->log[0] == '\0' ? "the server closed the connection"
		    : colon != NULL   ? colon + 1
				      : m->log);
	} else {
		return false;
	}
	return true;
}
