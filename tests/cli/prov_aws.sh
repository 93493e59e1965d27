#!/bin/sh
# optiga-provision and AWS IoT's stand-in: whole, step by step, and with everything that goes wrong.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
soft_token chip
ec=$vectors/vendor-ec.jsn rsa=$vectors/vendor-rsa.jsn
policy="--policy-file $vectors/vendor-policy.json"
certs() { cloud '.certificates | length'; }
# new_slot NUMBER: a fresh chip for the next case
token=0
new_chip() {
	token=$((token + 1))
	rm -rf tokens
	soft_token "chip$token"
}

start_standin --page-size 3
# shellcheck disable=SC2086
expect 0 'endpoint     a1b2' run $policy "$ec"
[ "$(cloud '.certificates[] | .status')" = ACTIVE ] || fail 'the certificate is not active'
grep -q '<aws' standin/state.json && fail 'the policy template was not filled in'
order=$(awk '$4 != "x" && ($2 ~ /^(Create|Attach|Update)/) { print $2 }' standin/log | tr '\n' ' ')
[ "$order" = 'CreatePolicy CreateThing UpdateThing CreateCertificateFromCsr AttachPolicy AttachThingPrincipal UpdateCertificate UpdateThing ' ] ||
	fail "order: $order"
# shellcheck disable=SC2086
prov run $policy "$ec"
[ "$status:$(cat out)" = '0:nothing to do' ] || fail 'a second run did something'
[ "$(awk '$2 ~ /^(Create|Attach|Update|Delete)/' standin/log | wc -l)" -eq 8 ] || fail 'a second run changes the cloud'
expect 0 'active       ok' verify "$ec"
ls state/optiga-provision/*.json >/dev/null 2>&1 && fail 'a journal is left'
ok 'run, twice'

expect 0 '' csr --out a.csr "$rsa"
expect 0 '' sign --in a.csr --out a.pem
expect 0 '' sign --in a.csr --out b.pem
cmp -s a.pem b.pem || fail 'a second "sign" had another certificate issued'
expect 1 'has no certificate to register' register "$rsa"
expect 0 '' write --in a.pem "$rsa"
expect 1 'active: the certificate is not ACTIVE' verify "$rsa"
expect 0 'endpoint' register "$rsa"
expect 0 'nothing to do' register "$rsa"
expect 0 'nothing to do' run "$rsa"
[ "$(certs)" -eq 2 ] || fail 'certificates after the steps'
ok 'step by step'

# An existing policy stays as it is.
printf '{ "Version": "2012-10-17", "Statement": [ { "Effect": "Deny", "Action": "*", "Resource": "*" } ] }' >deny.json
expect 0 'exists and differs' run --policy-file deny.json "$ec"
grep -q '^nothing to do' out || fail 'a differing policy is something to do'
id=$(openssl x509 -in a.pem -outform DER | openssl dgst -sha256 -r | cut -c1-64)
expect 2 'takes no option' register --replace "$rsa"
jq --arg id "$id" '.certificates[$id].status = "REVOKED"' standin/state.json >s.json
stop_standin
mv s.json standin/state.json
start_standin --page-size 3
expect 1 'AWS IoT has revoked it' run "$rsa"
expect 0 'provisioned' run --in-place --yes "$rsa"
expect 0 'nothing to do' run "$rsa"
[ "$(cloud '[.certificates[] | select(.status == "ACTIVE")] | length')" -eq 2 ] || fail 'active after replacing'
ok 'policy kept, revoked certificate replaced on request'

# The cloud's own certificate is not a local CA's, and the other way round.
expect 1 'add --replace' run --ca local:ca "$ec"
new_chip
expect 0 'provisioned' run --ca local:ca "$ec"
expect 1 'AWS IoT does not know it' run "$ec"
expect 1 'AWS IoT does not know it' register "$ec"
ok 'certificates of the other CA'

# fault STATUS WORDS FAULT: a run on a fresh chip meets it; the next one completes.
fault() {
	new_chip
	new_standin --page-size 3
	printf '%s\n' "$3" >standin/faults
	expect "$1" "$2" run "$ec"
	: >standin/faults
	prov run "$ec"
	[ "$status" -eq 0 ] || fail "after $3: status $status"
	expect 0 'nothing to do' run "$ec"
	[ "$(cloud '[.certificates[].status] | unique | join(" ")')" = ACTIVE ] || fail "inactive certificates after $3"
	[ "$(certs)" -eq 1 ] || fail "$(certs) certificates after $3"
	ls state/optiga-provision/*.json >/dev/null 2>&1 && fail "a journal after $3"
	ok "$3"
}
fault 0 provisioned 'CreateCertificateFromCsr:1:throttle400'
fault 0 provisioned 'CreateThing:1:throttle429'
fault 0 provisioned 'AttachPolicy:1:error500'
fault 0 provisioned 'UpdateCertificate:1:reset-after'
fault 0 provisioned 'CreateCertificateFromCsr:1:close-after'
fault 0 provisioned 'CreateCertificateFromCsr:1:reset-after'
fault 0 provisioned 'CreateCertificateFromCsr:1:cut-length'
fault 0 provisioned 'CreateThing:1:late404'
fault 1 'did not say whether' 'CreateCertificateFromCsr:1:reset-before'
fault 1 'certificate for another key' 'CreateCertificateFromCsr:1:otherkey'
fault 0 provisioned 'CreateCertificateFromCsr:1:twocerts'
fault 1 'an object of the chip takes' 'CreateCertificateFromCsr:1:bigcert'
fault 1 'AccessDeniedException' 'CreateThing:1:error:403:AccessDeniedException:no'
fault 1 '' 'CreateCertificateFromCsr:1:error:403:AccessDeniedException:no'
fault 1 '' 'AttachThingPrincipal:1:error:403:AccessDeniedException:no'

# Bad input: nothing is made, neither in the cloud nor on the chip.
new_chip
new_standin --page-size 3
expect 1 '' run "$ec" --profile nobody
AWS_SECRET_ACCESS_KEY=wrong expect 1 'InvalidSignatureException' run "$ec"
AWS_ACCESS_KEY_ID=AKIAUNKNOWN expect 1 '' run "$ec"
AWS_REGION='' AWS_DEFAULT_REGION='' expect 1 'region' run "$ec"
sed 's/my_thing/my thing/' "$ec" >bad.jsn
expect 1 'my thing' run bad.jsn
sed 's/0xE0F1/0xE0FC/; s/"ec"/"rsa"/; s/"curve": "secp256r1"/"key_size": "1024"/; s/ecdsa/rsassa/' "$ec" >bad.jsn
expect 1 'refuses RSA keys of 1024 bits' run bad.jsn
expect 1 'http' run "$ec" --endpoint-url http://example.com
printf 'GetPolicy:*:throttle400\n' >standin/faults
AWS_MAX_ATTEMPTS=2 expect 1 'ThrottlingException' run "$ec"
: >standin/faults
[ "$(awk '$2 ~ /^Create/' standin/log | wc -l)" -eq 0 ] || fail 'bad input made something in the cloud'
stop_standin
AWS_MAX_ATTEMPTS=1 expect 1 "127.0.0.1" run "$ec"
expect 0 'key          none' show --slot second
ok 'bad input'
