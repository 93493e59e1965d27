#!/bin/sh
# GnuTLS's programs with the chip's key: client, server, request.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need gnutls-cli gnutls-serv certtool p11tool openssl pkcs11-tool
client 'GnuTLS programs' gnutls-bin
new_chip
new_ca
device_key device

works 'certtool request'
rm "$tmp/device.csr"
type_manual GnuTLS 3 > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail certtool; }
openssl req -in "$tmp/device.csr" -verify -noout
openssl req -in "$tmp/device.csr" -noout -pubkey | cmp - "$tmp/device.pub"

works 'gnutls-cli, TLS 1.2 and 1.3'
https_server
for v in 1.2 1.3; do
	printf 'GET / HTTP/1.0\r\n\r\n' > "$tmp/request"
	type_manual GnuTLS 1 "s/8443/$port/;s/^gnutls-cli/& --priority NORMAL:-VERS-ALL:+VERS-TLS$v/" \
		< "$tmp/request" > "$tmp/page" 2>&1 || { cat "$tmp/page"; fail "gnutls-cli $v"; }
	grep -q "Description: (TLS$v" "$tmp/page" || { cat "$tmp/page"; fail "not TLS $v"; }
	grep -q 'Subject: CN=device' "$tmp/page" || { cat "$tmp/page"; fail 'no answer'; }
done

works gnutls-serv
new_chip
device_key localhost
client_key
free_port
serve_manual GnuTLS 2 "s/8443/$port/"
for v in -tls1_2 -tls1_3; do
	ask_server 'HTTP/1.0 200' $v
done
