#!/bin/sh
# optiga-provision lock: what it refuses, what it does, and that it can be killed anywhere.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
sim=$top_builddir/optiga-sim
killat=$top_builddir/tests/cli/.libs/killat.so
# shellcheck disable=SC2034 # read in prov_lib.sh
pin_option=
OPTIGA_BINDING_DIR=$work/binding
export OPTIGA_BINDING_DIR

# chip MODEL: a new one
chip() {
	rm -f chip.img
	"$sim" create --model "$1" chip.img
	OPTIGA_DEVICE=sim:$work/chip.img
	export OPTIGA_DEVICE
	module=$top_builddir/.libs/optiga-pkcs11.so
}
# of OID JQ-FILTER: of what the chip has
of() { "$sim" show --json chip.img | jq -r ".objects[] | select(.oid == \"$1\") | $2"; }
rules() { of "$1" '[.life_cycle, .access] | tojson'; }
keygen() { p11tool --provider "$module" --batch --generate-privkey ecdsa --curve secp256r1 --id "$1" >p11.out 2>&1; }
# policy RULES...: the file policy.json
policy() { printf '{ "objects": [ %s ] }\n' "$*" >policy.json; }
ec=$vectors/vendor-ec.jsn

for model in trust-x trust-m-v1 trust-m-v3; do
	chip "$model"
	expect 1 'it holds no key, and would stay empty for ever' lock --slot second --irreversible --yes
	expect 0 'provisioned' run --ca local:ca "$ec"
	before=$(rules E0F1)
	expect 0 'life cycle      creation -> operational' lock --dry-run --slot second
	grep -q 'for ever *the key can never be replaced or erased again, by anyone' out || fail 'what is for ever'
	grep -q 'writes *20 03 C0 01 07' out || fail 'no bytes were shown'
	expect 1 'add --irreversible' lock "$ec"
	expect 1 'add --yes' lock --irreversible "$ec"
	[ "$(rules E0F1)" = "$before" ] || fail 'changed without a word'
	expect 0 'locked' lock --irreversible --yes "$ec"
	expect 0 'nothing to do' lock --irreversible --yes "$ec"
	expect 0 'nothing to do' lock --slot second
	# It signs, and no other key takes its place.
	expect 0 'signature    ok' verify --ca local:ca "$ec"
	expect 0 'nothing to do' run --ca local:ca "$ec"
	! keygen e0f1 || fail 'another key was made in a locked slot'
	! pkcs11-tool --module "$module" --delete-object --type privkey --id e0f1 >p11.out 2>&1 ||
		fail 'a locked key was destroyed'
	expect 0 'signature    ok' verify --ca local:ca "$ec"
	# The certificate is not locked with it.
	expect 0 'provisioned' run --ca local:other --in-place --yes "$ec"
	ok "default policy, $model"
done

# A policy of one's own: conditions first, every one read back, all in the chip's words and ours.
chip trust-m-v3
expect 0 'provisioned' run --ca local:ca "$ec"
p11tool --provider "$module" --batch --write --load-certificate ca/ca.pem --mark-trusted --label root \
	'pkcs11:manufacturer=Infineon' >p11.out 2>&1 || fail 'no trust anchor'
policy '{ "object": "key", "change": "protected update with E0E8", "life_cycle": "operational" }'
expect 0 'E0E8, which a condition rests on, is not locked itself' lock --policy policy.json --slot second --dry-run
policy '{ "object": "E0E8", "change": "never", "life_cycle": "operational" },
	{ "object": "key", "change": "protected update with E0E8", "life_cycle": "operational" },
	{ "object": "certificate", "change": "never", "life_cycle": "operational" },
	{ "object": "F1D1", "change": "until operational" },
	{ "object": "E120", "change": "never" }'
jq '. + { "lock_policy": "policy.json" }' "$ec" >own.jsn
expect 0 'would lock' lock --dry-run own.jsn
! grep -q 'not locked itself' out || fail 'warned of what the policy does'
expect 1 'locks: E0E8 (trust anchor 1): change is "until operational", not "never"' verify --ca local:ca own.jsn
expect 1 'life cycle is "creation", not "operational"' verify --ca local:ca --policy "$top_srcdir/provision/locks/key-final.json" "$ec"
expect 0 'signature    ok' verify --ca local:ca "$ec"
! grep -q locks out || fail 'locks of nobody'
expect 0 '"result": "would lock"' lock --dry-run --json own.jsn
jq -e '.objects | length == 4' out >/dev/null || fail 'objects that change'
jq -e '.objects[1] | .object == "E0F1" and .change.after == "protected update with E0E8" and
	(.writes == ["20 05 D0 03 21 E0 E8", "20 03 C0 01 07"])' out >/dev/null || fail "JSON of the change"
cp chip.img ready.img
expect 0 'locked' lock --irreversible --yes own.jsn
expect 0 'nothing to do' lock own.jsn
expect 0 'locks        ok' verify --ca local:ca own.jsn
[ "$(of E0F1 .access.change)" = 'Int(E0E8)' ] || fail "change of E0F1: $(of E0F1 .access.change)"
[ "$(of E0E1 .life_cycle),$(of E0E8 .life_cycle),$(of E120 .life_cycle)" = operational,operational,creation ] ||
	fail 'life cycles'
expect 1 '' run --ca local:other --in-place --yes "$ec"
expect 0 'signature    ok' verify --ca local:ca "$ec"
policy '{ "object": "key", "change": "never" }'
expect 1 'change is "protected update with E0E8", the policy wants "never"' lock --policy policy.json --slot second
ok 'a policy of several objects'

# Several slots in one file, each with the policy for it.
chip trust-m-v1
printf '%s\n' '{ "objects": [ { "object": "key", "execute": "counter E120" } ] }' >counted.json
jq 'del(.aws_iot_config) | .slots = [ { "lock_policy": "final.json" },
	{ "csr_config": { "key_info": { "parameters": { "slot": "third" } } }, "lock_policy": "counted.json" } ]' \
	"$ec" >two.jsn
cp "$top_srcdir/provision/locks/key-final.json" final.json
keygen e0f1 || fail 'no key'
keygen e0f2 || fail 'no second key'
expect 1 'the counter E120 has reached its threshold already' lock two.jsn --irreversible --yes
[ "$(of E0F1 .life_cycle)" = creation ] || fail 'one slot was locked although the other cannot be'
printf '%s\n' '{ "objects": [ { "object": "key", "execute": "counter E120", "allow_lock_out": true } ] }' >counted.json
expect 0 'would lock' lock two.jsn --slot third --dry-run
! grep -q E0F1 out || fail 'more than the slot asked for'
expect 2 '' lock two.jsn two.jsn
expect 1 'no slot' lock two.jsn --slot five --dry-run
expect 0 'locked' lock two.jsn --irreversible --yes
expect 0 'nothing to do' lock two.jsn
[ "$(of E0F1 .life_cycle),$(of E0F2 .access.execute)" = 'operational,Luc(E120)' ] || fail 'two slots'
ok 'two slots'

# At the end of a run, when that is meant.
chip trust-m-v3
cp "$top_srcdir/provision/locks/key-and-certificate-final.json" policy.json
expect 0 'lock          set access conditions as in policy.json (with --irreversible' run --dry-run --ca local:ca own.jsn
expect 0 'not locked as policy.json wants it: E0F1' run --ca local:ca own.jsn
[ "$(of E0F1 .life_cycle)" = creation ] || fail 'a run locked unasked'
expect 0 'set access conditions' run --dry-run --ca local:ca own.jsn
expect 0 '"lock"' run --dry-run --json --ca local:ca own.jsn
expect 1 'add --yes' run --irreversible --ca local:ca own.jsn
expect 0 'provisioned' run --irreversible --yes --ca local:ca own.jsn
[ "$(of E0F1 .life_cycle),$(of E0E1 .life_cycle)" = operational,operational ] || fail 'a run did not lock'
expect 0 'nothing to do' run --irreversible --yes --ca local:ca own.jsn
expect 0 'nothing to do' run --ca local:ca own.jsn
expect 0 'nothing to do' run --dry-run --ca local:ca own.jsn
expect 0 'locks        ok' verify --ca local:ca own.jsn
# All in one go.
chip trust-m-v3
expect 0 'provisioned' run --irreversible --yes --ca local:ca own.jsn
[ "$(of E0F1 .life_cycle),$(of E0E1 .life_cycle)" = operational,operational ] || fail 'a run did not lock'
expect 0 'nothing to do' run --irreversible --yes --ca local:ca own.jsn
policy '{ "object": "key", "change": "perhaps" }'
expect 1 'policy.json: objects[0].change' run --ca local:ca own.jsn
ok 'at the end of a run'

# Killed at any of its steps: the same command goes on, and nothing was final too early.
policy '{ "object": "E0E8", "change": "never", "life_cycle": "operational" },
	{ "object": "key", "change": "protected update with E0E8", "life_cycle": "operational" },
	{ "object": "certificate", "change": "never", "life_cycle": "operational" },
	{ "object": "F1D1", "change": "until operational" },
	{ "object": "E120", "change": "never" }'
killed() {
	OPTIGA_DEVICE="$OPTIGA_DEVICE?time=virtual" LD_PRELOAD=$killat ASAN_OPTIONS=verify_asan_link_order=0 "$top_builddir/optiga-provision" \
		--module "$module" lock --irreversible --yes own.jsn >out 2>err
}
cp ready.img chip.img
KILL_COUNT=$work/steps killed || fail 'not even when let'
steps=$(cat steps)
# every object's rules, in one line each
all_rules() { "$sim" show --json chip.img | jq -c '.objects[] | [.oid, .life_cycle, .access]'; }
final=$(all_rules)
# again WHERE: what the next run must make of it
again() {
	all_rules >rules
	if grep -q '^."E0E8","operational"' rules; then
		grep '^."E120' rules | grep -q '"change":"never"' || fail "$1: a life cycle before a condition"
	fi
	expect 0 '' lock --irreversible --yes own.jsn
	[ "$(all_rules)" = "$final" ] || fail "$1: another end"
}
# Behind each command that writes: 82 is SetDataObject, 01 of metadata.
cp ready.img chip.img
: >trace
KILL_LINE=00820100 OPTIGA_TRACE=$work/trace KILL_COUNT=$work/writes killed || fail 'not even when let'
writes=$(cat writes)
[ "$writes" -eq 7 ] || fail "$writes commands write, not 7"
for at in 1 2 3 4 5 6 7; do
	cp ready.img chip.img
	! KILL_LINE=00820100 OPTIGA_TRACE=$work/trace KILL_AT=$at killed 2>/dev/null || fail "write $at: not killed"
	again "write $at"
done
ok 'killed behind each write'
points=${LOCK_POINTS:-3}
n=0
while [ $n -lt "$points" ]; do
	at=$((steps - n * steps / points))
	n=$((n + 1))
	cp ready.img chip.img
	! KILL_AT=$at killed 2>/dev/null || fail "step $at: not killed"
	again "step $at"
done
ok "killed at $points of $steps steps"

# A terminal is asked.
chip trust-m-v3
expect 0 'provisioned' run --ca local:ca "$ec"
printf 'no\n' | script -qec "$top_builddir/optiga-provision --module $module lock --slot second --irreversible" \
	typescript >out 2>&1 && fail 'done without agreement'
grep -q 'not agreed to; nothing was changed' out || fail 'no word of the refusal'
[ "$(of E0F1 .life_cycle)" = creation ] || fail 'locked without agreement'
printf 'yes\n' | script -qec "$top_builddir/optiga-provision --module $module lock --slot second --irreversible" \
	typescript >out 2>&1 || fail 'not done with agreement'
[ "$(of E0F1 .life_cycle)" = operational ] || fail 'not locked with agreement'
ok 'asks on a terminal'

# What would lock the user out, or is not there: precise, and nothing changes.
chip trust-m-v3
expect 0 'provisioned' run --ca local:ca "$ec"
before=$(for o in E0F1 E0E1 E0E8 E140; do rules "$o"; done)
refused() { # WORDS RULE
	policy "$2"
	expect 1 "$1" lock --policy policy.json --slot second --irreversible --yes
}
refused 'its key could never be used again' '{ "object": "key", "execute": "never", "life_cycle": "operational" }'
refused 'terminated, it can neither be read nor used by anyone' '{ "object": "key", "life_cycle": "termination" }'
refused 'the trust anchor E0E8 is empty' '{ "object": "key", "change": "protected update with E0E8" }'
refused 'the binding secret of the factory' '{ "object": "key", "execute": "paired host" }'
refused 'it is empty, and would stay so' '{ "object": "E0E9", "life_cycle": "operational" }'
refused 'F1D2, which is no authorization reference' '{ "object": "key", "execute": "authorization with F1D2" }'
refused 'the chip has no such object' '{ "object": "E0E7", "change": "never" }'
refused 'it has no life cycle state' '{ "object": "E0C4", "life_cycle": "operational" }'
refused 'are both for E0F1' '{ "object": "key", "change": "never" }, { "object": "E0F1", "read": "never" }'
refused 'objects[0].change: "sometimes" is no condition' '{ "object": "key", "change": "sometimes" }'
refused 'holds labels, IDs and public keys' '{ "object": "F1D4", "life_cycle": "operational", "allow_lock_out": true }'
expect 1 'names a slot' lock --irreversible --yes
keygen e0f2 || fail 'no second key'
policy '{ "object": "certificate", "change": "never", "allow_lock_out": true }'
expect 1 'has no certificate to lock' lock --policy policy.json --slot third
expect 1 'none.json' lock --policy none.json --slot second
expect 1 '"result": "failed"' lock --policy none.json --slot second --json
jq -e '.error | contains("none.json")' out >/dev/null || fail 'JSON of a failure'
[ "$(for o in E0F1 E0E1 E0E8 E140; do rules "$o"; done)" = "$before" ] || fail 'a refusal changed the chip'
chip trust-m-v1
refused 'a Trust M V1 does not know "authorization with F1D0"' '{ "object": "E0F1", "change": "authorization with F1D0" }'
chip trust-x
refused 'a Trust X does not know "paired host"' '{ "object": "E0F1", "execute": "paired host" }'
ok 'refusals'

# With the word in the policy even that is done.
chip trust-m-v3
policy '{ "object": "E0F3", "change": "never", "life_cycle": "operational", "allow_lock_out": true }'
expect 0 'locked' lock --policy policy.json --irreversible --yes
! keygen e0f3 || fail 'a key in a slot that is closed for ever'
ok 'locked out on request'

# Personalised parts come with rules of their own.
"$sim" create --model trust-m-express --portal portal.json express.img
OPTIGA_DEVICE=sim:$work/express.img
policy '{ "object": "E0F0", "change": "paired host and authorization with F1D0", "life_cycle": "operational" }'
expect 0 'nothing to do' lock --policy policy.json
policy '{ "object": "E0F0", "change": "never" }'
expect 1 'its rules are fixed for ever' lock --policy policy.json
policy '{ "object": "E0F2", "execute": "paired host" }'
expect 1 'this host is not paired with the chip' lock --policy policy.json
expect 0 'imported' pair --portal portal.json
expect 0 'execute         always -> paired host' lock --policy policy.json --yes
# The encryption that the key asks for now is made on demand.
keygen e0f2 || fail 'no key under the encryption'
openssl dgst -sha256 -binary policy.json >digest
pkcs11-tool --module "$module" --sign --mechanism ECDSA --id e0f2 --input-file digest --output-file signature \
	>p11.out 2>&1 || fail 'it does not sign'
mv binding binding.away
! pkcs11-tool --module "$module" --sign --mechanism ECDSA --id e0f2 --input-file digest --output-file signature \
	>p11.out 2>&1 || fail 'it signs for a host that is not paired'
ok 'Express'

# Other tokens have no such thing.
soft_token chip
expect 1 'has no objects of an OPTIGA chip' lock --slot second --irreversible --yes
ok 'SoftHSM'
