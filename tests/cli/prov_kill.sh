#!/bin/sh
# optiga-provision killed (SIGKILL) wherever it hurts: the next run completes, with one key, one
# certificate on the chip, and one certificate in the cloud, which is active.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
ec=$vectors/vendor-ec.jsn

# objects CLASS: on the chip, the factory's own not counted
objects() { pkcs11-tool --module "$module" --list-objects 2>/dev/null | grep -c "^$1 Object" || :; }
# killable URI-QUERY: a run in the background whose number is in the file pid
killable() {
	rm -f pid
	OPTIGA_DEVICE=$OPTIGA_DEVICE$1 sh -c 'echo $$ >pid.new; mv pid.new pid; exec "$@"' sh \
		"$top_builddir/optiga-provision" --module "$module" run "$ec" >out 2>err &
	run=$!
	until [ -e pid ]; do sleep 0.01; done
}
# completes WHERE: what the next run must make of it
completes() {
	: >standin/faults
	expect 0 '' run "$ec"
	expect 0 'nothing to do' run "$ec"
	keys=$(objects 'Private Key') on_chip=$(objects Certificate)
	[ "$keys" -eq $((factory_keys + 1)) ] || fail "$1: $keys keys"
	[ "$on_chip" -eq $((factory_certs + 1)) ] || fail "$1: $on_chip certificates on the chip"
	[ "$(cloud '[.certificates[].status] | join(" ")')" = ACTIVE ] ||
		fail "$1: in the cloud: $(cloud '[.certificates[].status] | join(" ")')"
	id=$("$top_builddir/optiga-provision" --module "$module" show --slot second --json | jq -r '.slots[0].certificate')
	[ "$(cloud '.certificates | keys[0]')" = "$id" ] || fail "$1: another certificate is active"
	expect 0 'thing        ok' verify "$ec"
	[ -z "$(find state -name '*.json' -o -name '*.tmp')" ] || fail "$1: a journal is left"
	ok "killed $1"
}
fresh() {
	rm -rf chip.img state
	sim_token
	new_standin --page-size 3
}

fresh
factory_keys=$(objects 'Private Key') factory_certs=$(objects Certificate)

# The cloud's end of the line kills it, before or after it has done what was asked.
for call in CreatePolicy CreateThing CreateCertificateFromCsr AttachPolicy AttachThingPrincipal UpdateCertificate \
	DescribeEndpoint; do
	for when in before after; do
		fresh
		echo "$call:1:kill-$when:$work/pid" >standin/faults
		killable ''
		! wait "$run" 2>/dev/null || fail "$call $when: not killed"
		completes "$when $call"
	done
done

# Twice at the same place: the first certificate is found, and no other is asked for.
fresh
echo "CreateCertificateFromCsr:*:kill-after:$work/pid" >standin/faults
killable ''
! wait "$run" 2>/dev/null || fail 'not killed'
echo "DescribeCertificate:*:kill-after:$work/pid" >standin/faults
killable ''
! wait "$run" 2>/dev/null || fail 'not killed'
completes 'after CreateCertificateFromCsr, and again while looking for it'
[ "$(calls CreateCertificateFromCsr)" -eq 1 ] || fail 'a second certificate was asked for'

# At any moment of the chip's own work: in real time, at one delay after the other.
for delay in 0.05 0.15 0.3; do
	fresh
	killable '?time=real'
	sleep "$delay"
	kill -KILL "$run" 2>/dev/null || :
	wait "$run" 2>/dev/null || :
	completes "after $delay s"
done

# A signal that may be answered: between two steps, and resumable.
fresh
echo 'CreateThing:1:dribble' >standin/faults
killable ''
sleep 0.7
kill -TERM "$run"
status=0
wait "$run" || status=$?
[ "$status" -eq 3 ] || fail "status $status after SIGTERM"
grep -q 'run the same command again to go on' err || fail 'SIGTERM: no word how to go on'
completes 'politely'
