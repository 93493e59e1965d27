/* Hostile manifests: changed, cut, or in other forms of CBOR, they change nothing of the simulated
 * chip. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "tests/unit/simapp_rig.h"
#include "tests/unit/simapp_update.h"

/* Every bit of a manifest matters: whatever is changed, nothing is taken. */
START_TEST(no_changed_manifest_is_taken)
{
	struct mf_spec s = up_data(0xF1D4, 1, 16);
	static struct mf m;
	static struct sim_app before;

	if (_i == 1) {
		s.secret_oid = 0xF1D5;
		s.secret = up_secret;
		s.secret_len = sizeof(up_secret);
	}
	mf_make(&s, &m);
	before = rig.app;
	for (size_t i = 0; i < m.manifest_len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			m.manifest[i] ^= (uint8_t)(1u << bit);
			ck_assert_uint_ne(mf_start(&m), 0);
			m.manifest[i] ^= (uint8_t)(1u << bit);
		}
	ck_assert_int_eq(memcmp(before.meta, rig.app.meta, sizeof(before.meta)), 0);
	ck_assert_int_eq(memcmp(before.pool, rig.app.pool, sizeof(before.pool)), 0);
	ck_assert_uint_eq(mf_send(&m), 0);
}
END_TEST

START_TEST(no_cut_or_longer_manifest_is_taken)
{
	struct mf_spec s = up_data(0xF1D4, 1, 16);
	static struct mf m;
	size_t len;

	mf_make(&s, &m);
	len = m.manifest_len;
	for (m.manifest_len = 0; m.manifest_len < len; m.manifest_len++)
		ck_assert_uint_eq(mf_start(&m), CHIP_E_MANIFEST);
	m.manifest_len = len + 1;
	ck_assert_uint_eq(mf_start(&m), CHIP_E_MANIFEST);
}
END_TEST

/* Longer forms of the same numbers, and indefinite lengths, are no manifest, signed or not. */
START_TEST(cbor_is_strict)
{
	static const char *const bad[] = {
		"9843A10126A10442E0E8", /* array, no count */
		"9804"
		"43A10126A10442E0E8", /* 4 in two bytes */
		"9F"
		"43A10126A10442E0E8", /* indefinite array */
		"84"
		"5803A10126"
		"A10442E0E8", /* 3 in two bytes */
		"84"
		"5F43A10126FF"
		"A10442E0E8", /* indefinite string */
		"84"
		"44A1013806"
		"A10442E0E8", /* -7 in two bytes */
		"84"
		"43A10126"
		"A1180442E0E8", /* key 4 in two bytes */
		"84"
		"43A10126"
		"BF0442E0E8FF", /* indefinite map */
		"D284"
		"43A10126A10442E0E8", /* tagged */
		"84"
		"43A10126"
		"A1044300E0E8", /* OID of three bytes */
		"84"
		"43A10127"
		"A10442E0E8", /* another algorithm */
		"84"
		"63A10126"
		"A10442E0E8", /* text */
		"84"
		"5BFFFFFFFFFFFFFFFFA10126"
		"A10442E0E8", /* longer than anything */
		"84"
		"5AFFFFFFFFA10126"
		"A10442E0E8",
	};
	static const char rest[] =
	    "583B8601F6F68420100182000282822058258218295820BE45CB2605BF36BEBDE684841A28F0FD43C698"
	    "50A3DCE5FEDBA69928EE3A8991F6824042F1D458404203F072E4FF974DE5CB51B78822AA01E5B32A7E29"
	    "CA4DE1F93C9E54470981C7EFB0B98F50F11721DD6F3AC750A727F80E417E4E3AAB232ADE818A53668DC3"
	    "C6";

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused("8301",
		    text("3000%02X%s%s", (unsigned)((strlen(bad[i]) + strlen(rest)) / 2), bad[i],
			rest),
		    CHIP_E_MANIFEST);
}
END_TEST

/* Random bytes, and bytes exchanged within a manifest: no crash, nothing taken. */
START_TEST(noise)
{
	struct mf_spec s = up_data(0xF1E0, 1, 700);
	static struct mf good, m;

	srand(7);
	s.secret_oid = 0xF1D5;
	s.secret = up_secret;
	s.secret_len = sizeof(up_secret);
	mf_make(&s, &good);
	for (unsigned i = 0; i < 20000; i++) {
		m = good;
		for (int k = rand() % 4; k >= 0; k--)
			m.manifest[(size_t)rand() % m.manifest_len] = (uint8_t)rand();
		if (i % 3 == 0)
			m.manifest_len = (size_t)rand() % sizeof(m.manifest);
		if (m.manifest_len == good.manifest_len &&
		    memcmp(m.manifest, good.manifest, m.manifest_len) == 0)
			continue;
		ck_assert_uint_ne(mf_start(&m), 0);
	}
	ck_assert_uint_eq(mf_send(&good), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("simulated application: hostile updates");
	TCase *hostile = tcase_create("hostile");

	tcase_add_checked_fixture(hostile, up_setup, NULL);
	tcase_set_timeout(hostile, 120);
	tcase_add_loop_test(hostile, no_changed_manifest_is_taken, 0, 2);
	tcase_add_test(hostile, no_cut_or_longer_manifest_is_taken);
	tcase_add_test(hostile, cbor_is_strict);
	tcase_add_test(hostile, noise);
	suite_add_tcase(s, hostile);
	return s;
}

int
main(void)
{
	return rig_main(suite());
}
