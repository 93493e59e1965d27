#!/bin/sh
# stunnel with libp11's engine: client and server with the chip's key, connections at once.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need stunnel openssl curl pkcs11-tool
client 'stunnel, engine' stunnel4
new_chip
new_ca
device_key localhost
client_key

# The manual's configuration, with the ports of the test: where it listens is left in $port.
configure() { # n, port to connect to
	free_port
	manual stunnel "$1" | sed -e "s|MODULE_PATH:.*|MODULE_PATH:$module|" \
		-e "1i foreground = yes\npid =\nsyslog = no" -e '1i debug = info' \
		-e "s/^accept = .*/accept = 127.0.0.1:$port/" \
		-e "s/^connect = .*/connect = 127.0.0.1:$2/" > "$tmp/stunnel$1.conf"
}

works client
https_server
configure 1 "$port"
serve stunnel "$tmp/stunnel1.conf"
curl -sS "http://127.0.0.1:$port/" > "$tmp/page" || { cat "$tmp/server.log"; fail 'no answer'; }
grep -q 'Subject: CN=localhost' "$tmp/page" || { cat "$tmp/page"; fail 'without its certificate'; }

works 'ten connections at once'
seq 10 | xargs -P 5 -I @ curl -sS --max-time 30 -o "$tmp/page.@" "http://127.0.0.1:$port/" ||
	{ cat "$tmp/server.log"; fail 'no answer'; }
cat "$tmp"/page.* | grep -c 'Subject: CN=localhost' | grep -qx 10 || fail 'ten pages expected'

works server
# Behind it the client above, so that a page goes through both.
configure 2 "$port"
serve stunnel "$tmp/stunnel2.conf"
for v in -tls1_2 -tls1_3; do
	ask_server 'HTTP/1.0 200' $v
done
step 'without a certificate there is no connection'
refused curl -sS --cacert "$tmp/ca.pem" "https://localhost:$port/"
