chip_double = tests/unit/test_chip_double.c tests/unit/test_chip_double.h

check_PROGRAMS += \
	tests/unit/test_chip_tables \
	tests/unit/test_chip_meta \
	tests/unit/test_chip_encoding \
	tests/unit/test_chip_apdu \
	tests/unit/test_chip_crypt \
	tests/unit/test_chip_cipher \
	tests/unit/test_chip_state \
	tests/unit/test_chip_turns
unit_tests += \
	tests/unit/test_chip_tables \
	tests/unit/test_chip_meta \
	tests/unit/test_chip_encoding \
	tests/unit/test_chip_apdu \
	tests/unit/test_chip_crypt \
	tests/unit/test_chip_cipher \
	tests/unit/test_chip_state \
	tests/unit/test_chip_turns

tests_unit_test_chip_tables_SOURCES = tests/unit/test_chip_tables.c $(chip_double)
tests_unit_test_chip_tables_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_tables_LDADD = libchip.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_meta_SOURCES = tests/unit/test_chip_meta.c $(chip_double)
tests_unit_test_chip_meta_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_meta_LDADD = libchip.la libbase.la $(CHECK_LIBS)

tests_unit_test_chip_encoding_SOURCES = tests/unit/test_chip_encoding.c $(chip_double)
tests_unit_test_chip_encoding_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_encoding_LDADD = libchip.la libbase.la $(CHECK_LIBS)

tests_unit_test_chip_apdu_SOURCES = tests/unit/test_chip_apdu.c $(chip_double)
tests_unit_test_chip_apdu_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_apdu_LDADD = libchip.la libbase.la $(CHECK_LIBS)

tests_unit_test_chip_crypt_SOURCES = tests/unit/test_chip_crypt.c \
	tests/unit/test_chip_vectors.h $(chip_double)
tests_unit_test_chip_crypt_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_crypt_LDADD = libchip.la libbase.la $(CHECK_LIBS)

tests_unit_test_chip_cipher_SOURCES = tests/unit/test_chip_cipher.c \
	tests/unit/test_chip_vectors.h $(chip_double)
tests_unit_test_chip_cipher_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_cipher_LDADD = libchip.la libbase.la $(CHECK_LIBS)

tests_unit_test_chip_state_SOURCES = tests/unit/test_chip_state.c \
	tests/unit/test_chip_vectors.h $(chip_double)
tests_unit_test_chip_state_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_state_LDADD = libchip.la libbase.la $(CHECK_LIBS)

tests_unit_test_chip_turns_SOURCES = tests/unit/test_chip_turns.c $(chip_double)
tests_unit_test_chip_turns_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_turns_LDADD = libchip.la libbase.la $(CHECK_LIBS)

# Through every layer, on the simulated chip.
chip_sim_libs = libchip.la liblink.la libbus.la libsim.la libbase.la

check_PROGRAMS += \
	tests/unit/test_chip_sim \
	tests/unit/test_chip_ops \
	tests/unit/test_chip_update \
	tests/unit/test_chip_share \
	tests/unit/test_chip_context \
	tests/unit/test_chip_faults \
	tests/unit/test_chip_sweep
unit_tests += \
	tests/unit/test_chip_sim \
	tests/unit/test_chip_ops \
	tests/unit/test_chip_update \
	tests/unit/test_chip_share \
	tests/unit/test_chip_context \
	tests/unit/test_chip_faults \
	tests/unit/test_chip_sweep

tests_unit_test_chip_sim_SOURCES = tests/unit/test_chip_sim.c \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
tests_unit_test_chip_sim_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_sim_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_ops_SOURCES = tests/unit/test_chip_ops.c \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
tests_unit_test_chip_ops_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_ops_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_update_SOURCES = tests/unit/test_chip_update.c \
	tests/unit/test_chip_vectors.h \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
tests_unit_test_chip_update_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_update_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_share_SOURCES = tests/unit/test_chip_share.c \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
tests_unit_test_chip_share_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_share_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_context_SOURCES = tests/unit/test_chip_context.c \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
tests_unit_test_chip_context_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_context_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_faults_SOURCES = tests/unit/test_chip_faults.c \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
tests_unit_test_chip_faults_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_faults_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_sweep_SOURCES = tests/unit/test_chip_sweep.c \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
tests_unit_test_chip_sweep_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_sweep_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

# The same at every single transfer.
check_PROGRAMS += tests/unit/test_chip_sweep.long
long_tests += tests/unit/test_chip_sweep.long
tests_unit_test_chip_sweep_long_SOURCES = $(tests_unit_test_chip_sweep_SOURCES)
tests_unit_test_chip_sweep_long_CPPFLAGS = $(AM_CPPFLAGS) -DSWEEP_EVERY=1
tests_unit_test_chip_sweep_long_CFLAGS = $(tests_unit_test_chip_sweep_CFLAGS)
tests_unit_test_chip_sweep_long_LDADD = $(tests_unit_test_chip_sweep_LDADD)

# Pairing and the encrypted connection.
shield_bed = tests/unit/shield_bed.c tests/unit/shield_bed.h \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
check_PROGRAMS += tests/unit/test_chip_shield tests/unit/test_chip_handover
unit_tests += tests/unit/test_chip_shield tests/unit/test_chip_handover
tests_unit_test_chip_shield_SOURCES = tests/unit/test_chip_shield.c $(shield_bed)
tests_unit_test_chip_shield_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_shield_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_handover_SOURCES = tests/unit/test_chip_handover.c $(shield_bed)
tests_unit_test_chip_handover_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_handover_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

portal = tests/unit/portal.c tests/unit/portal.h
check_PROGRAMS += tests/unit/test_chip_portal
unit_tests += tests/unit/test_chip_portal
tests_unit_test_chip_portal_SOURCES = tests/unit/test_chip_portal.c $(portal) \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
tests_unit_test_chip_portal_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_portal_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_chip_quirks
unit_tests += tests/unit/test_chip_quirks
tests_unit_test_chip_quirks_SOURCES = tests/unit/test_chip_quirks.c tests/unit/test_chip_vectors.h \
	tests/unit/test_chip_ossl.c tests/unit/test_chip_ossl.h
tests_unit_test_chip_quirks_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_quirks_LDADD = $(chip_sim_libs) $(CRYPTO_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_chip_quirks.long
long_tests += tests/unit/test_chip_quirks.long
tests_unit_test_chip_quirks_long_SOURCES = $(tests_unit_test_chip_quirks_SOURCES)
tests_unit_test_chip_quirks_long_CPPFLAGS = $(AM_CPPFLAGS) -DALL_PARTS=1
tests_unit_test_chip_quirks_long_CFLAGS = $(tests_unit_test_chip_quirks_CFLAGS)
tests_unit_test_chip_quirks_long_LDADD = $(tests_unit_test_chip_quirks_LDADD)
