/* aws-standin: options, the listening socket, one thread for each connection. */
#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/standin/standin.h"

static const char usage[] =
    "usage: aws-standin --dir DIR [options]\n"
    "\n"
    "Stands in for AWS IoT Core and STS on 127.0.0.1, for tests.\n"
    "\n"
    "In DIR (made if missing; a restart goes on where the last one ended):\n"
    "  port        written when it listens; https, ca.pem is the CA to trust\n"
    "  env         shell lines that export key, region, endpoint and CA bundle\n"
    "  state.json  things, policies and certificates, after every change\n"
    "  log         a line for each request: NUMBER CALL METHOD TARGET STATUS NOTE\n"
    "              (status 0: no answer; note: the fault, the error code, or -)\n"
    "  faults      read anew for each request: lines as for --fault\n"
    "  issuer.pem  the CA that issues the certificates of devices\n"
    "\n"
    "  --port N           listen there, not where the kernel likes\n"
    "  --plain            http without TLS\n"
    "  --region R         (eu-central-1)\n"
    "  --key ID:SECRET[:TOKEN]  one more key; those in env and, with a token,\n"
    "                     ASIASTANDIN000000002 are known always\n"
    "  --clock SECONDS    our clock is so far ahead of the machine's\n"
    "  --page-size N      longest page of a list\n"
    "  --latency MS       every request waits so long before it is looked at\n"
    "  --quota N          more than N requests a second of one call: 429\n"
    "  --limit SECONDS    exit after (600)\n"
    "  --fault SPEC       CALL:WHICH:KIND[:ARG]; WHICH counts the requests of that\n"
    "                     call since the start: 3, 3- or *; CALL may be *\n"
    "\n"
    "Kinds of faults:\n";

static const struct si_key built_in[] = {
	{ "AKIASTANDIN000000001", "StandIn+Secret/Key=00000000000000000001", "" },
	{ "ASIASTANDIN000000002", "StandIn+Secret/Key=00000000000000000002",
	    "StandInToken//With+Slash/Plus+And=Equals==" },
};

enum opt {
	OPT_DIR = 256,
	OPT_PORT,
	OPT_PLAIN,
	OPT_REGION,
	OPT_KEY,
	OPT_CLOCK,
	OPT_PAGE,
	OPT_LATENCY,
	OPT_QUOTA,
	OPT_LIMIT,
	OPT_FAULT,
	OPT_HELP,
};

static const struct option options[] = {
	{ "dir", required_argument, NULL, OPT_DIR },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "plain", no_argument, NULL, OPT_PLAIN },
	{ "region", required_argument, NULL, OPT_REGION },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "clock", required_argument, NULL, OPT_CLOCK },
	{ "page-size", required_argument, NULL, OPT_PAGE },
	{ "latency", required_argument, NULL, OPT_LATENCY },
	{ "quota", required_argument, NULL, OPT_QUOTA },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static struct si server;
static SSL_CTX *tls; /* NULL: plain */
static struct {
	unsigned int port, limit;
	bool plain;
} opts = { .limit = 600 };

static void
die(const char *what)
{
	(void)fprintf(stderr, "aws-standin: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
bad(const char *what)
{
	(void)fprintf(stderr, "aws-standin: %s\n", what);
	exit(2);
}

static void
add_key(const char *spec)
{
	struct si_key *k = &server.keys[server.nkeys];

	if (server.nkeys == SI_KEYS_MAX ||
	    sscanf(spec, "%127[^:]:%127[^:]:%511s", k->id, k->secret, k->token) < 2)
		bad("--key wants ID:SECRET[:TOKEN]");
	server.nkeys++;
}

static void
add_fault(const char *spec)
{
	if (server.nfaults == SI_FAULTS_MAX ||
	    !si_fault_parse(spec, &server.faults[server.nfaults]))
		bad("--fault wants CALL:WHICH:KIND[:ARG], see --help");
	server.nfaults++;
}

static void
take_option(int opt, const char *arg)
{
	switch (opt) {
	case OPT_DIR: server.dir = arg; break;
	case OPT_PORT: opts.port = (unsigned int)strtoul(arg, NULL, 10); break;
	case OPT_PLAIN: opts.plain = true; break;
	case OPT_REGION: server.region = arg; break;
	case OPT_KEY: add_key(arg); break;
	case OPT_CLOCK: server.clock_offset = strtol(arg, NULL, 10); break;
	case OPT_PAGE: server.page_size = (unsigned int)strtoul(arg, NULL, 10); break;
	case OPT_LATENCY: server.latency = (unsigned int)strtoul(arg, NULL, 10); break;
	case OPT_QUOTA: server.quota = strtod(arg, NULL); break;
	case OPT_LIMIT: opts.limit = (unsigned int)strtoul(arg, NULL, 10); break;
	case OPT_FAULT: add_fault(arg); break;
	case OPT_HELP: (void)printf("%s%s", usage, si_fault_help()); exit(0);
	default: (void)fprintf(stderr, "%s%s", usage, si_fault_help()); exit(2);
	}
}

/* Appears complete or not at all: tests wait for it. */
static void
write_file(const char *name, const char *text)
{
	char path[4096], tmp[4096 + 8];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", server.dir, name);
	(void)snprintf(tmp, sizeof(tmp), "%s.new", path);
	f = fopen(tmp, "we");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 || rename(tmp, path) != 0)
		die(name);
}

static int
listen_loopback(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)opts.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		die("cannot listen");
	opts.port = ntohs(sa.sin_port);
	return fd;
}

static void
announce(void)
{
	char text[8192], *dir = realpath(server.dir, NULL);

	if (dir == NULL)
		die(server.dir);
	(void)snprintf(text, sizeof(text),
	    "export AWS_ACCESS_KEY_ID='%s'\n"
	    "export AWS_SECRET_ACCESS_KEY='%s'\n"
	    "export AWS_REGION='%s' AWS_DEFAULT_REGION='%s'\n"
	    "export AWS_ENDPOINT_URL='%s://127.0.0.1:%u'\n"
	    "export AWS_CA_BUNDLE='%s/ca.pem'\n"
	    "export AWS_EC2_METADATA_DISABLED=true\n"
	    "export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null\n",
	    built_in[0].id, built_in[0].secret, server.region, server.region,
	    opts.plain ? "http" : "https", opts.port, dir);
	free(dir);
	write_file("env", text);
	(void)snprintf(text, sizeof(text), "%u\n", opts.port);
	write_file("port", text);
}

static void *
on_connection(void *arg)
{
	struct si_conn c = { .fd = (int)(intptr_t)arg };
	struct timeval patience = { .tv_sec = 30 };

	(void)setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (tls != NULL) {
		c.ssl = SSL_new(tls);
		if (c.ssl == NULL || SSL_set_fd(c.ssl, c.fd) != 1 || SSL_accept(c.ssl) != 1) {
			SSL_free(c.ssl);
			(void)close(c.fd);
			return NULL;
		}
	}
	si_serve(&server, &c);
	return NULL;
}

static void
accept_all(int fd)
{
	pthread_attr_t detached;

	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (;;) {
		int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		pthread_t t;

		if (c >= 0 &&
		    pthread_create(&t, &detached, on_connection, (void *)(intptr_t)c) != 0)
			(void)close(c);
	}
}

static void
on_signal(int sig)
{
	_exit(sig == SIGALRM ? 3 : 0);
}

int
main(int argc, char **argv)
{
	int opt, fd;

	server.region = "eu-central-1";
	server.page_size = 250;
	for (size_t i = 0; i < SI_NITEMS(built_in); i++)
		server.keys[server.nkeys++] = built_in[i];
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(opt, optarg);
	if (server.dir == NULL || optind != argc || server.page_size == 0)
		take_option('?', NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGALRM, on_signal);
	(void)signal(SIGTERM, on_signal);
	(void)alarm(opts.limit);
	if (mkdir(server.dir, 0700) != 0 && errno != EEXIST)
		die(server.dir);
	tls = si_tls_open(server.dir, &server.issuer);
	if (opts.plain)
		tls = NULL;
	si_state_load(&server);
	fd = listen_loopback();
	announce();
	accept_all(fd);
}
