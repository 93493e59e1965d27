/* Making factory certificates; see factory_cert.c. */
#ifndef HAL_SIM_FACTORY_H
#define HAL_SIM_FACTORY_H

#include "hal/sim/app.h"
#include "hal/sim/model.h"

#define FACTORY_CERT_MAX 1536

/* What distinguishes the certificates of the models. */
struct factory_leaf {
	const char *cn, *country; /* country NULL: no such part of the name */
	bool personal;            /* with authorityInfoAccess and subjectKeyIdentifier */
	bool crl;                 /* with a CRL distribution point */
};

/* A certificate for key, signed by the CA with randoms from app. Its length, 0 on failure. */
size_t factory_certificate(struct sim_app *app, enum model_ca ca, const struct factory_leaf *leaf,
    const struct sim_key *key, uint8_t out[FACTORY_CERT_MAX]);

#endif
