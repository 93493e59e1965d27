# A real kernel in QEMU: only in the long tier.
check_PROGRAMS += tests/cli/lane_c
tests_cli_lane_c_SOURCES = tests/cli/lane_c.c tests/unit/emu_ft260.c tests/unit/emu_ft260.h
tests_cli_lane_c_LDADD = libchip.la liblink.la libbus.la libsim.la libbase.la $(CRYPTO_LIBS)

dist_check_SCRIPTS += tests/cli/lane_c.sh
long_tests += tests/cli/lane_c.sh
