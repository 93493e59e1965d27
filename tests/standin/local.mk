# The stand-in for AWS IoT that tests talk to. It shares no code with provision/.

standin_sources = tests/standin/standin.h tests/standin/cas.c tests/standin/certs.c \
	tests/standin/fault.c tests/standin/groups.c tests/standin/issue.c \
	tests/standin/policies.c tests/standin/quota.c tests/standin/register.c \
	tests/standin/route.c \
	tests/standin/serve.c tests/standin/sig.c tests/standin/state.c tests/standin/things.c \
	tests/standin/tls.c tests/standin/wire.c

check_PROGRAMS += tests/standin/aws-standin
tests_standin_aws_standin_SOURCES = tests/standin/main.c $(standin_sources)
tests_standin_aws_standin_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) -pthread
tests_standin_aws_standin_LDADD = $(SSL_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS)

# Amazon's own command line against it, from the Debian package awscli.
EXTRA_DIST += tests/cli/aws_calls.py
dist_check_SCRIPTS += tests/cli/aws_cli.sh
cli_tests += tests/cli/aws_cli.sh
