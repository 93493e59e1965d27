#!/bin/sh
# A configuration in our own format: several slots, templates, another CA's certificates at AWS IoT.
# shellcheck disable=SC1091,SC2154 # prov_lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/prov_lib.sh"
sim_token
serial=$("$top_builddir/optiga-provision" --module "$module" show --json | jq -r .serial)

cat >two.json <<'END'
{ "ca": "local",
  "csr_config": {
    "signature_info": { "algorithm_id": "ecdsa", "parameters": { "hash_alg": "sha256" } } },
  "slots": [
    { "csr_config": {
        "certificate_info": { "common_name": "{serial}-a" },
        "key_info": { "algorithm_id": "ec", "parameters": { "curve": "secp256r1", "slot": "0xE0F1" } } } },
    { "csr_config": {
        "certificate_info": { "common_name": "{serial}-b", "organization_name": "Slot {slot}" },
        "key_info": { "algorithm_id": "ec", "parameters": { "curve": "secp384r1", "slot": "0xE0F2" } } } } ] }
END

expect 0 'generate a key on the chip' run --dry-run two.json
grep -q 'slot third (E0F2)' out || fail 'the second slot'
expect 0 '' run --json two.json
jq -se 'length == 2 and all(.result == "provisioned" and (.uid | length) == 54 and (.keyFingerprint | length) == 64
	and .started <= .finished)' out >/dev/null || fail 'two objects'
[ "$(jq -r .subject out | sed -n 1p)" = "CN = $serial-a" ] || fail 'the first subject'
jq -r .subject out | grep -qF "CN = $serial-b" || fail 'the second subject'
jq -r .subject out | grep -qF 'O = Slot E0F2' || fail 'its organization'
expect 0 '' run --json two.json
jq -se 'length == 2 and all(.result == "nothing to do")' out >/dev/null || fail 'nothing to do'
expect 0 'nothing to do' run two.json
expect 0 'nothing to do' run --slot third two.json
expect 1 'has nothing about slot "fourth"' run --slot fourth two.json
expect 0 '' verify --slot second two.json
expect 1 'one is wanted' verify two.json
ok 'two slots, with templates'

# One that cannot be done does not keep the other from it, and is said.
sim_token_afresh() {
	rm -f chip.img
	sim_token
}
sim_token_afresh
sed 's/"ca": "local"/"ca": "local:\/dev\/null\/ca"/' two.json >bad.json
expect 1 '' run --json bad.json
jq -se 'length == 2 and all(.result == "failed" and (.error | length) > 0)' out >/dev/null ||
	fail 'two failures'
ok 'failures are objects too'

# The journal: an issued certificate is not asked for again when writing it was stopped.
expect 3 'stopped after the step "sign"' run --slot second --stop-after sign two.json
issued=$(jq -r .certificateId state/optiga-provision/*.local.json)
expect 0 '' run --json --slot second two.json
[ "$(jq -r .certificateId out)" = "$issued" ] || fail 'issued twice'
[ -z "$(find state -name '*.local.json')" ] || fail 'a journal is left'
ok 'a certificate by any CA is asked for once'
