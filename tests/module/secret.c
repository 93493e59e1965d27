/* Secret keys for tests; see secret.h. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/sim/image.h"
#include "hal/sim/object.h"
#include "hal/sim/sim.h"
#include "tests/module/harness.h"
#include "tests/module/secret.h"

#include "pkcs11/optiga-pkcs11.h"

unsigned char secret_aes[32], secret_psk[64];

static const char *
image_path(void)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/chip.img", harness_dir());
	return path;
}

static void
set_tag(struct sim_app *app, size_t i, uint8_t tag, uint8_t v)
{
	ck_assert(meta_set(&app->meta[i], tag, &v, 1));
}

/* As if a protected update had brought it. */
static void
plant_aes(struct sim_app *app, size_t len)
{
	const uint8_t alg = (uint8_t)(0x81 + (len / 8 - 2));
	const int i = object_lookup(app, SECRET_AES_OID);
	struct sim_key *key;

	ck_assert_int_ge(i, 0);
	key = object_key(app, (size_t)i);
	key->alg = alg;
	memcpy(key->priv, secret_aes, len);
	set_tag(app, (size_t)i, TAG_ALG, alg);
	set_tag(app, (size_t)i, TAG_USAGE, 0x02);
}

static void
plant_psk(struct sim_app *app, size_t len)
{
	static const uint8_t never[] = { 0xFF }, always[] = { 0x00 };
	const int i = object_lookup(app, SECRET_PSK_OID);

	ck_assert_int_ge(i, 0);
	memcpy(object_content(app, (size_t)i), secret_psk, len);
	set_tag(app, (size_t)i, TAG_TYPE, 0x21);
	ck_assert(meta_set(&app->meta[i], TAG_READ, never, 1));
	ck_assert(meta_set(&app->meta[i], TAG_EXECUTE, always, 1));
	object_set_used(app, (size_t)i, len);
}

void
secret_chip(size_t aes_len, size_t psk_len)
{
	struct sim_state *st;
	struct image *img;

	for (size_t i = 0; i < sizeof(secret_aes); i++)
		secret_aes[i] = (unsigned char)(0xA0 + i);
	for (size_t i = 0; i < sizeof(secret_psk); i++)
		secret_psk[i] = (unsigned char)(1 + i);
	harness_chip();
	ck_assert_int_eq(image_open(image_path(), IMAGE_SHARED, &img), 0);
	ck_assert_ptr_nonnull(st = image_begin(img));
	plant_aes(&st->app, aes_len);
	plant_psk(&st->app, psk_len);
	st->app.monitor = 0; /* so many uses of a key would make it slow */
	image_commit(img);
	image_close(&img);
}

void
secret_setup(size_t aes_len, size_t psk_len)
{
	harness_load();
	secret_chip(aes_len, psk_len);
	ck_assert_ok(p11->C_Initialize(NULL));
}

static CK_OBJECT_HANDLE
host_key(CK_SESSION_HANDLE s, CK_KEY_TYPE type, size_t len)
{
	CK_OBJECT_CLASS cls = CKO_SECRET_KEY;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_VALUE, type == CKK_AES ? secret_aes : secret_psk, len },
		{ CKA_TOKEN, &no, 1 }, { CKA_PRIVATE, &no, 1 }, { CKA_SIGN, &yes, 1 },
		{ CKA_VERIFY, &yes, 1 }, { CKA_ENCRYPT, &yes, 1 }, { CKA_DECRYPT, &yes, 1 } };
	CK_OBJECT_HANDLE h = 0;

	ck_assert_ok(p11->C_CreateObject(s, tmpl, sizeof(tmpl) / sizeof(tmpl[0]), &h));
	return h;
}

CK_OBJECT_HANDLE
secret_key(CK_SESSION_HANDLE s, CK_KEY_TYPE type, enum secret_place place, size_t len)
{
	const unsigned oid = type == CKK_AES ? SECRET_AES_OID : SECRET_PSK_OID;
	unsigned char be[] = { (unsigned char)(oid >> 8), (unsigned char)oid };
	CK_OBJECT_CLASS cls = CKO_SECRET_KEY;
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_OPTIGA_OID, be, sizeof(be) } };
	CK_OBJECT_HANDLE h = 0;

	if (place == SECRET_HOST)
		return host_key(s, type, len);
	ck_assert_uint_eq(harness_find(s, tmpl, 2, &h, 1), 1);
	return h;
}

uint64_t
secret_commands(void)
{
	static struct sim_state st;
	struct image_facts facts;

	ck_assert_int_eq(image_snapshot(image_path(), &facts, &st), 0);
	return st.counts.commands;
}

void
secret_reset_chip(void)
{
	struct sim *sim;

	ck_assert_int_eq(sim_open(image_path(), SIM_TIME_IDLE, &sim), 0);
	sim_line(sim, SIM_LINE_RESET, false);
	sim_sleep(sim, 1000000);
	sim_line(sim, SIM_LINE_RESET, true);
	sim_close(&sim);
}
