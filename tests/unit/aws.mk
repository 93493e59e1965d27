# The cloud side of the tool, and the stand-in that its tests talk to.

aws_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) $(CURL_CFLAGS)
aws_test_libs = libprovaws.la libprovmsg.la $(CHECK_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)
aws_test_util = tests/unit/test_aws_util.c tests/unit/test_aws_util.h

EXTRA_DIST += tests/vectors/sigv4-vectors.json

aws_tests = tests/unit/test_aws_sigv4 tests/unit/test_aws_checker tests/unit/test_aws_err \
	tests/unit/test_aws_cred tests/unit/test_aws_calls tests/unit/test_aws_retry \
	tests/unit/test_aws_registry tests/unit/test_aws_ca
check_PROGRAMS += $(aws_tests)
unit_tests += $(aws_tests)

tests_unit_test_aws_sigv4_SOURCES = tests/unit/test_aws_sigv4.c
tests_unit_test_aws_sigv4_CFLAGS = $(aws_test_cflags)
tests_unit_test_aws_sigv4_LDADD = $(aws_test_libs)

tests_unit_test_aws_checker_SOURCES = tests/unit/test_aws_checker.c tests/standin/sig.c \
	tests/standin/wire.c tests/standin/standin.h
tests_unit_test_aws_checker_CFLAGS = $(aws_test_cflags) $(SSL_CFLAGS)
tests_unit_test_aws_checker_LDADD = $(CHECK_LIBS) $(JANSSON_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS)

tests_unit_test_aws_err_SOURCES = tests/unit/test_aws_err.c
tests_unit_test_aws_err_CFLAGS = $(aws_test_cflags)
tests_unit_test_aws_err_LDADD = $(aws_test_libs)

tests_unit_test_aws_cred_SOURCES = tests/unit/test_aws_cred.c $(aws_test_util)
tests_unit_test_aws_cred_CFLAGS = $(aws_test_cflags)
tests_unit_test_aws_cred_LDADD = $(aws_test_libs)

tests_unit_test_aws_calls_SOURCES = tests/unit/test_aws_calls.c $(aws_test_util)
tests_unit_test_aws_calls_CFLAGS = $(aws_test_cflags)
tests_unit_test_aws_calls_LDADD = $(aws_test_libs)

tests_unit_test_aws_retry_SOURCES = tests/unit/test_aws_retry.c $(aws_test_util)
tests_unit_test_aws_retry_CFLAGS = $(aws_test_cflags)
tests_unit_test_aws_retry_LDADD = $(aws_test_libs)

tests_unit_test_aws_registry_SOURCES = tests/unit/test_aws_registry.c $(aws_test_util)
tests_unit_test_aws_registry_CFLAGS = $(aws_test_cflags)
tests_unit_test_aws_registry_LDADD = $(aws_test_libs)

tests_unit_test_aws_ca_SOURCES = tests/unit/test_aws_ca.c $(aws_test_util)
tests_unit_test_aws_ca_CFLAGS = $(aws_test_cflags)
tests_unit_test_aws_ca_LDADD = $(aws_test_libs)
