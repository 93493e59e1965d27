/*
 * Proof that a device can do its work: TLS with mutual authentication to the data endpoint, MQTT
 * under the thing's name, and a message to itself.
 */
#ifndef PROVISION_CONNECT_H
#define PROVISION_CONNECT_H

#include <stdbool.h>

#include <jansson.h>

#include "provision/mqtt.h"
#include "provision/options.h"
#include "provision/token.h"

/*
 * The certificate beside a key, NULL: there is none for it; and its issuers that are on the token,
 * in order, without self-signed ones. Both are the caller's to free, whatever comes back. false:
 * said why.
 */
bool connect_certs(
    struct token *t, const struct token_key *k, X509 **certp, STACK_OF(X509) * *chainp);

/*
 * Each step is added to the report ("tls", "mqtt", "subscribe", "publish", "receive": "ok" or
 * "FAILED"); false: one failed, and why was said. The client's name is the thing's; the topic is
 * THING/optiga-provision, which the policy that "run" makes allows.
 */
bool connect_prove(const struct mqtt_options *o, json_t *r);

/* --data-endpoint, or what AWS IoT says. false: said why. */
bool connect_endpoint(const struct options *o, struct mqtt_address *to);

struct job;

/* The proof for the key and the certificates that were read from the chip. */
bool connect_job(struct job *j, json_t *r);

#endif
