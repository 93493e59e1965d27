/*
 * An EST server (RFC 7030) for tests: cacerts and simpleenroll over TLS on loopback, one connection
 * at a time, with clients known by certificate, by name and password, or not at all; and with
 * faults.
 *
 *   est-server --dir DIR [--client-cert FILE] [--user NAME:PASSWORD]
 *
 * DIR gets: tls.pem, the CA of the server's certificate; root.pem and sub.pem, the CA of the
 * devices; port, when it listens; log, a line per request: METHOD PATH STATUS CLIENT USER; and
 * issued, a line per certificate. DIR/fault, written by the test, names what goes wrong next, until
 * it is removed.
 */
#include <config.h>

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tests/est/est.h"

#define PREFIX   "/.well-known/est/"
#define BODY_MAX 16384
#define TYPE_BAG "application/pkcs7-mime; smime-type=certs-only"

struct request {
	char method[8];
	char path[128];
	char type[64];
	char auth[256];
	size_t length;
	char body[BODY_MAX + 1];
	char client[256];
};

struct answer {
	int status;
	const char *type;
	const char *extra; /* header lines */
	char *body;        /* malloc'ed */
	size_t promised;   /* Content-Length, when it is not the body's; 0: it is */
	bool silent;       /* closed without a word */
};

static struct pki pki;
static const char *dir = ".";
static char auth_wanted[256]; /* "Basic ...", or empty */
static char fault[32];

static FILE *
open_in(const char *name, const char *mode)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, mode);
}

static void
save(const char *name, X509 *cert)
{
	FILE *f = open_in(name, "we");

	if (f == NULL || PEM_write_X509(f, cert) != 1 || fclose(f) != 0)
		die("cannot write to the directory");
}

static void
read_fault(void)
{
	FILE *f = open_in("fault", "re");

	fault[0] = '\0';
	if (f == NULL)
		return;
	if (fscanf(f, "%31s", fault) != 1)
		fault[0] = '\0';
	(void)fclose(f);
}

static bool
faulty(const char *name)
{
	return strcmp(fault, name) == 0;
}

/* --- HTTP ------------------------------------------------------------------------------------- */

static bool
read_line(SSL *ssl, char *line, size_t max)
{
	size_t n = 0;
	char c;

	while (n + 1 < max && SSL_read(ssl, &c, 1) == 1) {
		if (c == '\n') {
			line[n > 0 && line[n - 1] == '\r' ? n - 1 : n] = '\0';
			return true;
		}
		line[n++] = c;
	}
	return false;
}

static bool
read_request(SSL *ssl, struct request *rq)
{
	char line[1024];
	size_t got = 0;

	memset(rq, 0, sizeof(*rq));
	if (!read_line(ssl, line, sizeof(line)) ||
	    sscanf(line, "%7s %127s HTTP/1.1", rq->method, rq->path) != 2)
		return false;
	while (read_line(ssl, line, sizeof(line)) && line[0] != '\0') {
		if (strncasecmp(line, "content-type: ", 14) == 0)
			(void)snprintf(rq->type, sizeof(rq->type), "%.63s", line + 14);
		else if (strncasecmp(line, "authorization: ", 15) == 0)
			(void)snprintf(rq->auth, sizeof(rq->auth), "%.255s", line + 15);
		else if (strncasecmp(line, "content-length: ", 16) == 0)
			rq->length = strtoul(line + 16, NULL, 10);
	}
	if (rq->length > BODY_MAX)
		return false;
	while (got < rq->length) {
		int n = SSL_read(ssl, rq->body + got, (int)(rq->length - got));

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

static void
write_answer(SSL *ssl, const struct answer *a)
{
	size_t len = a->body != NULL ? strlen(a->body) : 0;
	char head[512];
	int n;

	if (a->silent)
		return;
	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d Status\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: "
	    "close\r\n\r\n",
	    a->status, a->type != NULL ? a->type : "text/plain",
	    a->promised != 0 ? a->promised : len, a->extra != NULL ? a->extra : "");
	(void)SSL_write(ssl, head, n);
	if (len > 0)
		(void)SSL_write(ssl, a->body, (int)len);
}

/* --- operations ------------------------------------------------------------------------------- */

static struct answer
say(int status, const char *words)
{
	return (struct answer){ .status = status, .body = strdup(words) };
}

static struct answer
bag(X509 *const *certs, size_t n)
{
	return (struct answer){ .status = 200,
		.type = TYPE_BAG,
		.extra = "Content-Transfer-Encoding: base64\r\n",
		.body = pki_bag(certs, n) };
}

static X509_REQ *
parse_request(const struct request *rq)
{
	unsigned char der[BODY_MAX];
	const unsigned char *p = der;
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	X509_REQ *req = NULL;
	int n = 0, more = 0;

	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, der, &n, (const unsigned char *)rq->body, (int)rq->length) >= 0 &&
	    EVP_DecodeFinal(ctx, der + n, &more) == 1)
		req = d2i_X509_REQ(NULL, &p, n + more);
	EVP_ENCODE_CTX_free(ctx);
	if (req != NULL && X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) == 1)
		return req;
	X509_REQ_free(req);
	ERR_clear_error();
	return NULL;
}

static void
note_issued(X509 *cert)
{
	FILE *f = open_in("issued", "ae");
	char name[256];

	(void)X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof(name));
	if (f != NULL) {
		(void)fprintf(f, "%ld %s\n", ASN1_INTEGER_get(X509_get_serialNumber(cert)), name);
		(void)fclose(f);
	}
}

/* What a fault makes of an answer that was right. */
static void
spoil(struct answer *a)
{
	size_t len = strlen(a->body);

	if (faulty("truncated")) {
		a->promised = len;
		a->body[len / 2] = '\0';
	} else if (faulty("half")) {
		a->body[len / 2 / 4 * 4] = '\0';
	} else if (faulty("type")) {
		a->type = "text/html";
	} else if (faulty("not-base64")) {
		memset(a->body, '!', len);
	} else if (faulty("garbage")) {
		memset(a->body, 'A', len / 4 * 4);
		a->body[len / 4 * 4] = '\0';
	} else if (faulty("trailing")) {
		char *longer = malloc(len + 16);

		(void)snprintf(longer, len + 16, "AAAA%s", a->body);
		free(a->body);
		a->body = longer;
	} else if (faulty("oversized")) {
		free(a->body);
		a->body = malloc(400001);
		memset(a->body, 'A', 400000);
		a->body[400000] = '\0';
	}
}

static struct answer
enroll_for(X509_REQ *req)
{
	const X509_NAME *subject = X509_REQ_get_subject_name(req);
	EVP_PKEY *key = X509_REQ_get0_pubkey(req), *other = EVP_EC_gen("P-256");
	X509 *list[3] = { NULL };
	struct answer a;
	size_t n = 1;

	if (faulty("other-key")) {
		list[0] = pki_issue(&pki, subject, other, false);
	} else if (faulty("elsewhere")) {
		list[0] = pki_issue_elsewhere(&pki, subject, key);
	} else {
		list[0] = pki_issue(&pki, subject, key, faulty("by-root"));
		if (faulty("two-leafs"))
			list[n++] = pki_issue(&pki, subject, other, false);
		else if (faulty("two-for-key"))
			list[n++] = pki_issue(&pki, subject, key, false);
	}
	note_issued(list[0]);
	a = bag(list, faulty("empty") ? 0 : n);
	for (size_t i = 0; i < n; i++)
		X509_free(list[i]);
	EVP_PKEY_free(other);
	return a;
}

static struct answer
enroll(const struct request *rq)
{
	X509_REQ *req;
	struct answer a;

	if (strcasecmp(rq->type, "application/pkcs10") != 0)
		return say(415, "want application/pkcs10\n");
	req = parse_request(rq);
	if (req == NULL)
		return say(400, "no good request\n");
	if (faulty("later")) {
		a = (struct answer){ .status = 202, .extra = "Retry-After: 17\r\n" };
	} else if (faulty("401")) {
		a = say(401, "who are you\n");
	} else if (faulty("403")) {
		a = say(403, "not you\x1b[31m\nand more\n");
	} else if (faulty("500")) {
		a = say(500, "broken\n");
	} else if (faulty("503")) {
		a = say(503, "busy\n");
	} else if (faulty("redirect")) {
		a = (struct answer){ .status = 302, .extra = "Location: https://127.0.0.1:1/\r\n" };
	} else {
		a = enroll_for(req);
		if (a.body != NULL)
			spoil(&a);
		a.silent = faulty("silent");
	}
	X509_REQ_free(req);
	return a;
}

static struct answer
cacerts(void)
{
	X509 *const both[] = { pki.root, pki.sub };
	struct answer a = bag(both, 2);

	if (faulty("cacerts")) {
		free(a.body);
		a = say(500, "no cacerts\n");
	}
	return a;
}

static struct answer
answer(const struct request *rq)
{
	read_fault();
	if (auth_wanted[0] != '\0' && strcmp(rq->auth, auth_wanted) != 0)
		return say(401, "name and password\n");
	if (strcmp(rq->path, PREFIX "cacerts") == 0 && strcmp(rq->method, "GET") == 0)
		return cacerts();
	if (strcmp(rq->path, PREFIX "simpleenroll") == 0 && strcmp(rq->method, "POST") == 0)
		return enroll(rq);
	return say(404, "no such thing\n");
}

static void
serve(SSL *ssl)
{
	static struct request rq;
	X509 *peer = SSL_get0_peer_certificate(ssl);
	struct answer a;
	char user[256] = "-";
	FILE *f;

	if (!read_request(ssl, &rq))
		return;
	(void)strcpy(rq.client, "-");
	if (peer != NULL)
		(void)X509_NAME_oneline(X509_get_subject_name(peer), rq.client, sizeof(rq.client));
	if (rq.auth[0] != '\0')
		(void)snprintf(user, sizeof(user), "%s",
		    strcmp(rq.auth, auth_wanted) == 0 ? "known" : "unknown");
	a = answer(&rq);
	/* Who has the answer can read the log. */
	f = open_in("log", "ae");
	if (f != NULL) {
		(void)fprintf(f, "%s %s %d %s %s %s\n", rq.method, rq.path, a.status,
		    SSL_get_version(ssl), user, rq.client);
		(void)fclose(f);
	}
	write_answer(ssl, &a);
	free(a.body);
}

/* --- starting --------------------------------------------------------------------------------- */

static SSL_CTX *
make_tls(const char *client_cert)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL || SSL_CTX_use_certificate(ctx, pki.server) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, pki.server_key) != 1)
		die("TLS");
	if (client_cert != NULL) {
		if (SSL_CTX_load_verify_file(ctx, client_cert) != 1)
			die("the certificate of the client");
		/* That one certificate, whoever issued it. */
		(void)X509_VERIFY_PARAM_set_flags(
		    SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		(void)SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"est", 3);
	}
	return ctx;
}

static int
make_socket(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *f;

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || listen(fd, 16) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		die("cannot listen");
	f = open_in("port.new", "we");
	if (f == NULL || fprintf(f, "%u\n", ntohs(sa.sin_port)) < 0 || fclose(f) != 0)
		die("cannot write to the directory");
	return fd;
}

static void
announce(void)
{
	char from[4096], to[4096];

	(void)snprintf(from, sizeof(from), "%s/port.new", dir);
	(void)snprintf(to, sizeof(to), "%s/port", dir);
	if (rename(from, to) != 0)
		die("cannot write to the directory");
}

static void
take_user(const char *both)
{
	unsigned char text[sizeof(auth_wanted)];

	if (strlen(both) > 128)
		die("--user is too long");
	(void)EVP_EncodeBlock(text, (const unsigned char *)both, (int)strlen(both));
	(void)snprintf(auth_wanted, sizeof(auth_wanted), "Basic %.200s", (const char *)text);
}

int
main(int argc, char **argv)
{
	static const struct option list[] = { { "dir", required_argument, NULL, 'd' },
		{ "client-cert", required_argument, NULL, 'c' },
		{ "user", required_argument, NULL, 'u' }, { NULL, 0, NULL, 0 } };
	const struct timeval patience = { .tv_sec = 5 };
	const char *client_cert = NULL;
	SSL_CTX *ctx;
	int fd, c;

	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		switch (c) {
		case 'd': dir = optarg; break;
		case 'c': client_cert = optarg; break;
		case 'u': take_user(optarg); break;
		default: return 2;
		}
	}
	(void)signal(SIGPIPE, SIG_IGN);
	pki_make(&pki);
	save("tls.pem", pki.tls_ca);
	save("root.pem", pki.root);
	save("sub.pem", pki.sub);
	ctx = make_tls(client_cert);
	fd = make_socket();
	announce();
	for (;;) {
		int one = accept(fd, NULL, NULL);
		SSL *ssl = SSL_new(ctx);

		if (one < 0 || ssl == NULL)
			die("accept");
		(void)setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		(void)setsockopt(one, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (SSL_set_fd(ssl, one) == 1 && SSL_accept(ssl) == 1) {
			serve(ssl);
			(void)SSL_shutdown(ssl);
		}
		ERR_clear_error();
		SSL_free(ssl);
		(void)close(one);
	}
}
