# The simulated chip from the wire to the command boundary, with an application for tests behind it.

sim_test_common = tests/unit/sim_host.h tests/unit/sim_host.c tests/unit/sim_fake_app.c
sim_test_ldadd = libsimwire.la libbase.la $(CHECK_LIBS)
sim_tests = tests/unit/test_sim_reg
check_PROGRAMS += $(sim_tests)
unit_tests += $(sim_tests)

tests_unit_test_sim_reg_SOURCES = tests/unit/test_sim_reg.c $(sim_test_common)
tests_unit_test_sim_reg_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_sim_reg_LDADD = $(sim_test_ldadd)
