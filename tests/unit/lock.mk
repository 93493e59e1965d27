# Policies of access conditions, without a token.
check_PROGRAMS += tests/unit/test_prov_lock
unit_tests += tests/unit/test_prov_lock
tests_unit_test_prov_lock_SOURCES = tests/unit/test_prov_lock.c $(prov_test_util)
tests_unit_test_prov_lock_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_lock_LDADD = $(prov_test_libs)
