/*
 * The stand-in for AWS IoT Core and STS that tests talk to: one process on loopback that checks
 * signatures, issues real certificates and keeps its state in a file.
 *
 * It shares no code with provision/: what is wrong on one side must show on the other.
 */
#ifndef TESTS_STANDIN_H
#define TESTS_STANDIN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <jansson.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define SI_NITEMS(a)   (sizeof(a) / sizeof((a)[0]))
#define SI_ACCOUNT     "123456789012"
#define SI_KEYS_MAX    8
#define SI_HEADERS_MAX 64
#define SI_BODY_MAX    (1024 * 1024)
#define SI_FAULTS_MAX  64

struct si_key {
	char id[128];
	char secret[128];
	char token[512]; /* "": a permanent key */
};

struct si_header {
	char *name; /* lower case */
	char *value;
};

struct si_request {
	char *text; /* what the others point into */
	char *method;
	char *target;
	struct si_header headers[SI_HEADERS_MAX];
	size_t nheaders;
	char *body;
	size_t body_len;
};

/* NULL: not sent. */
const char *si_header(const struct si_request *rq, const char *lower_name);
void si_request_free(struct si_request *rq);

/* How much the checker knows. */
struct si_auth {
	const struct si_key *keys;
	size_t nkeys;
	const char *region;
	const char *service;
	const char *also; /* another name it goes by; NULL: none */
	time_t now;
};

struct si_refusal {
	int status;
	char code[64];
	char message[4096];
};

/* Signature Version 4, strictly, from the bytes received. False: refused, and why. */
bool si_sig_check(const struct si_auth *auth, const struct si_request *rq, struct si_refusal *why);

enum si_fault_kind {
	SI_NONE,
	/* before anything happens */
	SI_THROTTLE400,
	SI_THROTTLE429,
	SI_ERROR500,
	SI_ERROR503,
	SI_ERROR,
	SI_BODYCODE,
	SI_HTML,
	SI_EMPTY_ERROR,
	SI_CLOSE_BEFORE,
	SI_RESET_BEFORE,
	SI_KILL_BEFORE,
	SI_SILENCE_BEFORE,
	SI_SKEW,
	/* the state changes, the answer suffers */
	SI_CLOSE_AFTER,
	SI_RESET_AFTER,
	SI_KILL_AFTER,
	SI_SILENCE,
	SI_CUT,
	SI_CUT_LENGTH,
	SI_DRIBBLE,
	SI_BADJSON,
	SI_WRONGTYPES,
	SI_MISSING,
	SI_ENDLESS,
	/* the state changes in another way */
	SI_OTHERKEY,
	SI_TWOCERTS,
	SI_BIGCERT,
	SI_LATE404,
};

struct si_fault {
	char call[48];
	unsigned int first, last; /* occurrences, from 1 */
	enum si_fault_kind kind;
	char arg[512];
	char text[640]; /* as given, for the log */
};

/* CALL:WHICH:KIND[:ARG]; false: not of this form. */
bool si_fault_parse(const char *spec, struct si_fault *out);
const char *si_fault_help(void);
/* The faults given at start, then those of the file now. NULL: none fits. */
const struct si_fault *si_fault_find(const struct si_fault *given, size_t ngiven, const char *file,
    const char *call, unsigned int occurrence, struct si_fault *from_file);

struct si_ca {
	X509 *cert;
	EVP_PKEY *key;
};

/* Reads or makes the CAs in dir; writes ca.pem for clients. Exits on failure. */
SSL_CTX *si_tls_open(const char *dir, struct si_ca *issuer);

/* A certificate for the request, as AWS IoT makes them. kind: SI_OTHERKEY, SI_BIGCERT or anything.
 */
X509 *si_issue(const struct si_ca *ca, X509_REQ *req, enum si_fault_kind kind);
char *si_pem(X509 *cert);
/* Lower-case SHA-256 of the DER. */
void si_cert_id(X509 *cert, char id[65]);
/* NULL: it cannot be read, its signature or its key is not acceptable; why says so. */
X509_REQ *si_csr(const char *pem, const char **why);

/* One server. */
struct si {
	const char *dir;
	const char *region;
	struct si_key keys[SI_KEYS_MAX];
	size_t nkeys;
	struct si_fault faults[SI_FAULTS_MAX];
	size_t nfaults;
	struct si_ca issuer;
	json_t *state;
	json_t *counts; /* requests per call since the start */
	long clock_offset;
	unsigned int page_size; /* most entries of one page */
	unsigned int latency;   /* ms before a request is looked at */
	double quota;           /* requests a second of each call; 0: no limit */
	json_t *quota_full;     /* per call, see quota.c */
	unsigned int requests;
};

void si_state_load(struct si *s);
void si_state_save(const struct si *s);
time_t si_now(const struct si *s);

/* Whether the quota has room for one more request of the call; takes it. */
bool si_quota_take(struct si *s, const char *call);

/* One request under way. */
struct si_cx {
	struct si *s;
	const struct si_request *rq;
	char *arg;     /* decoded path argument */
	json_t *query; /* name: value, decoded */
	json_t *body;  /* NULL: none */
	enum si_fault_kind fault;
	const char *fault_arg;
	/* the answer */
	int status;
	json_t *out;   /* NULL: empty body */
	char code[64]; /* "": no error */
	char *text;    /* instead of out */
	const char *type;
	bool hide_code; /* no x-amzn-ErrorType */
	long retry_after;
};

struct si_call {
	const char *name;
	const char *method;
	const char *path;    /* {}: the argument */
	const char *query;   /* allowed parameters, blanks between */
	const char *members; /* allowed in the body, * behind those required; NULL: no body */
	const char *need;    /* header that must be there; NULL: none */
	void (*handle)(struct si_cx *cx);
};

/* NULL: no such call. Fills arg and query. */
const struct si_call *si_route(struct si_cx *cx);
/* Checks what the call allows, then does it. */
void si_dispatch(struct si_cx *cx, const struct si_call *call);

void si_error(struct si_cx *cx, int status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
const char *si_query(const struct si_cx *cx, const char *name);
const char *si_member(const struct si_cx *cx, const char *name);

/* What a name of the registry may look like; false has answered 400. */
bool si_name_ok(struct si_cx *cx, const char *name, const char *what);
/* "true" or "false"; absent is false, anything else has answered 400. */
bool si_flag(struct si_cx *cx, const char *name);

/* A table of the state, such as "things". */
json_t *si_table(const struct si_cx *cx, const char *name);
/* Entries of the state; NULL has answered 404. */
json_t *si_find(struct si_cx *cx, const char *table, const char *key, const char *what);
json_t *si_thing(struct si_cx *cx, const char *name);
json_t *si_policy(struct si_cx *cx, const char *name);
json_t *si_cert(struct si_cx *cx, const char *id);
json_t *si_cert_by_arn(struct si_cx *cx, const char *arn);
void si_created(struct si_cx *cx, json_t *entry);
char *si_arn(const struct si_cx *cx, const char *kind, const char *name);
/* 409 with resourceId and resourceArn. */
void si_exists(struct si_cx *cx, const char *what, const char *id, const json_t *arn);
json_t *si_uuid(void);
json_t *si_time(const struct si_cx *cx);
/* Where a text is in an array of texts; its length: nowhere. */
size_t si_index_of(const json_t *array, const char *text);
/* What is wrong with attributes of a thing; NULL: nothing. */
const char *si_attributes_problem(json_t *attributes, size_t max);
/* A certificate becomes this account's, and is answered. more: further members, taken; or NULL. */
void si_keep_cert(struct si_cx *cx, X509 *cert, const char *status, json_t *more);
/* Answers a page of certificates in order of creation, those of one CA or, for NULL, all. */
void si_list_certs(struct si_cx *cx, const char *ca);
/* What is wrong with a key; NULL: nothing. */
const char *si_key_problem(EVP_PKEY *key);
/* Exactly one certificate; NULL: why says what it is instead. */
X509 *si_read_cert(const char *pem, const char **why);
/* Answers one page of items under the name, with a token of awkward characters for the next. Takes
 * items. */
void si_page(struct si_cx *cx, json_t *items, const char *name, const char *size_param,
    const char *token_param, const char *token_out);

extern const struct si_call si_cert_calls[];
extern const struct si_call si_thing_calls[];
extern const struct si_call si_policy_calls[];
extern const struct si_call si_group_calls[];
extern const struct si_call si_ca_calls[];
extern const struct si_call si_register_calls[];

/* A connection, over TLS or plain. */
struct si_conn {
	int fd;
	SSL *ssl; /* NULL: plain */
};

/* 1: a request, 0: the connection ended, -1: no HTTP. */
int si_read(struct si_conn *c, struct si_request *rq);
void si_write(struct si_conn *c, const char *data, size_t len);
/* Ends with a FIN (and a TLS close_notify), or with a RST. */
void si_close(struct si_conn *c, bool reset);

/* Serves one request: check, faults, call, log, answer. */
void si_serve(struct si *s, struct si_conn *c);

#endif
