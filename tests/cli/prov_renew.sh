#!/bin/sh
# run --replace: a new key and certificate in a free slot, the old ones gone at last; --in-place: a
# new certificate for the same key. Both interrupted.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
ec=$vectors/vendor-ec.jsn

afresh() {
	rm -rf chip.img state
	sim_token
	new_standin --page-size 3
	expect 0 provisioned run "$ec"
	before=$(cloud '.certificates | keys[0]')
}
# slots: those with a key, besides the factory's
slots() { "$top_builddir/optiga-provision" --module "$module" show --json | jq -r '[.keys[].oid | select(. != "E0F0")] | join(" ")'; }
# is_one SLOT WHERE: one key, one certificate, active, attached once, another than before
is_one() {
	[ "$(slots)" = "$1" ] || fail "$2: keys in $(slots)"
	[ "$(cloud '[.certificates[] | .status + (.policies | tostring)] | tostring')" = '["ACTIVE[\"my_policy\"]"]' ] ||
		fail "$2: $(cloud '[.certificates[] | .status + (.policies | tostring)] | tostring')"
	[ "$(cloud '.certificates | keys[0]')" != "$before" ] || fail "$2: the certificate is the old one"
	[ "$(cloud '.things.my_thing.principals | length')" = 1 ] || fail "$2: principals"
	[ "$(cloud '.things.my_thing.attributes | tostring')" = '{}' ] || fail "$2: a note is left"
	expect 0 'nothing to do' run "$ec"
	expect 0 'active       ok' verify "$ec"
	[ -z "$(find state -name '*.json')" ] || fail "$2: a journal is left"
}

afresh
expect 0 'switch' run --dry-run --replace "$ec"
expect 0 'third (E0F2)' run --replace "$ec"
order=$(awk '$2 ~ /^(CreateC|Attach|Update[CT]|De(tach|lete))/ { print $2 }' standin/log | tail -n 10 | tr '\n' ' ')
[ "$order" = 'UpdateThing CreateCertificateFromCsr AttachPolicy AttachThingPrincipal UpdateCertificate DetachThingPrincipal DetachPolicy UpdateCertificate DeleteCertificate UpdateThing ' ] ||
	fail "order: $order"
is_one E0F2 'renewed'
before=$(cloud '.certificates | keys[0]')
expect 0 'second (E0F1)' run --replace "$ec"
is_one E0F1 'renewed again'
ok 'renewed, twice'

# What stands for the slot is retired, wherever it is.
expect 0 provisioned run --replace "$ec"
sed 's/0xE0F1/third/' "$ec" >third.jsn
expect 1 'renewed into it' run third.jsn
expect 0 retired retire --yes "$ec"
[ -z "$(slots)" ] || fail "keys left: $(slots)"
ok 'retired where it is'

for step in key csr sign write attach-policy attach-thing activate switch drop-old; do
	afresh
	prov run --replace --stop-after "$step" "$ec"
	[ "$status" -eq 3 ] || fail "status $status after $step"
	expect 0 provisioned run "$ec"
	is_one E0F2 "stopped after $step"
done
ok 'stopped after each step, gone on without being asked to'

# Where another run is at work nothing is renewed into.
afresh
serial=$("$top_builddir/optiga-provision" --module "$module" show --json | jq -r .serial)
exec 9>"state/optiga-provision/$serial-e0f2.lock"
flock 9
expect 0 'fourth (E0F3)' run --replace "$ec"
exec 9>&-
is_one E0F3 'past a slot that is locked'
ok 'not where another run is at work'

# No free slot.
afresh
sed 's/0xE0F1/third/; s/my_thing/b/' "$ec" >b.jsn
sed 's/0xE0F1/fourth/; s/my_thing/c/' "$ec" >c.jsn
expect 0 provisioned run --ca local:ca b.jsn
expect 0 '' csr --ca local c.jsn --out c.csr
expect 1 '--in-place' run --replace "$ec"
ok 'no free slot'

# In place: only with consent, and the old certificate goes from the cloud as well.
afresh
expect 1 'add --yes' run --in-place "$ec"
expect 0 '' verify "$ec"
expect 0 provisioned run --in-place --yes "$ec"
is_one E0F1 'in place'
for step in csr sign remove write attach-policy attach-thing activate drop-old; do
	afresh
	prov run --in-place --yes --stop-after "$step" "$ec"
	[ "$status" -eq 3 ] || fail "status $status in place after $step"
	expect 0 provisioned run --in-place --yes "$ec"
	is_one E0F1 "in place, stopped after $step"
done
ok 'in place'

# A software token, a CA of one's own.
stop_standin
unset OPTIGA_DEVICE
rm -rf state
soft_token chip
expect 0 provisioned run --ca local:ca "$ec"
expect 0 provisioned run --ca local:ca --replace "$ec"
expect 0 'nothing to do' run --ca local:ca "$ec"
expect 0 'chain        ok' verify --ca local:ca "$ec"
[ "$(find tokens -name '*.object' | wc -l)" -eq 4 ] || fail 'more than a token, a pair of keys and a certificate'
ok 'on a software token'
