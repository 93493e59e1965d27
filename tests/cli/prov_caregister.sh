#!/bin/sh
# optiga-provision ca register: a CA of one's own at AWS IoT, once, whatever happens on the way.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
soft_token chip
start_standin
cas() { cloud '.cas | length'; }
# ca FILTER: of the only CA
ca() { cloud "[.cas[]][0] | $1"; }

expect 1 'make one with "ca init own"' ca register own
[ ! -e own ] || fail 'a directory was made'
expect 0 made ca init own
id=$(openssl x509 -in own/ca.pem -outform DER | openssl dgst -sha256 -r | cut -c1-64)
expect 0 "register the CA $id in region eu-central-1" ca register --dry-run own
[ "$(cas)" -eq 0 ] || fail '--dry-run registered it'
expect 0 'registered' ca register own
grep -q "^certificate *$id" out || fail 'the report has no id'
[ "$(ca '.status + .autoRegistrationStatus + .certificateMode')" = ACTIVEDISABLEDEFAULT ] || fail 'how it is registered'
grep -q 'CN=0f1e2d3c4b5a' own/index.txt || fail 'the proof is not among what the CA issued'
prov ca register own
[ "$status:$(cat out)" = '0:nothing to do' ] || fail 'a second time something was to do'
[ "$(calls RegisterCACertificate):$(calls UpdateCACertificate)" = 1:0 ] || fail 'a second time AWS IoT was asked for a change'
prov ca register --json own
[ "$(jq -r '.result + " " + .status + " " + .mode' out)" = 'nothing to do ACTIVE DEFAULT' ] || fail '--json'
ok 'registered, once'

expect 0 changed ca register --auto-registration own
[ "$(ca .autoRegistrationStatus)" = ENABLE ] || fail '--auto-registration'
expect 0 'nothing to do' ca register own
expect 1 'no provisioning template "jitp"' ca register --template jitp own
stop_standin
jq '.templates = {
	jitp: { templateName: "jitp", templateArn: "arn:x", templateBody: "{}", type: "JITP", enabled: true },
	fleet: { templateName: "fleet", templateArn: "arn:x", templateBody: "{}", type: "FLEET_PROVISIONING", enabled: true } }' \
	standin/state.json >s.json
mv s.json standin/state.json
start_standin
expect 1 'is of type FLEET_PROVISIONING, not JITP' ca register --template fleet own
expect 0 'template     jitp' ca register --template jitp own
[ "$(ca .registrationConfig.templateName)" = jitp ] || fail 'the template'
expect 0 'nothing to do' ca register --template jitp own
expect 1 'which cannot be changed to --sni-only' ca register --sni-only own
expect 0 deactivated ca register --deactivate own
[ "$(ca '.status + .autoRegistrationStatus')" = INACTIVEDISABLE ] || fail '--deactivate'
expect 0 'nothing to do' ca register --deactivate own
expect 0 changed ca register own
[ "$(ca .status)" = ACTIVE ] || fail 'active again'
expect 2 'goes with no other option' ca register --deactivate --sni-only own
expect 2 '37 characters: 1 to 36' ca register --template 1234567890123456789012345678901234567 own
ok 'changed'

# The intermediate is registered: it is what signs. Without proof its key may be anywhere.
new_standin
expect 0 made ca init --intermediate two
rm two/ca.key
mv two/intermediate/ca.key away
expect 1 '' ca register two
[ "$(cas)" -eq 0 ] || fail 'registered without proof'
expect 0 'SNI_ONLY' ca register --sni-only two
[ "$(ca .certificatePem | openssl x509 -noout -fingerprint)" = "$(openssl x509 -noout -fingerprint -in two/intermediate/ca.pem)" ] ||
	fail 'not the intermediate'
expect 0 'nothing to do' ca register --sni-only two
[ "$(calls GetRegistrationCode)" -eq 1 ] || fail 'a code that nobody needs'
ok 'intermediate, SNI_ONLY'

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:brainpoolP256r1 -nodes -keyout bp.key -out bp.pem -subj /CN=bp 2>/dev/null
mkdir bp && mv bp.pem bp/ca.pem && mv bp.key bp/ca.key && chmod 600 bp/ca.key
expect 1 'no CA with a key of kind brainpoolP256r1' ca register bp
ok 'a key that AWS IoT does not take'

# Whatever happens to an answer: registered once, and the next run has nothing to do.
for fault in RegisterCACertificate:1:throttle400 RegisterCACertificate:1:error500 \
	RegisterCACertificate:1:reset-after RegisterCACertificate:1:close-before RegisterCACertificate:1:cut \
	RegisterCACertificate:1:late404 GetRegistrationCode:1:badjson DescribeCACertificate:1:reset-before; do
	new_standin --fault "$fault"
	prov ca register own
	[ "$status" -eq 0 ] || fail "status $status with $fault"
	[ "$(cas):$(ca .status)" = 1:ACTIVE ] || fail "after $fault"
	expect 0 'nothing to do' ca register own
	ok "$fault"
done
# refused ARG-OF-ERROR WORDS: a refusal that is final, with its hint
refused() {
	new_standin --fault "RegisterCACertificate:1:error:$1"
	expect 1 "$2" ca register own
	[ "$(calls RegisterCACertificate)" -eq 1 ] || fail "$1 was repeated"
}
refused '403:AccessDeniedException:no' "these credentials need the IAM permission iot:RegisterCACertificate for \"$id\""
refused '409:ResourceAlreadyExistsException:taken' 'already, but not in this account'
refused '400:RegistrationCodeValidationException:no' 'made for another account or region'
refused '410:LimitExceededException:no' 'LimitExceededException'
ok 'refusals'
