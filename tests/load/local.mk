# Many hosts on one simulated chip: three seconds in the fast tier, thirty in the long one.
check_PROGRAMS += tests/load/load
cli_tests += tests/load/load
own_cli_tests += tests/load/load
tests_load_load_SOURCES = tests/load/load.c tests/load/verify.c \
	tests/load/work.c tests/load/work.h
tests_load_load_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
tests_load_load_LDADD = libchip.la liblink.la libbus.la libsim.la libbase.la \
	$(CRYPTO_LIBS) -lpthread

dist_check_SCRIPTS += tests/load/load.sh tests/load/threads.sh
long_tests += tests/load/load.sh tests/load/threads.sh
