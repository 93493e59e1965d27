#!/bin/sh
# The AWS IoT Device SDK v2 with its PKCS#11 client: mutual TLS to a broker on loopback. Long, for it
# installs the SDK from the npm registry.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
PATH=$PATH:/usr/sbin
need node npm mosquitto openssl pkcs11-tool
new_chip
new_ca
(cd "$tmp" && npm install --cache npm-cache --silent --no-audit --no-fund aws-iot-device-sdk-v2) > "$tmp/log" 2>&1 ||
	{ cat "$tmp/log"; fail 'npm install'; }
client 'AWS IoT Device SDK v2' "$(cd "$tmp" &&
	node -p 'require("./node_modules/aws-iot-device-sdk-v2/package.json").version')"
device_key pump
server_key
free_port
{
	[ "$(id -u)" != 0 ] || echo 'user root'
	manual mosquitto 2 | sed "s/^listener .*/listener $port 127.0.0.1/;/^tls_/d
		s/^certfile .*/certfile server.pem/;s/^keyfile .*/keyfile server.key/"
} > "$tmp/mosquitto.conf"
serve mosquitto -v -c mosquitto.conf

manual 'AWS IoT Device SDK v2' | sed "s/'ENDPOINT[^']*'/'localhost'/;s/8883/$port/" > "$tmp/publish.js"
publish() { # program
	(cd "$tmp" && M=$module timeout 60 node "$1") > "$tmp/log" 2>&1
}
heard() { # messages so far
	[ "$(grep -c "PUBLISH from pump.*'pump/7'" "$tmp/server.log")" = "$1" ]
}

works 'mutual TLS, a message'
publish publish.js || { cat "$tmp/log" "$tmp/server.log"; fail publish.js; }
grep -q "as pump .*u'pump'" "$tmp/server.log" || { cat "$tmp/server.log"; fail 'not known as pump'; }
heard 1 || { cat "$tmp/server.log"; fail 'nothing published'; }

works 'with a PIN, a slot, a token label'
label=$(pkcs11-tool --module "$module" -L 2> /dev/null | sed -n 's/.*token label *: //p')
sed "s/user_pin: null,/user_pin: '1234', slot_id: 0, token_label: '$label',/" "$tmp/publish.js" > "$tmp/pin.js"
publish pin.js || { cat "$tmp/log" "$tmp/server.log"; fail pin.js; }
heard 2

works 'a new connection each time'
sed 's/^main();/main().then(main).then(main);/' "$tmp/publish.js" > "$tmp/thrice.js"
publish thrice.js || { cat "$tmp/log" "$tmp/server.log"; fail thrice.js; }
heard 5

step 'another key than that of the certificate'
sed "s/'device',/'e0f0',/" "$tmp/publish.js" > "$tmp/other.js"
shows 'label:      e0f0' pkcs11-tool --module "$module" --list-objects --type privkey
if publish other.js; then
	fail 'connected with the factory key'
fi
# It was not for want of a broker.
publish publish.js || { cat "$tmp/log" "$tmp/server.log"; fail 'after a refusal'; }
heard 6
