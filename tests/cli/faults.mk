# AWS IoT's stand-in with every fault at every call: some in the fast tier, all in the long one.
check_LTLIBRARIES += tests/cli/fastclock.la
tests_cli_fastclock_la_SOURCES = tests/cli/fastclock.c
tests_cli_fastclock_la_CFLAGS = $(AM_CFLAGS) -fno-sanitize=all
tests_cli_fastclock_la_LDFLAGS = -module -avoid-version -shared -rpath $(abs_builddir)/tests/cli
tests_cli_fastclock_la_LIBADD =

EXTRA_DIST += tests/cli/faults_lib.sh
dist_check_SCRIPTS += tests/cli/prov_faults.sh tests/cli/prov_faults_all.sh
cli_tests += tests/cli/prov_faults.sh
long_tests += tests/cli/prov_faults_all.sh

# The same with kills.
EXTRA_DIST += tests/cli/killsweep_lib.sh
dist_check_SCRIPTS += tests/cli/prov_killsweep.sh tests/cli/prov_killsweep_all.sh tests/cli/prov_killsweep_renew.sh
cli_tests += tests/cli/prov_killsweep.sh
long_tests += tests/cli/prov_killsweep_all.sh tests/cli/prov_killsweep_renew.sh
