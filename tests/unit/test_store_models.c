/*
 * Every model of the simulated chip: what a fresh one shows, which keys it makes, and the index
 * in the small data objects of Trust X.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/index.h"
#include "pkcs11/store/spki.h"
#include "hal/chip/bindfile.h"
#include "hal/chip/binding.h"
#include "hal/sim/sim.h"
#include "tests/unit/portal.h"
#include "tests/unit/test_store_host.h"

#define CURVES_V3 "P-256 P-384 P-521 Brainpool P256r1 Brainpool P384r1 Brainpool P512r1 "

/*
 * What a fresh chip lists. Express: E0E1 and E0F1 want an encrypted connection, so the key has
 * no public one and no certificate to be seen.
 */
static const struct {
	const char *id, *name;
	CK_ULONG privs, pubs, certs;
	CK_ULONG data; /* of the authorization reference in F1D0 */
	const char *curves;
	bool rsa;
	int free_ec; /* slots that a key fits in */
} models[] = {
	{ "trust-x", "Trust X", 1, 1, 1, 0, "P-256 P-384 ", false, 3 },
	{ "trust-m-v1", "Trust M V1", 1, 1, 1, 0, "P-256 P-384 ", true, 3 },
	{ "trust-m-v3", "Trust M V3", 1, 1, 1, 0, CURVES_V3, true, 3 },
	{ "trust-m-express", "Trust M V3", 3, 2, 2, 1, CURVES_V3, true, 2 },
	{ "trust-m-mtr", "Trust M V3", 3, 3, 3, 1, CURVES_V3, true, 2 },
};

static CK_OBJECT_HANDLE pub, priv;

START_TEST(a_fresh_chip_lists_what_may_be_seen)
{
	struct store_info info;
	uint64_t change;

	host_start_model(models[_i].id);
	ck_assert_int_eq(store_info(st, &info), 0);
	ck_assert_str_eq(info.model, models[_i].name);
	change = chip_change(host_chip());
	ck_assert_uint_eq(host_find(NULL, 0),
	    models[_i].privs + models[_i].pubs + models[_i].certs + models[_i].data);
	ck_assert_uint_eq(host_find_class(CKO_DATA), models[_i].data);
	ck_assert_uint_eq(host_find_class(CKO_SECRET_KEY), 0);
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), models[_i].privs);
	ck_assert_uint_eq(host_find_class(CKO_PUBLIC_KEY), models[_i].pubs);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), models[_i].certs);
	ck_assert_uint_eq(chip_change(host_chip()), change); /* nothing was written */
	host_end();
}
END_TEST

/* Every public key that is listed is that of its private key, and a certificate's is the same. */
START_TEST(what_is_listed_belongs_together)
{
	struct buf id = BUF_INIT, spki = BUF_INIT;
	CK_OBJECT_HANDLE pubs[8];
	CK_ULONG n;

	host_start_model(models[_i].id);
	n = host_find_class(CKO_PUBLIC_KEY);
	memcpy(pubs, host_found, n * sizeof(*pubs));
	for (CK_ULONG i = 0; i < n; i++) {
		buf_reset(&id);
		ck_assert_int_eq(host_get(pubs[i], CKA_ID, &id), 0);
		host_chip_spki(pubs[i], &spki);
		ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, id.data, id.len), 1);
		ck_assert(host_signs_for(host_found[0], &spki));
		ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, id.data, id.len), 1);
		ck_assert(host_is(host_found[0], CKA_PUBLIC_KEY_INFO, spki.data, spki.len));
	}
	buf_free(&id);
	buf_free(&spki);
	host_end();
}
END_TEST

static bool
has(const char *list, const char *name)
{
	const char *p = strstr(list, name);

	return p != NULL && p[strlen(name)] == ' ';
}

START_TEST(every_curve_of_the_model_is_generated)
{
	const struct chip_keytype *kt;
	struct buf spki = BUF_INIT;
	unsigned before;

	host_start_model(models[_i].id);
	for (size_t k = 0; (kt = chip_keytype_at(k)) != NULL; k++) {
		if (kt->rsa)
			continue;
		before = host_commands();
		if (!has(models[_i].curves, kt->name)) {
			ck_assert_int_eq(
			    host_generate(kt->alg, NULL, 0, NULL, &pub, &priv), STORE_ECURVE);
			ck_assert_uint_eq(host_commands(), before);
			continue;
		}
		ck_assert_int_eq(host_generate(kt->alg, NULL, 0, "a key", &pub, &priv), 0);
		host_again();
		ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), models[_i].privs + 1);
		for (CK_ULONG i = 0; i < models[_i].privs + 1; i++)
			if (host_is(host_found[i], CKA_LABEL, "a key", 5))
				priv = host_found[i];
		ck_assert(host_bool(priv, CKA_LOCAL));
		host_chip_spki(priv, &spki);
		ck_assert(host_signs_for(priv, &spki));
		ck_assert_int_eq(store_destroy(st, priv), 0);
	}
	buf_free(&spki);
	host_end();
}
END_TEST

START_TEST(rsa_where_there_is_rsa)
{
	struct buf spki = BUF_INIT;

	host_start_model(models[_i].id);
	if (!models[_i].rsa) {
		ck_assert_int_eq(
		    host_generate(CHIP_ALG_RSA1024, NULL, 0, NULL, &pub, &priv), STORE_ECURVE);
	} else {
		ck_assert_int_eq(host_generate(CHIP_ALG_RSA1024, NULL, 0, NULL, &pub, &priv), 0);
		host_chip_spki(pub, &spki);
		ck_assert(host_signs_for(priv, &spki));
	}
	buf_free(&spki);
	host_end();
}
END_TEST

START_TEST(free_slots_are_filled_and_no_more)
{
	host_start_model(models[_i].id);
	for (int i = 0; i < models[_i].free_ec; i++)
		ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), STORE_EFULL);
	host_end();
}
END_TEST

/* --- chips that are not there
 * ---------------------------------------------------------------------
 */

static size_t
lines_in(int fd)
{
	char text[4096];
	const ssize_t n = pread(fd, text, sizeof(text), 0);
	size_t lines = 0;

	ck_assert_int_ge(n, 0);
	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

/* Programs ask for tokens again and again; a person reads it once, and again when it changes. */
START_TEST(a_missing_device_is_told_once)
{
	char log[] = "/tmp/store-log.XXXXXX", name[] = "/tmp/store-gone.XXXXXX", selector[64];
	const struct sim_config cfg = SIM_CONFIG_DEFAULT;
	const int fd = mkstemp(log), saved = dup(STDERR_FILENO);
	struct store *s;

	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_nonnull(mkdtemp(name));
	ck_assert_int_eq(rmdir(name), 0);
	(void)snprintf(selector, sizeof(selector), "sim:%s", name);
	ck_assert_int_eq(store_new(selector, NULL, &s), 0);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	log_set_level(LOG_LEVEL_ERROR);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(store_attach(s), HAL_ENODEV);
	ck_assert_uint_eq(lines_in(fd), 1);
	/* Another reason: */
	ck_assert_int_eq(truncate(log, 0), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(symlink("/dev/null", name), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_lt(store_attach(s), 0);
	ck_assert_uint_eq(lines_in(fd), 1);
	ck_assert_int_eq(unlink(name), 0);
	/* There at last, and gone again: */
	ck_assert_int_eq(sim_create(name, &cfg), 0);
	ck_assert_int_eq(store_attach(s), 0);
	log_set_level(LOG_LEVEL_OFF);
	ck_assert_int_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	store_free(&s);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(unlink(log), 0);
	(void)close(fd);
	(void)close(saved);
}
END_TEST

/* --- personalised parts with the secrets of their portal ----------------------------------------
 */

static char binding[64], serial[CHIP_SERIAL_LEN];

/* A host that was given the portal file. */
static void
start_bound(const char *model)
{
	struct portal p;

	(void)snprintf(binding, sizeof(binding), "/tmp/store-binding.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(binding));
	ck_assert_int_eq(setenv("OPTIGA_BINDING_DIR", binding, 1), 0);
	host_start_model(model);
	portal_of(host_image, &p);
	ck_assert_int_eq(chip_serial(chip_uid(host_chip()), serial), 0);
	ck_assert_int_eq(chip_binding_adopt(host_chip(), p.binding), 0);
	ck_assert_int_eq(chip_authorization_keep(host_chip(), p.authorization), 0);
	portal_free(&p);
	host_again();
}

static void
end_bound(void)
{
	ck_assert_int_eq(bindfile_remove(binding, serial, BINDFILE_CURRENT), 0);
	ck_assert_int_eq(bindfile_remove(binding, serial, BINDFILE_AUTH), 0);
	ck_assert_int_eq(rmdir(binding), 0);
	unsetenv("OPTIGA_BINDING_DIR");
	host_end();
}

static int
rename_auth(bool away)
{
	char here[128], there[128];

	(void)snprintf(here, sizeof(here), "%s/%s%s", binding, serial, BINDFILE_AUTH);
	(void)snprintf(there, sizeof(there), "%s/away", binding);
	return away ? rename(here, there) : rename(there, here);
}

static const char *const personal[] = { "trust-m-express", "trust-m-mtr" };

/* Now what wants an encrypted connection shows as well: everything comes in threes. */
START_TEST(a_bound_host_lists_and_uses_everything)
{
	struct buf id = BUF_INIT, spki = BUF_INIT;
	CK_OBJECT_HANDLE privs[8];
	CK_ULONG n;

	start_bound(personal[_i]);
	ck_assert_uint_eq(host_find_class(CKO_PUBLIC_KEY), 3);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 3);
	ck_assert_uint_eq(n = host_find_class(CKO_PRIVATE_KEY), 3);
	memcpy(privs, host_found, n * sizeof(*privs));
	for (CK_ULONG i = 0; i < n; i++) {
		buf_reset(&id);
		ck_assert_int_eq(host_get(privs[i], CKA_ID, &id), 0);
		ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, id.data, id.len), 1);
		ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, id.data, id.len), 1);
		host_chip_spki(host_found[0], &spki);
		ck_assert(host_signs_for(privs[i], &spki));
	}
	buf_free(&id);
	buf_free(&spki);
	end_bound();
}
END_TEST

START_TEST(a_bound_host_replaces_a_certificate)
{
	static const uint8_t id[] = { 0xE0, 0xF0 };
	struct buf spki = BUF_INIT, der = BUF_INIT;
	CK_OBJECT_HANDLE cert;
	EVP_PKEY *ca = host_key("P-256");

	start_bound(personal[_i]);
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, id, sizeof(id)), 1);
	host_chip_spki(host_found[0], &spki);
	host_cert(&spki, "device", "authority", ca, false, 0, &der);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, id, sizeof(id)), 1);
	cert = host_found[0];
	/* Without the second secret the chip would say no. */
	ck_assert_int_eq(rename_auth(true), 0);
	ck_assert_int_eq(store_destroy(st, cert), _i == 0 ? STORE_EPROHIBITED : 0);
	ck_assert_int_eq(rename_auth(false), 0);
	if (_i == 0)
		ck_assert_int_eq(store_destroy(st, cert), 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, id, sizeof(id)), 1);
	ck_assert(host_is(host_found[0], CKA_VALUE, der.data, der.len));
	EVP_PKEY_free(ca);
	buf_free(&spki);
	buf_free(&der);
	end_bound();
}
END_TEST

/* --- the index of Trust X ------------------------------------------------------------------------
 */

static void
read_object(uint16_t oid, struct buf *out)
{
	buf_reset(out);
	ck_assert_int_eq(chip_data_read(host_chip(), oid, 0, 1000, out), 0);
}

static bool
ours(uint16_t oid)
{
	struct buf b = BUF_INIT;
	unsigned part;
	bool yes;

	read_object(oid, &b);
	yes = index_owner(b.data, b.len, &part) == INDEX_OURS;
	buf_free(&b);
	return yes;
}

static void
named(int n, char id[33], char label[33])
{
	memset(id, 'A' + n, 32);
	memset(label, 'a' + n, 32);
	id[32] = label[32] = '\0';
}

/* Three P-384 keys with the longest names: more than three objects a copy, none of the others. */
START_TEST(the_index_of_trust_x_is_in_its_small_objects)
{
	char id[33], label[33];
	struct buf b = BUF_INIT;

	host_start_model("trust-x");
	for (int i = 0; i < 3; i++) {
		named(i, id, label);
		ck_assert_int_eq(host_generate(CHIP_ALG_P384, id, 32, label, &pub, &priv), 0);
	}
	host_again();
	for (int i = 0; i < 3; i++) {
		named(i, id, label);
		ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, id, 32), 1);
		ck_assert(host_is(host_found[0], CKA_LABEL, label, 32));
		host_chip_spki(host_found[0], &b);
		ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, id, 32), 1);
		ck_assert(host_signs_for(host_found[0], &b));
	}
	for (uint16_t oid = 0xF1D0; oid <= 0xF1D3; oid++)
		ck_assert(!ours(oid));
	ck_assert(ours(0xF1D4) && ours(0xF1D7)); /* copy A */
	ck_assert(ours(0xF1DA) && ours(0xF1DD)); /* copy B */
	ck_assert(!ours(0xF1E0) && !ours(0xF1E1));
	buf_free(&b);
	host_end();
}
END_TEST

/* Whichever copy was damaged, the other one is in force. */
START_TEST(either_copy_of_trust_x_is_enough)
{
	static const uint8_t broken[] = { 0x9E, 0x4F, 0x50, 0x11, 0x00 };

	for (uint16_t oid = 0xF1D4; oid <= 0xF1DA; oid += 6) {
		host_start_model("trust-x");
		ck_assert_int_eq(host_generate(CHIP_ALG_P256, "key one", 7, NULL, &pub, &priv), 0);
		ck_assert_int_eq(host_set(priv, CKA_LABEL, "same", 4), 0);
		ck_assert_int_eq(
		    chip_data_write(host_chip(), oid, 0, broken, sizeof(broken), CHIP_ERASE_WRITE),
		    0);
		host_again();
		ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "key one", 7), 1);
		host_end();
	}
}
END_TEST

START_TEST(what_somebody_keeps_on_trust_x_is_not_touched)
{
	static const uint8_t note[] = "a note";
	char id[33], label[33];
	struct buf b = BUF_INIT;
	int r = 0;

	host_start_model("trust-x");
	ck_assert_int_eq(
	    chip_data_write(host_chip(), 0xF1DC, 0, note, sizeof(note), CHIP_ERASE_WRITE), 0);
	host_again();
	/* two parts a copy fit; the third of copy B is taken */
	for (int i = 0; i < 3 && r == 0; i++) {
		named(i, id, label);
		r = host_generate(CHIP_ALG_P384, id, 32, label, &pub, &priv);
	}
	ck_assert_int_eq(r, STORE_EFULL);
	read_object(0xF1DC, &b);
	ck_assert_uint_eq(b.len, sizeof(note));
	ck_assert_mem_eq(b.data, note, sizeof(note));
	buf_free(&b);
	host_end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_models");
	TCase *tc = tcase_create("models");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_fresh_chip_lists_what_may_be_seen, 0, (int)NITEMS(models));
	tcase_add_loop_test(tc, what_is_listed_belongs_together, 0, (int)NITEMS(models));
	tcase_add_loop_test(tc, every_curve_of_the_model_is_generated, 0, (int)NITEMS(models));
	tcase_add_loop_test(tc, rsa_where_there_is_rsa, 0, (int)NITEMS(models));
	tcase_add_loop_test(tc, free_slots_are_filled_and_no_more, 0, (int)NITEMS(models));
	tcase_add_loop_test(tc, a_bound_host_lists_and_uses_everything, 0, (int)NITEMS(personal));
	tcase_add_loop_test(tc, a_bound_host_replaces_a_certificate, 0, (int)NITEMS(personal));
	tcase_add_test(tc, a_missing_device_is_told_once);
	tcase_add_test(tc, the_index_of_trust_x_is_in_its_small_objects);
	tcase_add_test(tc, either_copy_of_trust_x_is_enough);
	tcase_add_test(tc, what_somebody_keeps_on_trust_x_is_not_touched);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
