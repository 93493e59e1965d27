#!/bin/sh
# verify --connect: a device with its key on the chip, at a broker that wants certificates.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
# shellcheck source=tests/cli/mqtt_lib.sh disable=SC1091
. "$top_srcdir/tests/cli/mqtt_lib.sh"
trap 'stop_broker; finish' EXIT
sim_token
new_ca broker
new_cert broker localhost
sed 's/my_thing/sensor-1/' "$vectors/vendor-ec.jsn" >ec.jsn
sed 's/my_thing/sensor-1/' "$vectors/vendor-rsa.jsn" >rsa.jsn
sed 's/0xE0F1/0xE0F2/' ec.jsn >stranger.jsn
expect 0 '' run --ca local:ca ec.jsn
expect 0 '' run --ca local:ca rsa.jsn
expect 0 '' run --ca local:other stranger.jsn

# The broker lets everybody use what is below sensor-1, listen below mute, and nothing else.
start_broker ca/ca.pem <<END
$(rules <<RULES
{ "defaultACLAccess": { "publishClientSend": false, "publishClientReceive": true, "subscribe": false },
  "clients": [ { "username": "OPTIGA(TM) Trust IoT", "roles": [ { "rolename": "device" } ] } ],
  "roles": [ { "rolename": "device", "acls": [
    { "acltype": "subscribePattern", "topic": "sensor-1/#", "allow": true },
    { "acltype": "subscribePattern", "topic": "mute/#", "allow": true },
    { "acltype": "publishClientSend", "topic": "sensor-1/#", "allow": true } ] } ] }
RULES
)
END
at="--data-endpoint localhost:$port --ca-bundle broker.pem"

# connected OPTIONS...: verify --connect there.
connected() {
	# shellcheck disable=SC2086 # words on purpose
	prov verify --ca local:ca --connect $at "$@"
}
for config in ec.jsn rsa.jsn; do
	connected "$config"
	[ "$status" -eq 0 ] || fail "$config"
	for step in signature chain tls mqtt subscribe publish receive; do
		grep -q "^$step  *ok$" out || fail "no $step"
	done
done
grep -q '^tls version  TLSv1.2$' out || fail 'an RSA key on the chip with TLS 1.3'
grep -q ' as sensor-1 ' broker.log || fail 'the client had another name'
connected --json ec.jsn
[ "$(jq -r '"\(.endpoint) \(.tls) \(.tls_version) \(.receive)"' out)" = "localhost:$port ok TLSv1.3 ok" ] ||
	fail 'the report'
# --ca aws: the endpoint is named, and so nothing else of the cloud is needed.
# shellcheck disable=SC2086 # words on purpose
expect 0 'receive      ok' verify --connect $at ec.jsn
# shellcheck disable=SC2086
expect 0 'receive      ok' verify --connect $at --slot 0xE0F1 --thing sensor-1
ok 'keys on the chip connect'

# refused STEP WORDS OPTIONS...
refused() {
	step=$1 words=$2
	shift 2
	connected "$@"
	[ "$status" -eq 1 ] || fail "status $status: $*"
	grep -q "^$step  *FAILED$" out || fail "$step did not fail: $*"
	grep -qF -- "$words" err || fail "\"$words\" was not said: $*"
}
refused subscribe 'does not let us subscribe to "other/optiga-provision": Not authorized' --thing other ec.jsn
grep -q 'hint: does the policy of the certificate allow this to the client "other"' err || fail 'no hint'
refused publish 'does not let us publish to "mute/optiga-provision": Not authorized' --thing mute ec.jsn
# TLS 1.3: whether the alert or the end of the connection comes first is for the kernel to say.
connected stranger.jsn
[ "$status" -eq 1 ] || fail 'a certificate of another CA'
grep -Eq 'does not know who issued the certificate|closed the connection after CONNECT' err || fail 'why'
at="--data-endpoint localhost:$port --ca-bundle ca/ca.pem"
refused tls "the server's certificate does not verify" ec.jsn
at="--data-endpoint 127.0.0.1:$port --ca-bundle broker.pem"
refused tls 'does not verify: IP address mismatch' ec.jsn
stop_broker
at="--data-endpoint localhost:$port --ca-bundle broker.pem"
refused tls "cannot reach localhost, port $port: Connection refused" ec.jsn
ok 'refusals in words'

expect 1 'is no host' verify --connect --data-endpoint https://localhost ec.jsn
expect 1 "needs the thing's name" verify --connect --data-endpoint localhost --slot 0xE0F1
expect 2 'takes no option --connect' run --connect ec.jsn
ok 'mistakes'
