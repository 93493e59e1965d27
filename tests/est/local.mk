# An EST server, and optiga-provision against it.

check_PROGRAMS += tests/est/est-server
tests_est_est_server_SOURCES = tests/est/est.h tests/est/main.c tests/est/pki.c
tests_est_est_server_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS) $(CRYPTO_CFLAGS)
tests_est_est_server_LDADD = $(SSL_LIBS) $(CRYPTO_LIBS)

dist_check_SCRIPTS += tests/cli/prov_est.sh
cli_tests += tests/cli/prov_est.sh
own_cli_tests += tests/cli/prov_est.sh
