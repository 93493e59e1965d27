#!/bin/sh
# pkcs11-tool of OpenSC: everything the documentation tells people to run.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need pkcs11-tool p11tool openssl
new_chip
new_ca
client pkcs11-tool opensc

p11() {
	pkcs11-tool --module "$module" "$@"
}

# It does not shorten a file that is there.
sign() {
	rm -f "$tmp/sig"
	p11 --sign "$@" -o "$tmp/sig"
}

works 'list slots, mechanisms, objects'
shows 'Cryptoki version 3.0' p11 --show-info
shows 'token manufacturer : Infineon' p11 -L
shows "$OPTIGA_DEVICE" p11 -L
shows 'ECDSA-SHA256' p11 -M
shows 'SHA512-RSA-PKCS' p11 -M
if p11 -M | grep -E 'PSS|OAEP|X-509'; then
	fail 'mechanisms that the chip has not got'
fi
shows 'Certificate Object; type = X.509 cert' p11 -O
shows 'ID:         e0f0' p11 -O

works random
p11 --generate-random 1000 --output-file "$tmp/rnd"
[ "$(wc -c < "$tmp/rnd")" = 1000 ] || fail 'random'

works digest
printf 'to be hashed' > "$tmp/data"
for h in SHA-1:sha1 SHA224:sha224 SHA256:sha256 SHA384:sha384 SHA512:sha512; do
	p11 --hash -m "${h%:*}" -i "$tmp/data" -o "$tmp/hash" 2> /dev/null
	openssl dgst "-${h#*:}" -binary -out "$tmp/expect" "$tmp/data"
	cmp "$tmp/hash" "$tmp/expect"
done

# What pkcs11-tool cannot do with EC keys. Without --outfile p11tool waits for three seconds.
export_pubkey() { # ID in a URI, file
	p11tool --provider "$module" --batch --export-pubkey --outfile "$2" "pkcs11:id=$1;type=private" \
		2> /dev/null
}

# EC: generate, sign raw and with hash, verify here and with OpenSSL.
ec() { # curve ID hash
	works "EC $1"
	p11 --keypairgen --key-type "EC:$1" --id "$2" --label "key $2" > "$tmp/log" 2>&1
	p11 --read-object --type cert --id "$2" > "$tmp/log" 2>&1 && fail 'certificate from nowhere'
	export_pubkey "%$3" "$tmp/$2.pub"
	step 'sign and verify'
	openssl dgst "-$4" -binary -out "$tmp/digest" "$tmp/data"
	sign -m ECDSA --id "$2" --signature-format openssl -i "$tmp/digest"
	openssl pkeyutl -verify -pubin -inkey "$tmp/$2.pub" -in "$tmp/digest" -sigfile "$tmp/sig"
	sign -m ECDSA --id "$2" -i "$tmp/digest"
	shows 'Signature is valid' p11 --verify -m ECDSA --id "$2" -i "$tmp/digest" \
		--signature-file "$tmp/sig"
	openssl dgst "-$4" -binary -out "$tmp/digest" "$tmp/hash"
	shows 'Invalid signature' p11 --verify -m ECDSA --id "$2" -i "$tmp/digest" \
		--signature-file "$tmp/sig"
	for m in SHA1 SHA224 SHA256 SHA384 SHA512; do
		sign -m "ECDSA-$m" --id "$2" --signature-format openssl -i "$tmp/data"
		openssl dgst "-$m" -verify "$tmp/$2.pub" -signature "$tmp/sig" "$tmp/data"
	done
}
ec prime256v1 a1 A1 sha256
ec secp384r1 a2 A2 sha384
ec secp521r1 a4 A4 sha512

works 'RSA 2048'
p11 --keypairgen --key-type rsa:2048 --id a3 --label 'rsa key' > "$tmp/log" 2>&1
p11 --read-object --type pubkey --id a3 -o "$tmp/a3.der"
openssl pkey -pubin -inform DER -in "$tmp/a3.der" -out "$tmp/a3.pub"
step 'sign and verify'
for m in SHA256 SHA384 SHA512; do
	sign -m "$m-RSA-PKCS" --id a3 -i "$tmp/data"
	openssl dgst "-$m" -verify "$tmp/a3.pub" -signature "$tmp/sig" "$tmp/data"
	shows 'Signature is valid' p11 --verify -m "$m-RSA-PKCS" --id a3 -i "$tmp/data" \
		--signature-file "$tmp/sig"
	openssl dgst "-$m" -binary -out "$tmp/digest" "$tmp/data"
	sign -m RSA-PKCS --id a3 -i "$tmp/digest"
	openssl dgst "-$m" -verify "$tmp/a3.pub" -signature "$tmp/sig" "$tmp/data"
done
refused p11 --sign -m RSA-PKCS --id a3 -i "$tmp/rnd" -o "$tmp/sig"
refused p11 --sign -m RSA-PKCS-PSS --id a3 -i "$tmp/digest" -o "$tmp/sig"

works 'RSA decryption'
p11 --keypairgen --key-type rsa:2048 --usage-decrypt --id a5 --label 'to decrypt' > "$tmp/log" 2>&1
p11 --read-object --type pubkey --id a5 -o "$tmp/a5.der"
openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$tmp/a5.der" -in "$tmp/data" -out "$tmp/enc"
p11 --decrypt -m RSA-PKCS --id a5 -i "$tmp/enc" -o "$tmp/plain" 2> "$tmp/log"
cmp "$tmp/data" "$tmp/plain"
refused p11 --decrypt -m RSA-PKCS --id a5 -i "$tmp/a5.der" -o "$tmp/plain"

works certificates
for id in a1 a3; do
	issue "$tmp/$id.pub" "$id" "$tmp/$id.pem"
	openssl x509 -in "$tmp/$id.pem" -outform DER -out "$tmp/$id.crt"
	p11 --write-object "$tmp/$id.crt" --type cert --id "$id" --label "cert $id"
	p11 --read-object --type cert --id "$id" -o "$tmp/back"
	cmp "$tmp/$id.crt" "$tmp/back"
done
shows 'label:      cert a1' p11 -O --type cert

step 'objects are one with their key'
p11 -O > "$tmp/log" 2> "$tmp/err"
[ "$(grep -c 'ID:  *a1' "$tmp/log")" = 3 ] || { cat "$tmp/log"; fail 'three objects with ID a1'; }
if grep -iE 'error|failed' "$tmp/err"; then
	fail 'complaints while listing'
fi

works 'delete'
p11 --delete-object --type cert --id a1
p11 --read-object --type cert --id a1 > "$tmp/log" 2>&1 && fail 'still there'
p11 --delete-object --type privkey --id a1
if p11 -O 2> /dev/null | grep 'ID:  *a1'; then
	fail 'key still there'
fi

works 'set an ID'
p11 --set-id a6 --id a2 --type privkey > "$tmp/log" 2>&1
[ "$(p11 -O 2> /dev/null | grep -c 'ID: *a6')" = 2 ] || fail 'key and public key with the new ID'

works 'data objects'
p11 --write-object "$tmp/data" --type data --label note --application-label app > "$tmp/log" 2>&1
shows "application:    'app'" p11 -O --type data
p11 --read-object --type data --label note -o "$tmp/back"
cmp "$tmp/data" "$tmp/back"
p11 --delete-object --type data --label note
refused p11 --read-object --type data --label note -o "$tmp/back"

works 'secret keys'
# Made on the chip, so it cannot be one that is not sensitive.
refused p11 --keygen --key-type AES:16 --id c1 --label aes
p11 --keygen --key-type AES:16 --id c1 --label aes --sensitive > "$tmp/log" 2>&1
shows 'Secret Key Object; AES length 16' p11 -O --type secrkey
iv=000102030405060708090a0b0c0d0e0f
for m in AES-CBC AES-CBC-PAD; do
	[ "$m" = AES-CBC ] && file=$tmp/rnd16 || file=$tmp/data
	head -c 48 "$tmp/rnd" > "$tmp/rnd16"
	p11 --encrypt -m "$m" --iv "$iv" --id c1 -i "$file" -o "$tmp/enc" 2> /dev/null
	if cmp -s "$file" "$tmp/enc"; then
		fail 'not encrypted'
	fi
	rm -f "$tmp/plain"
	p11 --decrypt -m "$m" --iv "$iv" --id c1 -i "$tmp/enc" -o "$tmp/plain" 2> /dev/null
	cmp "$file" "$tmp/plain"
done
# The chip has no command that would take a key back.
refused p11 --delete-object --type secrkey --id c1

works 'its own tests, EC, fork, threads'
new_chip
p11 --keypairgen --key-type EC:prime256v1 --id b1 --label test > "$tmp/log" 2>&1
shows 'No errors' p11 --test
shows 'No errors' p11 --login --pin 1234 --test
for curve in prime256v1 secp521r1; do
	shows '==> OK' p11 --session-rw --login --pin 1234 --test-ec --id e1 --key-type "EC:$curve"
done
[ "$(p11 -O 2> /dev/null | grep -c '^Private Key')" = 2 ] || fail 'test keys left behind'
p11 --test-fork
# Listing meanwhile: if the threads outlast the rest, pkcs11-tool waits for half a minute.
p11 -O --test-threads ILGISLT0 --test-threads ILGISLT0 --test-threads ILGISLT0 > "$tmp/log" 2>&1

works 'as in the manual'
cp "$tmp/data" "$tmp/message"
type_manual pkcs11-tool 1 > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail manual; }
cmp "$tmp/message" "$tmp/message.back"
export_pubkey %E0%F0 "$tmp/factory.pub"
openssl x509 -inform DER -in "$tmp/factory.der" -pubkey -noout | cmp - "$tmp/factory.pub"
