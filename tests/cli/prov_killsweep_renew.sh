#!/bin/sh
# run --replace, run --in-place and retire, killed (SIGKILL) at the boundaries of journal, network and
# chip: the next run leaves one key, one certificate, one thing, one policy, each attached once.
set -eu
# shellcheck source=tests/cli/killsweep_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/killsweep_lib.sh"
afresh
expect 0 provisioned run "$ec"
cp chip.img provisioned.img
cp standin/state.json provisioned.json

# The chip and the cloud as they were then.
again() {
	stop_standin
	rm -rf state
	cp provisioned.img chip.img
	cp provisioned.json standin/state.json
	rm -f standin/log
	start_standin --page-size 2
}

# renewed WHERE ARGUMENTS...: what the next run must make of it
renewed() {
	where=$1
	shift
	expect 0 '' run "$@" "$ec"
	whole "$where"
	expect 0 'nothing to do' run "$ec"
}

# renewals KIND EVERY OPTION AGAIN...: kills at each EVERY-th step; AGAIN: options of the next run
renewals() {
	kind=$1 every=$2 option=$3
	shift 3
	again
	steps "$kind" run "$option" --yes "$ec"
	last=$steps
	at=1
	while [ "$at" -le "$last" ]; do
		again
		killed "$kind" "$at" run "$option" --yes "$ec"
		[ "$status" -eq 137 ] || [ "$status" -eq 0 ] || fail "$option, $kind $at: status $status"
		renewed "$option, $kind $at" "$@"
		points=$((points + 1))
		at=$((at + every))
	done
	ok "$option killed before every $every. step of $last, kind $kind"
}

# retirements KIND EVERY
retirements() {
	kind=$1 every=$2
	again
	steps "$kind" retire --yes "$ec"
	last=$steps
	at=1
	while [ "$at" -le "$last" ]; do
		again
		killed "$kind" "$at" retire --yes "$ec"
		expect 0 '' retire --yes "$ec"
		[ "$(cloud '.certificates | length')" = 0 ] || fail "retire, $kind $at: a certificate is left"
		prov show --json
		[ "$(jq '[.keys[] | select(.oid != "E0F0")] | length' out)" = 0 ] || fail "retire, $kind $at: a key is left"
		points=$((points + 1))
		at=$((at + every))
	done
	ok "retire killed before every $every. step of $last, kind $kind"
}

renewals f 1 --replace
renewals n 1 --replace
renewals c 997 --replace
renewals f 1 --in-place --yes
renewals n 1 --in-place --yes
renewals c 997 --in-place --yes
retirements n 1
retirements c 499
[ "$points" -ge 100 ] || fail "$points points are too few"
ok "$points points"
