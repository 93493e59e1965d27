/*
 * What the chip's manual leaves open, each point read either way: a standard set of everything
 * that this host does must come out the same, whatever the chip does there. Each switch meets the
 * parts of the set that it is about, new ones of the simulator, and none of them, all parts; in
 * the long test (ALL_PARTS) each meets all.
 */
#include <config.h>

#include <check.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"
#include "hal/chip/bindfile.h"
#include "hal/chip/binding.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"
#include "hal/sim/fault.h"
#include "hal/sim/handle.h"
#include "hal/sim/object.h"
#include "tests/unit/test_chip_ossl.h"
#include "tests/unit/test_chip_vectors.h"

#define QUIRKS  18 /* with none before them; main counts */
#define KEY     0xE0F1
#define KEY_RSA 0xE0FC
#define SESSION 0xE102
#define ANCHOR  0xE0E8
#define AES     0xE200
#define SECRET  0xF1D5

#ifndef ALL_PARTS
#define ALL_PARTS 0
#endif

enum {
	DATA = 0x001,
	COUNTERS = 0x002,
	KEYS = 0x004,
	RANDOM = 0x008,
	CIPHERS = 0x010,
	UPDATES = 0x020,
	SHIELDED = 0x040,
	UNDER_IT = 0x080, /* this and what follows want what SHIELDED left */
	HIBERNATE = 0x100,
	DAMAGED = 0x200,
	PROTECTED = SHIELDED | HIBERNATE | DAMAGED,
};

static const struct {
	const char *quirk;
	unsigned parts;
} about[] = {
	{ "mac-silent", CIPHERS },
	{ "cbc-needs-iv", CIPHERS },
	{ "form-2c", KEYS },
	{ "no-session-rsa", KEYS },
	{ "any-type", CIPHERS | UPDATES },
	{ "hmac-uncounted", CIPHERS | SHIELDED | HIBERNATE },
	{ "free-running", CIPHERS | SHIELDED | HIBERNATE },
	{ "open-clears", DATA | PROTECTED },
	{ "empty-read", DATA },
	{ "long-read-cut", DATA }, /* seen by who asks for more than a response holds: we do not */
	{ "mark-early", UPDATES },
	{ "plain-ok", PROTECTED },
	{ "no-session-44", PROTECTED },
	{ "failed-count", PROTECTED },
	{ "equal-seq", PROTECTED | UNDER_IT },
	{ "no-event", SHIELDED | HIBERNATE },
	{ "silent", PROTECTED },
	{ "handshake-44", PROTECTED },
};

static char dir[64], serial[CHIP_SERIAL_LEN];
static const char *selector;
static struct chip *c;
static struct buf out;
static uint8_t bytes[1800];

/* The monitor makes everything slow; only some switches are about it. */
static bool
about_events(int i)
{
	const struct sim_quirk *q = i > 0 ? sim_quirk_at((size_t)i - 1) : NULL;

	if (q == NULL)
		return true;
	return q->shield ? q->bit == SIM_SHIELD_NO_EVENT
			 : (q->bit & (SIM_APP_HMAC_UNCOUNTED | SIM_APP_FREE_RUNNING)) != 0;
}

static unsigned
parts_of(int i)
{
	const struct sim_quirk *q = i > 0 ? sim_quirk_at((size_t)i - 1) : NULL;

	for (size_t n = 0; q != NULL && !ALL_PARTS && n < NITEMS(about); n++)
		if (strcmp(about[n].quirk, q->name) == 0)
			return about[n].parts;
	return UINT_MAX;
}

static void
set_quirk(int i)
{
	const struct sim_quirk *q = i > 0 ? sim_quirk_at((size_t)i - 1) : NULL;

	if (q == NULL)
		return;
	ck_assert_int_eq((q->shield ? sim_set_shield : sim_set_app)(c->bus->priv, q->bit), 0);
}

static void
start(int i)
{
	for (size_t n = 0; n < sizeof(bytes); n++)
		bytes[n] = (uint8_t)(n * 29 + n / 256);
	(void)snprintf(dir, sizeof(dir), "/tmp/quirks.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(setenv("OPTIGA_BINDING_DIR", dir, 1), 0);
	selector = sim_image_of("trust-m-v3", about_events(i), 11);
	ck_assert_int_eq(chip_open(selector, &c), 0);
	set_quirk(i);
	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_int_eq(chip_serial(chip_uid(c), serial), 0);
	chip_release(c);
}

static void
end(void)
{
	chip_close(&c);
	buf_free(&out);
	(void)bindfile_remove(dir, serial, BINDFILE_CURRENT);
	(void)bindfile_remove(dir, serial, BINDFILE_PENDING);
	ck_assert_int_eq(rmdir(dir), 0);
	unsetenv("OPTIGA_BINDING_DIR");
	sim_image_remove();
}

static void
expect_out(const void *want, size_t len)
{
	ck_assert_uint_eq(out.len, len);
	ck_assert_mem_eq(out.data, want, len);
	buf_reset(&out);
}

/* --- data ------------------------------------------------------------------------------------- */

/* What neither a new chip nor our commands leave: an object of used size 0. */
static void
make_empty(uint16_t oid)
{
	struct sim *s = c->bus->priv;
	struct sim_state *st = image_begin(s->img);

	ck_assert_ptr_nonnull(st);
	object_set_used(&st->app, (size_t)object_find(oid), 0);
	image_commit(s->img);
}

static void
data(void)
{
	static const uint8_t tlvs[] = { 0xC0, 1, CHIP_LCS_INITIALIZATION };
	struct chip_meta m;

	ck_assert_int_eq(
	    chip_data_read(c, 0xE0E0, 0, SIZE_MAX, &out), 0); /* longer than a command */
	ck_assert_uint_gt(out.len, 300);
	ck_assert_uint_eq(out.data[0], 0xC0);
	buf_reset(&out);
	ck_assert_int_eq(
	    chip_data_write(c, 0xE0E1, 0, bytes, 1728, CHIP_ERASE_WRITE), 0); /* two commands */
	ck_assert_int_eq(chip_data_read(c, 0xE0E1, 0, SIZE_MAX, &out), 0);
	expect_out(bytes, 1728);
	ck_assert_int_eq(chip_data_write(c, 0xF1D1, 0, bytes, 9, CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(chip_data_read(c, 0xF1D1, 4, 100, &out), 0);
	expect_out(bytes + 4, 5);
	ck_assert_int_eq(chip_data_read(c, 0xF1D1, 9, 100, &out), 0); /* past the end */
	expect_out("", 0);
	make_empty(0xF1D7);
	ck_assert_int_eq(chip_data_read(c, 0xF1D7, 0, SIZE_MAX, &out), 0);
	expect_out("", 0);
	ck_assert_int_eq(chip_data_read(c, 0xF1FF, 0, 1, &out), CHIP_E_OID);
	ck_assert_int_eq(chip_data_write(c, 0xE0C2, 0, bytes, 1, CHIP_WRITE), CHIP_E_ACCESS);
	ck_assert_int_eq(chip_meta_write(c, 0xF1D1, tlvs, sizeof(tlvs)), 0);
	ck_assert_int_eq(chip_meta_read(c, 0xF1D1, &m), 0);
	ck_assert_int_eq(m.lcso, CHIP_LCS_INITIALIZATION);
	ck_assert_int_eq(m.used, 9);
}

static void
counters(void)
{
	static const uint8_t content[] = { 0, 0, 0, 0, 0, 0, 0, 5 };
	uint32_t value, threshold;

	ck_assert_int_eq(
	    chip_data_write(c, 0xE121, 0, content, sizeof(content), CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(chip_counter_count(c, 0xE121, 3), 0);
	ck_assert_int_eq(chip_counter_count(c, 0xE121, 9), 0);
	ck_assert_int_eq(chip_counter_count(c, 0xE121, 1), CHIP_E_COUNTER);
	ck_assert_int_eq(chip_counter_read(c, 0xE121, &value, &threshold), 0);
	ck_assert_uint_eq(value, threshold);
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* Signed by the chip, judged by OpenSSL and by the chip; a signature that is none is wrong. */
static void
sign_and_verify(uint16_t oid)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	struct buf pub = BUF_INIT;
	struct chip_pubkey key;
	EVP_PKEY *ossl;

	ck_assert_int_eq(chip_keypair(c, oid, kt->alg, CHIP_USE_SIGN, &pub), 0);
	ossl = ossl_key(kt, &pub);
	ck_assert_int_eq(chip_sign_ecdsa(c, oid, 32, bytes, 32, &out), 0);
	ck_assert(ossl_verify_ecdsa(ossl, bytes, 32, &out));
	key = (struct chip_pubkey){ kt->alg, 0, pub.data, pub.len };
	ck_assert_int_eq(chip_verify(c, &key, bytes, 32, out.data, out.len), 0);
	out.data[40] ^= 1;
	ck_assert_int_eq(chip_verify(c, &key, bytes, 32, out.data, out.len), CHIP_E_SIGNATURE);
	memset(out.data, 0, out.len);
	ck_assert_int_eq(chip_verify(c, &key, bytes, 32, out.data, out.len), CHIP_E_SIGNATURE);
	EVP_PKEY_free(ossl);
	buf_free(&pub);
	buf_reset(&out);
}

static void
keys(void)
{
	struct buf pub = BUF_INIT;
	int r;

	sign_and_verify(KEY);
	sign_and_verify(SESSION);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE101, 32, bytes, 32, &out), CHIP_E_SEQUENCE);
	ck_assert_int_eq(chip_keypair(c, KEY_RSA, CHIP_ALG_RSA1024, CHIP_USE_SIGN, &pub), 0);
	ck_assert_int_eq(chip_sign_rsa(c, KEY_RSA, bytes, 32, &out), 0);
	ck_assert_uint_eq(out.len, 128);
	/* There is room in the chip, or there is not; it says so, and goes on. */
	r = chip_keypair(c, SESSION, CHIP_ALG_RSA1024, CHIP_USE_SIGN, &pub);
	ck_assert(r == 0 || r == CHIP_E_BUFFER);
	ck_assert_int_eq(chip_keypair(c, SESSION, CHIP_ALG_P256, CHIP_USE_SIGN, &pub), 0);
	buf_free(&pub);
	buf_reset(&out);
}

static void
random_and_hash(void)
{
	uint8_t a[300], b[300], d[CHIP_HASH_LEN], want[EVP_MAX_MD_SIZE];
	unsigned n;

	ck_assert_int_eq(chip_random(c, a, sizeof(a)), 0);
	ck_assert_int_eq(chip_random(c, b, sizeof(b)), 0);
	ck_assert_mem_ne(a, b, sizeof(a));
	ck_assert_int_eq(EVP_Digest(bytes, sizeof(bytes), want, &n, EVP_sha256(), NULL), 1);
	ck_assert_int_eq(chip_hash(c, bytes, sizeof(bytes), d), 0);
	ck_assert_mem_eq(d, want, sizeof(d));
}

/* --- symmetric keys -----------------------------------------------------------------------------
 */

static void
ciphers(void)
{
	static const uint8_t open[] = { 0xD0, 1, 0x00 }, type[] = { 0xD3, 1, 0x00, 0xE8, 1, 0x21 },
			     zero[CHIP_BLOCK];
	struct buf text = BUF_INIT;

	ck_assert_int_eq(chip_meta_write(c, AES, open, sizeof(open)), 0);
	ck_assert_int_eq(chip_symkey(c, AES, CHIP_ALG_AES128, CHIP_USE_ENC), 0);
	ck_assert_int_eq(chip_encrypt(c, CHIP_CIPHER_CBC, AES, zero, bytes, 1600, &text), 0);
	ck_assert_int_eq(chip_decrypt(c, CHIP_CIPHER_CBC, AES, zero, text.data, text.len, &out), 0);
	expect_out(bytes, 1600);
	/* The last block of CBC is the CBC-MAC, in one command and in several. */
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CBC, AES, bytes, 1600, &out), 0);
	expect_out(text.data + 1584, CHIP_BLOCK);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CBC, AES, bytes, 320, &out), 0);
	expect_out(text.data + 304, CHIP_BLOCK);
	for (size_t len = 100; len <= 1700; len += 800) {
		ck_assert_int_eq(chip_mac(c, CHIP_MAC_CMAC, AES, bytes, len, &text), 0);
		ck_assert_int_eq(chip_mac(c, CHIP_MAC_CMAC, AES, bytes, len, &out), 0);
		expect_out(text.data, CHIP_BLOCK);
	}
	ck_assert_int_eq(chip_data_write(c, SECRET, 0, bytes, 32, CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(chip_meta_write(c, SECRET, type, sizeof(type)), 0);
	for (int i = 0; i < 8; i++) {
		ck_assert_int_eq(chip_mac(c, CHIP_MAC_HMAC_SHA256, SECRET, bytes, 700, &out), 0);
		ck_assert_uint_eq(out.len, 32);
		buf_reset(&out);
	}
	buf_free(&text);
}

/* --- protected updates
 * ----------------------------------------------------------------------------- */

static size_t
unhex_into(const char *hex, uint8_t *to, size_t max)
{
	size_t n = strlen(hex) / 2;

	ck_assert_uint_le(n, max);
	for (size_t i = 0; i < n; i++) {
		const char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		to[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return n;
}

/* The manual's; APDU header and TLV header are not ours to give. */
static void
updates(void)
{
	static const uint8_t change[] = { 0xD0, 0x03, 0x21, ANCHOR >> 8, ANCHOR & 0xFF };
	static const uint8_t anchor[] = { 0xE8, 1, 0x11 };
	uint8_t cert[1200], m[700], f[700];
	const size_t cert_len = unhex_into(V_TA_CERT, cert, sizeof(cert)),
		     m_len = unhex_into(V_UPDATE1_C, m, sizeof(m)),
		     f_len = unhex_into(V_UPDATE2_C, f, sizeof(f));

	ck_assert_int_eq(chip_data_write(c, ANCHOR, 0, cert, cert_len, CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(chip_meta_write(c, ANCHOR, anchor, sizeof(anchor)), 0);
	ck_assert_int_eq(chip_meta_write(c, 0xF1D4, change, sizeof(change)), 0);
	f[f_len - 1] ^= 1;
	ck_assert_int_eq(
	    chip_protected_update(c, m + 7, m_len - 7, f + 7, f_len - 7), CHIP_E_INTEGRITY);
	f[f_len - 1] ^= 1;
	ck_assert_int_eq(chip_protected_update(c, m + 7, m_len - 7, f + 7, f_len - 7), 0);
	ck_assert_int_eq(
	    chip_protected_update(c, m + 7, m_len - 7, f + 7, f_len - 7), CHIP_E_VERSION);
	ck_assert_int_eq(chip_data_read(c, 0xF1D4, 0, 140, &out), 0);
	ck_assert_uint_eq(out.len, 16);
	buf_reset(&out);
}

/* --- the encrypted connection
 * ----------------------------------------------------------------------- */

static void
write_demanded(struct chip *to, uint8_t v)
{
	ck_assert_int_eq(chip_data_write(to, 0xF1D6, 0, &v, 1, CHIP_WRITE), 0);
	ck_assert_int_eq(chip_data_read(to, 0xF1D6, 0, 1, &out), 0);
	expect_out(&v, 1);
}

static void
shielded(void)
{
	static const uint8_t demand[] = { 0xD0, 3, 0x20, 0xE1, 0x40, 0xD1, 3, 0x20, 0xE1, 0x40 };
	struct secret *wrong;
	struct chip *other;

	ck_assert_int_eq(chip_pair(c, CHIP_BINDING_OPEN), 0);
	ck_assert_int_eq(chip_meta_write(c, 0xF1D6, demand, sizeof(demand)), 0);
	ck_assert_int_eq(chip_open(selector, &other), 0);
	write_demanded(c, 1);
	write_demanded(other, 2);
	write_demanded(c, 3);
	/* A handshake that nobody was told of. */
	ck_assert_int_eq(chip_acquire(other), 0);
	ck_assert_int_eq(chip_binding_prove(other), 0);
	other->rec->shield = c->self;
	chip_release(other);
	write_demanded(c, 4);
	/* One that fails, and a reset. */
	ck_assert_int_eq(secret_from(bytes, CHIP_BINDING_LEN, &wrong), 0);
	ck_assert_int_eq(chip_binding_adopt(c, wrong), HAL_EPAIR);
	secret_free(&wrong);
	write_demanded(c, 5);
	ck_assert_int_eq(chip_shutdown(c), 0);
	write_demanded(other, 6);
	ck_assert_int_eq(chip_pair(c, CHIP_BINDING_RENEW), 0); /* another secret */
	write_demanded(other, 7);
	chip_close(&other);
}

/* Everything else under the presentation layer, encrypted or not. */
static void
under_it(void)
{
	random_and_hash();
	c->shield_all = true;
	sign_and_verify(KEY);
	c->shield_all = false;
	write_demanded(c, 8);
}

static void
hibernate(void)
{
	uint8_t handle[CHIP_HANDLE_LEN];
	int r;

	/* Refused until all security events are forgiven, one in five seconds. */
	while ((r = chip_hibernate(c, handle)) == CHIP_E_SEQUENCE)
		ck_assert_int_eq(bus_sleep(c->bus, BUS_MS(5000)), 0);
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(chip_restore(c, handle), 0);
	write_demanded(c, 9);
}

/* A record that the chip does not take, and one of the chip's that is damaged: FT-28, FT-29. */
static void
damaged_records(void)
{
	const struct sim_shield_fault faults[] = {
		{ SIM_SHIELD_FAULT_REFUSE, 0, 1, 0 },
		{ SIM_SHIELD_FAULT_TAG, 0, 1, 0 },
		{ SIM_SHIELD_FAULT_ALERT, 0, 1, 0 },
		{ SIM_SHIELD_FAULT_SEQ, 0, 1, 9 },
	};

	for (size_t i = 0; i < NITEMS(faults); i++) {
		ck_assert_int_eq(sim_set_shield_fault(c->bus->priv, &faults[i]), 0);
		write_demanded(c, (uint8_t)(20 + i));
		ck_assert_int_eq(sim_set_shield_fault(c->bus->priv, NULL), 0);
	}
}

START_TEST(everything_works_however_the_manual_is_read)
{
	static const struct {
		unsigned part;
		void (*run)(void);
	} parts[] = {
		{ DATA, data },
		{ COUNTERS, counters },
		{ KEYS, keys },
		{ RANDOM, random_and_hash },
		{ CIPHERS, ciphers },
		{ UPDATES, updates },
		{ SHIELDED, shielded },
		{ UNDER_IT, under_it },
		{ HIBERNATE, hibernate },
		{ DAMAGED, damaged_records },
	};

	start(_i);
	for (size_t i = 0; i < NITEMS(parts); i++)
		if ((parts_of(_i) & parts[i].part) != 0)
			parts[i].run();
	end();
}
END_TEST

/* Names are there once, and so are bits. */
START_TEST(every_switch_has_a_name)
{
	const struct sim_quirk *q;
	unsigned bits[2] = { 0, 0 };
	size_t n;

	for (n = 0; (q = sim_quirk_at(n)) != NULL; n++) {
		ck_assert_ptr_eq(sim_quirk_find(q->name), q);
		ck_assert_uint_eq(bits[q->shield] & q->bit, 0);
		bits[q->shield] |= q->bit;
	}
	ck_assert_uint_eq(n, QUIRKS);
	ck_assert_uint_eq(bits[0], 0x7FF);
	ck_assert_uint_eq(bits[1], 0x7F);
	ck_assert_ptr_null(sim_quirk_find("none"));
	for (n = 0; n < NITEMS(about); n++)
		ck_assert_ptr_nonnull(sim_quirk_find(about[n].quirk));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip quirks");
	TCase *t = tcase_create("quirks");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, every_switch_has_a_name);
	tcase_add_loop_test(t, everything_works_however_the_manual_is_read, 0, QUIRKS + 1);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
