/* See cert.h. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/cert.h"
#include "hal/sim/cmd.h"
#include "hal/sim/der.h"

enum {
	T_BOOLEAN = 0x01,
	T_INTEGER = 0x02,
	T_BITS = 0x03,
	T_OCTETS = 0x04,
	T_NIL = 0x05,
	T_OID = 0x06,
	T_SEQUENCE = 0x30,
	T_VERSION = 0xA0,
	T_ISSUER_ID = 0x81,
	T_SUBJECT_ID = 0x82,
	T_EXTENSIONS = 0xA3,
};

#define SERIAL_MAX 20

static const uint8_t oid_ec[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };
static const uint8_t oid_rsa[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01 };

static const struct named {
	uint8_t alg;
	uint8_t len;
	uint8_t oid[9];
} curves[] = {
	{ ALG_P256, 8, { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 } },
	{ ALG_P384, 5, { 0x2B, 0x81, 0x04, 0x00, 0x22 } },
	{ ALG_P521, 5, { 0x2B, 0x81, 0x04, 0x00, 0x23 } },
	{ ALG_BP256, 9, { 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07 } },
	{ ALG_BP384, 9, { 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0B } },
	{ ALG_BP512, 9, { 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0D } },
};

/* ecdsa-with-SHA256.. and sha256WithRSAEncryption..: how they begin, and the last arcs known. */
static const struct {
	uint8_t len;
	uint8_t oid[8];
	uint8_t first, last;
	bool null; /* NULL as parameters, else none */
} signatures[] = {
	{ 7, { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03 }, 2, 4, false },
	{ 8, { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01 }, 11, 13, true },
};

static uint8_t
check_signature_algorithm(struct der_in v)
{
	struct der_in oid, nil;

	if (!sim_der_take(&v, T_OID, &oid))
		return E_CERT_FORMAT;
	for (size_t i = 0; i < NITEMS(signatures); i++) {
		const size_t n = signatures[i].len;

		if (oid.len != n + 1 || memcmp(oid.p, signatures[i].oid, n) != 0 ||
		    oid.p[n] < signatures[i].first || oid.p[n] > signatures[i].last)
			continue;
		if (signatures[i].null && (!sim_der_take(&v, T_NIL, &nil) || nil.len != 0))
			return E_CERT_FORMAT;
		return v.len == 0 ? 0 : E_CERT_FORMAT;
	}
	return E_CERT_UNSUPPORTED;
}

/* AlgorithmIdentifier of a key: its algorithm, for RSA any. 0: not known to the chip. */
static uint8_t
key_algorithm(struct der_in v)
{
	struct der_in oid;

	if (!sim_der_take(&v, T_OID, &oid))
		return 0;
	if (sim_der_equals(&oid, oid_rsa, sizeof(oid_rsa)))
		return ALG_RSA2048;
	if (!sim_der_equals(&oid, oid_ec, sizeof(oid_ec)) || !sim_der_take(&v, T_OID, &oid))
		return 0;
	for (size_t i = 0; i < NITEMS(curves); i++)
		if (sim_der_equals(&oid, curves[i].oid, curves[i].len))
			return curves[i].alg;
	return 0;
}

static uint8_t
parse_key(struct der_in spki, struct sim_public *key)
{
	struct der_in alg, bits;
	uint8_t a;

	if (!sim_der_take(&spki, T_SEQUENCE, &alg) || !sim_der_take_any(&spki, &bits) ||
	    spki.len != 0)
		return E_CERT_FORMAT;
	if ((a = key_algorithm(alg)) == 0)
		return E_CERT_UNSUPPORTED;
	if (public_parse(a, bits.p, bits.len, key) ||
	    (a == ALG_RSA2048 && public_parse(ALG_RSA1024, bits.p, bits.len, key)))
		return 0;
	return E_CERT_FORMAT;
}

/* SEQUENCE { BOOLEAN cA DEFAULT FALSE, INTEGER pathLen OPTIONAL, only for a CA } */
static bool
check_basic_constraints(struct der_in v)
{
	struct der_in seq, b;
	bool ca = false;

	if (!sim_der_take(&v, T_SEQUENCE, &seq) || v.len != 0)
		return false;
	if (sim_der_take(&seq, T_BOOLEAN, &b)) {
		if (b.len != 1)
			return false;
		ca = b.p[0] != 0;
	}
	return seq.len == 0 || (ca && sim_der_take(&seq, T_INTEGER, &b) && seq.len == 0);
}

static bool
parse_key_usage(struct der_in v, uint16_t *usage)
{
	struct der_in bits;

	if (!sim_der_take(&v, T_BITS, &bits) || v.len != 0 || bits.len < 2 || bits.len > 3)
		return false;
	*usage = (uint16_t)(bits.p[1] << 8 | (bits.len > 2 ? bits.p[2] : 0));
	return true;
}

/* SEQUENCE { T_OID, BOOLEAN critical DEFAULT FALSE, OCTET STRING } */
static bool
parse_extension(struct der_in ext, struct sim_cert *cert)
{
	struct der_in oid, critical, value;

	if (!sim_der_take(&ext, T_OID, &oid))
		return false;
	if (sim_der_next_is(&ext, T_BOOLEAN) && !sim_der_take(&ext, T_BOOLEAN, &critical))
		return false;
	if (!sim_der_take(&ext, T_OCTETS, &value) || ext.len != 0)
		return false;
	if (sim_der_equals(&oid, "\x55\x1D\x0F", 3))
		return parse_key_usage(value, &cert->usage);
	if (sim_der_equals(&oid, "\x55\x1D\x13", 3))
		return check_basic_constraints(value);
	return true;
}

static bool
parse_extensions(struct der_in v, struct sim_cert *cert)
{
	struct der_in list, ext;

	if (!sim_der_take(&v, T_SEQUENCE, &list) || v.len != 0)
		return false;
	while (list.len > 0)
		if (!sim_der_take(&list, T_SEQUENCE, &ext) || !parse_extension(ext, cert))
			return false;
	return true;
}

/* version 3 and serial number. */
static bool
check_start(struct der_in *tbs)
{
	struct der_in v, n;

	return sim_der_take(tbs, T_VERSION, &v) && sim_der_take(&v, T_INTEGER, &n) && v.len == 0 &&
	       sim_der_equals(&n, "\x02", 1) && sim_der_take(tbs, T_INTEGER, &n) && n.len >= 1 &&
	       n.len <= SERIAL_MAX;
}

static uint8_t
parse_tbs(struct der_in tbs, const struct der_in *algorithm, struct sim_cert *cert)
{
	struct der_in alg, issuer, part, key;
	uint8_t err;

	if (!check_start(&tbs) || !sim_der_take(&tbs, T_SEQUENCE, &alg) ||
	    !sim_der_equals(&alg, algorithm->p, algorithm->len) ||
	    !sim_der_take(&tbs, T_SEQUENCE, &issuer) || issuer.len == 0 ||
	    !sim_der_take(&tbs, T_SEQUENCE, &part) || /* validity: there is no clock */
	    !sim_der_take(&tbs, T_SEQUENCE, &part) || /* subject */
	    !sim_der_take(&tbs, T_SEQUENCE, &key))
		return E_CERT_FORMAT;
	if ((err = check_signature_algorithm(alg)) != 0 || (err = parse_key(key, &cert->key)) != 0)
		return err;
	if ((sim_der_next_is(&tbs, T_ISSUER_ID) && !sim_der_take(&tbs, T_ISSUER_ID, &part)) ||
	    (sim_der_next_is(&tbs, T_SUBJECT_ID) && !sim_der_take(&tbs, T_SUBJECT_ID, &part)))
		return E_CERT_FORMAT;
	cert->usage = 0xFFFF;
	if (tbs.len == 0)
		return 0;
	if (!sim_der_take(&tbs, T_EXTENSIONS, &part) || tbs.len != 0 ||
	    !parse_extensions(part, cert))
		return E_CERT_FORMAT;
	return 0;
}

uint8_t
cert_parse(const uint8_t *p, size_t len, struct sim_cert *cert)
{
	struct der_in in = { p, len }, whole, tbs, alg, signature;

	memset(cert, 0, sizeof(*cert));
	if (!sim_der_next_is(&in, T_SEQUENCE) || !sim_der_take(&in, T_SEQUENCE, &whole))
		return E_CERT_FORMAT;
	if ((size_t)(whole.p - p) + whole.len > CERT_SIZE_MAX)
		return E_CERT_UNSUPPORTED;
	if (!sim_der_take(&whole, T_SEQUENCE, &tbs) || !sim_der_take(&whole, T_SEQUENCE, &alg) ||
	    !sim_der_take(&whole, T_BITS, &signature) || whole.len != 0)
		return E_CERT_FORMAT;
	return parse_tbs(tbs, &alg, cert);
}
