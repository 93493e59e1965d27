/*
 * Fleet provisioning by claim at AWS IoT over MQTT (aws-iot 9): a shared claim certificate asks for
 * the device's own, and for what a template makes of it.
 *
 *   $aws/certificates/create-from-csr/json              request -> certificate, and a token
 *   $aws/provisioning-templates/TEMPLATE/provision/json token, parameters -> thing, configuration
 *
 * Between the two the certificate is PENDING_ACTIVATION: nobody can connect with it, and AWS IoT
 * deletes it after an hour. The token that the second needs is a secret and stays in memory, so a
 * certificate whose run was killed before the second is lost; it is told from one that works by
 * connecting with it.
 */
#ifndef PROVISION_CLAIM_H
#define PROVISION_CLAIM_H

#include <stdbool.h>

#include <jansson.h>

#include "provision/mqtt.h"

struct claim; /* complete in provision/claim.c */

struct claim_options {
	struct mqtt_options mqtt; /* with the claim's key and certificate, and a client's name */
	const char *template_name;
};

/* Connects nothing yet. NULL: said why. */
struct claim *claim_new(const struct claim_options *o);
void claim_free(struct claim **cp);

/* What came of a call; all but CLAIM_DONE and CLAIM_STOPPED said why. */
enum claim_result {
	CLAIM_DONE,
	CLAIM_FAILED,   /* nothing came of it */
	CLAIM_REJECTED, /* answered, and refused */
	CLAIM_UNKNOWN,  /* asked, and no answer was heard */
};

/* The first: a certificate for the request, whose key it is checked for. */
enum claim_result claim_sign(struct claim *c, X509_REQ *request, X509 **certp);

/* The second, of the certificate that claim_sign gave last. */
struct claim_answer {
	char *thing;           /* NULL: the template makes none */
	json_t *configuration; /* of the device; NULL: none */
};
void claim_answer_clear(struct claim_answer *a);
enum claim_result claim_provision(struct claim *c, json_t *parameters, struct claim_answer *answer);

/* Whether claim_sign gave a certificate that can still be provisioned. */
bool claim_has_token(const struct claim *c);

/* Whether a device can connect with its certificate. */
enum claim_state {
	CLAIM_ACTIVE,
	CLAIM_INACTIVE, /* certainly not */
	CLAIM_UNSURE,
};

/*
 * o is the device's. named: its client_id is the thing's name for certain, so that a server which
 * closes the connection means the certificate, not the name. The reason goes into why when it is
 * not ACTIVE.
 */
enum claim_state claim_look(const struct mqtt_options *o, bool named, char *why, size_t why_len);

#endif
