#!/bin/sh
# show and audit of optiga-provision, on simulated chips of every model and on a software token.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
ec=$vectors/vendor-ec.jsn
export pin_option=

# has FILTER: what jq says of the JSON just printed.
has() { jq -e "$1" out >/dev/null || fail "not so: $1"; }
# found ID OID, lacks ID OID: a finding of the JSON just printed.
found() { has ".findings | any(.id == \"$1\" and .oid == $2)"; }
lacks() { has ".findings | any(.id == \"$1\") | not"; }

# Every object as the simulator knows it; nothing changes by looking.
for model in trust-x trust-m-v1 trust-m-v3 trust-m-express trust-m-mtr; do
	rm -f chip.img
	"$top_builddir/optiga-sim" create --model "$model" --seed 7 --monitor off --speed 0.01 chip.img
	OPTIGA_DEVICE=sim:$work/chip.img module=$top_builddir/.libs/optiga-pkcs11.so
	export OPTIGA_DEVICE
	expect 0 'unique ID' show
	"$top_builddir/optiga-sim" show --json chip.img >before
	expect 0 'unique ID' show --all
	jq -r '.objects[].oid' before | while read -r oid; do
		grep -q "^  $oid  " out || fail "$model: $oid is not shown"
	done
	expect 0 '' show --json
	cp out shown
	# Session contexts are told by neither in the same way.
	sizes='[.objects[] | select(.max != null and .max > 0) | [.oid, .used, .max]]'
	[ "$(jq -c "$sizes" before)" = "$(jq -c "$sizes" shown)" ] || fail "$model: sizes"
	lives='[.objects[] | select(.oid | startswith("E10") | not) | [.oid, .life_cycle]]'
	[ "$(jq -c "$lives" before)" = "$(jq -c "$lives" shown)" ] || fail "$model: life cycles"
	has '.chip.uid == ([.objects[] | select(.oid == "E0C2")][0].bytes)'
	has '.slots[0].oid == "E0F0" and .slots[0].certificate_oid == "E0E0"'
	has '[.objects[] | select(.access.change.words | startswith("unknown"))] == []'
	expect 0 '' show --html page.html
	expect 0 '' show --json
	cmp -s out shown || fail "$model: looking changed what is shown"
	"$top_builddir/optiga-sim" show --json chip.img >after
	cmp -s before after || fail "$model: looking changed the chip"
	expect 1 'of level warning or above' audit
	ok "$model: $(jq '.objects | length' shown) objects"
done

# What may not be read without the binding secret says so, and breaks nothing.
rm -f chip.img
"$top_builddir/optiga-sim" create --model trust-m-express --seed 7 --monitor off --speed 0.01 chip.img
expect 0 '' show --json
has '[.objects[] | select(.oid == "E0E1")][0] | .content == "hidden" and .access.read.now == "conditional"'
expect 0 'certificate 2: may not be read by this host' show --all
ok 'not to be read'

# Without the monitor, which would slow these many looks down and count them.
rm -f chip.img
"$top_builddir/optiga-sim" create --model trust-m-v3 --monitor off --speed 0.01 chip.img
expect 0 '' run --ca local:ca "$ec"

# The terminal: its width, its colours.
terminal() { # COLUMNS, environment, arguments
	script -qec "stty cols $1; env $2 TERM=xterm '$top_builddir/optiga-provision' --module '$module' $3" /dev/null |
		tr -d '\r' >out
}
terminal 60 X=1 show
grep -q "$(printf '\033\\[1mSlots')" out || fail 'no colours on a terminal'
sed "s/$(printf '\033')\[[0-9]*m//g" out | awk 'length > 60 { print; exit 1 }' >&2 || fail 'wider than the terminal'
terminal 60 NO_COLOR=1 show
! grep -q "$(printf '\033')" out || fail 'colours with NO_COLOR'
expect 0 'Slots' show
! grep -q "$(printf '\033')" out || fail 'colours in a file'
ok 'terminal'

expect 0 'E0F1 second   secp256r1 for signatures' show
expect 0 'change until locked; use always; life cycle creation, not locked' show
expect 0 'change until locked or over the shielded connection' show
expect 0 'Extended Key Usage: TLS Web Client Authentication' show --slot E0E1
expect 2 'is no key slot' show --slot E0E8
expect 2 'two ways to show' show --json --html page.html
expect 1 'none/page.html' show --html none/page.html
ok 'slots'

# --- audit ---
prov audit --json
[ "$status" -eq 1 ] || fail "status $status"
found key-unlocked '"E0F1"'
found object-open '"E0E1"'
found anchor-free '"E0E8"'
found binding-open '"E140"'
found binding-factory '"E140"'
found cert-test '"E0E0"'
lacks cert-expiring
lacks throttled
has '.result == "findings" and .level == "warning" and (.findings | map(.severity) | unique | length) == 3'
expect 1 'remedy: ' audit
prov audit --json --days 5000
found cert-expiring '"E0E1"'
has '[.findings[] | select(.id == "cert-expiring")] | length == 1'
expect 0 'passed' audit --slot second --level error
expect 1 '2 findings' audit --slot second
expect 1 '2 findings' audit "$ec"
expect 1 'has no slot "third"' audit --slot third "$ec"
expect 2 '--days "0"' audit --days 0
expect 2 '--level "fatal"' audit --level fatal
ok 'audit'

cat >accepted <<'END'
# what this line means to leave open
key-unlocked E0F1
object-open  E0E1  # renewed in the field
END
expect 0 'accepted      key-unlocked' audit --slot second --accept accepted
prov audit --slot second --accept accepted --json
has '.result == "passed" and .count == 0 and (.findings | map(.accepted) | all)'
expect 1 '13 findings' audit --level info
expect 1 '' audit --accept accepted
echo 'key-open E0F1' >>accepted
expect 0 'accepted:4: "key-open E0F1" was not found' audit --slot second --accept accepted
echo 'key-opened E0F1' >>accepted
expect 1 'accepted:5: there is no finding "key-opened"' audit --slot second --accept accepted
expect 1 'none' audit --accept none
ok 'accepted findings'

# What is closed is found no more.
cp chip.img open.img
OPTIGA_BINDING_DIR=$work/bindings
export OPTIGA_BINDING_DIR
expect 0 'paired' pair
prov audit --json
lacks binding-factory
found binding-open '"E140"'
expect 0 'locked' pair --renewable --irreversible --yes
expect 0 'locked' lock --slot second --irreversible --yes
prov audit --json
lacks binding-factory
lacks binding-open
has '.findings | any(.id == "key-unlocked" and .oid == "E0F1") | not'
echo '{ "objects": [ { "object": "E0E8", "change": "never", "life_cycle": "operational", "allow_lock_out": true } ] }' >policy
expect 0 'locked' lock --policy policy --irreversible --yes
prov audit --json
has '[.findings[] | select(.id == "anchor-free") | .oid] == ["E0E9", "E0EF"]'
expect 0 'passed, level error' audit --level error
expect 0 'change over the shielded connection; read never; use always; life cycle operational, locked' show
mv open.img chip.img
ok 'locked and paired'

# A certificate for another key, one for none, a key that is too small.
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.csr -subj /CN=other 2>/dev/null
echo 'basicConstraints = CA:FALSE' >ext
openssl x509 -req -in other.csr -signkey other.key -extfile ext -days 9 -outform DER -out other.der 2>/dev/null
pkcs11-tool --module "$module" --write-object other.der --type cert --id e0e2 >/dev/null 2>&1
sed 's/secp256r1/secp384r1/; s/sha256/sha384/; s/0xE0F1/third/' "$ec" >third.jsn
prov audit --json
found cert-self-signed '"E0E2"'
found cert-expiring '"E0E2"'
found cert-no-key '"E0E2"'
pkcs11-tool --module "$module" --keypairgen --key-type EC:secp384r1 --id e0f2 >/dev/null 2>&1
pkcs11-tool --module "$module" --keypairgen --key-type rsa:1024 --id e0fc >/dev/null 2>&1
prov audit --json
found key-mismatch '"E0F2"'
found key-weak '"E0FC"'
found key-no-certificate '"E0FC"'
ok 'keys and certificates'

soft_token chip
expect 0 '' run --ca local:ca "$ec"
expect 0 'E0F1 second   secp256r1' show
expect 0 'OPTIGA(TM) Trust IoT, until' show
expect 0 'passed, level info' audit --level info
pkcs11-tool --module "$module" --login --pin 1234 --keypairgen --key-type rsa:1024 --id 0abc --label small >/dev/null 2>&1
expect 0 '0abc          RSA-1024, "small"' show
expect 1 'key-weak: small: RSA-1024' audit
expect 0 '<h1>chip</h1>' show --html -
ok 'a software token'
