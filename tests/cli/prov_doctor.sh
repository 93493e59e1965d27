#!/bin/sh
# optiga-provision doctor: each thing that can be wrong has its line and its remedy, and nothing is changed.
# shellcheck disable=SC2154,SC2034 # assigned, and used, in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
sim_token
start_standin
cp "$top_builddir/optiga-provision" program # also for a user who cannot see the build

# line STATUS CHECK WORDS: the report has such a line.
line() {
	grep -qE "^$1 +$2 +.*$3" out || fail "no \"$1 $2 $3\""
}

prov doctor
[ "$status" -eq 0 ] || fail "status $status though all is well"
[ "$(awk '{ print $1 }' out | sort -u)" = ok ] || fail 'all is well, but not all is ok'
for check in module chip token credentials region endpoint clock account permission quota; do
	line ok "$check" ''
done
line ok permission '16 of the 16 calls'
[ "$(awk '$4 !~ /^4/ && ($2 ~ /^(Create|Register|Attach|Update|Delete|Detach)/) && $5 == 200' standin/log | wc -l)" -eq 0 ] ||
	fail 'something was changed'
[ "$(cloud '[.things, .policies, .certificates] | map(length) | add')" -eq 0 ] || fail 'something was made'
[ ! -s err ] || fail 'it talks on standard error'
ok 'all is well'

prov doctor --json "$vectors/vendor-ec.jsn"
[ "$status" -eq 0 ] || fail "status $status with --json"
[ "$(jq -r .result out)" = ok ] || fail 'result'
[ "$(jq -r '.checks[] | select(.check == "region") | .text' out)" = 'eu-central-1, partition aws' ] || fail 'checks'
awk '$2 == "GetPolicy" { print $4 }' standin/log | grep -q '/my_policy$' || fail 'the names of CONFIG are not used'
[ "$(calls UpdateThing)" -eq 2 ] || fail 'UpdateThing is not tried'
ok 'JSON, with a configuration'

# A thing that is there is not touched.
stop_standin
jq '.things.my_thing = { thingName: "my_thing", thingArn: "arn:aws:iot:eu-central-1:123456789012:thing/my_thing",
	thingId: "x", attributes: {}, version: 1, principals: [] }' standin/state.json >s.json
mv s.json standin/state.json
start_standin
prov doctor "$vectors/vendor-ec.jsn"
[ "$status" -eq 0 ] || fail "status $status with a thing"
line ok permission '15 of the 15'
[ "$(cloud .things.my_thing.version)" -eq 1 ] || fail 'the thing was changed'
[ "$(calls UpdateThing)" -eq 2 ] || fail 'UpdateThing is tried on a thing that is there'
ok 'with a thing'

printf 'UpdateCertificate:*:error:403:AccessDeniedException:User: u is not authorized to perform: iot:UpdateCertificate on resource: r because no identity-based policy allows it\nListCertificates:*:throttle400\nGetPolicy:*:error500\n' >standin/faults
prov doctor
[ "$status" -eq 1 ] || fail "status $status when a right is missing"
line failed permission 'no iot:UpdateCertificate: .* -> allow iot:UpdateCertificate in the IAM policy'
line warning permission 'iot:GetPolicy could not be tried: InternalFailureException'
line ok permission '13 of the 16'
line warning quota '1 of 16 requests were throttled -> '
: >standin/faults
ok 'rights and quota'

new_standin --clock 3600
prov doctor
[ "$status" -eq 0 ] || fail "status $status with a wrong clock"
line warning clock '3[56][0-9][0-9] seconds behind the endpoint.s; .* -> set it'
line ok account 123456789012
new_standin --clock -100
prov doctor
line warning clock '(99|100|101) seconds ahead of the endpoint.s ->'
ok 'clock'

new_standin
AWS_SECRET_ACCESS_KEY=wrong prov doctor
[ "$status" -eq 1 ] || fail "status $status with a wrong key"
line failed account 'SignatureDoesNotMatch.* -> the clocks agree, so the secret'
AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' prov doctor
line failed credentials '-> run "aws configure"'
line ok endpoint answers
if grep -q '^[a-z]* *account' out; then fail 'an account without keys'; fi
AWS_REGION='' AWS_DEFAULT_REGION='' prov doctor
line failed region '-> give --region'
AWS_CA_BUNDLE='' prov doctor
line failed endpoint 'certificate problem.* -> .*--ca-bundle'
AWS_CA_BUNDLE=/nonexistent prov doctor
line failed endpoint '/nonexistent'
prov doctor --profile nobody
line failed credentials 'nobody'
AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/ prov doctor
line failed credentials 'AWS_CONTAINER_CREDENTIALS_FULL_URI is set.* -> .*export-credentials'
stop_standin
prov doctor
[ "$status" -eq 1 ] || fail "status $status without a network"
line failed endpoint '-> check network, proxy'
line ok chip sim:
ok 'keys, region, endpoint'

prov doctor --ca local
[ "$status" -eq 0 ] || fail "status $status with an own CA"
if grep -q credentials out; then fail 'a CA of one'\''s own needs no cloud'; fi
# bus WORDS SELECTOR
bus() {
	OPTIGA_DEVICE=$2 prov doctor --ca local
	[ "$status" -eq 1 ] || fail "status $status with $2"
	line failed "$1" "$3"
}
bus chip sim:none.img 'none at sim:none.img: .*no such file'
bus bus i2c:77 '/dev/i2c-77: No such file.* -> load the driver'
bus bus i2c:/dev/none77?addr=0x31 '/dev/none77: No such file'
bus bus "i2c:$work/chip.img" 'is no device'
[ -e /sys/class/hidraw ] || bus bus ft260: 'no FT260 bridge is there -> plug'
OPTIGA_DEVICE='' prov doctor --ca local
line failed chip 'none is named -> set device ='
prov doctor --ca local --module /nonexistent.so
line failed module 'nonexistent.so.* -> install it'
ok 'chip and bus'

# A device that this user may not use: its group is named, if that would do.
if [ "$(id -u)" -eq 0 ] && mknod try c 1 3 2>/dev/null; then
	chmod 755 "$work"
	cp "$top_builddir/.libs/optiga-pkcs11.so" module.so
	denied() {
		mknod "$1" c 1 3
		chmod "$2" "$1"
		chgrp daemon "$1"
		OPTIGA_DEVICE=i2c:$work/$1 setpriv --reuid=65534 --regid=65534 --clear-groups \
			./program doctor --ca local --module "$work/module.so" >out 2>err || :
	}
	denied group-may 660
	line failed bus 'this user may not use it \(daemon, mode 0660\) -> usermod -aG daemon '
	denied root-may 600
	line failed bus 'this user may not use it .* -> give a group of yours the device'
	ok 'a device of others'
fi

soft_token one
soft_token two
prov doctor --ca local
line ok chip '"one"'
line ok chip '"two"'
line failed token 'several tokens are there.* -> choose one with --token'
prov doctor --ca local --token two
[ "$status" -eq 0 ] || fail "status $status with two tokens and a choice"
pin_option=
prov doctor --ca local --token two
line failed token 'wants a PIN -> put it into a file'
ok 'another module'
