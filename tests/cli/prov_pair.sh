#!/bin/sh
# optiga-provision pair: fresh chips and personalised ones, locks, other hosts, and being killed.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
sim=$top_builddir/optiga-sim
killat=$top_builddir/tests/cli/.libs/killat.so
module=$top_builddir/.libs/optiga-pkcs11.so
# shellcheck disable=SC2034 # read in prov_lib.sh
pin_option=
unset OPTIGA_TEST_FACTORY_SECRET
OPTIGA_BINDING_DIR=$work/binding
export OPTIGA_BINDING_DIR OPTIGA_DEVICE

# chip MODEL [OPTIONS]: a new one, whose serial is in $serial
chip() {
	rm -rf chip.img binding
	model=$1
	shift
	"$sim" create --model "$model" "$@" chip.img
	OPTIGA_DEVICE=sim:$work/chip.img
	prov pair --status --json
	serial=$(jq -r .serial out 2>/dev/null) || serial=
}
# of OID JQ-FILTER: of what the chip has
of() { "$sim" show --json chip.img | jq -r ".objects[] | select(.oid == \"$1\") | $2"; }
# status FIELD VALUE
status_is() {
	prov pair --status --json
	[ "$(jq -r ".$1" out)" = "$2" ] || fail "$1 is $(jq -r ".$1" out), not $2"
}
# No secret of the host is in what was said.
silent() {
	for f in binding/*; do
		[ ! -f "$f" ] || ! cat out err | grep -qiF "$(cat "$f")" || fail "a secret was said: $f"
	done
}

for m in trust-m-v1 trust-m-v3; do
	chip "$m"
	expect 0 'secret of    factory' pair --status
	grep -q 'protects nothing' err || fail 'no warning of the factory secret'
	expect 0 'result       paired' pair
	silent
	[ "$(stat -c %a "binding/$serial")" = 640 ] || fail "mode of the secret's file"
	expect 0 'nothing to do' pair
	expect 0 'nothing to do' pair --json
	status_is secret_of 'this host'
	# Another secret, and the old one is good for nothing.
	cp "binding/$serial" first
	expect 0 'result       rotated' pair --rotate
	silent
	! cmp -s "binding/$serial" first || fail 'the same secret again'
	status_is paired yes
	mkdir other
	cp first "other/$serial"
	OPTIGA_BINDING_DIR=$work/other status_is secret_of 'unknown to this host'
	# Another host does not take the chip by mistake; while it is open it may on request.
	OPTIGA_BINDING_DIR=$work/other expect 1 'the chip has a secret that this host does not have' pair
	grep -q -- '--rotate to take the chip' err || fail 'no hint to --rotate'
	status_is paired yes
	OPTIGA_BINDING_DIR=$work/other expect 0 'rotated' pair --rotate
	status_is paired no
	mv "other/$serial" binding/
	rmdir other
	status_is paired yes
	expect 0 'forgotten' pair --forget
	[ -z "$(ls -A binding)" ] || fail 'something is left of what was forgotten'
	status_is paired no
	expect 0 'forgotten' pair --forget
	ok "paired, rotated, forgotten: $m"
done

# Not even where everything else is said.
chip trust-m-v3
OPTIGA_LOG=debug OPTIGA_TRACE=$work/trace expect 0 'paired' pair --verbose
OPTIGA_LOG=debug OPTIGA_TRACE=$work/trace expect 0 'rotated' pair --rotate --verbose
cat trace >>err
silent
rm -f portal.json trace
chip trust-m-express --portal "$work/portal.json"
OPTIGA_LOG=debug OPTIGA_TRACE=$work/trace expect 0 'imported' pair --portal portal.json --verbose
cat trace >>err
silent
ok 'no secret in logs and traces'

# Locks are for ever: said before, done once.
for lock in renewable sealed; do
	chip trust-m-v3
	expect 1 'can never be undone, by anyone; nothing was changed' pair "--$lock"
	status_is secret_of factory
	expect 1 'the chip is paired and not locked' pair "--$lock" --irreversible
	[ "$(of E140 .life_cycle)" = creation ] || fail 'locked without agreement'
	expect 0 'locked' pair "--$lock" --irreversible --yes
	grep -q 'for ever *the binding secret can' err || fail 'what is for ever was not said'
	[ "$(of E140 .access.read)" = never ] || fail 'it can still be read'
	expect 0 'nothing to do' pair "--$lock" --irreversible --yes
	expect 1 'add --irreversible' pair --forget
	if [ $lock = renewable ]; then
		expect 0 'rotated' pair --rotate
	else
		expect 1 'the chip takes no new secret' pair --rotate
	fi
	status_is paired yes
	cp "binding/$serial" kept
	expect 0 'forgotten' pair --forget --irreversible --yes
	status_is paired no
	expect 1 'it is locked to it' pair
	expect 1 'the chip takes no new secret' pair --rotate
	cp kept "binding/$serial"
	status_is paired yes
	ok "locked: $lock"
done

# The portal's file makes personalised parts usable; no other does, and it says why.
for m in trust-m-express trust-m-mtr; do
	rm -f portal.json
	chip "$m" --portal "$work/portal.json"
	status_is secret_of 'unknown to this host'
	expect 1 'give --portal FILE' pair
	expect 1 'the chip takes no new secret' pair --rotate
	wrong() { # WORDS JQ-FILTER
		jq "$2" portal.json >wrong.json
		chmod 600 wrong.json
		expect 1 "$1" pair --portal wrong.json
		[ ! -d binding ] || [ -z "$(ls -A binding)" ] || fail "$1: something was kept"
	}
	wrong 'is for another chip: for AA' '.uid |= "AA" + .[2:]'
	wrong 'its binding_secret is not the chip' '.binding_secret |= "00" + .[2:]'
	wrong 'binding_secret: expected 64 bytes in hexadecimal digits' '.binding_secret |= .[2:]'
	wrong 'binding_secret: expected 64 bytes in hexadecimal digits' '.binding_secret |= "G" + .[1:]'
	wrong 'uid: expected 27 bytes in hexadecimal digits' '.uid = 7'
	wrong 'is no portal file: it has no binding_secret' 'del(.binding_secret)'
	wrong 'is no portal file: it has no binding_secret' '[ . ]'
	expect 1 'none.json' pair --portal none.json
	head -c 300 portal.json >wrong.json
	expect 1 'wrong.json: line' pair --portal wrong.json
	chmod 644 portal.json
	expect 0 'imported' pair --portal portal.json
	grep -q 'everybody can read it' err || fail 'no warning of the mode'
	silent
	expect 0 'authorization this host' pair --status
	expect 0 'nothing to do' pair --portal portal.json
	[ "$(find binding -type f | wc -l)" -eq 2 ] || fail "$m: not both secrets were kept"
	# What only both secrets open is changed with them.
	expect 0 'rotated' pair --rotate
	expect 0 'authorization this host' pair --status
	expect 0 'nothing to do' pair --portal portal.json
	expect 0 'forgotten' pair --forget --irreversible --yes
	[ -z "$(ls -A binding)" ] || fail 'something is left of what was forgotten'
	expect 1 'its binding_secret is not the chip' pair --portal portal.json
	ok "portal: $m"
	# A wrong second secret: the first is kept, the second is said to be wrong.
	rm -f portal.json
	chip "$m" --portal "$work/portal.json"
	jq '.authorization_secret |= "00" + .[2:]' portal.json >wrong.json
	expect 1 'its authorization_secret is not the chip' pair --portal wrong.json
	status_is authorization 'unknown to this host'
	expect 0 'imported' pair --portal portal.json
	status_is authorization 'this host'
done
ok 'a wrong authorization secret'

# Killed before any of its steps, of a pairing and of a rotation: the same command goes on.
killed() {
	OPTIGA_DEVICE="sim:$work/chip.img?time=virtual" LD_PRELOAD=$killat ASAN_OPTIONS=verify_asan_link_order=0 \
		"$top_builddir/optiga-provision" --module "$module" pair "$@" >out 2>err
}
again() { # WHERE OPTIONS...: what the next run must make of it
	where=$1
	shift
	expect 0 '' pair "$@"
	status_is paired yes
	expect 0 'rotated' pair --rotate
	[ "$(ls -A binding)" = "$left" ] || fail "$where: left behind: $(ls -A binding)"
}
fresh() {
	cp ready.img chip.img
	rm -rf binding
	cp -r ready binding
}
sweep() { # WHAT OPTIONS...: from ready.img and ready
	what=$1
	shift
	fresh
	KILL_COUNT=$work/steps killed "$@" || fail "$what: not even when let"
	steps=$(cat steps)
	left=$(ls -A binding)
	points=${PAIR_POINTS:-4}
	n=0
	while [ $n -lt "$points" ]; do
		at=$((steps - n * steps / points))
		n=$((n + 1))
		fresh
		! KILL_AT=$at killed "$@" 2>/dev/null || fail "$what, step $at: not killed"
		again "$what, step $at" "$@"
	done
	# Behind the command that gives the chip the secret, if there is one.
	fresh
	if ! KILL_LINE=82400044e140 OPTIGA_TRACE=$work/trace KILL_AT=1 killed "$@" 2>/dev/null; then
		again "$what, behind the write" "$@"
		behind="$behind $what"
	fi
	ok "$what, killed at $points of $steps steps"
}
behind=
chip trust-m-v3
cp chip.img ready.img
mkdir ready
sweep pair
[ "$behind" = ' pair' ] || fail 'not killed behind the write of the secret'
cp ready.img chip.img
rm -rf binding ready
expect 0 'paired' pair
expect 0 'locked' pair --renewable --irreversible --yes
cp chip.img ready.img
cp -r binding ready
sweep 'rotate of a locked chip' --rotate
rm -rf binding ready portal.json
chip trust-m-express --portal "$work/portal.json"
cp chip.img ready.img
mkdir ready
sweep 'portal' --portal portal.json

# A host that may not keep secrets: whose the directory is, and the chip keeps what it had.
chip trust-m-v3
mkdir -m 0555 binding
drop=
[ "$(id -u)" -ne 0 ] || drop='setpriv --bounding-set -dac_override,-dac_read_search'
status=0
# shellcheck disable=SC2086
$drop "$top_builddir/optiga-provision" --module "$module" pair >out 2>err || status=$?
[ "$status" -eq 1 ] || fail "status $status without permission"
grep -q "binding belongs to user $(id -un) and group $(id -gn), mode 0555" err || fail 'not said whose it is'
grep -q 'cannot be kept on this host' err || fail 'not said that it cannot be kept'
status_is secret_of factory
ok 'permissions'

# What does not go together, and tokens without such a thing.
expect 2 'exclude each other' pair --status --forget
expect 2 'exclude each other' pair --renewable --sealed
expect 2 'are for pairing' pair --portal portal.json --sealed
chip trust-x
expect 1 'a Trust X has no platform binding' pair
soft_token chip
expect 1 'has no objects of an OPTIGA chip' pair
expect 1 'has no objects of an OPTIGA chip' pair --status
ok 'no such thing'
