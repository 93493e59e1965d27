#!/bin/sh
# OpenSSL with libp11's engine as the default for everything: requests, signatures, handshakes.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need openssl pkcs11-tool
[ -e "$(openssl version -e | sed 's/.*"\(.*\)"/\1/')/pkcs11.so" ] ||
	fail "libp11's engine is not installed"
new_chip
new_ca
engine_conf
client 'openssl, engine for all' libengine-pkcs11-openssl

ossl() {
	OPENSSL_CONF=$engine_conf openssl "$@"
}

n=0
for type in EC:prime256v1 EC:secp384r1 rsa:2048; do
	n=$((n + 1))
	key="pkcs11:id=%B$n;type=private"
	works "$type: req, dgst"
	pkcs11-tool --module "$module" --keypairgen --key-type "$type" --id "b$n" \
		--label "key $n" > "$tmp/log" 2>&1
	ossl req -new -engine pkcs11 -keyform engine -key "$key" -subj "/CN=device $n" \
		-out "$tmp/$n.csr"
	openssl req -in "$tmp/$n.csr" -verify -noout
	openssl req -in "$tmp/$n.csr" -pubkey -noout -out "$tmp/$n.pub"

	step 'sign data, digests of several lengths'
	for h in sha256 sha384 sha512; do
		ossl dgst -engine pkcs11 -keyform engine "-$h" -sign "$key" -out "$tmp/sig" \
			"$tmp/$n.csr"
		openssl dgst "-$h" -verify "$tmp/$n.pub" -signature "$tmp/sig" "$tmp/$n.csr"
	done
	step "$type: public key through the engine"
	ossl pkey -engine pkcs11 -inform engine -in "pkcs11:id=%B$n;type=public" -pubin -pubout \
		-out "$tmp/again.pub"
	cmp "$tmp/$n.pub" "$tmp/again.pub"
done

step 'the engine makes itself the default for all, from the configuration'
sed -i 's/^init = 0/init = 1/' "$engine_conf"
ossl req -new -engine pkcs11 -keyform engine -key 'pkcs11:id=%B1;type=private' \
	-subj '/CN=default' -out "$tmp/default.csr"
openssl req -in "$tmp/default.csr" -verify -noout

works s_client
openssl x509 -req -in "$tmp/1.csr" -CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -days 10 \
	-out "$tmp/client.pem" 2> /dev/null
openssl x509 -in "$tmp/client.pem" -outform DER -out "$tmp/client.der"
pkcs11-tool --module "$module" --write-object "$tmp/client.der" --type cert --id b1 > /dev/null
pkcs11-tool --module "$module" --read-object --type cert --id b1 -o "$tmp/chip.der"
openssl x509 -inform DER -in "$tmp/chip.der" -out "$tmp/chip.pem"
https_server
for version in -tls1_2 -tls1_3; do
	printf 'GET / HTTP/1.0\r\n\r\n' | ossl s_client -connect "127.0.0.1:$port" "$version" \
		-engine pkcs11 -keyform engine -key 'pkcs11:id=%B1;type=private' \
		-cert "$tmp/chip.pem" -CAfile "$tmp/ca.pem" -verify_return_error -ign_eof \
		> "$tmp/client.log" 2>&1 || { cat "$tmp/client.log"; fail "handshake $version"; }
	grep -q 'HTTP/1.0 200' "$tmp/client.log" || { cat "$tmp/client.log"; fail 'no answer'; }
done
