/* Public keys and signatures in the chip's encodings (SRM 6.2), read; see crypto.h. */
#include <config.h>

#include <string.h>

#include "hal/sim/crypto.h"
#include "hal/sim/der.h"

#define TAG_BITS     0x03
#define TAG_SEQUENCE 0x30

static bool
parse_ec(const struct der_in *bits, struct sim_public *pub)
{
	const size_t n = 1 + 2 * ec_size(pub->alg);

	if (bits->len != n || bits->p[0] != 0x04)
		return false;
	memcpy(pub->point, bits->p, n);
	return ec_point_valid(pub);
}

/* SEQUENCE { INTEGER n, INTEGER e }; the modulus fills its size, as the chip demands. */
static bool
parse_rsa(struct der_in bits, struct sim_public *pub)
{
	const size_t size = rsa_size(pub->alg);
	struct der_in seq;
	uint8_t e[4];

	if (!sim_der_take(&bits, TAG_SEQUENCE, &seq) || bits.len != 0 ||
	    !sim_der_take_number(&seq, pub->n, size) || !sim_der_take_number(&seq, e, sizeof(e)) ||
	    seq.len != 0 || pub->n[0] < 0x80)
		return false;
	pub->e = (uint32_t)e[0] << 24 | (uint32_t)e[1] << 16 | (uint32_t)e[2] << 8 | e[3];
	return (pub->n[size - 1] & 1) != 0 && pub->e > 1 && (pub->e & 1) != 0;
}

bool
public_parse(uint8_t alg, const uint8_t *p, size_t len, struct sim_public *pub)
{
	struct der_in in = { p, len }, bits;

	memset(pub, 0, sizeof(*pub));
	pub->alg = alg;
	if (!sim_der_take(&in, TAG_BITS, &bits) || in.len != 0 || bits.len < 2 || bits.p[0] != 0)
		return false;
	bits.p++;
	bits.len--;
	if (ec_size(alg) != 0)
		return parse_ec(&bits, pub);
	return rsa_size(alg) != 0 && parse_rsa(bits, pub);
}

bool
ecdsa_split(const uint8_t *sig, size_t len, size_t size, uint8_t *r, uint8_t *s)
{
	struct der_in in = { sig, len };

	return sim_der_take_number(&in, r, size) && sim_der_take_number(&in, s, size) &&
	       in.len == 0;
}
