#!/bin/sh
# mosquitto with libp11's engine: client and broker with the chip's key.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
PATH=$PATH:/usr/sbin
need mosquitto mosquitto_pub mosquitto_sub openssl pkcs11-tool
new_chip
new_ca

broker() { # sed script for the manual's configuration
	free_port
	{
		[ "$(id -u)" != 0 ] || echo 'user root'
		manual mosquitto 2 | sed -e "s/^listener .*/listener $port 127.0.0.1/" -e "$1"
	} > "$tmp/mosquitto.conf"
	serve env PKCS11_MODULE_PATH="$module" mosquitto -v -c mosquitto.conf
}

client 'mosquitto_pub, engine' mosquitto
works 'mutual TLS, known by certificate'
device_key pump
server_key
broker 's/^certfile .*/certfile server.pem/;s/^keyfile .*/keyfile server.key/;/^tls_/d'
type_manual mosquitto 1 "s/8883/$port/" > "$tmp/log" 2>&1 ||
	{ cat "$tmp/log" "$tmp/server.log"; fail mosquitto_pub; }
grep -q "u'pump'" "$tmp/server.log" || { cat "$tmp/server.log"; fail 'not known as pump'; }
grep -q "PUBLISH.*'pump/7'" "$tmp/server.log" || { cat "$tmp/server.log"; fail 'nothing published'; }
step 'without the empty file'
rm "$tmp/pkcs11:id=%E0%F1;type=private"
(cd "$tmp" && sed 1d typed > typed.short)
refused env -C "$tmp" M="$module" PKCS11_MODULE_PATH="$module" sh -eu ./typed.short

client 'mosquitto broker, engine' mosquitto
works 'its key on the chip, clients by certificate'
new_chip
device_key localhost
client_key
broker ''
mosquitto_sub --cafile "$tmp/ca.pem" --cert "$tmp/client.pem" --key "$tmp/client.key" -h localhost \
	-p "$port" -t 'pump/#' -C 1 -W 20 > "$tmp/heard" &
subscriber=$!
wait_for "$tmp/server.log" grep -q 'SUBACK' "$tmp/server.log"
mosquitto_pub --cafile "$tmp/ca.pem" --cert "$tmp/client.pem" --key "$tmp/client.key" -h localhost \
	-p "$port" -q 1 -t pump/7 -m running --tls-version tlsv1.2
wait "$subscriber"
grep -qx running "$tmp/heard"
refused mosquitto_pub --cafile "$tmp/ca.pem" -h localhost -p "$port" -t pump/7 -m stranger
