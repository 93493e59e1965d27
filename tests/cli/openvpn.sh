#!/bin/sh
# OpenVPN's list of what a token has for it; it names the same things in every run.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
PATH=$PATH:/usr/sbin
need openvpn openssl pkcs11-tool
client OpenVPN openvpn
new_chip
new_ca
device_key device

works --show-pkcs11-ids
type_manual OpenVPN 1 > "$tmp/ids" 2> "$tmp/err" || { cat "$tmp/ids" "$tmp/err"; fail openvpn; }
grep -q 'DN: *CN=device' "$tmp/ids" || { cat "$tmp/ids"; fail 'the certificate is missing'; }
serial=$(pkcs11-tool --module "$module" -L | sed -n 's/^ *serial num *: *//p')
grep -qi "Serialized id: *pkcs11:model=.*serial=$serial.*id=%E0%F1\|Serialized id: *Infineon/.*/$serial/.*/E0F1" \
	"$tmp/ids" || { cat "$tmp/ids"; fail 'not the identifier of the key'; }
type_manual OpenVPN 1 2> "$tmp/err" | cmp - "$tmp/ids"
