/*
 * Whether the key in a slot is the one that a destroyed key was overwritten with (D6). The index
 * can be written by anyone who holds the board, so before another key is made there the chip is
 * asked: agreement with the curve's generator as the other side's public key gives the x
 * coordinate of the slot's own. RSA keys cannot agree on anything; one of that usage alone is of
 * no use to anybody.
 */
#include <config.h>

#include <string.h>

#include <openssl/ec.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/der.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/spki.h"

#define POINT_MAX (1 + 2 * 66) /* P-521 */
#define HASH_MIN  8            /* of what is recorded for a destroyed key */

/* The generator in the form of a public key: BIT STRING, no unused bits, uncompressed point. */
static int
put_generator(const struct chip_keytype *kt, struct buf *out)
{
	EC_GROUP *group = ossl_group(kt);
	uint8_t bits[1 + POINT_MAX] = { 0 };
	size_t n = 0;

	if (group != NULL)
		n = EC_POINT_point2oct(group, EC_GROUP_get0_generator(group),
		    POINT_CONVERSION_UNCOMPRESSED, bits + 1, sizeof(bits) - 1, NULL);
	EC_GROUP_free(group);
	return n == 0 ? HAL_ECRYPTO : der_put(out, DER_BIT_STRING, bits, 1 + n);
}

/* Whether a point with this x coordinate is the recorded one: there are two. */
static bool
matches(const struct chip_keytype *kt, const struct buf *x, const struct cur *hash)
{
	uint8_t point[1 + POINT_MAX], sum[SPKI_HASH_LEN];
	struct buf spki = BUF_INIT;
	bool same = false;

	if (x->len != kt->size || x->len > POINT_MAX || hash->len < HASH_MIN ||
	    hash->len > sizeof(sum))
		return false;
	memcpy(point + 1, x->data, x->len);
	for (point[0] = 2; point[0] <= 3 && !same; point[0]++)
		same = spki_from_bits(kt, point, 1 + x->len, &spki) == 0 &&
		       spki_hash(&spki, sum) == 0 && memcmp(sum, hash->p, hash->len) == 0;
	buf_free(&spki);
	return same;
}

int
key_prove_destroyed(struct store *st, struct key *k)
{
	const struct chip_keytype *kt = key_type(k);
	struct buf generator = BUF_INIT, x = BUF_INIT;
	struct cur hash;
	int r = 0;

	if (k->proof != PROOF_NONE)
		return 0;
	if (k->row->rsa) {
		k->proof = PROOF_GOOD;
		return 0;
	}
	if (kt == NULL || !index_get(&st->index, key_code(k), INDEX_HASH, &hash) ||
	    (r = put_generator(kt, &generator)) != 0)
		goto out;
	r = chip_ecdh(
	    st->chip, k->row->oid, kt->alg, generator.data, generator.len, CHIP_EXPORT, &x);
	if (r < 0)
		goto out;
	k->proof = r == 0 && matches(kt, &x, &hash) ? PROOF_GOOD : PROOF_BAD;
	if (k->proof == PROOF_BAD)
		log_info("%04X: marked as destroyed, but %s: left alone", k->row->oid,
		    r == 0 ? "it holds another key" : "the chip does not let it be proved");
	r = 0;
out:
	buf_free(&generator);
	buf_free(&x);
	return r;
}
