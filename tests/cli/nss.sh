#!/bin/sh
# NSS by its own tools: what browsers and mail programs built on it do with a token.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need modutil certutil cmsutil tstclnt selfserv openssl pkcs11-tool
new_chip
new_ca
client NSS libnss3-tools

# The token's name is the one thing in the manual's lines that is another on each chip.
label=$(pkcs11-tool --module "$module" -L | sed -n 's/.*token label *: //p')
[ "$label" ] || fail 'no token'
typed() { # n, text that must be in the output
	type_manual NSS "$1" "s/^T=.*/T='$label'/" > "$tmp/log" 2>&1 ||
		{ cat "$tmp/log"; fail "block $1 of the manual"; }
	[ $# = 1 ] || grep -qE -e "$2" "$tmp/log" || { cat "$tmp/log"; fail "\"$2\" is not in it"; }
}
nss() {
	tool=$1
	shift
	timeout 20 "$tool" -d "sql:$tmp/nssdb" "$@"
}

works 'modutil'
typed 1 "token: $label"
[ "$(grep -c 'status: loaded' "$tmp/log")" = 2 ] || { cat "$tmp/log"; fail 'two modules'; }

works 'certutil: keys, certificates'
device_key device
nss certutil -A -n 'Test CA' -t CT,C,C -i "$tmp/ca.pem"
typed 2 'ec +e0f1 +device'
grep -qE "^$label:device +u,u,u" "$tmp/log" || { cat "$tmp/log"; fail 'certificate without its key'; }

works 'request for a key that is there'
printf 'extendedKeyUsage=emailProtection,clientAuth,serverAuth\nsubjectAltName=DNS:localhost\n' \
	> "$tmp/ext"
sign_request() { # request, certificate
	openssl req -in "$1" -verify -noout 2> /dev/null || fail "signature of $1"
	openssl x509 -req -in "$1" -CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -days 10 \
		-extfile "$tmp/ext" -out "$2" 2> /dev/null
}
typed 3
openssl req -in "$tmp/device2.csr" -pubkey -noout | cmp - "$tmp/device.pub"

works 'generate'
typed 4
sign_request "$tmp/pump.csr" "$tmp/pump.pem"

works 'import a certificate'
typed 5 "^$label:pump +u,u,u"
# NSS gives key and certificate the hash of the point as ID, and finds each by the other's.
nss certutil -K -h "$label" | grep -E 'ec +[0-9a-f]{40} +e0f2' || fail 'the ID that NSS gives'
nss certutil -V -u C -n "$label:pump"

works 'import for a key with an ID of its own'
pkcs11-tool --module "$module" --delete-object --type cert --id e0f1
nss certutil -A -h "$label" -n again -t ,, -i "$tmp/device.pem"
shows "$label:again" nss certutil -L -h "$label"
grep -qE "^$label:again +u,u,u" "$tmp/shown" || { cat "$tmp/shown"; fail 'taken for foreign'; }

works 'sign mail'
printf 'a letter\n' > "$tmp/letter"
typed 6
openssl cms -verify -inform DER -in "$tmp/letter.p7" -CAfile "$tmp/ca.pem" -out "$tmp/read" 2> "$tmp/log" ||
	{ cat "$tmp/log"; fail 'signature of the letter'; }
cmp "$tmp/letter" "$tmp/read"

works 'TLS client'
https_server
printf 'GET / HTTP/1.0\r\n\r\n' > "$tmp/get"
for version in tls1.2 tls1.3; do
	nss tstclnt -h localhost -p "$port" -4 -V "$version:$version" -n "$label:pump" -O -A "$tmp/get" \
		> "$tmp/log" 2>&1 || { cat "$tmp/log"; fail "TLS client, $version"; }
	grep -q 'HTTP/1.0 200' "$tmp/log" || { cat "$tmp/log"; fail "TLS client, $version"; }
done

works 'TLS server'
free_port
client_key
serve selfserv -d sql:nssdb -n "$label:pump" -p "$port" -V tls1.2:tls1.3
for version in -tls1_2 -tls1_3; do
	ask_server 'subject=CN = pump' "$version"
done

works 'delete'
nss certutil -D -n "$label:pump"
nss certutil -L -h "$label" > "$tmp/log"
if grep pump "$tmp/log"; then
	fail 'certificate still there'
fi
