# Fuzz targets: everything that parses bytes of the other side. Without a fuzzer each is linked
# with a main that replays its corpus; configured with --enable-fuzzing (clang) they are fuzzers.
# "make fuzz" builds those in a folder of its own and runs each for FUZZ_SECONDS.
fuzz_targets = tests/fuzz/link tests/fuzz/shield tests/fuzz/apdu tests/fuzz/meta tests/fuzz/store \
	tests/fuzz/simframe tests/fuzz/simapdu tests/fuzz/calls tests/fuzz/config \
	tests/fuzz/policy
check_PROGRAMS += $(fuzz_targets)

if FUZZING
fuzz_main = tests/fuzz/fuzz.h
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_main = tests/fuzz/fuzz.h tests/fuzz/replay.c
fuzz_ldflags = $(AM_LDFLAGS)
endif

tests_fuzz_link_SOURCES = tests/fuzz/link.c $(fuzz_main)
tests_fuzz_link_LDADD = liblink.la libbus.la libsim.la libbase.la $(CRYPTO_LIBS)
tests_fuzz_link_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_shield_SOURCES = tests/fuzz/shield.c $(fuzz_main)
tests_fuzz_shield_LDADD = liblink.la libbus.la libsim.la libbase.la $(CRYPTO_LIBS)
tests_fuzz_shield_LDFLAGS = $(fuzz_ldflags) -Wl,--wrap=chain_exchange

tests_fuzz_apdu_SOURCES = tests/fuzz/apdu.c $(fuzz_main)
tests_fuzz_apdu_LDADD = libchip.la libbase.la $(CRYPTO_LIBS)
tests_fuzz_apdu_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_meta_SOURCES = tests/fuzz/meta.c $(fuzz_main)
tests_fuzz_meta_LDADD = libchip.la liblink.la libbus.la libsim.la libbase.la $(CRYPTO_LIBS)
tests_fuzz_meta_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_store_SOURCES = tests/fuzz/store.c $(fuzz_main)
tests_fuzz_store_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_store_LDADD = libstore.la libchip.la liblink.la libbus.la libsim.la libbase.la \
	$(CRYPTO_LIBS)
tests_fuzz_store_LDFLAGS = $(fuzz_ldflags)

fuzz_sim = tests/fuzz/simbase.c tests/fuzz/simbase.h
fuzz_sim_ldflags = $(fuzz_ldflags) -Wl,--wrap=rsa_generate

tests_fuzz_simframe_SOURCES = tests/fuzz/simframe.c $(fuzz_sim) $(fuzz_main)
tests_fuzz_simframe_LDADD = libsim.la libbase.la $(CRYPTO_LIBS)
tests_fuzz_simframe_LDFLAGS = $(fuzz_sim_ldflags)

tests_fuzz_simapdu_SOURCES = tests/fuzz/simapdu.c $(fuzz_sim) $(fuzz_main)
tests_fuzz_simapdu_LDADD = libsim.la libbase.la $(CRYPTO_LIBS)
tests_fuzz_simapdu_LDFLAGS = $(fuzz_sim_ldflags)

tests_fuzz_calls_SOURCES = tests/fuzz/calls.c tests/fuzz/callseq.c tests/fuzz/callseq.h \
	pkcs11/module.c pkcs11/layout_chip.c $(fuzz_main)
tests_fuzz_calls_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_calls_LDADD = libmodule.la libstore.la libchip.la liblink.la libbus.la libsim.la libbase.la \
	$(CRYPTO_LIBS) $(GMP_LIBS)
tests_fuzz_calls_LDFLAGS = $(fuzz_ldflags) -Wl,--wrap=rsa_generate

# They keep the messages themselves.
fuzz_messages = tests/fuzz/messages.c tests/fuzz/messages.h
tests_fuzz_config_SOURCES = tests/fuzz/config.c $(fuzz_messages) $(fuzz_main)
tests_fuzz_config_CFLAGS = $(libprov_la_CFLAGS)
tests_fuzz_config_LDADD = libprov.la $(P11KIT_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)
tests_fuzz_config_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_policy_SOURCES = tests/fuzz/policy.c $(fuzz_messages) $(fuzz_main)
tests_fuzz_policy_CFLAGS = $(libprov_la_CFLAGS)
tests_fuzz_policy_LDADD = libprov.la $(P11KIT_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)
tests_fuzz_policy_LDFLAGS = $(fuzz_ldflags)

dist_check_SCRIPTS += tests/fuzz/corpus.sh
EXTRA_DIST += tests/fuzz/fuzz.sh tests/fuzz/corpus
cli_tests += tests/fuzz/corpus.sh
own_cli_tests += tests/fuzz/corpus.sh

FUZZ_SECONDS = 600
fuzz:
	$(SHELL) $(srcdir)/tests/fuzz/fuzz.sh '$(abs_top_srcdir)' $(FUZZ_SECONDS) $(fuzz_targets)
.PHONY: fuzz
