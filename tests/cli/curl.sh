#!/bin/sh
# curl with libp11's engine: the chip's key, with its certificate in a file and on the chip.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need curl openssl pkcs11-tool
client 'curl, engine' curl
new_chip
new_ca
device_key device
https_server

get() { # block of the manual, options
	type_manual curl "$1" "s/:8443/:$port/;s/^curl/curl -sS $2/" > "$tmp/page" 2> "$tmp/log" ||
		{ cat "$tmp/log" "$tmp/server.log"; fail 'curl'; }
	grep -q 'Client certificate' "$tmp/page" || fail 'the server did not see the certificate'
	grep -q 'Subject: CN=device' "$tmp/page" || { cat "$tmp/page"; fail 'another certificate'; }
}

works 'mutual TLS 1.2 and 1.3'
get 1 '--tls-max 1.2'
get 1 --tlsv1.3
works 'key and certificate by URI alone'
get 2 '--tls-max 1.2'
get 2 --tlsv1.3

step 'without the certificate there is no connection'
refused curl -sS --cacert "$tmp/ca.pem" "https://localhost:$port/"

step 'the private key by the URI of another object'
refused curl -sS --cacert "$tmp/ca.pem" --cert 'pkcs11:id=%E0%F1;type=cert' \
	--key 'pkcs11:id=%E0%F2;type=private' "https://localhost:$port/"
