#!/bin/sh
# EAP-TLS as wpa_supplicant does it, by its test program, which has no radio: RADIUS to hostapd.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
PATH=$PATH:/usr/sbin:/sbin
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need eapol_test hostapd openssl pkcs11-tool
new_chip
new_ca
client wpa_supplicant eapoltest
device_key device
server_key

# A port for UDP that nobody has.
udp_taken() {
	grep -qs "$(printf ':%04X ' "$port")" /proc/net/udp /proc/net/udp6
}
free_port
while udp_taken; do
	free_port
done
cat > "$tmp/hostapd.conf" <<END
driver=none
interface=lo
eap_server=1
eap_user_file=$tmp/users
ca_cert=$tmp/ca.pem
server_cert=$tmp/server.pem
private_key=$tmp/server.key
radius_server_clients=$tmp/clients
radius_server_auth_port=$port
END
printf '"device" TLS\n' > "$tmp/users"
printf '127.0.0.1 secret\n' > "$tmp/clients"
hostapd "$tmp/hostapd.conf" > "$tmp/server.log" 2>&1 &
servers=$!
wait_for "$tmp/server.log" udp_taken

network() { # sed script
	manual wpa_supplicant | sed -e "$1" > "$tmp/network"
}
eap() { # seconds
	(cd "$tmp" && PKCS11_MODULE_PATH=$module timeout 20 eapol_test -c network -a 127.0.0.1 \
		-p "$port" -s secret -t "$1") > "$tmp/log" 2>&1
}

works 'EAP-TLS by TLS 1.2'
network ''
eap 15 || { cat "$tmp/log" "$tmp/server.log"; fail EAP-TLS; }
grep -qx SUCCESS "$tmp/log"
grep -q 'Using TLS version TLSv1.2' "$tmp/log"
grep -q 'ENGINE' "$tmp/log"

works 'and 1.3'
network 's/}/phase1="tls_disable_tlsv1_3=0"\n}/'
eap 15 || { cat "$tmp/log" "$tmp/server.log"; fail EAP-TLS; }
grep -q 'Using TLS version TLSv1.3' "$tmp/log"

step 'no key, no network'
network 's/%F1/%F2/'
if eap 2; then
	cat "$tmp/log"
	fail 'let in without a key'
fi
