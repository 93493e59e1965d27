# optiga-provision fleet: what needs no chip.

fleet_tests = tests/unit/test_prov_csv tests/unit/test_prov_fleet tests/unit/test_prov_pace
check_PROGRAMS += $(fleet_tests)
unit_tests += $(fleet_tests)

tests_unit_test_prov_csv_SOURCES = tests/unit/test_prov_csv.c $(prov_test_util)
tests_unit_test_prov_csv_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_csv_LDADD = $(prov_test_libs)

tests_unit_test_prov_pace_SOURCES = tests/unit/test_prov_pace.c $(prov_test_util)
tests_unit_test_prov_pace_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_pace_LDADD = $(prov_test_libs)

tests_unit_test_prov_fleet_SOURCES = tests/unit/test_prov_fleet.c $(prov_test_util)
tests_unit_test_prov_fleet_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_fleet_LDADD = $(prov_test_libs)
