/*
 * The platform binding: what host and chip share for the encrypted connection, and on personalised
 * parts the authorization secret. The module makes, proves and keeps the secrets; none passes
 * through here but those of a portal file. Functions say why they failed.
 */
#ifndef PROVISION_PAIR_H
#define PROVISION_PAIR_H

#include <stdint.h>

#include "provision/portal.h"
#include "provision/token.h"
#include "provision/tokenchip.h"

#define PAIR_OID_BINDING       0xE140
#define PAIR_OID_AUTHORIZATION 0xF1D0

/* Whose the binding secret of the chip is. */
enum pair_whose {
	PAIR_THIS_HOST,
	PAIR_FACTORY, /* everybody knows it */
	PAIR_OTHER,   /* of another host, or of the vendor's portal */
};

struct pair_state {
	CK_OBJECT_HANDLE binding, authorization;
	enum pair_whose whose;
	bool personalised; /* F1D0 is an authorization reference */
	bool authorized;   /* this host has its secret */
	bool locked;       /* E140 is operational: its rules are fixed */
};

/* Handshakes tell. False also when the chip has no such thing. */
bool pair_look(struct token *t, struct pair_state *p);

/* A new secret, whatever there was. */
bool pair_make(struct token *t, const struct pair_state *p);

/* Secrets of a portal file, which must be for this chip. */
bool pair_import(
    struct token *t, const struct pair_state *p, const char *path, const struct portal *file);

/* The host forgets; the chip keeps its own. */
bool pair_forget(struct token *t, const struct pair_state *p);

#endif
