# The built module through C_GetFunctionList, on simulated chips; and its parts that need none.

check_PROGRAMS += tests/module/test_conf
module_tests += tests/module/test_conf
tests_module_test_conf_SOURCES = tests/module/test_conf.c pkcs11/layout_chip.c
tests_module_test_conf_CFLAGS = $(module_cflags)
tests_module_test_conf_LDADD = libmodule.la libbase.la $(CHECK_LIBS)

module_harness = tests/module/harness.c tests/module/harness.h
module_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(P11KIT_CFLAGS) $(CRYPTO_CFLAGS)
module_ldadd = libsim.la libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS) -ldl -lpthread

check_PROGRAMS += tests/module/test_init
module_tests += tests/module/test_init
tests_module_test_init_SOURCES = tests/module/test_init.c $(module_harness)
tests_module_test_init_CFLAGS = $(module_cflags)
tests_module_test_init_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_session
module_tests += tests/module/test_session
tests_module_test_session_SOURCES = tests/module/test_session.c $(module_harness)
tests_module_test_session_CFLAGS = $(module_cflags)
tests_module_test_session_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_event
module_tests += tests/module/test_event
tests_module_test_event_SOURCES = tests/module/test_event.c $(module_harness)
tests_module_test_event_CFLAGS = $(module_cflags)
tests_module_test_event_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_layout
module_tests += tests/module/test_layout
tests_module_test_layout_SOURCES = tests/module/test_layout.c $(module_harness)
tests_module_test_layout_CFLAGS = $(module_cflags)
tests_module_test_layout_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_lazy
module_tests += tests/module/test_lazy
tests_module_test_lazy_SOURCES = tests/module/test_lazy.c $(module_harness)
tests_module_test_lazy_CFLAGS = $(module_cflags)
tests_module_test_lazy_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_args
module_tests += tests/module/test_args
tests_module_test_args_SOURCES = tests/module/test_args.c tests/fuzz/callseq.c tests/fuzz/callseq.h \
	$(module_harness)
tests_module_test_args_CFLAGS = $(module_cflags)
tests_module_test_args_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_mech
module_tests += tests/module/test_mech
tests_module_test_mech_SOURCES = tests/module/test_mech.c $(module_harness)
tests_module_test_mech_CFLAGS = $(module_cflags)
tests_module_test_mech_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_object
module_tests += tests/module/test_object
tests_module_test_object_SOURCES = tests/module/test_object.c $(module_harness)
tests_module_test_object_CFLAGS = $(module_cflags)
tests_module_test_object_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_digest
module_tests += tests/module/test_digest
tests_module_test_digest_SOURCES = tests/module/test_digest.c $(module_harness)
tests_module_test_digest_CFLAGS = $(module_cflags)
tests_module_test_digest_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_sign
module_tests += tests/module/test_sign
tests_module_test_sign_SOURCES = tests/module/test_sign.c $(module_harness)
tests_module_test_sign_CFLAGS = $(module_cflags)
tests_module_test_sign_LDADD = $(module_ldadd)

module_secret = tests/module/secret.c tests/module/secret.h $(module_harness)

check_PROGRAMS += tests/module/test_crypt
module_tests += tests/module/test_crypt
tests_module_test_crypt_SOURCES = tests/module/test_crypt.c $(module_secret)
tests_module_test_crypt_CFLAGS = $(module_cflags)
tests_module_test_crypt_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_mac
module_tests += tests/module/test_mac
tests_module_test_mac_SOURCES = tests/module/test_mac.c $(module_secret)
tests_module_test_mac_CFLAGS = $(module_cflags)
tests_module_test_mac_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_shared
module_tests += tests/module/test_shared
tests_module_test_shared_SOURCES = tests/module/test_shared.c $(module_secret)
tests_module_test_shared_CFLAGS = $(module_cflags)
tests_module_test_shared_LDADD = $(module_ldadd)

# The module's parts without the module around them, so that a test reaches the simulator inside.
check_PROGRAMS += tests/module/test_opfault
module_tests += tests/module/test_opfault
tests_module_test_opfault_SOURCES = tests/module/test_opfault.c \
	tests/module/inside.c tests/module/inside.h pkcs11/module.c pkcs11/layout_chip.c \
	$(module_secret)
tests_module_test_opfault_CFLAGS = $(module_cflags)
tests_module_test_opfault_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sim_open
tests_module_test_opfault_LDADD = libmodule.la libstore.la libchip.la liblink.la libbus.la \
	$(module_ldadd)

check_PROGRAMS += tests/module/test_crypt_rsa
module_tests += tests/module/test_crypt_rsa
tests_module_test_crypt_rsa_SOURCES = tests/module/test_crypt_rsa.c $(module_harness)
tests_module_test_crypt_rsa_CFLAGS = $(module_cflags)
tests_module_test_crypt_rsa_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_pubkey
module_tests += tests/module/test_pubkey
tests_module_test_pubkey_SOURCES = tests/module/test_pubkey.c $(module_harness)
tests_module_test_pubkey_CFLAGS = $(module_cflags)
tests_module_test_pubkey_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_engine
module_tests += tests/module/test_engine
tests_module_test_engine_SOURCES = tests/module/test_engine.c $(module_harness)
tests_module_test_engine_CFLAGS = $(module_cflags)
tests_module_test_engine_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_derive
module_tests += tests/module/test_derive
tests_module_test_derive_SOURCES = tests/module/test_derive.c $(module_harness)
tests_module_test_derive_CFLAGS = $(module_cflags)
tests_module_test_derive_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_sobj
module_tests += tests/module/test_sobj
tests_module_test_sobj_SOURCES = tests/module/test_sobj.c $(module_harness)
tests_module_test_sobj_CFLAGS = $(module_cflags)
tests_module_test_sobj_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_states
module_tests += tests/module/test_states
tests_module_test_states_SOURCES = tests/module/test_states.c $(module_harness)
tests_module_test_states_CFLAGS = $(module_cflags)
tests_module_test_states_LDADD = $(module_ldadd)

check_PROGRAMS += tests/module/test_v3
module_tests += tests/module/test_v3
tests_module_test_v3_SOURCES = tests/module/test_v3.c $(module_harness)
tests_module_test_v3_CFLAGS = $(module_cflags)
tests_module_test_v3_LDADD = $(module_ldadd)

dist_check_SCRIPTS += tests/module/exports.sh tests/module/v3numbers.sh
lint_tests += tests/module/exports.sh tests/module/v3numbers.sh

# Prepares the chip with its commands, beside the module.
check_PROGRAMS += tests/module/test_unwrap
module_tests += tests/module/test_unwrap
tests_module_test_unwrap_SOURCES = tests/module/test_unwrap.c $(module_harness) \
	tests/unit/simapp_manifest.c tests/unit/simapp_manifest.h $(simapp_rig)
tests_module_test_unwrap_CFLAGS = $(module_cflags)
tests_module_test_unwrap_LDADD = libchip.la liblink.la libbus.la $(module_ldadd)
