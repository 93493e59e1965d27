#!/bin/sh
# OpenSSL with libp11's engine, as the manual has it: request, signatures, client, server.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need openssl pkcs11-tool p11tool
client 'openssl, engine' libengine-pkcs11-openssl
new_chip
new_ca
works req
device_key localhost
client_key

works 'dgst, cms'
printf 'to be signed\n' > "$tmp/message"
type_manual openssl 1 > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail signatures; }
grep -qx 'Verified OK' "$tmp/log" || { cat "$tmp/log"; fail dgst; }
cmp "$tmp/message" "$tmp/message.out"
sed 's/to be/never/' "$tmp/message" > "$tmp/other"
refused openssl dgst -sha256 -verify "$tmp/device.pub" -signature "$tmp/message.sig" "$tmp/other"

works 's_client, TLS 1.2 and 1.3'
https_server
for v in -tls1_2 -tls1_3; do
	printf 'GET / HTTP/1.0\r\n\r\n' > "$tmp/get"
	type_manual openssl 2 "s/8443/$port/;s/s_client/& $v -ign_eof/" < "$tmp/get" > "$tmp/page" 2>&1 ||
		{ cat "$tmp/page" "$tmp/server.log"; fail "handshake $v"; }
	grep -q 'Subject: CN=localhost' "$tmp/page" || { cat "$tmp/page"; fail 'no answer'; }
done

works 's_server, TLS 1.2 and 1.3'
free_port
serve_manual openssl 3 "s/-accept 8443/-accept 127.0.0.1:$port/"
for v in -tls1_2 -tls1_3; do
	ask_server 'HTTP/1.0 200' $v
done
printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -connect "127.0.0.1:$port" -tls1_2 \
	-CAfile "$tmp/ca.pem" > "$tmp/log" 2>&1 && fail 'the server did not insist'

works 'module named by openssl.cnf'
manual openssl 4 | sed "s|^MODULE_PATH.*|MODULE_PATH = $module|" > "$tmp/openssl.cnf"
OPENSSL_CONF=$tmp/openssl.cnf openssl dgst -engine pkcs11 -keyform engine -sha384 \
	-sign 'pkcs11:id=%E0%F1;type=private' -out "$tmp/sig" "$tmp/message"
openssl dgst -sha384 -verify "$tmp/device.pub" -signature "$tmp/sig" "$tmp/message"

works 'token and PIN in the URI'
token=$(pkcs11-tool --module "$module" -L | sed -n 's/^ *token label *: *//p' | sed 's/ /%20/g')
for pin in '' '?pin-value=' '?pin-value=123456'; do
	OPENSSL_CONF=$tmp/openssl.cnf openssl dgst -engine pkcs11 -keyform engine -sha256 \
		-sign "pkcs11:token=$token;id=%E0%F1;type=private$pin" -out "$tmp/sig" "$tmp/message"
	openssl dgst -sha256 -verify "$tmp/device.pub" -signature "$tmp/sig" "$tmp/message"
done
refused env OPENSSL_CONF="$tmp/openssl.cnf" openssl dgst -engine pkcs11 -keyform engine -sha256 \
	-sign 'pkcs11:token=other;id=%E0%F1;type=private' -out "$tmp/sig" "$tmp/message"

works 'cms decryption with RSA'
type_manual openssl 5 > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail 'RSA key'; }
issue "$tmp/reader.pub" reader "$tmp/reader.pem"
rm "$tmp/message.out"
type_manual openssl 6 > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail decryption; }
cmp "$tmp/message" "$tmp/message.out"
openssl pkeyutl -encrypt -pubin -inkey "$tmp/reader.pub" -in "$tmp/message" -out "$tmp/enc"
OPENSSL_CONF=$tmp/openssl.cnf openssl pkeyutl -decrypt -engine pkcs11 -keyform engine \
	-inkey 'pkcs11:id=%E0%FC;type=private' -in "$tmp/enc" | cmp - "$tmp/message"

works 'TLS 1.2 with an RSA key'
pkcs11-tool --module "$module" --keypairgen --key-type rsa:2048 --id e0fd --label rsa > "$tmp/log" 2>&1
pkcs11-tool --module "$module" --read-object --type pubkey --id e0fd -o "$tmp/rsa.der" 2> "$tmp/log"
openssl pkey -pubin -inform DER -in "$tmp/rsa.der" -out "$tmp/rsa.pub"
issue "$tmp/rsa.pub" rsa "$tmp/rsa.pem"
manual openssl 7 > "$tmp/rsa.cnf"
rsa_client() {
	printf 'GET / HTTP/1.0\r\n\r\n' | OPENSSL_CONF=$tmp/rsa.cnf PKCS11_MODULE_PATH=$module openssl s_client \
		-connect "127.0.0.1:$port" -CAfile "$tmp/ca.pem" -verify_return_error -engine pkcs11 \
		-keyform engine -key 'pkcs11:id=%E0%FD;type=private' -cert "$tmp/rsa.pem" -ign_eof
}
https_server
shows 'Subject: CN=rsa' rsa_client
