# The cloud side of the tool, and the stand-in that its tests talk to.

aws_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) $(CURL_CFLAGS)
aws_test_libs = libprovaws.la libprovmsg.la $(CHECK_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)

EXTRA_DIST += tests/vectors/sigv4-vectors.json

check_PROGRAMS += tests/unit/test_aws_sigv4
unit_tests += tests/unit/test_aws_sigv4
tests_unit_test_aws_sigv4_SOURCES = tests/unit/test_aws_sigv4.c
tests_unit_test_aws_sigv4_CFLAGS = $(aws_test_cflags)
tests_unit_test_aws_sigv4_LDADD = $(aws_test_libs)
