/* See test_aws_util.h. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "tests/unit/test_aws_util.h"

#define ARGS_MAX 8

extern char **environ;

static char home[64], said[16384];
static int stderr_copy = -1, said_fd = -1;

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
remove_tree(const char *dir)
{
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void
remove_home(void)
{
	if (home[0] != '\0')
		remove_tree(home);
	home[0] = '\0';
}

const char *
clean_env(void)
{
	static const char *const proxies[] = { "HTTPS_PROXY", "https_proxy", "http_proxy",
		"ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy" };
	char name[128], aws[64];

	for (char **e = environ; *e != NULL;) {
		if (strncmp(*e, "AWS_", 4) != 0) {
			e++;
			continue;
		}
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(*e, "="), *e);
		(void)unsetenv(name);
		e = environ;
	}
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		(void)unsetenv(proxies[i]);
	remove_home();
	(void)snprintf(home, sizeof(home), "/tmp/test-aws-home-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	(void)snprintf(aws, sizeof(aws), "%.40s/.aws", home);
	ck_assert_int_eq(mkdir(aws, 0700), 0);
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
	return home;
}

void
write_home(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", home, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fchmod(fileno(f), 0600), 0);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

void
said_begin(void)
{
	char path[] = "/tmp/test-aws-said-XXXXXX";

	(void)fflush(stderr);
	stderr_copy = dup(STDERR_FILENO);
	said_fd = mkstemp(path);
	ck_assert_int_ge(said_fd, 0);
	(void)unlink(path);
	ck_assert_int_ge(dup2(said_fd, STDERR_FILENO), 0);
}

const char *
said_end(void)
{
	ssize_t n;

	(void)fflush(stderr);
	(void)dup2(stderr_copy, STDERR_FILENO);
	(void)close(stderr_copy);
	n = pread(said_fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	(void)close(said_fd);
	return said;
}

const char *
said_last(void)
{
	return said;
}

void
heard(const char *text)
{
	ck_assert_msg(strstr(said, text) != NULL, "not \"%s\" in: %s", text, said);
}

struct aws *
open_aws(void)
{
	struct aws *a;

	ck_assert_int_eq(aws_open(NULL, &a), AWS_OK);
	return a;
}

static void
copy_file(const char *from_dir, const char *to_dir, const char *name)
{
	char from[160], to[160], buf[8192];
	FILE *in, *out;
	size_t n;

	(void)snprintf(from, sizeof(from), "%s/%s", from_dir, name);
	(void)snprintf(to, sizeof(to), "%s/%s", to_dir, name);
	in = fopen(from, "re");
	out = in != NULL ? fopen(to, "we") : NULL;
	if (out != NULL) {
		n = fread(buf, 1, sizeof(buf), in);
		(void)fwrite(buf, 1, n, out);
		(void)fclose(out);
	}
	if (in != NULL)
		(void)fclose(in);
}

static bool
forks(void)
{
	const char *v = getenv("CK_FORK");

	return v == NULL || strcmp(v, "no") != 0;
}

/* Tests run in forked children: the number of their parent names what they share. */
static void
shared_dir(char *dir, size_t len, pid_t main_pid)
{
	(void)snprintf(dir, len, "/tmp/test-aws-ca-%d", (int)main_pid);
}

void
standin_forget(void)
{
	char shared[64];

	shared_dir(shared, sizeof(shared), getpid());
	remove_tree(shared);
}

/* The CAs of the program's first stand-in, so that the others need not make keys. */
static void
share_cas(const char *dir, bool save)
{
	static const char *const names[] = { "ca.pem", "ca.key", "issuer.pem", "issuer.key" };
	char shared[64];

	shared_dir(shared, sizeof(shared), forks() ? getppid() : getpid());
	if (save && mkdir(shared, 0700) != 0)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		copy_file(save ? dir : shared, save ? shared : dir, names[i]);
}

static void
exec_standin(const struct standin *s, char *const extra[])
{
	const char *build = getenv("top_builddir");
	char path[4096], dir[sizeof(s->dir)];
	char *argv[ARGS_MAX + 6];
	char program[] = "aws-standin", opt_dir[] = "--dir", opt_limit[] = "--limit",
	     limit[] = "120";
	size_t n = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)snprintf(
	    path, sizeof(path), "%s/tests/standin/aws-standin", build != NULL ? build : ".");
	(void)snprintf(dir, sizeof(dir), "%s", s->dir);
	argv[n++] = program;
	argv[n++] = opt_dir;
	argv[n++] = dir;
	argv[n++] = opt_limit;
	argv[n++] = limit;
	for (size_t i = 0; extra[i] != NULL; i++)
		argv[n++] = extra[i];
	argv[n] = NULL;
	(void)execv(path, argv);
	_exit(127);
}

static unsigned int
wait_port(const struct standin *s)
{
	char path[128];
	unsigned int port = 0;

	(void)snprintf(path, sizeof(path), "%s/port", s->dir);
	for (int i = 0; i < 3000; i++) {
		FILE *f = fopen(path, "re");

		if (f != NULL) {
			if (fscanf(f, "%u", &port) != 1)
				port = 0;
			(void)fclose(f);
			return port;
		}
		ck_assert_msg(waitpid(s->pid, NULL, WNOHANG) == 0, "the stand-in did not start");
		(void)usleep(10000);
	}
	return 0;
}

/* Starts it on s->dir and points the environment at it. */
static void
launch(struct standin *s, char *const extra[], const char *scheme)
{
	char port_file[128];
	unsigned int port;

	(void)snprintf(port_file, sizeof(port_file), "%s/port", s->dir);
	(void)unlink(port_file);
	s->pid = fork();
	ck_assert_int_ge(s->pid, 0);
	if (s->pid == 0)
		exec_standin(s, extra);
	port = wait_port(s);
	ck_assert_uint_ne(port, 0);
	(void)snprintf(s->url, sizeof(s->url), "%s://127.0.0.1:%u", scheme, port);
	(void)snprintf(s->ca, sizeof(s->ca), "%s/ca.pem", s->dir);
	(void)setenv("AWS_ACCESS_KEY_ID", "AKIASTANDIN000000001", 1);
	(void)setenv("AWS_SECRET_ACCESS_KEY", "StandIn+Secret/Key=00000000000000000001", 1);
	(void)setenv("AWS_REGION", "eu-central-1", 1);
	(void)setenv("AWS_ENDPOINT_URL", s->url, 1);
	(void)setenv("AWS_CA_BUNDLE", s->ca, 1);
}

void
standin_start(struct standin *s, ...)
{
	char *extra[ARGS_MAX + 1];
	size_t n = 0;
	bool plain = false;
	va_list ap;

	va_start(ap, s);
	while ((extra[n] = va_arg(ap, char *)) != NULL) {
		plain |= strcmp(extra[n], "--plain") == 0;
		ck_assert_uint_lt(++n, ARGS_MAX);
	}
	va_end(ap);
	(void)clean_env();
	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/test-aws-standin-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s->dir));
	share_cas(s->dir, false);
	launch(s, extra, plain ? "http" : "https");
	share_cas(s->dir, true);
}

void
standin_restart(struct standin *s)
{
	char *none[] = { NULL };

	(void)kill(s->pid, SIGKILL);
	(void)waitpid(s->pid, NULL, 0);
	launch(s, none, "https");
}

void
standin_stop(struct standin *s)
{
	(void)kill(s->pid, SIGTERM);
	(void)waitpid(s->pid, NULL, 0);
	remove_tree(s->dir);
	remove_home();
}

static FILE *
open_log(const struct standin *s)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/log", s->dir);
	return fopen(path, "re");
}

unsigned int
standin_count(const struct standin *s, const char *call)
{
	FILE *f = open_log(s);
	char line[4096], name[64];
	unsigned int n = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*u %63s", name) == 1 &&
		    (call == NULL || strcmp(name, call) == 0))
			n++;
	if (f != NULL)
		(void)fclose(f);
	return n;
}

const char *
standin_line(const struct standin *s, unsigned int number)
{
	static char line[4096];
	FILE *f = open_log(s);
	unsigned int n = 0;

	line[0] = '\0';
	while (f != NULL && n < number && fgets(line, sizeof(line), f) != NULL)
		n++;
	if (f != NULL)
		(void)fclose(f);
	return n == number ? line : "";
}

void
standin_faults(const struct standin *s, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/faults", s->dir);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

json_t *
standin_state(const struct standin *s)
{
	char path[128];
	json_t *state;

	(void)snprintf(path, sizeof(path), "%s/state.json", s->dir);
	state = json_load_file(path, 0, NULL);
	ck_assert(json_is_object(state));
	return state;
}

char *
make_csr(const char *key_type)
{
	unsigned int bits = 0;
	EVP_PKEY *key =
	    sscanf(key_type, "RSA-%u", &bits) == 1 ? EVP_RSA_gen(bits) : EVP_EC_gen(key_type);
	X509_REQ *req = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *pem;
	long len;

	ck_assert(key != NULL && req != NULL && bio != NULL);
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
			     MBSTRING_ASC, (const unsigned char *)"x", -1, -1, 0),
	    1);
	ck_assert_int_eq(X509_REQ_set_pubkey(req, key), 1);
	ck_assert_int_gt(X509_REQ_sign(req, key, EVP_sha256()), 0);
	ck_assert_int_eq(PEM_write_bio_X509_REQ(bio, req), 1);
	len = BIO_get_mem_data(bio, &data);
	pem = strndup(data, (size_t)len);
	BIO_free(bio);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return pem;
}
