# Foreign clients on a simulated chip of their own each. A missing client is a failure.
client_tests = \
	tests/cli/openssl-engine.sh \
	tests/cli/p11-kit.sh \
	tests/cli/p11tool.sh \
	tests/cli/pkcs11-tool.sh
dist_check_SCRIPTS += $(client_tests)
cli_tests += $(client_tests)
EXTRA_DIST += tests/cli/client-lib.sh
# Their results, one row each in the table that "make check" ends with.
CLEANFILES += $(client_tests:.sh=.client)
