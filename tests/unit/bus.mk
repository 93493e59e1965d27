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
