/* Fleet provisioning by claim; see claim.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "provision/aws.h"
#include "provision/cert.h"
#include "provision/claim.h"
#include "provision/msg.h"
#include "provision/stop.h"

#define CREATE       "$aws/certificates/create-from-csr/json"
#define ATTEMPTS     3   /* to hear the answer of the second call */
#define OTHERS_MAX   64  /* answers to others that are passed over; AWS IoT sends us none */
#define TEMPLATE_MAX 36U /* characters of a template's name */

struct claim {
	struct claim_options o;
	struct mqtt *mqtt; /* NULL: not connected */
	char provision[64 + TEMPLATE_MAX + 16];
	char *token; /* of the certificate that was issued last; a secret */
};

/* A question: where it goes, what it is called in messages, and whom the answer suits. */
struct question {
	const char *topic;
	const char *what;
	char *payload;                            /* wiped and freed by ask() */
	bool (*fits)(json_t *answer, void *data); /* NULL: any */
	void *data;
};

static void
wipe_free(char *secret)
{
	if (secret != NULL)
		OPENSSL_cleanse(secret, strlen(secret));
	free(secret);
}

/* jansson keeps the text of a string in one place, and gives no other access to it. */
static void
wipe_json(json_t *string)
{
	if (json_is_string(string))
		OPENSSL_cleanse(
		    (char *)(uintptr_t)json_string_value(string), json_string_length(string));
}

struct claim *
claim_new(const struct claim_options *o)
{
	struct claim *c;

	if (!aws_template_name_ok(o->template_name))
		return NULL;
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		prov_error("out of memory");
		return NULL;
	}
	c->o = *o;
	(void)snprintf(c->provision, sizeof(c->provision),
	    "$aws/provisioning-templates/%s/provision/json", o->template_name);
	return c;
}

void
claim_free(struct claim **cp)
{
	if (*cp == NULL)
		return;
	mqtt_close(&(*cp)->mqtt);
	wipe_free((*cp)->token);
	free(*cp);
	*cp = NULL;
}

void
claim_answer_clear(struct claim_answer *a)
{
	free(a->thing);
	json_decref(a->configuration);
	memset(a, 0, sizeof(*a));
}

bool
claim_has_token(const struct claim *c)
{
	return c->token != NULL;
}

static void
say(const struct claim *c, const char *what)
{
	prov_error("%s: %s", what, mqtt_why(c->mqtt));
	if (mqtt_hint(c->mqtt) != NULL)
		prov_hint("%s", mqtt_hint(c->mqtt));
}

/* Connected, and able to hear both answers, before anything is asked. */
static bool
connect_claim(struct claim *c)
{
	char provision[2][sizeof(c->provision) + 16];
	const char *const topics[] = { CREATE "/accepted", CREATE "/rejected", provision[0],
		provision[1] };

	if (c->mqtt != NULL)
		return true;
	(void)snprintf(provision[0], sizeof(provision[0]), "%s/accepted", c->provision);
	(void)snprintf(provision[1], sizeof(provision[1]), "%s/rejected", c->provision);
	prov_step("connecting to %s with the claim certificate", c->o.mqtt.to.host);
	c->mqtt = mqtt_new(&c->o.mqtt);
	if (mqtt_connect(c->mqtt) == MQTT_OK &&
	    mqtt_subscribe(c->mqtt, topics, sizeof(topics) / sizeof(topics[0])) == MQTT_OK)
		return true;
	say(c, "claim");
	mqtt_close(&c->mqtt);
	return false;
}

/* {"statusCode": 403, "errorCode": "AccessDenied", "errorMessage": "..."} */
static void
say_rejected(const struct question *q, json_t *answer)
{
	const char *code = json_string_value(json_object_get(answer, "errorCode"));
	const char *text = json_string_value(json_object_get(answer, "errorMessage"));
	json_int_t status = json_integer_value(json_object_get(answer, "statusCode"));

	prov_error("AWS IoT rejects the %s: %s (%" JSON_INTEGER_FORMAT "): %s", q->what,
	    code != NULL ? code : "no error code", status, text != NULL ? text : "no reason given");
}

enum heard {
	HEARD_NOTHING, /* not for us */
	HEARD_ACCEPTED,
	HEARD_REJECTED,
};

static enum heard
judge(const struct question *q, const struct mqtt_message *msg, json_t *answer)
{
	size_t len = strlen(q->topic);

	if (strncmp(msg->topic, q->topic, len) != 0)
		return HEARD_NOTHING;
	if (strcmp(msg->topic + len, "/rejected") == 0)
		return HEARD_REJECTED;
	if (strcmp(msg->topic + len, "/accepted") != 0)
		return HEARD_NOTHING;
	return q->fits == NULL || q->fits(answer, q->data) ? HEARD_ACCEPTED : HEARD_NOTHING;
}

/* The next answer, whosever it is. NULL: said why there is none. */
static json_t *
hear(struct claim *c, const struct question *q, enum heard *heard)
{
	struct mqtt_message msg;
	json_t *answer;

	if (mqtt_receive(c->mqtt, &msg) != MQTT_OK) {
		say(c, q->what);
		return NULL;
	}
	answer = json_loadb(msg.payload, msg.payload_len, JSON_REJECT_DUPLICATES, NULL);
	if (answer == NULL) {
		prov_error("%s: the answer on \"%s\" is no JSON", q->what, msg.topic);
	} else {
		*heard = judge(q, &msg, answer);
	}
	mqtt_message_clear(&msg);
	return answer;
}

static enum claim_result
wait_for_answer(struct claim *c, const struct question *q, json_t **answerp)
{
	for (int i = 0; i < OTHERS_MAX; i++) {
		enum heard heard = HEARD_NOTHING;
		json_t *answer = hear(c, q, &heard);

		if (answer == NULL)
			return CLAIM_UNKNOWN;
		if (heard == HEARD_ACCEPTED) {
			*answerp = answer;
			return CLAIM_DONE;
		}
		if (heard == HEARD_REJECTED)
			say_rejected(q, answer);
		json_decref(answer);
		if (heard == HEARD_REJECTED)
			return CLAIM_REJECTED;
	}
	prov_error("%s: only answers to others were heard", q->what);
	return CLAIM_UNKNOWN;
}

static enum claim_result
ask(struct claim *c, const struct question *q, json_t **answerp)
{
	enum claim_result result = CLAIM_FAILED;

	if (connect_claim(c)) {
		result = CLAIM_UNKNOWN;
		if (mqtt_publish(c->mqtt, q->topic, q->payload, strlen(q->payload)) == MQTT_OK)
			result = wait_for_answer(c, q, answerp);
		else
			say(c, q->what);
	}
	/* The next one makes a connection of its own. */
	if (result == CLAIM_UNKNOWN)
		mqtt_close(&c->mqtt);
	return result;
}

/* An answer with a certificate for another key is the answer to another request. */
static bool
is_for_request(json_t *answer, void *data)
{
	const char *pem = json_string_value(json_object_get(answer, "certificatePem"));
	BIO *bio = pem != NULL ? BIO_new_mem_buf(pem, -1) : NULL;
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	/* What cannot be read is said later. */
	bool mine = cert == NULL || cert_is_for(cert, X509_REQ_get0_pubkey(data));

	X509_free(cert);
	BIO_free(bio);
	ERR_clear_error();
	return mine;
}

/* The members of the answer that are needed; what is wrong with them was said. */
static X509 *
take_certificate(struct claim *c, json_t *answer)
{
	const char *pem = json_string_value(json_object_get(answer, "certificatePem"));
	json_t *token = json_object_get(answer, "certificateOwnershipToken");
	X509 *cert = pem != NULL ? cert_from_pem("certificatePem", pem) : NULL;

	wipe_free(c->token);
	c->token = NULL;
	if (pem == NULL || !json_is_string(token)) {
		prov_error("the answer with the certificate lacks %s",
		    pem == NULL ? "certificatePem" : "certificateOwnershipToken");
		X509_free(cert);
		cert = NULL;
	} else if (cert != NULL) {
		c->token = strdup(json_string_value(token));
	}
	wipe_json(token);
	return cert;
}

enum claim_result
claim_sign(struct claim *c, X509_REQ *request, X509 **certp)
{
	struct question q = { .topic = CREATE,
		.what = "request for a certificate",
		.fits = is_for_request,
		.data = request };
	char *pem = req_pem(request);
	json_t *body = json_pack("{s:s*}", "certificateSigningRequest", pem), *answer = NULL;
	enum claim_result result = CLAIM_FAILED;

	*certp = NULL;
	q.payload = body != NULL && pem != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	if (q.payload != NULL)
		result = ask(c, &q, &answer);
	else
		prov_error("out of memory");
	if (result == CLAIM_REJECTED)
		prov_hint("does the policy of the claim certificate allow \"%s\"?", CREATE);
	if (result == CLAIM_DONE && (*certp = take_certificate(c, answer)) == NULL)
		result = CLAIM_UNKNOWN;
	json_decref(answer);
	json_decref(body);
	free(q.payload);
	free(pem);
	return result;
}

static void
take_answer(json_t *json, struct claim_answer *answer)
{
	const char *thing = json_string_value(json_object_get(json, "thingName"));
	json_t *configuration = json_object_get(json, "deviceConfiguration");

	answer->thing = thing != NULL ? strdup(thing) : NULL;
	if (json_is_object(configuration) && json_object_size(configuration) > 0)
		answer->configuration = json_incref(configuration);
}

/* The payload holds the token, and so does what it is made from. */
static char *
make_provision(const struct claim *c, json_t *parameters)
{
	json_t *token = json_string(c->token);
	json_t *body =
	    json_pack("{s:O, s:O}", "certificateOwnershipToken", token, "parameters", parameters);
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

	if (text == NULL)
		prov_error("out of memory");
	wipe_json(token);
	json_decref(token);
	json_decref(body);
	return text;
}

enum claim_result
claim_provision(struct claim *c, json_t *parameters, struct claim_answer *answer)
{
	struct question q = { .topic = c->provision, .what = "provisioning" };
	enum claim_result result = CLAIM_FAILED;
	bool asked = false;
	json_t *json = NULL;

	*answer = (struct claim_answer){ NULL, NULL };
	q.payload = make_provision(c, parameters);
	if (q.payload == NULL)
		return CLAIM_FAILED;
	/* The same token again is the same certificate, thing and all: nothing is doubled. */
	for (int i = 0; i < ATTEMPTS && !stop_wanted(); i++) {
		result = ask(c, &q, &json);
		if (result == CLAIM_DONE || result == CLAIM_REJECTED)
			break;
		asked = asked || result == CLAIM_UNKNOWN;
	}
	if (result == CLAIM_DONE)
		take_answer(json, answer);
	if (result == CLAIM_REJECTED)
		prov_hint(
		    "look at template \"%s\": its parameters, role and hook", c->o.template_name);
	json_decref(json);
	wipe_free(q.payload);
	return result == CLAIM_FAILED && asked ? CLAIM_UNKNOWN : result;
}

/* Once more after these, in milliseconds: provisioning may be under way at AWS IoT just now. */
static const long look_again[] = { 250, 750 };
#define LOOKS (1 + sizeof(look_again) / sizeof(look_again[0]))

static enum claim_state
look_once(const struct mqtt_options *o, bool named, char *why, size_t why_len)
{
	struct mqtt *m = mqtt_new(o);
	enum claim_state state = CLAIM_UNSURE;
	enum mqtt_result result;

	if (m == NULL) {
		(void)snprintf(why, why_len, "out of memory");
		return state;
	}
	result = mqtt_connect(m);
	/* With an alert it is the certificate, whatever the client is called. */
	if (result == MQTT_OK)
		state = CLAIM_ACTIVE;
	else if (result == MQTT_NOT_ADMITTED && (named || !mqtt_tls_done(m)))
		state = CLAIM_INACTIVE;
	(void)snprintf(why, why_len, "%s", result == MQTT_OK ? "" : mqtt_why(m));
	mqtt_close(&m);
	return state;
}

enum claim_state
claim_look(const struct mqtt_options *o, bool named, char *why, size_t why_len)
{
	enum claim_state state = CLAIM_UNSURE;

	for (size_t i = 0; i < LOOKS; i++) {
		state = look_once(o, named, why, why_len);
		if (state != CLAIM_INACTIVE || i + 1 == LOOKS || stop_wanted())
			break;
		(void)nanosleep(
		    &(struct timespec){ look_again[i] / 1000, look_again[i] % 1000 * 1000000L },
		    NULL);
	}
	return state;
}
