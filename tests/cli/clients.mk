# Foreign clients on a simulated chip of their own each. A missing client is a failure.
client_tests = \
	tests/cli/curl.sh \
	tests/cli/gnutls.sh \
	tests/cli/incumbent.sh \
	tests/cli/java.sh \
	tests/cli/mosquitto.sh \
	tests/cli/nginx.sh \
	tests/cli/nss.sh \
	tests/cli/openssh.sh \
	tests/cli/openssl.sh \
	tests/cli/openssl-engine.sh \
	tests/cli/openvpn.sh \
	tests/cli/p11-kit.sh \
	tests/cli/p11tool.sh \
	tests/cli/pkcs11-tool.sh \
	tests/cli/pykcs11.sh \
	tests/cli/stunnel.sh \
	tests/cli/wpa.sh
dist_check_SCRIPTS += $(client_tests)
cli_tests += $(client_tests)
EXTRA_DIST += tests/cli/client-lib.sh
# Their results, one row each in the table that "make check" ends with.
CLEANFILES += $(client_tests:.sh=.client)
# This one installs its client from another registry.
long_client_tests = tests/cli/aws_sdk.sh
dist_check_SCRIPTS += $(long_client_tests)
long_tests += $(long_client_tests)
CLEANFILES += $(long_client_tests:.sh=.client)
