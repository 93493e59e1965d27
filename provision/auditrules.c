/* The rules of "audit"; see audit.h. */
#include <config.h>

#include <string.h>

#include "provision/auditint.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

static const struct audit_rule rules[] = {
	{ "binding-factory", AUDIT_ERROR, AUDIT_OBJECT,
	    "the binding secret is the one that all chips are delivered with, so that anyone can "
	    "open and read the encrypted connection",
	    "\"optiga-provision pair\" makes a secret of this chip's own", audit_binding_factory },
	{ "binding-open", AUDIT_ERROR, AUDIT_OBJECT,
	    "whoever has the board can read or replace the binding secret",
	    "\"optiga-provision pair --renewable --irreversible\" makes a secret that only this "
	    "host can change, and nobody can read",
	    audit_binding_open },
	{ "secret-readable", AUDIT_ERROR, AUDIT_OBJECT, "anyone can read the secret",
	    "\"optiga-provision lock --policy FILE\" with \"never\" for its reading",
	    audit_secret_readable },
	{ "anchor-open", AUDIT_ERROR, AUDIT_OBJECT,
	    "anyone can put a trust anchor of their own in its place, and then updates signed by "
	    "them are taken",
	    "\"optiga-provision lock --policy FILE --irreversible\" with this object in FILE",
	    audit_anchor_open },
	{ "anchor-free", AUDIT_WARNING, AUDIT_OBJECT,
	    "anyone can install a trust anchor of their own",
	    "write the one you want, or none, and then \"optiga-provision lock --policy FILE "
	    "--irreversible\"",
	    audit_anchor_free },
	{ "object-open", AUDIT_WARNING, AUDIT_OBJECT, "anyone can change what is in use",
	    "\"optiga-provision lock --policy FILE --irreversible\" with this object in FILE",
	    audit_object_open },
	{ "object-unlocked", AUDIT_WARNING, AUDIT_OBJECT,
	    "its conditions can still be changed by anyone, and then its content",
	    "\"optiga-provision lock --policy FILE --irreversible\" with this object in FILE",
	    audit_object_unlocked },
	{ "index-open", AUDIT_INFO, AUDIT_OBJECT,
	    "optiga-pkcs11 keeps names and public keys there, and anyone can change these",
	    "leave it: others trust a key's certificate, and locked, no key can be named",
	    audit_index_open },
	{ "conditions-unknown", AUDIT_WARNING, AUDIT_OBJECT,
	    "this program cannot tell who may change or read the object",
	    "look for a newer version, and at the chip's wiring", audit_not_known },
	{ "update-incomplete", AUDIT_ERROR, AUDIT_OBJECT,
	    "a protected update began and did not end: the object cannot be used",
	    "send the update again", audit_update_incomplete },
	{ "terminated", AUDIT_INFO, AUDIT_OBJECT, "the object can never be used again",
	    "use another", audit_terminated },
	{ "monitor-open", AUDIT_WARNING, AUDIT_OBJECT,
	    "anyone can turn off what slows an attacker down",
	    "\"optiga-provision lock --policy FILE --irreversible\" with this object in FILE",
	    audit_monitor_open },
	{ "monitor-off", AUDIT_WARNING, AUDIT_OBJECT,
	    "attacks on the chip's keys are not slowed down",
	    "write the factory's configuration, 3200050100000000", audit_monitor_off },
	{ "counter-end", AUDIT_ERROR, AUDIT_OBJECT,
	    "the counter has reached its end: what depends on it is refused",
	    "raise the threshold if the counter is not locked, or use another key",
	    audit_counter_end },
	{ "counter-near", AUDIT_WARNING, AUDIT_OBJECT,
	    "the counter is near its end: what depends on it is refused then",
	    "raise the threshold if the counter is not locked, or plan for another key",
	    audit_counter_near },
	{ "not-a-certificate", AUDIT_WARNING, AUDIT_OBJECT,
	    "the object holds bytes that nobody can read as a certificate",
	    "write a certificate, for example with \"optiga-provision run\"",
	    audit_not_a_certificate },

	{ "throttled", AUDIT_WARNING, AUDIT_CHIP,
	    "the chip has seen misuse, or keys used very often, and answers more slowly",
	    "leave it under power: the counter goes down by one in about five seconds",
	    audit_throttled },
	{ "events", AUDIT_INFO, AUDIT_CHIP,
	    "the chip counts keys and secrets used in a short time; as few come from ordinary use",
	    "wait: the counter goes down by one in about five seconds", audit_some_events },
	{ "chip-life-cycle", AUDIT_WARNING, AUDIT_CHIP,
	    "the chip is not in the state that it is delivered in", "replace the chip",
	    audit_chip_life },
	{ "free-open", AUDIT_INFO, AUDIT_CHIP, "anyone can write to objects that are not in use",
	    "\"optiga-provision lock --policy FILE --irreversible\" for those that stay so",
	    audit_free_open },

	{ "key-open", AUDIT_ERROR, AUDIT_KEY, "anyone can put another key in its place, for ever",
	    "use another slot", audit_key_open },
	{ "key-unlocked", AUDIT_WARNING, AUDIT_KEY,
	    "whoever reaches the chip can replace the key, or change what may be done with it",
	    "\"optiga-provision lock --slot SLOT --irreversible\", once all is in place",
	    audit_key_unlocked },
	{ "key-weak", AUDIT_ERROR, AUDIT_KEY, "keys of this size are no longer secure",
	    "remove it with \"pkcs11-tool --delete-object\" and run with another size",
	    audit_key_weak },
	{ "key-mismatch", AUDIT_ERROR, AUDIT_KEY,
	    "the certificate beside the key is for another key: connections with it fail",
	    "\"optiga-provision run --replace\"", audit_key_mismatch },
	{ "key-no-certificate", AUDIT_INFO, AUDIT_KEY, "the key has no certificate here",
	    "\"optiga-provision run\" gets one", audit_key_alone },
	{ "key-unknown", AUDIT_INFO, AUDIT_KEY,
	    "its public half is not known, so that no certificate can be said to be for another "
	    "key",
	    "make the key anew with \"optiga-provision run\"", audit_key_unknown },

	{ "cert-expired", AUDIT_ERROR, AUDIT_CERT, "the certificate is no longer valid",
	    "\"optiga-provision run --replace\"", audit_cert_expired },
	{ "cert-expiring", AUDIT_WARNING, AUDIT_CERT, "the certificate will soon end",
	    "\"optiga-provision run --replace\"", audit_cert_expiring },
	{ "cert-not-yet", AUDIT_ERROR, AUDIT_CERT,
	    "the certificate is not valid yet, or this host's clock is wrong",
	    "set the clock, or wait", audit_cert_not_yet },
	{ "cert-weak", AUDIT_ERROR, AUDIT_CERT,
	    "the certificate's key or signature is no longer secure",
	    "\"optiga-provision run --replace\" with another key or CA", audit_cert_weak },
	{ "cert-test", AUDIT_WARNING, AUDIT_CERT,
	    "by its name, the CA is one for tests: others do not trust it, or should not",
	    "\"optiga-provision run --replace\" with the CA of production", audit_cert_test },
	{ "cert-self-signed", AUDIT_WARNING, AUDIT_CERT, "nobody vouches for the device but itself",
	    "\"optiga-provision run --replace\" with a CA", audit_cert_self_signed },
	{ "cert-no-key", AUDIT_WARNING, AUDIT_CERT, "no key on the token is the certificate's",
	    "remove it, for example with \"pkcs11-tool --delete-object\"", audit_cert_alone },
};

const struct audit_rule *
audit_rule_row(size_t i)
{
	return i < NITEMS(rules) ? &rules[i] : NULL;
}

const struct audit_rule *
audit_rule_find(const char *id)
{
	for (size_t i = 0; i < NITEMS(rules); i++)
		if (strcmp(rules[i].id, id) == 0)
			return &rules[i];
	return NULL;
}
