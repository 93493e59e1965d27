/* See manifest.h. */
#include <config.h>

#include <string.h>

#include "hal/sim/manifest.h"

enum {
	COSE_ALG = 1,
	COSE_KID = 4,
	COSE_IV = 5,
	ALG_ES256 = 7,       /* -7 */
	ALG_RS256 = 65700,   /* -65700 */
	ALG_TLS_PRF = 65720, /* -65720 */
	ALG_AES_CCM = 10,    /* 16-64-128 */
	HASH_SHA256 = 41,
	PROCESS_HASH = 1, /* -1 */
	PROCESS_DECRYPT = 1,
	MANIFEST_VERSION = 1,
};

#define VERSION_MAX 32767
#define UID_LEN     25
#define LABEL_MAX   32
#define SEED_MIN    16
#define SEED_MAX    64

static bool
take_oid(struct cbor_in *in, uint16_t *oid)
{
	struct cbor_in v;

	if (!cbor_bytes(in, 2, 2, &v))
		return false;
	*oid = (uint16_t)(v.p[0] << 8 | v.p[1]);
	return true;
}

/* { 1: -7 } or { 1: -65700 }, serialised. */
static bool
parse_protected(struct manifest *m)
{
	struct cbor_in in = m->protected;
	uint32_t alg;

	if (!cbor_map(&in, 1) || !cbor_is_uint(&in, COSE_ALG) || !cbor_nint(&in, &alg) ||
	    in.len != 0)
		return false;
	m->rsa = alg == ALG_RS256;
	return m->rsa || alg == ALG_ES256;
}

/* What the two numbers of additional information mean, and may be, depends on the type. */
static bool
parse_info(struct cbor_in *in, struct manifest *m)
{
	static const uint32_t max[][2] = {
		[PAYLOAD_DATA] = { UINT32_MAX, WRITE_ERASED },
		[PAYLOAD_METADATA] = { RESET_RANDOM, 0 },
		[PAYLOAD_KEY] = { 0xFF, 0xFF },
	};

	if (!cbor_array(in, 2) || !cbor_uint(in, max[m->type][0], &m->info[0]) ||
	    !cbor_uint(in, max[m->type][1], &m->info[1]))
		return false;
	return m->type == PAYLOAD_METADATA || m->info[1] != 0;
}

static bool
parse_resource(struct cbor_in *in, struct manifest *m)
{
	uint32_t type, version;

	if (!cbor_array(in, 4) || !cbor_nint(in, &type) || type > PAYLOAD_KEY)
		return false;
	m->type = (uint8_t)type;
	if (!cbor_uint(in, UINT32_MAX, &m->size) || m->size == 0 ||
	    !cbor_uint(in, VERSION_MAX, &version))
		return false;
	m->version = (uint16_t)version;
	return parse_info(in, m);
}

static bool
parse_integrity(struct cbor_in *in, struct manifest *m)
{
	struct cbor_in v, hash;
	uint32_t process;

	if (!cbor_array(in, 2) || !cbor_nint(in, &process) || process != PROCESS_HASH)
		return false;
	if (!cbor_bytes(in, 0, SIZE_MAX, &v) || !cbor_array(&v, 2) ||
	    !cbor_is_uint(&v, HASH_SHA256) ||
	    !cbor_bytes(&v, MANIFEST_HASH, MANIFEST_HASH, &hash) || v.len != 0)
		return false;
	m->hash = hash.p;
	return true;
}

/* Protected header of the recipient: where the secret is, and what the key is derived from. */
static bool
parse_recipient(struct cbor_in in, struct manifest *m)
{
	uint32_t alg;

	return cbor_map(&in, 3) && cbor_is_uint(&in, COSE_KID) && take_oid(&in, &m->secret) &&
	       cbor_is_uint(&in, COSE_ALG) && cbor_nint(&in, &alg) && alg == ALG_TLS_PRF &&
	       cbor_is_uint(&in, COSE_IV) && cbor_array(&in, 2) &&
	       cbor_bytes(&in, 0, LABEL_MAX, &m->label) &&
	       cbor_bytes(&in, SEED_MIN, SEED_MAX, &m->seed) && in.len == 0;
}

static bool
parse_decryption(struct cbor_in *in, struct manifest *m)
{
	struct cbor_in header, recipient;

	m->encrypted = true;
	if (!cbor_array(in, 2) || !cbor_is_uint(in, PROCESS_DECRYPT) || !cbor_array(in, 3) ||
	    !cbor_bytes(in, 0, SIZE_MAX, &header))
		return false;
	if (!cbor_map(&header, 1) || !cbor_is_uint(&header, COSE_ALG) ||
	    !cbor_is_uint(&header, ALG_AES_CCM) || header.len != 0)
		return false;
	return cbor_array(in, 1) && cbor_array(in, 2) && cbor_bytes(in, 0, SIZE_MAX, &recipient) &&
	       parse_recipient(recipient, m) && cbor_null(in) && cbor_null(in);
}

static bool
parse_target(struct cbor_in *in, struct manifest *m)
{
	return cbor_array(in, 2) && cbor_bytes(in, 0, UID_LEN, &m->uid) &&
	       (m->uid.len == 0 || m->uid.len == UID_LEN) && take_oid(in, &m->target);
}

static bool
parse_body(struct cbor_in in, struct manifest *m)
{
	if (!cbor_array(&in, 6) || !cbor_is_uint(&in, MANIFEST_VERSION) || !cbor_null(&in) ||
	    !cbor_null(&in) || !parse_resource(&in, m))
		return false;
	if (!cbor_array(&in, 2) || !parse_integrity(&in, m))
		return false;
	if (!cbor_null(&in) && !parse_decryption(&in, m))
		return false;
	return parse_target(&in, m) && in.len == 0;
}

bool
manifest_parse(const uint8_t *p, size_t len, struct manifest *m)
{
	struct cbor_in in = { p, len }, body;

	memset(m, 0, sizeof(*m));
	if (!cbor_array(&in, 4) || !cbor_bytes(&in, 0, SIZE_MAX, &m->protected) ||
	    !parse_protected(m))
		return false;
	if (!cbor_map(&in, 1) || !cbor_is_uint(&in, COSE_KID) || !take_oid(&in, &m->anchor))
		return false;
	m->body.p = in.p;
	if (!cbor_bytes(&in, 0, SIZE_MAX, &body) || !parse_body(body, m))
		return false;
	m->body.len = (size_t)(in.p - m->body.p);
	return cbor_bytes(&in, 1, SIZE_MAX, &m->signature) && in.len == 0;
}
