#!/bin/sh
# Reconciliation: several slots, things with type, attributes and groups, what is noted where, the
# factory's certificate, and other CAs at AWS IoT and without it.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
sim_token
start_standin --page-size 3

cat >two.jsn <<'END'
{ "csr_config": { "certificate_info": { "organization_name": "Infineon Technologies AG", "common_name": "{uid}" },
    "key_info": { "algorithm_id": "ec", "parameters": { "curve": "secp256r1" } },
    "signature_info": { "algorithm_id": "ecdsa", "parameters": { "hash_alg": "sha256" } } },
  "aws_iot_config": { "policy": "my_policy", "thing_type": "board",
    "attributes": { "serial": "{serial}", "line": "7" },
    "groups": [ "floor", "spare" ] },
  "slots": [
    { "csr_config": { "key_info": { "parameters": { "slot": "second" } } }, "aws_iot_config": { "thing": "t-{serial}" } },
    { "csr_config": { "key_info": { "parameters": { "slot": "0xE0F2" } } }, "aws_iot_config": { "thing": "u-{serial}" } } ] }
END
serial=$("$top_builddir/optiga-provision" --module "$module" show --json | jq -r .serial)
expect 0 'thing-type' run --dry-run two.jsn
[ "$(grep -c '^groups ' out)" -eq 2 ] || fail 'the plan of two slots'
prov run --dry-run --json two.jsn
[ "$(jq -rs '[.[].plan[]] | index("thing-type")' out)" -ge 0 ] || fail '--dry-run --json'
[ "$(awk '$2 ~ /^(Create|Update|Attach)/' standin/log | wc -l)" -eq 0 ] || fail 'a plan changes the cloud'
expect 0 'provisioned' run --json two.jsn
jq -es --arg s "$serial" 'length == 2 and all(.[]; .result == "provisioned" and .serial == $s and (.uid | length) == 54
	and (.keyFingerprint | length) == 64 and (.certificateId | length) == 64 and .started <= .finished and .ca == "aws")
	and .[0].thing == "t-" + $s and .[1].slot == "third (E0F2)"' out >/dev/null || fail 'run --json'
[ "$(cloud '.things | keys | join(" ")')" = "t-$serial u-$serial" ] || fail 'things'
cloud '.certificates[].certificatePem' | openssl x509 -noout -subject | grep -qi "CN = cd" || fail 'the subject has no {uid}'
expect 0 'nothing to do' run two.jsn
grep -q provisioned out && fail 'something was done again'
ok 'two slots, templates, JSON'

[ "$(cloud ".things[\"t-$serial\"] | .thingTypeName + \" \" + (.attributes | tostring)")" = \
	"board {\"line\":\"7\",\"serial\":\"$serial\"}" ] || fail 'type and attributes, or a note was left'
[ "$(cloud '[.thingGroups[] | .things | length] | tostring')" = '[2,2]' ] || fail 'groups'
sed 's/"7"/"8"/' two.jsn >more.jsn
expect 0 "its attribute line is \"7\", not \"8\"" run more.jsn
expect 0 'nothing to do' run more.jsn
expect 0 'update-thing' run --dry-run --update-thing --slot third more.jsn
expect 0 'provisioned' run --update-thing more.jsn
[ "$(cloud ".things[\"u-$serial\"].attributes.line")" = 8 ] || fail 'the attribute was not changed'
expect 0 'nothing to do' run --update-thing more.jsn
[ ! -s err ] || fail 'differences are seen where there are none'
ok 'thing type, attributes and groups'

# The journal is lost, and the note is found.
ec=$vectors/vendor-ec.jsn
rm -f chip.img
sim_token
new_standin --page-size 3
expect 3 '' run --stop-after sign "$ec"
cloud '.things.my_thing.attributes["optiga-provision.asked"]' | grep -Eq '^[0-9]{10}:[0-9a-f]{64}$' || fail 'no note'
rm -rf state
expect 0 'provisioned' run "$ec"
[ "$(calls CreateCertificateFromCsr)" -eq 1 ] || fail 'a second certificate was asked for'
[ "$(cloud '.things.my_thing.attributes | tostring')" = '{}' ] || fail 'the note is left'
[ "$(cloud '[.certificates[].status] | tostring')" = '["ACTIVE"]' ] || fail 'certificates'
expect 0 'nothing to do' run "$ec"
ok 'a certificate is found by the note in the thing'

# No room for a note: three attributes and no type.
sed 's/"thing_type": "board",//; s/"line": "7"/"line": "7", "third": "3"/' two.jsn >full.jsn
rm -f chip.img
sim_token
new_standin --page-size 3
expect 0 'has no room' run --verbose --slot second full.jsn
[ "$(calls UpdateThing)" -eq 0 ] || fail 'a note where there is no room'
ok 'a thing without room'

# Nor where the right is missing: the device comes out well all the same.
rm -rf chip.img state
sim_token
new_standin --page-size 3
echo 'UpdateThing:1-:error:403:AccessDeniedException:no' >standin/faults
expect 0 'noted on this host alone: UpdateThing' run "$ec"
grep -q 'iot:UpdateThing' err || fail 'the right is not named'
grep -q '^result *provisioned' out || fail 'not provisioned without a note'
expect 0 'nothing to do' run "$ec"
[ ! -s err ] || fail 'a note is missed when there is nothing to do'
: >standin/faults
ok 'a thing that may not be changed'

# The factory's own certificate, as it is.
rm -f chip.img
sim_token
new_standin --page-size 3
listing() { pkcs11-tool --module "$module" --list-objects 2>/dev/null; }
before=$(listing)
expect 0 'provisioned' run --ca factory "$ec"
[ "$(calls RegisterCertificateWithoutCA) $(calls CreateCertificateFromCsr)" = '1 0' ] || fail 'calls for the factory certificate'
[ "$(cloud '[.certificates[] | .status + (.policies | tostring)] | tostring')" = '["ACTIVE[\"my_policy\"]"]' ] || fail 'factory certificate'
expect 0 'nothing to do' run --ca factory "$ec"
[ "$(listing)" = "$before" ] || fail 'the chip was changed'
ok 'the factory certificate'

# A CA of one's own: for the first connection its certificate goes onto the chip as well.
expect 0 'provisioned' run --ca local:ca --register first-connect "$ec"
[ "$(calls RegisterCertificate)" -eq 0 ] || fail 'AWS IoT was told'
listing | grep -c 'Unique ID:  e0e1-certificate' >n
[ "$(cat n)" -eq 2 ] || fail "certificates of the slot: $(cat n)"
expect 0 'nothing to do' run --ca local:ca --register first-connect "$ec"
ok 'at the first connection'

# What AWS IoT refuses for good is taken back, thing and policy excepted; the next run starts over.
for call in AttachPolicy AttachThingPrincipal; do
	rm -rf chip.img state
	sim_token
	new_standin --page-size 3
	echo "$call:1:error:403:AccessDeniedException:no" >standin/faults
	expect 1 AccessDenied run "$ec"
	: >standin/faults
	[ "$(cloud '[.certificates, .things, .policies | length] | tostring')" = '[0,1,1]' ] || fail "$call: not taken back"
	[ "$(cloud '.things.my_thing.attributes | tostring')" = '{}' ] || fail "$call: a note is left"
	[ -z "$(find state -name '*.json')" ] || fail "$call: a journal is left"
	listing | grep -q 'Unique ID:  e0e1-certificate' && fail "$call: the chip has the certificate"
	expect 0 provisioned run "$ec"
	[ "$(cloud '[.certificates[].status] | tostring')" = '["ACTIVE"]' ] || fail "$call: certificates"
	expect 0 'nothing to do' run "$ec"
done
ok 'refused, and taken back'

# One that is of no use is deleted again; when that fails nothing is promised.
rm -rf chip.img state
sim_token
new_standin --page-size 3
printf '%s\n' CreateCertificateFromCsr:1:otherkey DeleteCertificate:1:error:403:AccessDeniedException:no >standin/faults
expect 1 'may be left, INACTIVE' run "$ec"
: >standin/faults
expect 1 'for another key' run "$ec"
[ "$(cloud '.certificates | length')" -eq 0 ] || fail 'the next run does not delete it'
expect 0 provisioned run "$ec"
[ "$(cloud '[.certificates[].status] | tostring')" = '["ACTIVE"]' ] || fail 'not deleted, or deleted too much'
ok 'of no use, and deleted again'
