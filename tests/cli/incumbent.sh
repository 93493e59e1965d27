#!/bin/sh
# The lines that the documents of the vendor's PKCS #11 sample tell people to type: each works with no more
# than another path of the module, in the layout of six slots.
# shellcheck disable=SC1091,SC2154,SC2034,SC2086 # client-lib.sh sets and uses them; options are plain words
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need pkcs11-tool openssl make
new_ca

p11() {
	pkcs11-tool --module "$M" "$@"
}

# Lines of "pkcs11-tool --list-objects" with an object's class.
classes() { # slot, options
	slot=$1
	shift
	p11 --list-objects --slot "$slot" "$@" 2> /dev/null | sed -n 's/^\([A-Z][a-z]*.*\) [Oo]bject.*/\1/p' |
		sort | tr '\n' ' '
}

expect() { # what is wanted, what is there
	[ "$2" = "$1" ] || fail "\"$2\" instead of \"$1\""
}

listings() {
	shows 'OPTIGA' p11 -v --show-info
	for n in 0 1 2 3 4 5; do
		shows "Slot $n (0x$n): Slot$n" p11 --list-slots
		shows "token label        : Token$n" p11 --list-token-slots
	done
	shows SHA256 p11 --list-mechanisms
	for n in 1 2 3; do
		shows 'ECDSA-KEY-PAIR-GEN' p11 --list-mechanisms --slot $n
		if p11 --list-mechanisms --slot $n 2> /dev/null | grep RSA; then
			fail 'RSA in a slot for EC'
		fi
	done
	for n in 4 5; do
		shows 'RSA-PKCS-KEY-PAIR-GEN' p11 --list-mechanisms --slot $n
		if p11 --list-mechanisms --slot $n 2> /dev/null | grep EC; then
			fail 'EC in a slot for RSA'
		fi
	done
	shows ECDSA p11 --list-mechanisms --slot 0
	if p11 --list-mechanisms --slot 0 2> /dev/null | grep KEY-PAIR-GEN; then
		fail "key generation in the factory's slot"
	fi
}

random() {
	for n in 8 16 32; do
		p11 --generate-random $n --output-file "$tmp/r.bin"
		expect $n "$(wc -c < "$tmp/r.bin")"
	done
}

# Each in the slot it is typed for; a second one is refused and leaves the first.
generate() {
	while read -r slot type; do
		p11 --slot $slot --keypairgen --key-type $type > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail "$type"; }
		p11 --slot $slot --label PubKey --read-object --type data --output-file "$tmp/pub$slot.der"
		refused p11 --slot $slot --keypairgen --key-type $type
		p11 --slot $slot --label PubKey --read-object --type data --output-file "$tmp/again.der"
		cmp "$tmp/pub$slot.der" "$tmp/again.der"
		openssl pkey -pubin -inform DER -in "$tmp/pub$slot.der" -out "$tmp/pub$slot.pem"
	done <<-END
	1 EC:secp256r1
	2 EC:secp384r1
	3 EC:secp521r1
	4 RSA:2048
	5 RSA:1024
	END
	refused p11 --slot 0 --keypairgen --key-type EC:secp256r1
	refused p11 --slot 1 --keypairgen --key-type RSA:2048
}

# Slots 2 and 4, 3 and 5 share the place of their certificates; each shows its own.
certificates() {
	for n in 1 2 5; do
		issue "$tmp/pub$n.pem" "slot $n" "$tmp/cert.pem"
		openssl x509 -in "$tmp/cert.pem" -outform DER -out "$tmp/Cert$n.der"
		p11 --slot $n --label Cert --write-object "$tmp/Cert$n.der" --type cert > "$tmp/log" 2>&1 ||
			{ cat "$tmp/log"; fail "certificate of slot $n"; }
	done
	for n in 1 2 5; do
		rm -f "$tmp/cert.der"
		p11 --slot $n --label Cert --read-object --type cert -o "$tmp/cert.der"
		cmp "$tmp/cert.der" "$tmp/Cert$n.der"
	done
	# What goes to the standard output must be the same bytes.
	p11 --slot 1 --label Cert --read-object --type cert > "$tmp/cert.der" 2> /dev/null
	cmp "$tmp/cert.der" "$tmp/Cert1.der"
	refused p11 --slot 1 --label Cert --write-object "$tmp/Cert2.der" --type cert
}

objects() {
	for n in 0 1 2 5; do
		expect 'Certificate Data Private Key Public Key ' "$(classes $n)"
		expect 'Certificate ' "$(classes $n --type cert)"
		expect 'Private Key ' "$(classes $n --type privkey)"
		expect 'Public Key ' "$(classes $n --type pubkey)"
	done
	for n in 3 4; do
		expect 'Data Private Key Public Key ' "$(classes $n)"
	done
	for label in Cert PrvKey PubKey; do
		shows "label:      $label" p11 --list-objects --slot 1
	done
	shows 'ID:         e0f1' p11 --list-objects --slot 1
}

# Without an ID: the slot's key. Sign a bare digest, also with RSA; the verdict is OpenSSL's, too.
signatures() {
	printf 'to be signed' > "$tmp/data.in"
	p11 --hash --hash-algorithm SHA256 --input-file "$tmp/data.in" --output-file "$tmp/data.sha" \
		> "$tmp/log" 2>&1
	openssl dgst -sha256 -binary "$tmp/data.in" | cmp - "$tmp/data.sha"
	for n in 0 1 2 3; do
		sign_and_verify $n ECDSA
	done
	for n in 4 5; do
		sign_and_verify $n RSA-PKCS
		openssl dgst -sha256 -verify "$tmp/pub$n.pem" -signature "$tmp/sig$n" "$tmp/data.in"
	done
}

sign_and_verify() { # slot, mechanism
	rm -f "$tmp/sig$1"
	p11 --slot $1 --sign --mechanism $2 --input-file "$tmp/data.sha" --output-file "$tmp/sig$1" 2> /dev/null
	shows 'Signature is valid' p11 --slot $1 --verify --mechanism $2 --input-file "$tmp/data.sha" \
		--signature-file "$tmp/sig$1"
}

parallel() {
	sign_and_verify 1 ECDSA > "$tmp/log1" 2>&1 &
	one=$!
	sign_and_verify 2 ECDSA > "$tmp/log2" 2>&1 &
	two=$!
	wait $one || { cat "$tmp/log1"; fail 'slot 1, beside slot 2'; }
	wait $two || { cat "$tmp/log2"; fail 'slot 2, beside slot 1'; }
}

engine() {
	module=$M # for the next line
	engine_conf
	OPENSSL_CONF=$engine_conf
	export OPENSSL_CONF
	openssl pkey -engine pkcs11 -inform engine -in 'pkcs11:token=Token1' -pubin -pubout -text > "$tmp/text"
	grep -q 'NIST CURVE: P-256' "$tmp/text"
	openssl pkey -pubin -in "$tmp/text" | cmp - "$tmp/pub1.pem"
	for n in 1 2 3 4; do
		openssl req -new -engine pkcs11 -keyform engine -key "pkcs11:token=Token$n" -out "$tmp/new.csr" \
			-subj /CN=TrustM
		openssl req -in "$tmp/new.csr" -verify -noout
		openssl req -in "$tmp/new.csr" -noout -pubkey | cmp - "$tmp/pub$n.pem"
		openssl dgst -engine pkcs11 -keyform engine -sign "pkcs11:token=Token$n" -sha256 -out "$tmp/sig" \
			"$tmp/data.in"
		openssl dgst -engine pkcs11 -keyform engine -verify "pkcs11:token=Token$n" -sha256 \
			-signature "$tmp/sig" "$tmp/data.in"
		OPENSSL_CONF='' openssl dgst -sha256 -verify "$tmp/pub$n.pem" -signature "$tmp/sig" "$tmp/data.in"
	done
	unset OPENSSL_CONF
}

works_all() {
	works listings
	listings
	works random
	random
	works 'key generation'
	generate
	works certificates
	certificates
	works 'objects of each slot'
	objects
	works signatures
	signatures
	works 'two at a time'
	parallel
	works 'engine, by token'
	engine
}

client "pkcs11-tool, vendor's names" opensc
step "installed under the vendor's file names"
(unset MAKEFLAGS MAKELEVEL MFLAGS
 make -C "$top_builddir" install-compat DESTDIR="$tmp/dest" > "$tmp/log" 2>&1) || { cat "$tmp/log"; fail 'install-compat'; }
M=$(find "$tmp/dest" -name liboptigatrust-i2c-linux-pkcs11.so)
new_chip
works_all
shows 'Slot 5 (0x5): Slot5' pkcs11-tool \
	--module "$(find "$tmp/dest" -name liboptigatrust-libusb-linux-pkcs11.so)" --list-slots

client 'pkcs11-tool, layout = key-slots' opensc
M=$top_builddir/.libs/optiga-pkcs11.so
new_chip
printf 'layout = key-slots\ndevice = %s\n' "$OPTIGA_DEVICE" > "$tmp/conf"
unset OPTIGA_DEVICE
OPTIGA_PKCS11_CONF=$tmp/conf
export OPTIGA_PKCS11_CONF
works 'listings, keys, signatures'
listings
generate
sign_and_verify 1 ECDSA
sign_and_verify 4 RSA-PKCS
