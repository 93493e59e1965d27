#!/bin/sh
# p11tool, GnuTLS's tool for tokens: list, generate, export, write, sign, rename, delete.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need p11tool pkcs11-tool openssl
new_chip
new_ca
client p11tool gnutls-bin

p11() {
	p11tool --provider "$module" --batch "$@"
}

# Nothing there: status 2 and a word about it.
gone() {
	status=0
	p11 --list-all "$1" > "$tmp/log" 2>&1 || status=$?
	if [ "$status" != 2 ] || ! grep -q 'No matching objects' "$tmp/log"; then
		cat "$tmp/log"
		fail "still there: $1"
	fi
}

works list
shows 'Manufacturer: Infineon' p11 --list-tokens
shows 'Model: Trust M V3' p11 --list-tokens
url=$(p11 --list-token-urls | grep 'manufacturer=Infineon')
shows CKM_ECDSA_SHA256 p11 --list-mechanisms "$url"

step 'a fresh chip: factory key and certificate'
shows 'ID: e0:f0' p11 --list-all "$url"
shows 'Type: X.509 Certificate' p11 --list-all "$url"
p11 --export "$url;id=%E0%F0;type=cert" > "$tmp/factory.pem"
openssl x509 -in "$tmp/factory.pem" -noout -subject

generate() { # name, ID in hex, ID in the URL, options
	name=$1 id=$2 pct=$3
	shift 3
	works "generate $name"
	p11 --generate-privkey "$@" --id "$id" --label "$name" --outfile "$tmp/$name.pub" "$url"
	shows "Label: $name" p11 --list-all "$url"
	p11 --list-all "$url;id=$pct" | grep -c '^Object' | grep -qx 2 || fail 'pair expected'

	step "$name: export the public key, from either"
	p11 --export-pubkey --outfile "$tmp/$name.pub2" "$url;id=$pct;type=private"
	openssl pkey -pubin -in "$tmp/$name.pub" -out "$tmp/a"
	openssl pkey -pubin -in "$tmp/$name.pub2" -out "$tmp/b"
	cmp "$tmp/a" "$tmp/b"

	step "$name: certificate"
	issue "$tmp/a" "$name" "$tmp/$name.pem"
	p11 --write --load-certificate "$tmp/$name.pem" --id "$id" --label "$name" "$url"
	p11 --export "$url;id=$pct;type=cert" > "$tmp/$name.back"
	openssl x509 -in "$tmp/$name.back" -out "$tmp/b"
	cmp "$tmp/$name.pem" "$tmp/b"
}

generate ec256 a1c1 '%A1%C1' ecdsa --curve=secp256r1
works sign
p11 --test-sign "$url;id=%A1%C1;type=private"
generate ec384 a1c2 '%A1%C2' ecdsa --curve=secp384r1
step 'ec384: sign'
p11 --test-sign "$url;id=%A1%C2;type=private"

step 'RSA, with an ID of p11tool'"'"'s own'
p11 --generate-privkey rsa --bits 2048 --label rsa --outfile "$tmp/rsa.pub" "$url"
p11 --list-all "$url;object=rsa" | grep -c '^Object' | grep -qx 2 || fail 'pair expected'
openssl pkey -pubin -in "$tmp/rsa.pub" -noout
p11 --test-sign --sign-params= "$url;object=rsa;type=private" > "$tmp/log" 2>&1 ||
	p11 --test-sign "$url;object=rsa;type=private"

works 'the same URLs on another host'
pkcs11-tool --module "$module" --write-object "$tmp/a" --type data --label note > "$tmp/log" 2>&1
mkdir "$tmp/host1" "$tmp/host2"
HOME=$tmp/host1 p11 --list-all --only-urls "$url" > "$tmp/urls1"
# The chip alone has moved.
mv "$tmp/chip.img" "$tmp/host2/soldered.img"
OPTIGA_DEVICE=sim:$tmp/host2/soldered.img HOME=$tmp/host2 p11 --list-all --only-urls "$url" > "$tmp/urls2"
mv "$tmp/host2/soldered.img" "$tmp/chip.img"
cmp "$tmp/urls1" "$tmp/urls2"
[ "$(grep -c '^pkcs11:' "$tmp/urls1")" = "$(sort -u "$tmp/urls1" | grep -c '^pkcs11:')" ] || fail 'one URL twice'
for type in private public cert data; do
	grep -q "type=$type" "$tmp/urls1" || fail "no URL of type $type"
done

works rename
p11 --set-label renamed "$url;id=%A1%C1;type=cert"
shows 'Label: renamed' p11 --list-all "$url"

works delete
p11 --delete "$url;id=%A1%C1;type=cert"
gone "$url;id=%A1%C1;type=cert"
p11 --delete "$url;id=%A1%C1;type=private"
gone "$url;id=%A1%C1"

works 'data objects, made by pkcs11-tool'
printf 'to be kept' > "$tmp/data"
pkcs11-tool --module "$module" --write-object "$tmp/data" --type data --label note \
	--application-label app > "$tmp/log" 2>&1
shows 'Type: Data' p11 --list-all "$url;object=note"
p11 --export "$url;object=note;type=data" | sed '/^-/d' | openssl base64 -d > "$tmp/back"
cmp "$tmp/data" "$tmp/back"
p11 --delete "$url;object=note;type=data"
gone "$url;object=note;type=data"

works 'secret keys'
p11 --write --secret-key=00112233445566778899aabbccddeeff --label shared "$url" > "$tmp/log" 2>&1
shows 'Type: Secret key' p11 --list-all "$url;object=shared"
shows CKA_SENSITIVE p11 --list-all "$url;object=shared"
p11 --delete "$url;object=shared"
gone "$url;object=shared"

works 'as in the manual'
new_chip
manual p11tool > "$tmp/lines"
# The certificate is made between generating and writing.
sed '/--write/,$d' "$tmp/lines" > "$tmp/first"
sed '1,/--test-sign/d' "$tmp/lines" > "$tmp/second"
(cd "$tmp" && M=$module sh -eux ./first) > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail manual; }
issue "$tmp/pump.pub" pump "$tmp/pump.pem"
(cd "$tmp" && M=$module sh -eux ./second) > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail manual; }
gone "pkcs11:object=pump%207"
