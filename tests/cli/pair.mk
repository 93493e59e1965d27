# Pairing: a driver of hal/chip and the test that runs it.
check_PROGRAMS += tests/cli/pair
tests_cli_pair_SOURCES = tests/cli/pair.c
tests_cli_pair_LDADD = libportal.la libchip.la liblink.la libbus.la libsim.la libbase.la \
	$(JANSSON_LIBS) $(CRYPTO_LIBS)

dist_check_SCRIPTS += tests/cli/pair.sh
cli_tests += tests/cli/pair.sh
own_cli_tests += tests/cli/pair.sh
