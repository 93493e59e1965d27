/*
 * MQTT over TLS against a server that plays a part: what can go wrong at each step is put into the
 * right words. The server is a thread that speaks just enough MQTT 5.
 */
#include <config.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "provision/mqtt.h"
#include "tests/unit/test_prov_util.h"

/* How far the client is to come. */
enum stage {
	AT_CONNECT,
	AT_SUBSCRIBE,
	AT_PUBLISH,
	AT_RECEIVE,
	AT_END,
};

/* What the server answers: bytes, or these. */
#define CLOSE  "close"
#define SILENT "silent"

struct part {
	const char *name;
	const char *connack, *suback, *puback; /* hex; the packet's ID stands as "ID"; NULL: good */
	bool other_ca, other_name;             /* of the server */
	bool strange_client, old_client, wrong_key, no_alpn, tls12;
	unsigned int seconds; /* of patience; 0: many */
	enum stage fails_at;
	enum mqtt_result result;
	const char *why, *hint;
};

static const struct part parts[] = {
	{ .name = "all is well", .fails_at = AT_END },
	{ .name = "TLS 1.2", .tls12 = true, .fails_at = AT_END },
	{ .name = "refused by CONNACK",
	    .connack = "2003008700",
	    .fails_at = AT_CONNECT,
	    .result = MQTT_REFUSED,
	    .why = "the server refuses the client \"thing\": Not authorized (code 135)",
	    .hint = "allow this to the client \"thing\"" },
	{ .name = "refused with words",
	    .connack = "200a0087071f00046e6f7065",
	    .fails_at = AT_CONNECT,
	    .result = MQTT_REFUSED,
	    .why = "(code 135): nope" },
	{ .name = "closed after CONNECT",
	    .connack = CLOSE,
	    .fails_at = AT_CONNECT,
	    .result = MQTT_NOT_ADMITTED,
	    .why = "closed the connection after CONNECT",
	    .hint = "not ACTIVE" },
	{ .name = "silent",
	    .connack = SILENT,
	    .seconds = 1,
	    .fails_at = AT_CONNECT,
	    .result = MQTT_FAILED,
	    .why = "no answer to CONNECT within 1 seconds" },
	{ .name = "not MQTT",
	    .connack = "4800",
	    .fails_at = AT_CONNECT,
	    .result = MQTT_FAILED,
	    .why = "does not speak MQTT 5" },
	{ .name = "subscription refused",
	    .suback = "9004ID0087",
	    .fails_at = AT_SUBSCRIBE,
	    .result = MQTT_REFUSED,
	    .why = "does not let us subscribe to \"thing/a\": Not authorized (code 135)",
	    .hint = "policy" },
	{ .name = "closed after SUBSCRIBE",
	    .suback = CLOSE,
	    .fails_at = AT_SUBSCRIBE,
	    .result = MQTT_REFUSED,
	    .why = "closed the connection after SUBSCRIBE",
	    .hint = "policy" },
	{ .name = "thrown out after SUBSCRIBE",
	    .suback = "e00187",
	    .fails_at = AT_SUBSCRIBE,
	    .result = MQTT_REFUSED,
	    .why = "ended the connection after SUBSCRIBE: Not authorized (code 135)" },
	{ .name = "publication refused",
	    .puback = "4003ID87",
	    .fails_at = AT_PUBLISH,
	    .result = MQTT_REFUSED,
	    .why = "does not let us publish to \"thing/a\": Not authorized (code 135)" },
	{ .name = "closed after PUBLISH",
	    .puback = CLOSE,
	    .fails_at = AT_PUBLISH,
	    .result = MQTT_REFUSED,
	    .why = "closed the connection after PUBLISH" },
	{ .name = "nothing comes back",
	    .puback = "4002ID",
	    .seconds = 2,
	    .fails_at = AT_RECEIVE,
	    .result = MQTT_FAILED,
	    .why = "no answer to what was published within 2 seconds" },
	{ .name = "a server of another CA",
	    .other_ca = true,
	    .fails_at = AT_CONNECT,
	    .result = MQTT_FAILED,
	    .why = "the server's certificate does not verify: ",
	    .hint = "--ca-bundle" },
	{ .name = "a server of another name",
	    .other_name = true,
	    .fails_at = AT_CONNECT,
	    .result = MQTT_FAILED,
	    .why = "does not verify: hostname mismatch",
	    .hint = "is \"localhost\" the right endpoint" },
	{ .name = "a client of another CA",
	    .strange_client = true,
	    .tls12 = true,
	    .fails_at = AT_CONNECT,
	    .result = MQTT_NOT_ADMITTED,
	    .why =
		"refuses the TLS handshake: it does not know who issued the certificate (alert 48",
	    .hint = "ACTIVE" },
	{ .name = "the same, TLS 1.3",
	    .strange_client = true,
	    .fails_at = AT_CONNECT,
	    .result = MQTT_NOT_ADMITTED,
	    .why = "the server" },
	{ .name = "an expired client",
	    .old_client = true,
	    .tls12 = true,
	    .fails_at = AT_CONNECT,
	    .result = MQTT_NOT_ADMITTED,
	    .why = "the certificate has expired (alert 45" },
	{ .name = "a key of another certificate",
	    .wrong_key = true,
	    .fails_at = AT_CONNECT,
	    .result = MQTT_FAILED,
	    .why = "the key and its certificate cannot be used" },
};

struct pki {
	EVP_PKEY *key[4];
	X509 *ca, *other_ca, *server, *client, *strange, *old;
	char ca_file[256];
};

static struct pki pki;

static X509 *
issue(EVP_PKEY *key, const char *cn, X509 *issuer, EVP_PKEY *issuer_key, long from, long to)
{
	X509 *x = X509_new();
	X509_EXTENSION *e;
	char san[64];
	X509V3_CTX ctx;

	ck_assert_int_eq(X509_set_version(x, X509_VERSION_3), 1);
	ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(x), 7), 1);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(x), from));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(x), to));
	ck_assert_int_eq(X509_set_pubkey(x, key), 1);
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
			     (const unsigned char *)cn, -1, -1, 0),
	    1);
	ck_assert_int_eq(
	    X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer : x)), 1);
	X509V3_set_ctx_nodb(&ctx);
	if (issuer == NULL)
		e = X509V3_EXT_conf_nid(NULL, &ctx, NID_basic_constraints, "critical,CA:TRUE");
	else
		(void)snprintf(san, sizeof(san), "DNS:%s", cn),
		    e = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, san);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
	ck_assert_int_gt(X509_sign(x, issuer_key, EVP_sha256()), 0);
	return x;
}

static void
make_pki(void)
{
	BIO *bio;

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(pki.key[i] = EVP_EC_gen("P-256"));
	pki.ca = issue(pki.key[0], "a CA", NULL, pki.key[0], -60, 3600);
	pki.other_ca = issue(pki.key[1], "other", NULL, pki.key[1], -60, 3600);
	pki.client = issue(pki.key[3], "thing", pki.ca, pki.key[0], -60, 3600);
	pki.strange = issue(pki.key[3], "thing", pki.other_ca, pki.key[1], -60, 3600);
	pki.old = issue(pki.key[3], "thing", pki.ca, pki.key[0], -3600, -60);
	(void)snprintf(pki.ca_file, sizeof(pki.ca_file), "%s", scratch_file("ca.pem"));
	bio = BIO_new_file(pki.ca_file, "w");
	ck_assert_int_eq(PEM_write_bio_X509(bio, pki.ca), 1);
	BIO_free(bio);
}

static void
free_pki(void)
{
	X509 *all[] = { pki.ca, pki.other_ca, pki.client, pki.strange, pki.old };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		X509_free(all[i]);
	for (size_t i = 0; i < 4; i++)
		EVP_PKEY_free(pki.key[i]);
	memset(&pki, 0, sizeof(pki));
}

struct server {
	const struct part *part;
	int listener;
	unsigned int port;
	SSL_CTX *ctx;
	pthread_t thread;
	char sni[64];
	char client_id[64];
	bool bye;
};

/* Hex, with the packet's ID where it says so. */
static size_t
unhex(const char *hex, const unsigned char id[2], unsigned char *out)
{
	size_t n = 0;
	unsigned int byte;

	while (*hex != '\0') {
		if (strncmp(hex, "ID", 2) == 0) {
			out[n++] = id[0];
			out[n++] = id[1];
		} else {
			ck_assert_int_eq(sscanf(hex, "%2x", &byte), 1);
			out[n++] = (unsigned char)byte;
		}
		hex += 2;
	}
	return n;
}

/* false: the part ends here. */
static bool
answer(SSL *ssl, const char *hex, const unsigned char id[2])
{
	unsigned char out[128];
	size_t n;

	if (strcmp(hex, CLOSE) == 0)
		return false;
	if (strcmp(hex, SILENT) == 0)
		return true;
	n = unhex(hex, id, out);
	return SSL_write(ssl, out, (int)n) == (int)n;
}

/* One packet of less than 128 bytes; its length, 0: there is none. */
static size_t
packet(SSL *ssl, unsigned char *buf)
{
	size_t have = 0, want = 2;

	while (have < want) {
		int n = SSL_read(ssl, buf + have, (int)(want - have));

		if (n <= 0)
			return 0;
		have += (size_t)n;
		if (have == 2)
			want = 2U + (buf[1] & 0x7fU);
	}
	return have;
}

/* Topic, ID and payload go back as they came, QoS 0: without the ID. */
static bool
echo(SSL *ssl, const unsigned char *p, size_t len, size_t topic_len)
{
	unsigned char out[256];
	size_t head = 4 + topic_len;

	out[0] = 0x30;
	out[1] = (unsigned char)(len - 4);
	memcpy(out + 2, p + 2, 2 + topic_len);
	memcpy(out + head, p + head + 2, len - head - 2);
	return SSL_write(ssl, out, (int)(len - 2)) == (int)(len - 2);
}

static bool
handle(struct server *s, SSL *ssl, const unsigned char *p, size_t len)
{
	const struct part *part = s->part;
	size_t topic_len = 2 + 2 < len ? (size_t)p[2] << 8 | p[3] : 0;
	bool ok;

	switch (p[0] & 0xf0) {
	case 0x10:
		/* Name, version, flags, keep alive, properties, and then the client's name. */
		p += 13 + p[12];
		(void)snprintf(s->client_id, sizeof(s->client_id), "%.*s", p[1], p + 2);
		return answer(ssl, part->connack != NULL ? part->connack : "2003000000", p);
	case 0x80: return answer(ssl, part->suback != NULL ? part->suback : "9004ID0001", p + 2);
	case 0x30:
		ok = answer(ssl, part->puback != NULL ? part->puback : "4002ID", p + 4 + topic_len);
		return ok && (part->puback != NULL || echo(ssl, p, len, topic_len));
	case 0xe0: s->bye = true; return false;
	default: return true;
	}
}

static void
converse(struct server *s, int fd)
{
	SSL *ssl = SSL_new(s->ctx);
	unsigned char buf[256];
	const char *sni;
	size_t n;

	ck_assert_ptr_nonnull(ssl);
	ck_assert_int_eq(SSL_set_fd(ssl, fd), 1);
	if (SSL_accept(ssl) == 1) {
		sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
		(void)snprintf(s->sni, sizeof(s->sni), "%s", sni != NULL ? sni : "");
		while ((n = packet(ssl, buf)) > 0 && handle(s, ssl, buf, n))
			;
	}
	SSL_free(ssl);
	ERR_clear_error();
}

static void *
serve(void *arg)
{
	struct server *s = arg;
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		converse(s, fd);
		(void)close(fd);
	}
	OPENSSL_thread_stop();
	return NULL;
}

static void
start(struct server *s, const struct part *part)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	EVP_PKEY *ca_key = pki.key[part->other_ca ? 1 : 0];
	X509 *cert = issue(pki.key[2], part->other_name ? "elsewhere" : "localhost",
	    part->other_ca ? pki.other_ca : pki.ca, ca_key, -60, 3600);

	memset(s, 0, sizeof(*s));
	s->part = part;
	s->ctx = SSL_CTX_new(TLS_server_method());
	ck_assert_int_eq(SSL_CTX_use_certificate(s->ctx, cert), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(s->ctx, pki.key[2]), 1);
	ck_assert_int_eq(SSL_CTX_load_verify_file(s->ctx, pki.ca_file), 1);
	SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (part->tls12)
		ck_assert_int_eq(SSL_CTX_set_max_proto_version(s->ctx, TLS1_2_VERSION), 1);
	X509_free(cert);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(s->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(s->listener, 4), 0);
	ck_assert_int_eq(getsockname(s->listener, (struct sockaddr *)&a, &len), 0);
	s->port = ntohs(a.sin_port);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void
stop(struct server *s)
{
	(void)shutdown(s->listener, SHUT_RDWR);
	ck_assert_int_eq(pthread_join(s->thread, NULL), 0);
	(void)close(s->listener);
	SSL_CTX_free(s->ctx);
}

static struct mqtt *
client(const struct part *part, unsigned int port)
{
	struct mqtt_options o = { .to = { "localhost", port },
		.client_id = "thing",
		.ca_file = pki.ca_file,
		.key = pki.key[part->wrong_key ? 2 : 3],
		.seconds = 20 };

	o.cert = part->strange_client ? pki.strange : part->old_client ? pki.old : pki.client;
	if (part->seconds != 0)
		o.seconds = part->seconds;
	return mqtt_new(&o);
}

/* Goes as far as it can. */
static enum stage
go(struct mqtt *m, enum mqtt_result *r)
{
	static const char *const topics[] = { "thing/a" };
	struct mqtt_message msg = { 0 };

	if ((*r = mqtt_connect(m)) != MQTT_OK)
		return AT_CONNECT;
	ck_assert(mqtt_tls_done(m));
	if ((*r = mqtt_subscribe(m, topics, 1)) != MQTT_OK)
		return AT_SUBSCRIBE;
	if ((*r = mqtt_publish(m, topics[0], "hello", 5)) != MQTT_OK)
		return AT_PUBLISH;
	if ((*r = mqtt_receive(m, &msg)) != MQTT_OK)
		return AT_RECEIVE;
	ck_assert_str_eq(msg.topic, "thing/a");
	ck_assert_str_eq(msg.payload, "hello");
	ck_assert_uint_eq(msg.payload_len, 5);
	mqtt_message_clear(&msg);
	return AT_END;
}

START_TEST(every_failure_has_its_words)
{
	const struct part *part = &parts[_i];
	enum mqtt_result r;
	struct server s;
	struct mqtt *m;
	enum stage at;

	make_pki();
	start(&s, part);
	m = client(part, s.port);
	ck_assert_ptr_nonnull(m);
	at = go(m, &r);
	ck_assert_msg(at == part->fails_at && r == part->result, "%s: stage %d, result %d: %s",
	    part->name, (int)at, (int)r, mqtt_why(m));
	if (part->why != NULL)
		ck_assert_msg(
		    strstr(mqtt_why(m), part->why) != NULL, "%s: %s", part->name, mqtt_why(m));
	if (part->hint != NULL)
		ck_assert_msg(mqtt_hint(m) != NULL && strstr(mqtt_hint(m), part->hint) != NULL,
		    "%s: %s", part->name, mqtt_hint(m));
	if (at == AT_END)
		ck_assert_str_eq(mqtt_tls_version(m), part->tls12 ? "TLSv1.2" : "TLSv1.3");
	mqtt_close(&m);
	ck_assert_ptr_null(m);
	stop(&s);
	if (at > AT_CONNECT) {
		ck_assert_str_eq(s.sni, "localhost");
		ck_assert_str_eq(s.client_id, "thing");
	}
	ck_assert_int_eq(
	    s.bye, at == AT_END || at == AT_RECEIVE || part->suback != NULL || part->puback != NULL
		       ? s.bye
		       : false);
	if (at == AT_END)
		ck_assert_int_eq(s.bye, true);
	free_pki();
}
END_TEST

START_TEST(servers_that_are_not_there)
{
	static const struct part none = { .why = "" };
	struct mqtt_options o = {
		.to = { "no-such-host.invalid", 8883 }, .client_id = "thing", .seconds = 1
	};
	struct server s;
	struct mqtt *m;

	make_pki();
	start(&s, &none);
	stop(&s);
	m = client(&none, s.port);
	ck_assert_int_eq(mqtt_connect(m), MQTT_FAILED);
	ck_assert_msg(strstr(mqtt_why(m), "Connection refused") != NULL, "%s", mqtt_why(m));
	ck_assert_ptr_nonnull(strstr(mqtt_hint(m), "--data-endpoint localhost:443"));
	mqtt_close(&m);
	o.key = pki.key[3];
	o.cert = pki.client;
	m = mqtt_new(&o);
	ck_assert_int_eq(mqtt_connect(m), MQTT_FAILED);
	ck_assert_msg(strstr(mqtt_why(m), "has no address") != NULL, "%s", mqtt_why(m));
	mqtt_close(&m);
	o.ca_file = "/nonexistent";
	m = mqtt_new(&o);
	ck_assert_int_eq(mqtt_connect(m), MQTT_FAILED);
	ck_assert_msg(strstr(mqtt_why(m), "/nonexistent: no CA") != NULL, "%s", mqtt_why(m));
	mqtt_close(&m);
	mqtt_close(&m);
	free_pki();
}
END_TEST

static const struct {
	const char *text, *host;
	unsigned int port;
} addresses[] = {
	{ "a-ats.iot.eu-central-1.amazonaws.com", "a-ats.iot.eu-central-1.amazonaws.com", 8883 },
	{ "localhost:443", "localhost", 443 },
	{ "127.0.0.1:65535", "127.0.0.1", 65535 },
	{ "[::1]", "::1", 8883 },
	{ "[fe80::1%eth0]:1", "fe80::1%eth0", 1 },
	{ "", NULL, 0 },
	{ ":443", NULL, 0 },
	{ "a:", NULL, 0 },
	{ "a:0", NULL, 0 },
	{ "a:65536", NULL, 0 },
	{ "a:1x", NULL, 0 },
	{ "a:-1", NULL, 0 },
	{ "[::1", NULL, 0 },
	{ "[::1]443", NULL, 0 },
	{ "https://a", NULL, 0 },
	{ "a/b", NULL, 0 },
	{ "a b", NULL, 0 },
};

START_TEST(addresses_are_read)
{
	char longer[300];
	struct mqtt_address a;

	ck_assert_int_eq(mqtt_address(addresses[_i].text, &a), addresses[_i].host != NULL);
	if (addresses[_i].host != NULL) {
		ck_assert_str_eq(a.host, addresses[_i].host);
		ck_assert_uint_eq(a.port, addresses[_i].port);
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert(!mqtt_address(longer, &a));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("mqtt");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, every_failure_has_its_words, 0, (int)(sizeof(parts) / sizeof(parts[0])));
	tcase_add_test(tc, servers_that_are_not_there);
	tcase_add_loop_test(
	    tc, addresses_are_read, 0, (int)(sizeof(addresses) / sizeof(addresses[0])));
	return run_case("prov_mqtt", tc);
}
