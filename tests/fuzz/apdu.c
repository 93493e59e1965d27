/*
 * The host's commands and a chip that answers what it likes; bus, link and the files of binding
 * secrets are doubles in here.
 *
 * Input: model, command, then answers. In the model's byte:
 *   7  this host has a binding secret | 6 and a pending one | 5 the presentation layer is on
 * An answer is one byte of kind:
 *   1:0  0 bytes as they are, length (2) | 1 success with so many bytes of data, length (2)
 *        and with bit 2 the unique ID, which proves a secret
 *        2 failure, and the reason (1) for the next question | 3 an error of the link
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/secret.h"
#include "hal/bus/bus.h"
#include "hal/chip/bindfile.h"
#include "hal/chip/binding.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"
#include "tests/fuzz/fuzz.h"

#define NITEMS(a)  (sizeof(a) / sizeof((a)[0]))

#define ANSWER_MAX 2000
#define UID_LEN    27

static const uint8_t uids[][UID_LEN] = {
	{ 0xCD, 0x16, 0x33, 0x93, 0x01, 0x00, 0x1C, 0x00, 0x05, 0x00, 0x00, 0x0A, 0x09, 0xA4, 0x13,
	    0x00, 0x0A, 0x00, 0x2F, 0x00, 0x2E, 0x80, 0x10, 0x10, 0x71, 0x24, 0x40 },
	{ 0xCD, 0x16, 0x33, 0x82, 0x01, 0x00, 0x1C, 0x00, 0x05, 0x00, 0x00, 0x0A, 0x09, 0x1B, 0x5C,
	    0x00, 0x07, 0x00, 0xA6, 0x00, 0x87, 0x80, 0x10, 0x10, 0x71, 0x08, 0x09 },
	{ 0xCD, 0x16, 0x33, 0x6B, 0x01, 0x00, 0x1C, 0x00, 0x01, 0x00, 0x00, 0x0A, 0x08, 0x52, 0x55,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x11, 0x18 },
};

static struct input in;
static const uint8_t *uid;
static uint8_t reason; /* why the command before failed, 0: not asked for */
static struct bus_record record;
static struct secret *files[2]; /* current, pending */
static struct secret *known;    /* to the link */
static bool presence, session;

/* --- doubles ------------------------------------------------------------------------------- */

int
bus_open(const char *selector, struct bus **busp)
{
	(void)selector;
	*busp = malloc(1);
	return *busp != NULL ? 0 : HAL_ENOMEM;
}

void
bus_close(struct bus **busp)
{
	free(*busp);
	*busp = NULL;
}

bool
bus_present(const struct bus *b)
{
	(void)b;
	return true;
}

const char *
bus_selector(const struct bus *b)
{
	(void)b;
	return "fuzz:";
}

int
bus_lock(struct bus *b)
{
	(void)b;
	return 0;
}

void
bus_unlock(struct bus *b)
{
	(void)b;
}

struct bus_record *
bus_record(struct bus *b)
{
	(void)b;
	return &record;
}

int
link_new(struct bus *bus, struct link **lnp)
{
	(void)bus;
	*lnp = malloc(1);
	return *lnp != NULL ? 0 : HAL_ENOMEM;
}

void
link_free(struct link **lnp)
{
	free(*lnp);
	*lnp = NULL;
}

int
link_start(struct link *ln)
{
	(void)ln;
	return 0;
}

int
link_join(struct link *ln, bool drain)
{
	(void)ln;
	(void)drain;
	return 0;
}

int
link_set_secret(struct link *ln, const struct secret *secret)
{
	(void)ln;
	secret_free(&known);
	return secret == NULL ? 0 : secret_from(secret_bytes(secret), secret_len(secret), &known);
}

bool
link_has_secret(const struct link *ln)
{
	(void)ln;
	return known != NULL;
}

int
link_get_secret(const struct link *ln, struct secret **sp)
{
	(void)ln;
	*sp = NULL;
	return known == NULL ? HAL_ENOTFOUND
			     : secret_from(secret_bytes(known), secret_len(known), sp);
}

bool
link_presence(const struct link *ln)
{
	(void)ln;
	return presence;
}

void
link_adopt(struct link *ln, bool on, bool stands)
{
	(void)ln;
	presence = on;
	session = session && stands;
}

void
link_forget(struct link *ln)
{
	(void)ln;
	session = false;
}

bool
link_shielded(const struct link *ln)
{
	(void)ln;
	return session;
}

int
link_save(struct link *ln, struct secret **ctxp)
{
	(void)ln;
	*ctxp = NULL;
	if (!session)
		return HAL_EINVAL;
	session = false;
	return secret_from("half a session", 14, ctxp);
}

int
link_restore(struct link *ln, struct secret **ctxp)
{
	(void)ln;
	session = *ctxp != NULL && input_u8(&in) != 0;
	secret_free(ctxp);
	return session ? 0 : HAL_ESHIELD;
}

/* One file a suffix; they are all of the one chip. */

static struct secret **
file(const char *suffix)
{
	return &files[strcmp(suffix, BINDFILE_PENDING) == 0 ? 1 : 0];
}

const char *
bindfile_dir(const char *dir)
{
	(void)dir;
	return "fuzz";
}

int
bindfile_read(const char *dir, const char *serial, const char *suffix, struct secret **sp)
{
	const struct secret *s = *file(suffix);

	(void)dir;
	(void)serial;
	*sp = NULL;
	return s == NULL ? HAL_ENOTFOUND : secret_from(secret_bytes(s), secret_len(s), sp);
}

int
bindfile_write(const char *dir, const char *serial, const char *suffix, const struct secret *s)
{
	(void)dir;
	(void)serial;
	secret_free(file(suffix));
	return secret_from(secret_bytes(s), secret_len(s), file(suffix));
}

int
bindfile_settle(const char *dir, const char *serial)
{
	(void)dir;
	(void)serial;
	if (files[1] == NULL)
		return HAL_ENOTFOUND;
	secret_free(&files[0]);
	files[0] = files[1];
	files[1] = NULL;
	return 0;
}

void
bindfile_sweep(const char *dir, const char *serial)
{
	(void)dir;
	(void)serial;
}

int
bindfile_remove(const char *dir, const char *serial, const char *suffix)
{
	(void)dir;
	(void)serial;
	secret_free(file(suffix));
	return 0;
}

static int
success(struct buf *rsp, const uint8_t *p, size_t n)
{
	const uint8_t head[4] = { 0x00, 0x00, (uint8_t)(n >> 8), (uint8_t)n };
	int r = buf_put(rsp, head, sizeof(head));

	return r == 0 ? buf_put(rsp, p, n) : r;
}

static int
answer(struct buf *rsp)
{
	static const int errors[] = { HAL_EIO, HAL_ENODEV, HAL_ETIMEOUT, HAL_EPROTO, HAL_ETOOBIG,
		HAL_ERESYNC, HAL_ERESET, HAL_ESHIELD, HAL_EPAIR };
	const uint8_t *p;
	uint8_t kind;
	size_t n;

	if (in.len == 0)
		return HAL_ENODEV;
	kind = input_u8(&in);
	if ((kind & 7) == 5)
		return success(rsp, uid, UID_LEN);
	kind &= 3;
	if (kind == 2) {
		reason = input_u8(&in);
		return buf_put(rsp, "\xFF\x00\x00\x00", 4);
	}
	if (kind == 3)
		return errors[input_u8(&in) % NITEMS(errors)];
	n = input_u16(&in);
	p = input_bytes(&in, n < ANSWER_MAX ? n : ANSWER_MAX, &n);
	if (n > LINK_APDU_MAX - 4)
		n = LINK_APDU_MAX - 4;
	return kind == 1 ? success(rsp, p, n) : buf_put(rsp, p, n);
}

int
link_transceive_as(struct link *ln, const uint8_t *cmd, size_t cmd_len, struct buf *rsp,
    const struct link_how *how)
{
	(void)ln;
	fuzz_assert(how->protect == LINK_PLAIN || how->protect == LINK_PROTECT_BOTH);
	if (how->protect != LINK_PLAIN && known == NULL)
		return HAL_EPAIR;
	presence = presence || how->protect != LINK_PLAIN;
	session = session || how->protect != LINK_PLAIN;
	fuzz_assert(cmd_len >= 4 && cmd_len <= LINK_APDU_MAX);
	fuzz_assert(cmd_len == 4U + (unsigned)(cmd[2] << 8 | cmd[3]));
	buf_reset(rsp);
	if ((cmd[0] & 0x7F) == CHIP_CMD_OPEN)
		return success(rsp, NULL, 0);
	if (how->protect == LINK_PLAIN && cmd[0] == (CHIP_CMD_GET_DATA | 0x80) && cmd[4] == 0xE0 &&
	    cmd[5] == 0xC2)
		return success(rsp, uid, UID_LEN);
	if (reason != 0 && cmd[0] == CHIP_CMD_GET_DATA) {
		const uint8_t code = reason;

		reason = 0;
		return success(rsp, &code, 1);
	}
	return answer(rsp);
}

/* --- commands ------------------------------------------------------------------------------ */

static const uint8_t bytes[700];
static uint8_t room[700];
static struct buf out = BUF_INIT, out2 = BUF_INIT;

static void
data(struct chip *c)
{
	(void)chip_data_read(c, 0xE0E1, 0, SIZE_MAX, &out);
	fuzz_assert(out.len <= 1728);
	(void)chip_data_write(c, 0xE0E1, 0, bytes, sizeof(bytes), CHIP_ERASE_WRITE);
}

static void
meta(struct chip *c)
{
	struct chip_meta m;

	(void)chip_meta_read(c, 0xE0E1, &m);
	(void)chip_meta_write(c, 0xE0E1, (const uint8_t *)"\xD0\x01\x00", 3);
}

static void
keys(struct chip *c)
{
	(void)chip_keypair(c, 0xE0F1, CHIP_ALG_P256, CHIP_USE_SIGN, &out);
	(void)chip_keypair(c, 0xE0FC, CHIP_ALG_RSA2048, CHIP_USE_SIGN, &out);
	(void)chip_keypair_export(c, CHIP_ALG_P384, &out2, &out);
}

static void
sign(struct chip *c)
{
	if (chip_sign_ecdsa(c, 0xE0F1, 32, bytes, 32, &out) == 0)
		fuzz_assert(out.len == 64);
	(void)chip_sign_rsa(c, 0xE0FC, bytes, 32, &out);
}

static void
randoms(struct chip *c)
{
	(void)chip_random(c, room, 300);
	(void)chip_random(c, room, 3);
	(void)chip_random_challenge(c, 0xE100, NULL, 0, room, 32);
	(void)chip_random_secret(c, 0xE100, bytes, 2, 46);
}

static void
hash(struct chip *c)
{
	const struct chip_hash_input input = { .data = bytes, .len = 100 };

	(void)chip_hash(c, bytes, sizeof(bytes), room);
	(void)chip_hash_step(c, CHIP_HASH_START, &input, &out, NULL);
	(void)chip_hash_step(c, CHIP_HASH_FINAL, &input, &out, room);
	(void)chip_hash_abort(c);
}

static void
asymmetric(struct chip *c)
{
	const struct chip_pubkey key = { .cert = 0xE0E1 };

	(void)chip_verify(c, &key, bytes, 32, bytes, 64);
	(void)chip_rsa_encrypt(c, &key, bytes, 100, &out);
	(void)chip_rsa_decrypt(c, 0xE0FC, bytes, 256, CHIP_EXPORT, &out);
	(void)chip_ecdh(c, 0xE0F1, CHIP_ALG_P256, bytes, 68, CHIP_EXPORT, &out2);
}

static void
derive(struct chip *c)
{
	const struct chip_derivation d = {
		.kdf = CHIP_KDF_PRF_SHA256, .secret = 0xE100, .seed = bytes, .seed_len = 32
	};

	(void)chip_derive(c, &d, 40, CHIP_EXPORT, &out);
	(void)chip_derive(c, &d, 40, 0xE101, NULL);
}

static void
symmetric(struct chip *c)
{
	(void)chip_symkey_export(c, CHIP_ALG_AES128, &out);
	(void)chip_encrypt(c, CHIP_CIPHER_CBC, 0xE200, bytes, bytes, 672, &out);
	(void)chip_decrypt(c, CHIP_CIPHER_ECB, 0xE200, NULL, bytes, 672, &out2);
	(void)chip_mac(c, CHIP_MAC_CMAC, 0xE200, bytes, 100, &out);
	(void)chip_mac(c, CHIP_MAC_HMAC_SHA256, 0xF1D0, bytes, 100, &out);
}

static void
state(struct chip *c)
{
	uint8_t handle[CHIP_HANDLE_LEN];
	uint32_t value, threshold;

	(void)chip_counter_read(c, 0xE120, &value, &threshold);
	(void)chip_counter_count(c, 0xE120, 1);
	(void)chip_protected_update(c, bytes, 100, bytes, sizeof(bytes));
	if (chip_hibernate(c, handle) == 0)
		(void)chip_restore(c, handle);
	(void)chip_shutdown(c);
}

static void
binding(struct chip *c)
{
	struct secret *mine = NULL;

	(void)chip_binding_prove(c);
	(void)chip_pair(c, CHIP_BINDING_RENEW);
	data(c);
	fuzz_assert(secret_from(bytes, 48, &mine) == 0);
	(void)chip_binding_adopt(c, mine);
	secret_free(&mine);
	sign(c);
	state(c);
	(void)chip_binding_remove(c);
	data(c);
}

static void (*const commands[])(struct chip *c) = { data, meta, keys, sign, randoms, hash,
	asymmetric, derive, symmetric, state, binding };

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct chip *c = NULL;
	uint8_t first;

	in = (struct input){ input, len };
	memset(&record, 0, sizeof(record));
	reason = 0;
	first = input_u8(&in);
	uid = uids[(first & 0x1F) % NITEMS(uids)];
	presence = (first & 0x20) != 0;
	session = false;
	if ((first & 0x80) != 0)
		fuzz_assert(secret_from(bytes, 64, &files[0]) == 0);
	if ((first & 0x40) != 0)
		fuzz_assert(secret_from(bytes + 64, 32, &files[1]) == 0);
	fuzz_assert(chip_open("fuzz:", &c) == 0);
	commands[input_u8(&in) % NITEMS(commands)](c);
	chip_close(&c);
	buf_free(&out);
	buf_free(&out2);
	secret_free(&files[0]);
	secret_free(&files[1]);
	secret_free(&known);
	return 0;
}
