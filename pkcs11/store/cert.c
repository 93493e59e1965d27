/*
 * Certificate objects: E0E0-E0E3 hold one DER certificate or a TLS identity, trust anchors one
 * DER certificate.
 *
 * TLS identity: C0 | length(2) of the rest | length(3) of the chain | per certificate length(3)
 * and DER, leaf first (Solution Reference Manual, "Chip identity and Public Key Certificates";
 * the chain is TLS's Certificate structure, RFC 5246, 7.4.2). A plain write can leave old bytes
 * behind, so only the lengths count.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/der.h"
#include "pkcs11/store/spki.h"
#include "pkcs11/store/x509.h"

#define TAG_TLS_IDENTITY 0xC0
#define IDENTITY_HEAD    6  /* tag, two lengths */
#define HEAD_LEN         16 /* enough to tell what is there and how long */

void
cert_forget(struct cert_slot *s)
{
	for (unsigned i = 0; i < s->n; i++)
		buf_free(&s->certs[i].spki);
	buf_free(&s->raw);
	*s = (struct cert_slot){ .row = s->row };
}

int
cert_meta(struct store *st, struct cert_slot *s)
{
	int r;

	if (s->meta_known)
		return 0;
	if ((r = chip_meta_read(st->chip, s->row->oid, &s->meta)) != 0)
		return r;
	s->meta_known = true;
	return 0;
}

size_t
cert_promised(const uint8_t *head, size_t len, size_t max)
{
	struct cur c = { head, len };
	uint16_t n;
	uint8_t tag;
	size_t total;

	if (der_length(head, len, DER_SEQUENCE, max, &total))
		return total;
	if (cur_u8(&c, &tag) && tag == TAG_TLS_IDENTITY && cur_u16(&c, &n) && n >= 3 &&
	    (size_t)n + 3 <= max)
		return (size_t)n + 3;
	return 0;
}

unsigned
cert_split(const uint8_t *raw, size_t len, bool anchor, struct cur *out, unsigned max)
{
	struct cur c = { raw, len }, chain;
	uint8_t tag;
	uint16_t rest;
	uint32_t n;
	size_t total;
	unsigned count = 0;

	if (max > 0 && der_length(raw, len, DER_SEQUENCE, len, &total)) {
		out[0] = (struct cur){ raw, total };
		return 1;
	}
	if (anchor || !cur_u8(&c, &tag) || tag != TAG_TLS_IDENTITY || !cur_u16(&c, &rest) ||
	    rest < 3 || rest > c.len || !cur_u24(&c, &n) || n > rest - 3U)
		return 0;
	chain = (struct cur){ c.p, n };
	while (count < max && cur_u24(&chain, &n) && cur_bytes(&chain, n, &out[count].p)) {
		if (!der_length(out[count].p, n, DER_SEQUENCE, n, &total))
			break;
		out[count++].len = total;
	}
	return count;
}

static int
put_u24(struct buf *b, size_t v)
{
	const int r = buf_put_u8(b, (uint8_t)(v >> 16));

	return r != 0 ? r : buf_put_u16(b, (uint16_t)v);
}

int
cert_join(const struct cur *ders, unsigned n, struct buf *out)
{
	size_t sum = 0;
	int r;

	for (unsigned i = 0; i < n; i++)
		sum += 3 + ders[i].len;
	if (sum + 3 > 0xFFFF)
		return HAL_ETOOBIG;
	buf_reset(out);
	if ((r = buf_put_u8(out, TAG_TLS_IDENTITY)) != 0 ||
	    (r = buf_put_u16(out, (uint16_t)(sum + 3))) != 0 || (r = put_u24(out, sum)) != 0)
		return r;
	for (unsigned i = 0; i < n; i++)
		if ((r = put_u24(out, ders[i].len)) != 0 ||
		    (r = buf_put(out, ders[i].p, ders[i].len)) != 0)
			return r;
	return 0;
}

/* The content as far as it is certificates: a look at its head, and the rest if there is any. */
static int
read_content(struct store *st, struct cert_slot *s)
{
	const uint16_t oid = s->row->oid;
	const size_t max = chip_model_object(chip_model(st->chip), oid)->max;
	size_t want;
	int r;

	if ((r = chip_data_read(st->chip, oid, 0, HEAD_LEN, &s->raw)) != 0)
		return r;
	want = cert_promised(s->raw.data, s->raw.len, max);
	if (want > s->raw.len)
		return chip_data_read(st->chip, oid, s->raw.len, want - s->raw.len, &s->raw);
	return 0;
}

/* One certificate into the slot; what is no X.509, or is there already, is left out. */
static int
take_cert(struct cert_slot *s, const struct cur *der)
{
	struct cert *c = &s->certs[s->n];
	struct buf spki = BUF_INIT;
	int r;

	*c = (struct cert){ .at = (size_t)(der->p - s->raw.data), .len = der->len };
	c->stamp = object_stamp(der->p, der->len);
	for (unsigned i = 0; i < s->n; i++)
		if (s->certs[i].stamp == c->stamp)
			return 0;
	if ((r = x509_spki(der->p, der->len, &spki)) == 0) {
		s->n++;
		r = spki_parse(spki.data, spki.len, &c->type, &c->spki);
		if (r == HAL_EFORMAT) { /* a key that chips do not have */
			buf_reset(&c->spki);
			r = 0;
		}
	} else if (r == HAL_EFORMAT) {
		log_debug("%04X: %zu bytes are no X.509 certificate", s->row->oid, der->len);
		r = 0;
	}
	buf_free(&spki);
	return r;
}

int
cert_load(struct store *st, struct cert_slot *s)
{
	struct cur ders[CHAIN_MAX];
	unsigned n;
	int r;

	if (s->loaded)
		return 0;
	cert_forget(s);
	if (chip_model_object(chip_model(st->chip), s->row->oid) == NULL) {
		s->loaded = true;
		return 0;
	}
	r = read_content(st, s);
	if (r > 0) { /* a read condition that is not met: nothing to show */
		log_debug("%04X cannot be read: %s", s->row->oid, hal_strerror(r));
		s->loaded = true;
		return 0;
	}
	s->zero = data_all_zero(&s->raw);
	if (r == 0) {
		n = cert_split(s->raw.data, s->raw.len, s->row->anchor, ders, CHAIN_MAX);
		for (unsigned i = 0; i < n && r == 0; i++)
			r = take_cert(s, &ders[i]);
	}
	if (r != 0)
		cert_forget(s);
	s->loaded = r == 0;
	return r;
}
