#!/bin/sh
# Our own configuration format on a chip: what it says becomes true; and the vendor's beside it.
# shellcheck disable=SC1091,SC2154
set -eu
. "${top_srcdir:?}/tests/cli/prov_lib.sh"
sim_token

cat >own.json <<'EOF'
{ "csr_config": {
    "certificate_info": { "organization_name": "{model}", "common_name": "{site} {serial}-{slot}" },
    "signature_info": { "parameters": { "hash_alg": "sha256" } } },
  "ca": "local:ca",
  "slots": [
    { "csr_config": {
        "key_info": { "algorithm_id": "ec", "usage": [ "sign", "derive" ],
                      "parameters": { "curve": "secp256r1", "slot": "second" } },
        "signature_info": { "algorithm_id": "ecdsa" } } },
    { "csr_config": {
        "extensions": true,
        "key_info": { "algorithm_id": "rsa", "usage": [ "sign", "decrypt" ],
                      "parameters": { "key_size": 2048, "slot": "five" } },
        "signature_info": { "algorithm_id": "rsassa" } } } ] }
EOF
mkdir below
mv own.json below
# The directory of its CA is beside the file, wherever the command is run.
expect 1 'has the unknown template "{site}"' run below/own.json
expect 0 'provisioned' run --set site=Halle below/own.json
[ -s below/ca/ca.pem ] || fail 'the CA is not beside the configuration'
[ "$(grep -c 'provisioned' out)" -eq 2 ] || fail 'not both slots'
expect 0 'nothing to do' run --set site=Halle below/own.json
prov show --json
serial=$(jq -r .serial out)
for slot in E0F1 E0FC; do
	jq -e --arg cn "O = Trust M V3, CN = Halle $serial-$slot" \
		'any(.slots[]; .subject == $cn)' out >/dev/null || fail "subject of $slot"
done
ok 'templates, directories, defaults of slots'

prov show
grep -q 'second *secp256r1 for .*key agreement' out || fail 'the EC key does not derive'
grep -q 'five *RSA-2048 for .*encryption' out || fail 'the RSA key does not decrypt'
ok 'usage'

# Extensions are asked for by files of the vendor's format, and by others that say so.
asks() {
	prov csr "$@"
	[ "$status" -eq 0 ] || fail "status $status: $*"
	openssl req -in out -noout -text | grep -c 'TLS Web Server Authentication' || :
}
[ "$(asks --set site=x --slot second below/own.json)" = 0 ] || fail 'extensions in our own format'
[ "$(asks --set site=x --slot five below/own.json)" = 1 ] || fail 'extensions that were asked for'
[ "$(asks --ca local "$vectors/vendor-ec.jsn")" = 1 ] || fail "extensions in the vendor's format"
ok 'extensions'

# The CA of a configuration signs requests too.
prov csr --set site=x --slot second --out second.csr below/own.json
expect 0 'BEGIN CERTIFICATE' sign --set site=x --slot second --in second.csr below/own.json
openssl verify -CAfile below/ca/ca.pem out >/dev/null || fail 'signed by another CA'
ok 'sign'

# What a chip makes of a template is judged before anything is made.
sed 's/{site}/{uid}{uid}/' below/own.json >long.json
expect 1 'on this chip it becomes' run --slot second long.json
grep -q '{serial} is shorter' err || fail 'no hint'
ok 'too long for this chip'
