# Pairing and locking with the tool, and what kills it there.
check_LTLIBRARIES += tests/cli/killat.la
tests_cli_killat_la_SOURCES = tests/cli/killat.c
tests_cli_killat_la_CFLAGS = $(AM_CFLAGS) -fno-sanitize=all
tests_cli_killat_la_LDFLAGS = -module -avoid-version -shared -rpath $(abs_builddir)/tests/cli
tests_cli_killat_la_LIBADD =

pair_cli_tests = tests/cli/prov_lock.sh tests/cli/prov_pair.sh
dist_check_SCRIPTS += $(pair_cli_tests)
cli_tests += $(pair_cli_tests)
own_cli_tests += tests/cli/prov_pair.sh

dist_check_SCRIPTS += tests/cli/prov_lock_long.sh
long_tests += tests/cli/prov_lock_long.sh
