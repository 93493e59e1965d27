#!/bin/sh
# Pairing from the command line: fresh chips, and personalised ones with their portal file.
set -eu
: "${top_builddir:?is set by make}"
sim=$top_builddir/optiga-sim
pair=$top_builddir/tests/cli/pair
unset OPTIGA_TEST_FACTORY_SECRET
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
export OPTIGA_BINDING_DIR="$tmp/binding" OPTIGA_LOG=error

fail()
{
	echo "FAIL: $*" >&2
	exit 1
}

must_fail()
{
	if "$@" >"$tmp/out" 2>"$tmp/err"; then
		fail "$* succeeded"
	fi
}

# A fresh chip: unpaired, paired, rotated, locked, another host, forgotten.
"$sim" create --model trust-m-v3 --seed 1 "$tmp/chip"
chip="sim:$tmp/chip"
must_fail "$pair" "$chip" prove
grep -q 'binding secret' "$tmp/err" || fail "prove says nothing of a binding secret"
"$pair" "$chip" new
"$pair" "$chip" prove
serial=$("$pair" "$chip" serial)
[ "$(stat -c %a "$tmp/binding/$serial")" = 640 ] || fail "mode of the secret's file"
cp "$tmp/binding/$serial" "$tmp/first"
"$pair" "$chip" renew
! cmp -s "$tmp/binding/$serial" "$tmp/first" || fail "renew kept the secret"
"$pair" "$chip" prove
must_fail "$pair" "$chip" read E140
mv "$tmp/binding/$serial" "$tmp/kept"
must_fail "$pair" "$chip" new
grep -q 'under the old one' "$tmp/err" || fail "a locked chip was refused for another reason"
mv "$tmp/kept" "$tmp/binding/$serial"
"$pair" "$chip" new
"$pair" "$chip" remove
[ -z "$(ls -A "$tmp/binding")" ] || fail "remove left something"

# The secret of every factory is no secret.
"$sim" create --model trust-m-v3 --seed 2 "$tmp/fresh"
serial=$("$pair" "sim:$tmp/fresh" serial)
i=1
while [ $i -le 64 ]; do
	printf %02X $i
	i=$((i + 1))
done >"$tmp/binding/$serial"
chmod 640 "$tmp/binding/$serial"
must_fail "$pair" "sim:$tmp/fresh" prove
grep -q 'leaves the factory' "$tmp/err" || fail "the factory secret was refused silently"
OPTIGA_TEST_FACTORY_SECRET=yes "$pair" "sim:$tmp/fresh" prove
"$pair" "sim:$tmp/fresh" new
"$pair" "sim:$tmp/fresh" prove

# Personalised parts: the portal file makes them usable.
seed=3
for model in express mtr; do
	seed=$((seed + 1))
	"$sim" create --model "trust-m-$model" --seed $seed --portal "$tmp/$model.json" "$tmp/$model"
	chip="sim:$tmp/$model"
	must_fail "$pair" "$chip" prove
	must_fail "$pair" "$chip" import "$tmp/nothing.json"
	echo '{"uid": "00"}' >"$tmp/bad.json"
	must_fail "$pair" "$chip" import "$tmp/bad.json"
	"$pair" "$chip" import "$tmp/$model.json"
	"$pair" "$chip" prove
	serial=$("$pair" "$chip" serial)
	[ -s "$tmp/binding/$serial.auth" ] || fail "$model: no authorization secret kept"
	must_fail "$pair" "sim:$tmp/fresh" import "$tmp/$model.json"
	grep -q 'another chip' "$tmp/err" || fail "$model: a foreign portal file was refused silently"
done

# Express: certificate 2 is read through the encryption alone.
chip=sim:$tmp/express
[ -n "$("$pair" "$chip" read E0E1)" ] || fail "E0E1 is empty"
"$pair" "$chip" remove
must_fail "$pair" "$chip" read E0E1
