/* See simapp_rig.h. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/object.h"
#include "tests/unit/simapp_rig.h"

#define TEXTS     16
#define TEXT_SIZE 4096

struct rig rig;

const char *
text(const char *fmt, ...)
{
	static char ring[TEXTS][TEXT_SIZE];
	static unsigned next;
	char *t = ring[next++ % TEXTS];
	va_list ap;

	va_start(ap, fmt);
	ck_assert_int_lt(vsnprintf(t, TEXT_SIZE, fmt, ap), TEXT_SIZE);
	va_end(ap);
	return t;
}

size_t
rig_unhex(const char *hex, uint8_t *out, size_t max)
{
	size_t n = 0;
	unsigned v;

	while (*hex != '\0') {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		ck_assert_int_eq(sscanf(hex, "%2x", &v), 1);
		ck_assert_uint_lt(n, max);
		out[n++] = (uint8_t)v;
		hex += 2;
	}
	return n;
}

const char *
rig_hex(const uint8_t *p, size_t n)
{
	static char ring[4][2 * SIM_APDU_MAX + 1];
	static unsigned next;
	char *t = ring[next++ % NITEMS(ring)];

	t[0] = '\0';
	for (size_t i = 0; i < n; i++)
		(void)snprintf(t + 2 * i, 3, "%02X", p[i]);
	return t;
}

const char *
rig_zeros(size_t n)
{
	static char z[2 * SIM_APDU_MAX + 1];

	ck_assert_uint_lt(2 * n, sizeof(z));
	memset(z, '0', 2 * n);
	z[2 * n] = '\0';
	return z;
}

void
rig_factory(uint64_t seed, bool monitor)
{
	memset(&rig, 0, sizeof(rig));
	ck_assert_int_eq(sim_app_factory(&rig.app, "trust-m-v3", seed, 1.0, monitor), 0);
	sim_app_reset(&rig.app, 0, true);
}

void
rig_model(const char *model)
{
	memset(&rig, 0, sizeof(rig));
	ck_assert_int_eq(sim_app_factory(&rig.app, model, 1, 1.0, false), 0);
	sim_app_reset(&rig.app, 0, true);
	ok("F000", "D27600000447656E417574684170706C", "");
}

void
rig_setup(void)
{
	rig_factory(1, false);
	ok("F000", "D27600000447656E417574684170706C", "");
}

/* Every response obeys the form, whatever the command was. */
void
rig_send(const uint8_t *cmd, size_t len)
{
	sim_app_advance(&rig.app, rig.now);
	rig.rsp_len = 0;
	sim_app_command(&rig.app, rig.now, &rig.prot, cmd, len, rig.rsp, &rig.rsp_len, &rig.exec);
	rig.now += rig.exec;
	ck_assert_uint_ge(rig.rsp_len, 4);
	ck_assert_uint_le(rig.rsp_len, SIM_APDU_MAX);
	ck_assert_uint_eq(((unsigned)rig.rsp[2] << 8 | rig.rsp[3]) + 4u, rig.rsp_len);
	ck_assert(rig.rsp[0] == 0x00 || (rig.rsp[0] == 0xFF && rig.rsp_len == 4));
	ck_assert_uint_gt(rig.exec, 0);
}

void
rig_send_hex(const char *apdu)
{
	uint8_t cmd[SIM_APDU_MAX + 64];

	rig_send(cmd, rig_unhex(apdu, cmd, sizeof(cmd)));
}

const uint8_t *
rig_out(size_t *len)
{
	*len = rig.rsp_len - 4;
	return rig.rsp + 4;
}

void
rig_wait(uint64_t ns)
{
	rig.now += ns;
	sim_app_advance(&rig.app, rig.now);
}

void
run(const char *head, const char *in)
{
	uint8_t cmd[SIM_APDU_MAX + 64];
	size_t n;

	ck_assert_uint_eq(rig_unhex(head, cmd, 2), 2);
	n = rig_unhex(in, cmd + 4, sizeof(cmd) - 4);
	cmd[2] = (uint8_t)(n >> 8);
	cmd[3] = (uint8_t)n;
	rig_send(cmd, n + 4);
}

bool
succeeds(const char *head, const char *in)
{
	run(head, in);
	return rig.rsp[0] == 0x00;
}

static unsigned
last_error(void)
{
	rig_send_hex("01000002F1C2");
	ck_assert_uint_eq(rig.rsp[0], 0);
	ck_assert_uint_eq(rig.rsp_len, 5);
	return rig.rsp[4];
}

void
ok(const char *head, const char *in, const char *out)
{
	uint8_t want[SIM_APDU_MAX];
	size_t n;

	if (!succeeds(head, in))
		ck_abort_msg("%s %s failed with %02X", head, in, last_error());
	if (out == NULL)
		return;
	n = rig_unhex(out, want, sizeof(want));
	ck_assert_str_eq(rig_hex(rig.rsp + 4, rig.rsp_len - 4), rig_hex(want, n));
}

void
refused(const char *head, const char *in, unsigned code)
{
	unsigned is;

	if (succeeds(head, in))
		ck_abort_msg("%s %s succeeded instead of %02X", head, in, code);
	is = last_error();
	ck_assert_msg(is == code, "%s %s: %02X instead of %02X", head, in, is, code);
}

void
exchange(const char *apdu, const char *rsp)
{
	uint8_t want[SIM_APDU_MAX];
	size_t n = rig_unhex(rsp, want, sizeof(want));

	rig_send_hex(apdu);
	want[1] = rig.rsp[1];
	ck_assert_str_eq(rig_hex(rig.rsp, rig.rsp_len), rig_hex(want, n));
}

void
meta_is(unsigned oid, const char *block)
{
	ok("8101", text("%04X", oid), block);
}

static const char *
meta_command(unsigned oid, const char *tlvs)
{
	uint8_t b[256];

	return text("%04X0000 20%02X %s", oid, (unsigned)rig_unhex(tlvs, b, sizeof(b)), tlvs);
}

void
meta_write(unsigned oid, const char *tlvs)
{
	ok("8201", meta_command(oid, tlvs), "");
}

/* A refused block leaves every tag as it was. */
void
meta_refused(unsigned oid, const char *tlvs, unsigned code)
{
	char before[2 * 44 + 1];
	size_t n;

	ok("8101", text("%04X", oid), NULL);
	n = rig.rsp_len - 4;
	ck_assert_uint_le(n, 44);
	(void)snprintf(before, sizeof(before), "%s", rig_hex(rig.rsp + 4, n));
	refused("8201", meta_command(oid, tlvs), code);
	meta_is(oid, before);
}

void
rig_generate(unsigned oid, uint8_t alg, uint8_t usage)
{
	ok(text("B8%02X", alg), text("010002%04X020001%02X", oid, usage), NULL);
}

static struct sim_key *
slot(unsigned oid)
{
	const int i = object_find((uint16_t)oid);

	ck_assert_int_ge(i, 0);
	return object_key(&rig.app, (size_t)i);
}

void
rig_load_ec(unsigned oid, uint8_t alg, uint8_t usage, const char *d)
{
	rig_generate(oid, alg, usage);
	(void)rig_unhex(d, slot(oid)->priv, sizeof(slot(oid)->priv));
}

void
rig_load_rsa1024(unsigned oid, uint8_t usage, const char *n, const char *d)
{
	rig_generate(oid, ALG_RSA1024, usage);
	(void)rig_unhex(n, slot(oid)->n, sizeof(slot(oid)->n));
	(void)rig_unhex(d, slot(oid)->priv, sizeof(slot(oid)->priv));
}

static const char *
group(uint8_t alg)
{
	switch (alg) {
	case ALG_P256: return "P-256";
	case ALG_P384: return "P-384";
	case ALG_P521: return "P-521";
	case ALG_BP256: return "brainpoolP256r1";
	case ALG_BP384: return "brainpoolP384r1";
	default: return "brainpoolP512r1";
	}
}

static EVP_PKEY *
from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY *key = NULL;

	ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

EVP_PKEY *
rig_ec_key(uint8_t alg, const uint8_t *point, size_t len)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();

	(void)OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, group(alg), 0);
	(void)OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, len);
	return from_params("EC", bld);
}

EVP_PKEY *
rig_rsa_key(const uint8_t *n, size_t len)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *bn = BN_bin2bn(n, (int)len, NULL), *e = BN_new();
	EVP_PKEY *key;

	(void)BN_set_word(e, 65537);
	(void)OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn);
	(void)OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e);
	key = from_params("RSA", bld);
	BN_free(bn);
	BN_free(e);
	return key;
}

/* Heads of section 6.2: what stands before the point or modulus in "02 len BIT STRING". */
EVP_PKEY *
rig_public(uint8_t alg)
{
	size_t len, head;
	const uint8_t *out = rig_out(&len);

	if (alg == ALG_RSA1024 || alg == ALG_RSA2048) {
		const size_t n = alg == ALG_RSA1024 ? 128 : 256;

		ck_assert_uint_gt(len, n + 5);
		return rig_rsa_key(out + len - 5 - n, n);
	}
	head = 3 + 3 + (len - 3 > 130);
	return rig_ec_key(alg, out + head, len - head);
}

/* One of the chip's INTEGERs: its value without leading zeros, and what follows. */
static const uint8_t *
integer(const uint8_t *p, const uint8_t *end, size_t coordinate, BIGNUM **v)
{
	size_t n;

	if (end - p < 2 || p[0] != 0x02 || p[1] > 0x7F || (size_t)(end - p) < 2u + p[1])
		return NULL;
	n = p[1];
	if (n != coordinate && !(n == coordinate + 1 && p[2] == 0x00 && p[3] >= 0x80))
		return NULL;
	if (n == coordinate && p[2] >= 0x80)
		return NULL;
	*v = BN_bin2bn(p + 2, (int)n, NULL);
	return p + 2 + n;
}

bool
rig_ecdsa_verifies(EVP_PKEY *key, size_t coordinate, const uint8_t *digest, size_t digest_len,
    const uint8_t *sig, size_t sig_len)
{
	const uint8_t *p = sig, *end = sig + sig_len;
	BIGNUM *r = NULL, *s = NULL;
	ECDSA_SIG *es = ECDSA_SIG_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t *der = NULL;
	bool good = false;
	int n;

	p = integer(p, end, coordinate, &r);
	if (p != NULL)
		p = integer(p, end, coordinate, &s);
	if (p != end) {
		BN_free(r);
		BN_free(s);
		goto out;
	}
	ck_assert_int_eq(ECDSA_SIG_set0(es, r, s), 1);
	n = i2d_ECDSA_SIG(es, &der);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(EVP_PKEY_verify_init(ctx), 1);
	good = EVP_PKEY_verify(ctx, der, (size_t)n, digest, digest_len) == 1;
out:
	ECDSA_SIG_free(es);
	EVP_PKEY_CTX_free(ctx);
	OPENSSL_free(der);
	return good;
}

bool
rig_sig_is_minimal(const uint8_t *sig, size_t sig_len)
{
	for (const uint8_t *p = sig; p < sig + sig_len; p += 2 + p[1])
		if (p[2] == 0x00 && p[3] < 0x80)
			return false;
	return true;
}

int
rig_main(Suite *s)
{
	SRunner *sr = srunner_create(s);
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
