/* VerifySign: SRM 4.4.1. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/sim/cert.h"
#include "hal/sim/model.h"
#include "hal/sim/operand.h"

#define SIGNATURE_MAX 520
#define DIGEST_MAX    64 /* ECDSA */

enum { DIGEST, SIGNATURE, CERT, ALG, KEY, NTAGS };

static uint8_t
check_form(const struct call *c, const struct tlv t[NTAGS])
{
	const bool ec = c->param == SCHEME_ECDSA;
	uint8_t err = public_form(&t[CERT], &t[ALG], &t[KEY]);

	if (err != 0)
		return err;
	if (!t[DIGEST].present || !t[SIGNATURE].present || t[SIGNATURE].len > SIGNATURE_MAX)
		return E_DATA;
	if (ec ? t[DIGEST].len == 0 || t[DIGEST].len > DIGEST_MAX
	       : t[DIGEST].len != 16u + 16u * c->param)
		return E_DATA;
	if (t[ALG].present && (ec ? ec_size(t[ALG].value[0]) : rsa_size(t[ALG].value[0])) == 0)
		return E_DATA;
	return 0;
}

static uint8_t
verify_ec(struct call *c, const struct sim_public *pub, const struct tlv *digest,
    const struct tlv *signature)
{
	const size_t size = ec_size(pub->alg);
	uint8_t r[COORD_MAX], s[COORD_MAX];

	if (size == 0)
		return E_CERT_UNSUPPORTED; /* by its form it can only be a certificate's */
	if (digest->len > size)
		return E_DATA;
	c->us = model_ec_us(c->app, TIME_VERIFY_EC, pub->alg);
	if (!ecdsa_split(signature->value, signature->len, size, r, s))
		return app_switch(c->app, SIM_APP_FORM_2C) ? E_SIGNATURE : E_DATA;
	return ecdsa_verify(pub, digest->value, digest->len, r, s) ? 0 : E_SIGNATURE;
}

static uint8_t
verify_rsa(struct call *c, const struct sim_public *pub, const struct tlv *digest,
    const struct tlv *signature)
{
	const size_t size = rsa_size(pub->alg);

	if (size == 0)
		return E_CERT_UNSUPPORTED;
	c->us = model_rsa_us(c->app, TIME_VERIFY_RSA, pub->alg);
	if (signature->len != size)
		return app_switch(c->app, SIM_APP_FORM_2C) ? E_SIGNATURE : E_DATA;
	return rsa_verify(pub, digest->value, digest->len, signature->value) ? 0 : E_SIGNATURE;
}

uint8_t
cmd_verify(struct call *c)
{
	struct tlv t[NTAGS] = { { .tag = 0x01 }, { .tag = 0x02 }, { .tag = 0x04 }, { .tag = 0x05 },
		{ .tag = 0x06 } };
	struct sim_public pub;
	uint8_t err;

	if (!scheme_known(c))
		return E_PARAM;
	if ((err = tlv_parse(c->in, c->in_len, t, NTAGS)) != 0 || (err = check_form(c, t)) != 0 ||
	    (err = public_select(
		 c, &t[CERT], &t[ALG], &t[KEY], CERT_SIGNATURE | CERT_CERT_SIGN, &pub)) != 0)
		return err;
	return c->param == SCHEME_ECDSA ? verify_ec(c, &pub, &t[DIGEST], &t[SIGNATURE])
					: verify_rsa(c, &pub, &t[DIGEST], &t[SIGNATURE]);
}
