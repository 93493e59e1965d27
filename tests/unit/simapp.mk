# The simulated chip's application, at its command boundary.

simapp_rig = tests/unit/simapp_rig.c tests/unit/simapp_rig.h

check_PROGRAMS += \
	tests/unit/test_simapp_general \
	tests/unit/test_simapp_data \
	tests/unit/test_simapp_meta \
	tests/unit/test_simapp_access \
	tests/unit/test_simapp_keys \
	tests/unit/test_simapp_monitor \
	tests/unit/test_simapp_models
unit_tests += \
	tests/unit/test_simapp_general \
	tests/unit/test_simapp_data \
	tests/unit/test_simapp_meta \
	tests/unit/test_simapp_access \
	tests/unit/test_simapp_keys \
	tests/unit/test_simapp_monitor \
	tests/unit/test_simapp_models

tests_unit_test_simapp_general_SOURCES = tests/unit/test_simapp_general.c $(simapp_rig)
tests_unit_test_simapp_general_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_general_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_data_SOURCES = tests/unit/test_simapp_data.c $(simapp_rig)
tests_unit_test_simapp_data_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_data_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_meta_SOURCES = tests/unit/test_simapp_meta.c $(simapp_rig)
tests_unit_test_simapp_meta_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_meta_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_access_SOURCES = tests/unit/test_simapp_access.c $(simapp_rig)
tests_unit_test_simapp_access_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_access_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_keys_SOURCES = tests/unit/test_simapp_keys.c $(simapp_rig)
tests_unit_test_simapp_keys_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_keys_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_monitor_SOURCES = tests/unit/test_simapp_monitor.c $(simapp_rig)
tests_unit_test_simapp_monitor_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_monitor_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_models_SOURCES = tests/unit/test_simapp_models.c $(simapp_rig)
tests_unit_test_simapp_models_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_models_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

# Cryptographic commands, sessions, authorization.
check_PROGRAMS += \
	tests/unit/test_simapp_auth \
	tests/unit/test_simapp_cert \
	tests/unit/test_simapp_vectors \
	tests/unit/test_simapp_session \
	tests/unit/test_simapp_hash \
	tests/unit/test_simapp_agree \
	tests/unit/test_simapp_sym \
	tests/unit/test_simapp_asym
unit_tests += \
	tests/unit/test_simapp_auth \
	tests/unit/test_simapp_cert \
	tests/unit/test_simapp_vectors \
	tests/unit/test_simapp_session \
	tests/unit/test_simapp_hash \
	tests/unit/test_simapp_agree \
	tests/unit/test_simapp_sym \
	tests/unit/test_simapp_asym

tests_unit_test_simapp_auth_SOURCES = tests/unit/test_simapp_auth.c $(simapp_rig)
tests_unit_test_simapp_auth_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_auth_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_cert_SOURCES = tests/unit/test_simapp_cert.c $(simapp_rig)
tests_unit_test_simapp_cert_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_cert_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_vectors_SOURCES = tests/unit/test_simapp_vectors.c $(simapp_rig)
tests_unit_test_simapp_vectors_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_vectors_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_session_SOURCES = tests/unit/test_simapp_session.c $(simapp_rig)
tests_unit_test_simapp_session_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_session_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_hash_SOURCES = tests/unit/test_simapp_hash.c $(simapp_rig)
tests_unit_test_simapp_hash_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_hash_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_agree_SOURCES = tests/unit/test_simapp_agree.c $(simapp_rig)
tests_unit_test_simapp_agree_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_agree_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_sym_SOURCES = tests/unit/test_simapp_sym.c $(simapp_rig)
tests_unit_test_simapp_sym_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_sym_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_asym_SOURCES = tests/unit/test_simapp_asym.c $(simapp_rig)
tests_unit_test_simapp_asym_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_asym_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

# Protected updates.
simapp_update = tests/unit/simapp_update.c tests/unit/simapp_update.h \
	tests/unit/simapp_manifest.c tests/unit/simapp_manifest.h $(simapp_rig)
check_PROGRAMS += \
	tests/unit/test_simapp_update \
	tests/unit/test_simapp_update_key \
	tests/unit/test_simapp_update_hostile
unit_tests += \
	tests/unit/test_simapp_update \
	tests/unit/test_simapp_update_key \
	tests/unit/test_simapp_update_hostile

tests_unit_test_simapp_update_SOURCES = tests/unit/test_simapp_update.c $(simapp_update)
tests_unit_test_simapp_update_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_update_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_update_key_SOURCES = tests/unit/test_simapp_update_key.c $(simapp_update)
tests_unit_test_simapp_update_key_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_update_key_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_simapp_update_hostile_SOURCES = tests/unit/test_simapp_update_hostile.c $(simapp_update)
tests_unit_test_simapp_update_hostile_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_simapp_update_hostile_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)
