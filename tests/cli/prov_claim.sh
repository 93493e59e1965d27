#!/bin/sh
# --ca claim: fleet provisioning over MQTT. A broker, and behind it the cloud in a few lines: it issues
# real certificates, which the broker knows only once they are provisioned.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
# shellcheck source=tests/cli/mqtt_lib.sh disable=SC1091
. "$top_srcdir/tests/cli/mqtt_lib.sh"
cloud=
trap 'stop_cloud; stop_broker; finish' EXIT

# known CA...: the broker takes certificates of these from now on.
known() {
	for ca; do cp "$ca" "active/$(openssl x509 -hash -noout -in "$ca").0"; done
}

# --- the cloud ---
create=\$aws/certificates/create-from-csr/json
provision=\$aws/provisioning-templates/fleet/provision/json

# fault NAME: whether it was asked for; once each, until "completes".
fault() { [ -e "cloud/fault-$1" ]; }
kill_tool() { kill -KILL "$(cat pid)"; }
# shellcheck disable=SC2086 # words on purpose
answer() { mosquitto_pub $as_cloud -q 1 -t "$1" -s; }
reject() { # topic, code, message
	jq -cn --arg c "$2" --arg m "$3" '{statusCode: 400, errorCode: $c, errorMessage: $m}' | answer "$1/rejected"
}
create_from_csr() { # payload
	if fault kill-before-create; then kill_tool; return; fi
	if fault reject-create; then reject "$create" InvalidCSR 'no good'; return; fi
	n=$(($(cat cloud/n) + 1))
	echo "$n" >cloud/n
	printf %s "$1" | jq -r .certificateSigningRequest >"cloud/$n.csr"
	openssl req -in "cloud/$n.csr" -noout -verify >/dev/null 2>&1 || { reject "$create" InvalidCSR signature; return; }
	# One CA for each certificate, so that one certificate can be let in and another not.
	new_ca "cloud/ca-$n"
	openssl x509 -req -in "cloud/$n.csr" -CA "cloud/ca-$n.pem" -CAkey "cloud/ca-$n.key" -days 9000 -out "cloud/$n.pem" 2>/dev/null
	if fault other-key; then cp claim.pem "cloud/$n.pem"; fi
	if fault no-json; then echo '{"certificateId": ' | answer "$create/accepted"; return; fi
	if fault no-token; then jq -cn --rawfile p "cloud/$n.pem" '{certificatePem: $p}' | answer "$create/accepted"; return; fi
	if fault kill-after-create; then kill_tool; return; fi
	echo "secret-token-$n" >"cloud/$n.token"
	jq -cn --rawfile p "cloud/$n.pem" --arg t "secret-token-$n" \
		'{certificateId: ("0" * 64), certificatePem: $p, certificateOwnershipToken: $t}' | answer "$create/accepted"
}
provision_thing() { # payload
	if fault kill-before-provision; then kill_tool; return; fi
	if fault reject-provision; then reject "$provision" InvalidParameters 'the hook says no'; return; fi
	token=$(printf %s "$1" | jq -r .certificateOwnershipToken)
	n=${token#secret-token-}
	[ "$token" = "$(cat "cloud/$n.token" 2>/dev/null)" ] || { reject "$provision" InvalidCertificateOwnershipToken "$token"; return; }
	thing=$(printf %s "$1" | jq -r '.parameters | "sensor-\(.Line)-\(.SerialNumber | length)"')
	known "cloud/ca-$n.pem"
	echo "$n" >>"cloud/things-$thing"
	if fault kill-after-provision; then kill_tool; return; fi
	if fault silent-provision; then rm cloud/fault-silent-provision; return; fi
	if fault no-provision; then return; fi
	jq -cn --arg t "$thing" '{deviceConfiguration: {interval: "60"}, thingName: $t}' | answer "$provision/accepted"
}
start_cloud() {
	mkfifo requests
	# shellcheck disable=SC2086 # words on purpose
	mosquitto_sub $as_cloud -i cloud -q 1 -F '%t %p' -t "$create" -t "$provision" >requests 2>/dev/null &
	cloud=$!
	while read -r topic payload; do
		case $topic in
		"$create") create_from_csr "$payload" ;;
		"$provision") provision_thing "$payload" ;;
		esac
	done <requests 2>cloud.log &
	n=0
	until grep -q 'SUBACK to cloud' broker.log; do
		n=$((n + 1))
		[ "$n" -lt 300 ] || fail 'the cloud does not listen'
		sleep 0.02
	done
}
stop_cloud() {
	[ -z "$cloud" ] || { kill "$cloud" 2>/dev/null && wait "$cloud" 2>/dev/null; } || :
	cloud=
}

mkdir cloud active
echo 0 >cloud/n
new_ca broker
new_ca claimers
new_cert broker localhost
new_cert claimers claim
new_cert claimers cloud
known claimers.pem
start_broker active <<END
$(rules <<RULES
{ "defaultACLAccess": { "publishClientSend": false, "publishClientReceive": true, "subscribe": false },
  "clients": [ { "username": "claim", "roles": [ { "rolename": "claim" } ] },
               { "username": "cloud", "roles": [ { "rolename": "cloud" } ] },
               { "username": "OPTIGA(TM) Trust IoT", "roles": [ { "rolename": "device" } ] } ],
  "roles": [
    { "rolename": "cloud", "acls": [ { "acltype": "subscribePattern", "topic": "\$aws/#", "allow": true },
                                     { "acltype": "publishClientSend", "topic": "\$aws/#", "allow": true } ] },
    { "rolename": "claim", "acls": [
      { "acltype": "subscribePattern", "topic": "\$aws/certificates/#", "allow": true },
      { "acltype": "subscribePattern", "topic": "\$aws/provisioning-templates/fleet/#", "allow": true },
      { "acltype": "publishClientSend", "topic": "\$aws/certificates/create-from-csr/json", "allow": true },
      { "acltype": "publishClientSend", "topic": "\$aws/provisioning-templates/fleet/provision/json", "allow": true } ] },
    { "rolename": "device", "acls": [
      { "acltype": "subscribePattern", "topic": "sensor-7-16/#", "allow": true },
      { "acltype": "publishClientSend", "topic": "sensor-7-16/#", "allow": true } ] } ] }
RULES
)
END
as_cloud="-h localhost -p $port --cafile broker.pem --cert cloud.pem --key cloud.key"
start_cloud

# --- the tool ---
at="--data-endpoint localhost:$port --ca-bundle broker.pem"
claim="--ca claim:fleet $at --claim-cert claim.pem --claim-key claim.key --parameter Line=7"
claim="$claim --parameter SerialNumber={serial}"
objects() { pkcs11-tool --module "$module" --list-objects 2>/dev/null | grep -c "^$1 Object" || :; }
fresh() {
	rm -rf chip.img state cloud/fault-* cloud/things-*
	sim_token
}
# claimed STATUS WORDS OPTIONS...
claimed() {
	want=$1 words=$2
	shift 2
	# shellcheck disable=SC2086 # words on purpose
	expect "$want" "$words" run $claim "$@" thing.jsn
}
# completes WHAT: the next run makes it right, with nothing doubled: one key, one certificate on the
# chip, and that is the only one that was provisioned.
completes() {
	rm -f cloud/fault-*
	claimed 0 ''
	claimed 0 'nothing to do'
	pkcs11-tool --module "$module" --list-objects >objects 2>/dev/null
	keys=$(grep -c '^Private Key Object' objects) certs=$(grep -c '^Certificate Object' objects)
	[ "$keys" -eq $((factory_keys + 1)) ] || fail "$1: $keys keys"
	[ "$certs" -eq $((factory_certs + 1)) ] || fail "$1: $certs certificates on the chip"
	[ "$(sort -u cloud/things-* | wc -l)" -eq 1 ] || fail "$1: $(sort -u cloud/things-* | wc -l) were provisioned"
	[ "$(ls cloud/things-*)" = cloud/things-sensor-7-16 ] || fail "$1: things: $(ls cloud/things-*)"
	openssl x509 -in "cloud/$(head -n 1 cloud/things-sensor-7-16).pem" -outform der | sha256sum | cut -d' ' -f1 >is
	"$top_builddir/optiga-provision" --module "$module" show --slot E0F1 --json |
		jq -r '.slots[0].certificate // .. | strings' | grep -qxF "$(cat is)" || fail "$1: another is on the chip"
	[ -z "$(find state -name '*.json')" ] || fail "$1: a journal is left"
	! grep -rq secret-token state || fail "$1: the token was written down"
	ok "$1"
}
sed 's/my_thing/sensor-7-16/' "$vectors/vendor-ec.jsn" >thing.jsn
fresh
factory_keys=$(objects 'Private Key') factory_certs=$(objects Certificate)

claimed 0 'thing        sensor-7-16'
grep -q '^deviceConfiguration {"interval": "60"}$' out || fail 'the configuration of the device'
grep -q '^ca           template fleet at localhost$' out || fail 'the CA'
completes 'provisioned'
# shellcheck disable=SC2086
expect 0 'receive      ok' verify --connect $at thing.jsn
fresh
claimed 0 '' --json
[ "$(jq -r '"\(.thing) \(.deviceConfiguration.interval)"' out)" = 'sensor-7-16 60' ] || fail 'as JSON'

# Killed by the cloud's end, before or after it has done what was asked.
killable() {
	rm -f pid
	# shellcheck disable=SC2016,SC2086 # expanded by the inner shell; words on purpose
	sh -c 'echo $$ >pid.new; mv pid.new pid; exec "$@"' sh "$top_builddir/optiga-provision" \
		--module "$module" run $claim thing.jsn >out 2>err &
	run=$!
}
# The long tier has each alone; here some come in a row, which is harder.
faults=kill-before-create steps=sign
if [ -n "${PROV_CLAIM_ALL-}" ]; then
	faults="$faults kill-after-create kill-before-provision kill-after-provision" steps='key csr sign write finish'
fi
for at_fault in $faults; do
	fresh
	: >"cloud/fault-$at_fault"
	killable
	! wait "$run" 2>/dev/null || fail "$at_fault: not killed"
	completes "$at_fault"
done
# Twice in a row, so that the run that finds the remains is killed, too.
fresh
for at_fault in kill-before-provision kill-after-create kill-before-provision; do
	: >"cloud/fault-$at_fault"
	killable
	! wait "$run" 2>/dev/null || fail "$at_fault: not killed"
	rm "cloud/fault-$at_fault"
done
completes 'killed three times'
# Between all steps: what was issued and not provisioned is of no use to the next run.
for step in $steps; do
	fresh
	claimed 3 'run again without --stop-after' --stop-after "$step"
	completes "stopped after $step"
done
# A journal that was lost with its station: a certificate that works is found to work, and one that does
# not is not removed unasked.
fresh
: >cloud/fault-kill-after-provision
killable
! wait "$run" 2>/dev/null || fail 'not killed'
rm -rf state cloud/fault-*
claimed 0 'nothing to do'
completes 'killed after it was provisioned, another station'
fresh
claimed 3 '' --stop-after write
rm -rf state
claimed 1 'add --replace'
claimed 0 '' --in-place --yes
completes 'killed before it was provisioned, another station'

# Refusals, with the cloud's words.
fresh
: >cloud/fault-reject-create
claimed 1 'rejects the request for a certificate: InvalidCSR (400): no good'
rm cloud/fault-reject-create
: >cloud/fault-no-json
claimed 1 'is no JSON'
rm cloud/fault-no-json
: >cloud/fault-no-token
claimed 1 'lacks certificateOwnershipToken'
rm cloud/fault-no-token
# An answer to somebody else's request, which a broker less strict than the cloud lets through.
: >cloud/fault-other-key
claimed 1 'no answer to what was published' --answer-timeout 1
rm cloud/fault-other-key
: >cloud/fault-reject-provision
claimed 1 'rejects the provisioning: InvalidParameters (400): the hook says no'
grep -q 'hint: look at template "fleet"' err || fail 'no hint'
[ "$(objects Certificate)" -eq "$factory_certs" ] || fail 'a certificate of no use stayed on the chip'
completes 'rejected, first this, then that'
# An answer that is lost is asked for again, with the same certificate.
fresh
: >cloud/fault-silent-provision
claimed 0 'provisioned' --answer-timeout 1
[ "$(wc -l <cloud/things-sensor-7-16)" -eq 2 ] || fail 'not asked again'
completes 'one answer lost'
if [ -n "${PROV_CLAIM_ALL-}" ]; then
	fresh
	: >cloud/fault-no-provision
	claimed 3 'it finds out, and goes on' --answer-timeout 1
	completes 'all answers lost'
fi

# What is found before anything is made.
fresh
mistake() { # STATUS WORDS OPTIONS...
	want=$1 words=$2
	shift 2
	# shellcheck disable=SC2086 # words on purpose
	expect "$want" "$words" run $at "$@" thing.jsn
}
files='--claim-cert claim.pem --claim-key claim.key'
mistake 1 'needs a claim certificate' --ca claim:fleet
mistake 1 'needs one claim, not two' --ca claim:fleet --claim-slot E0F0 --claim-cert claim.pem
mistake 1 '--claim-cert is given without --claim-key' --ca claim:fleet --claim-cert claim.pem
mistake 1 'is no certificate for the key in cloud.key' --ca claim:fleet --claim-cert claim.pem --claim-key cloud.key
openssl ec -in claim.key -aes128 -passout pass:x -out encrypted.key 2>/dev/null
mistake 1 'encrypted.key: the key is encrypted' --ca claim:fleet --claim-cert claim.pem --claim-key encrypted.key
mistake 1 'is the one to be provisioned' --ca claim:fleet --claim-slot E0F1
mistake 1 'has no key' --ca claim:fleet --claim-slot E0F2
# shellcheck disable=SC2086 # words on purpose
{
	mistake 1 'template name "a/b"' --ca claim:a/b $files
	mistake 2 'is no NAME=VALUE' --ca claim:fleet $files --parameter Line
	mistake 1 'is given twice' --ca claim:fleet $files --parameter Line=1 --parameter Line=2
	mistake 1 'has the unknown template "{line}"' --ca claim:fleet $files --parameter 'Line={line}'
	mistake 2 'lacks ":TEMPLATE"' --ca claim $files
}
[ "$(objects 'Private Key')" -eq "$factory_keys" ] || fail 'a key was made'
expect 1 'is for commands with a chip' sign --ca claim:fleet --in cloud/1.csr
ok 'mistakes'

# The claim's key on the chip, too.
sed 's/0xE0F1/0xE0F2/; s/"common_name": "[^"]*"/"common_name": "claim"/' thing.jsn >claim.jsn
expect 0 '' csr --ca local --out slot.csr claim.jsn
openssl x509 -req -in slot.csr -CA claimers.pem -CAkey claimers.key -days 10 -out slot.pem 2>/dev/null
expect 0 '' write --in slot.pem claim.jsn
# shellcheck disable=SC2086 # words on purpose
expect 0 'thing        sensor-7-16' run --ca claim:fleet $at --claim-slot E0F2 --parameter Line=7 \
	--parameter 'SerialNumber={serial}' thing.jsn
ok 'a claim on the chip'

# A template that the claim may not use: known before a certificate is asked for.
fresh
before=$(cat cloud/n)
claimed 1 'does not let us subscribe to "'"\$aws/provisioning-templates/other/" --ca claim:other
[ "$(cat cloud/n)" = "$before" ] || fail 'a certificate was asked for'
stop_cloud
claimed 1 'no answer to what was published within 1 seconds' --answer-timeout 1
stop_broker
claimed 1 'Connection refused'
ok 'refused and unreachable'
