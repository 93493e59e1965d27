# The bus: selectors, lock and record, the bus socket.
bus_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
bus_test_libs = libbus.la libsimwire.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_bus_selector tests/unit/test_bus_lock
unit_tests += tests/unit/test_bus_selector tests/unit/test_bus_lock

tests_unit_test_bus_selector_SOURCES = tests/unit/test_bus_selector.c
nodist_tests_unit_test_bus_selector_SOURCES = tests/unit/sim_fake_app.c
tests_unit_test_bus_selector_CFLAGS = $(bus_test_cflags)
tests_unit_test_bus_selector_LDADD = $(bus_test_libs)

tests_unit_test_bus_lock_SOURCES = tests/unit/test_bus_lock.c
nodist_tests_unit_test_bus_lock_SOURCES = tests/unit/sim_fake_app.c
tests_unit_test_bus_lock_CFLAGS = $(bus_test_cflags)
tests_unit_test_bus_lock_LDADD = $(bus_test_libs)

check_PROGRAMS += tests/unit/test_bus_sock
unit_tests += tests/unit/test_bus_sock
tests_unit_test_bus_sock_SOURCES = tests/unit/test_bus_sock.c
nodist_tests_unit_test_bus_sock_SOURCES = tests/unit/sim_fake_app.c
tests_unit_test_bus_sock_CFLAGS = $(bus_test_cflags)
tests_unit_test_bus_sock_LDADD = $(bus_test_libs)

# The drivers of real devices on a machine that umockdev makes up. Its preload library is linked
# before everything else, so that the programs are run like any other.
bus_bed_sources = tests/unit/bus_bed.c tests/unit/bus_bed.h
bus_bed_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(UMOCKDEV_CFLAGS)
bus_bed_ldflags = $(AM_LDFLAGS) -Wl,--push-state,--no-as-needed,-l:libumockdev-preload.so.0,--pop-state
bus_bed_libs = libchip.la liblink.la libbus.la libsim.la libbase.la $(CRYPTO_LIBS) \
	$(UMOCKDEV_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_bus_i2c
unit_tests += tests/unit/test_bus_i2c
tests_unit_test_bus_i2c_SOURCES = tests/unit/test_bus_i2c.c \
	tests/unit/bus_i2c.c tests/unit/bus_i2c.h \
	tests/unit/bus_gpio.c tests/unit/bus_gpio.h $(bus_bed_sources)
tests_unit_test_bus_i2c_CFLAGS = $(bus_bed_cflags) $(LIBGPIOD_CFLAGS)
tests_unit_test_bus_i2c_LDFLAGS = $(bus_bed_ldflags)
tests_unit_test_bus_i2c_LDADD = $(bus_bed_libs)

check_PROGRAMS += tests/unit/test_bus_trace
unit_tests += tests/unit/test_bus_trace
tests_unit_test_bus_trace_SOURCES = tests/unit/test_bus_trace.c
nodist_tests_unit_test_bus_trace_SOURCES = tests/unit/sim_fake_app.c
tests_unit_test_bus_trace_CFLAGS = $(bus_test_cflags)
tests_unit_test_bus_trace_LDADD = $(bus_test_libs)

check_PROGRAMS += tests/unit/test_bus_ft260 tests/unit/test_bus_ft260_use
unit_tests += tests/unit/test_bus_ft260 tests/unit/test_bus_ft260_use
bus_ft260_sources = tests/unit/bus_ft260.c tests/unit/bus_ft260.h tests/unit/emu_ft260.c \
	tests/unit/emu_ft260.h $(bus_bed_sources)
tests_unit_test_bus_ft260_SOURCES = tests/unit/test_bus_ft260.c $(bus_ft260_sources)
tests_unit_test_bus_ft260_CFLAGS = $(bus_bed_cflags) $(HIDAPI_CFLAGS)
tests_unit_test_bus_ft260_LDFLAGS = $(bus_bed_ldflags)
tests_unit_test_bus_ft260_LDADD = $(bus_bed_libs)

tests_unit_test_bus_ft260_use_SOURCES = tests/unit/test_bus_ft260_use.c $(bus_ft260_sources)
tests_unit_test_bus_ft260_use_CFLAGS = $(bus_bed_cflags) $(HIDAPI_CFLAGS)
tests_unit_test_bus_ft260_use_LDFLAGS = $(bus_bed_ldflags)
tests_unit_test_bus_ft260_use_LDADD = $(bus_bed_libs)
