#!/bin/sh
# export: what is printed for other programs is what they take. mosquitto, curl and openssl are run
# with it; what is for others is read by a parser.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
# shellcheck source=tests/cli/mqtt_lib.sh disable=SC1091
. "$top_srcdir/tests/cli/mqtt_lib.sh"
web=
trap '[ -z "$web" ] || kill "$web" 2>/dev/null || :; stop_broker; finish' EXIT
sim_token
new_ca broker
new_cert broker localhost
cp broker.pem "it's a CA.pem"
sed 's/my_thing/sensor-1/' "$vectors/vendor-ec.jsn" >thing.jsn
expect 0 made ca init ca --intermediate
expect 0 '' run --ca local:ca thing.jsn

# The certificate, and its issuer from the chip: enough for a server that knows the root alone.
expect 0 '' export --cert --out device.pem thing.jsn
[ "$(grep -c BEGIN device.pem)" -eq 2 ] || fail 'certificate and issuer'
openssl verify -CAfile ca/ca.pem -untrusted device.pem device.pem >/dev/null || fail 'the chain'
expect 0 '' export --cert --slot 0xE0F1
cmp -s out device.pem || fail 'to standard output'
expect 1 'has no key' export --cert --slot 0xE0F2
ok 'certificates'

start_broker ca/ca.pem </dev/null
for_port() { expect 0 '' export --for "$1" --data-endpoint "localhost:$port" --ca-bundle "it's a CA.pem" thing.jsn; }
for_port uri
grep -qxF "module $module" out || [ "$(sed -n 's/^module //p' out)" = "$(realpath "$module")" ] || fail 'module'
key=$(sed -n 's/^key //p' out)
p11tool --provider "$module" --only-urls --list-privkeys "$key" 2>/dev/null | grep -q 'id=%E0%F1' || fail "$key"
p11tool --provider "$module" --only-urls --list-certs "$(sed -n 's/^certificate //p' out)" 2>/dev/null |
	grep -q 'id=%E0%F1' || fail 'the URI of the certificate'
ok 'URIs'

for_port mosquitto
mkdir -p config
cp out config/mosquitto_pub
: >"$key"
XDG_CONFIG_HOME=$work/config PKCS11_MODULE_PATH=$module mosquitto_pub -q 1 -t pump/7 -m hello >out 2>err ||
	fail 'mosquitto_pub'
grep -q "PUBLISH from sensor-1 .*'pump/7'" broker.log || fail 'nothing was published'
# shellcheck disable=SC2086 # the whole chain goes to the server
expect 0 'receive      ok' verify --connect --data-endpoint "localhost:$port" --ca-bundle broker.pem --ca-file ca/ca.pem thing.jsn
for_port openssl
sh -eu ./out </dev/null >s_client 2>&1 || { cat s_client >&2; fail 'openssl'; }
grep -q 'Verification: OK' s_client || fail 'openssl: the server'
ok 'mosquitto, openssl'

cat >web.py <<'END'
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
	def do_POST(self):
		body = self.rfile.read(int(self.headers["Content-Length"])).decode()
		name = dict(x[0] for x in self.connection.getpeercert()["subject"])["commonName"]
		self.send_response(200)
		self.end_headers()
		self.wfile.write(f"{name} {self.path} {body}".encode())
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("localhost.pem", "localhost.key")
# curl takes the leaf alone from a URI, so the server has the intermediate.
tls.load_verify_locations("cas.pem")
tls.verify_mode = ssl.CERT_REQUIRED
server.socket = tls.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
END
cat ca/ca.pem device.pem >cas.pem
python3 web.py >web.port 2>web.log &
web=$!
n=0
until [ -s web.port ]; do
	n=$((n + 1))
	[ "$n" -lt 300 ] || fail 'no web server'
	sleep 0.05
done
port=$(cat web.port)
for_port curl
sh -eu ./out >answer 2>err || fail 'curl'
[ "$(cat answer)" = 'OPTIGA(TM) Trust IoT /topics/sensor-1/hello?qos=1 hello' ] || fail "curl: $(cat answer)"
ok 'curl'

# By a parser: JSON, and YAML, also with names that need care.
host=a1-ats.iot.eu-central-1.amazonaws.com
yaml() { python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)' <out >out.json; }
label() { p11tool --provider "$module" --batch --set-label "$1" 'pkcs11:id=%E0%F1;type=private' >/dev/null 2>&1; }
token=$("$top_builddir/optiga-provision" --module "$module" show --json | jq -r .token)
for name in e0f1 'it'"'"'s "a" key: 50% {x} #1'; do
	label "$name"
	expect 0 '' export --for aws-iot-device-client --data-endpoint "$host" thing.jsn
	jq -e --arg l "$name" --arg t "$token" --arg h "$host" '.endpoint == $h and .["thing-name"] == "sensor-1" and
		(.["secure-element"] | .enabled and .["secure-element-key-label"] == $l and
		.["secure-element-token-label"] == $t and (.["secure-element-slot-id"] | type) == "number")' out >/dev/null ||
		fail "aws-iot-device-client, $name"
	expect 0 '' export --for aws-crt --data-endpoint "$host" --thing other thing.jsn
	jq -e --arg l "$name" '.private_key_object_label == $l and .user_pin == null and .client_id == "other"' out >/dev/null ||
		fail "aws-crt, $name"
	expect 0 '' export --for greengrass --data-endpoint "$host" thing.jsn
	yaml
	jq -e --arg h "$host" '.system.thingName == "sensor-1" and (.services["aws.greengrass.Nucleus"].configuration |
		.awsRegion == "eu-central-1" and .iotDataEndpoint == $h) and
		(.services["aws.greengrass.crypto.Pkcs11Provider"].configuration | .slot == 0 and .userPin == "0000")' out.json \
		>/dev/null || fail "greengrass, $name"
	p11tool --provider "$module" --only-urls --list-privkeys "$(jq -r .system.privateKeyPath out.json)" 2>/dev/null |
		grep -q 'id=%E0%F1' || fail "greengrass: the key's URI, $name"
done
expect 0 'endpoint": "ENDPOINT"' export --for aws-crt --slot E0F1
# A token that wants a PIN says so, and the PIN is nowhere.
soft_token 'a token'
sed 's/0xE0F1/second/' thing.jsn >soft.jsn
expect 0 '' run --ca local:soft soft.jsn
expect 1 'there is no usable label' export --for aws-crt soft.jsn
pkcs11-tool --module "$module" --login --pin 1234 --keypairgen --key-type EC:prime256v1 --id e0f2 --label device \
	>/dev/null 2>&1 || fail 'a key with a label'
sed 's/0xE0F1/0xE0F2/' thing.jsn >soft.jsn
expect 0 '"user_pin": "PIN"' export --for aws-crt soft.jsn
expect 0 'key pkcs11:' export --for uri soft.jsn
! grep -q 1234 out || fail 'the PIN was printed'
ok 'AWS clients'

expect 2 'needs one of --for and --cert' export thing.jsn
expect 2 'needs one of --for and --cert' export --for curl --cert thing.jsn
expect 2 'none of the programs' export --for emacs thing.jsn
expect 2 'needs a slot' export --for curl
expect 1 'is no host' export --for curl --data-endpoint a/b thing.jsn
ok 'mistakes'
