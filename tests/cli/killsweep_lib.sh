#!/bin/sh
# The sweep of kills, read with "." by prov_killsweep.sh and prov_killsweep_all.sh: a run is killed
# before its n-th step of a kind (tests/cli/killat.c); the next run leaves one key, one certificate,
# one thing, one policy, each attached once, and the one after has nothing to do.
# shellcheck disable=SC2154,SC2034 # assigned, and used, in prov_lib.sh
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
ec=$vectors/vendor-ec.jsn
killat=$top_builddir/tests/cli/.libs/killat.so
sim_token
OPTIGA_DEVICE="$OPTIGA_DEVICE?time=virtual"
cp chip.img empty.img
points=0

# A chip and a cloud with nothing in them; the CA of the latter stays.
afresh() {
	rm -rf state
	cp empty.img chip.img
	[ -z "$server" ] || stop_standin
	rm -rf keep
	[ ! -e standin ] || { mkdir keep && mv standin/*.pem standin/*.key keep/; }
	rm -rf standin
	[ ! -e keep ] || mv keep standin
	start_standin --page-size 2
}

# killed KIND NTH ARGUMENTS...: status in $status
killed() {
	what=$1 nth=$2
	shift 2
	status=0
	LD_PRELOAD=$killat KILL_WHAT=$what KILL_AT=$nth ASAN_OPTIONS=verify_asan_link_order=0 \
		"$top_builddir/optiga-provision" --module "$module" "$@" >out 2>err || status=$?
}

# steps KIND ARGUMENTS...: how many there are, in $steps
steps() {
	what=$1
	shift
	LD_PRELOAD=$killat KILL_WHAT=$what KILL_COUNT=$work/steps ASAN_OPTIONS=verify_asan_link_order=0 \
		"$top_builddir/optiga-provision" --module "$module" "$@" >out 2>err || fail "$*: not without kills either"
	steps=$(cat steps)
}

whole() {
	[ "$(cloud '[.things, .policies, .certificates] | map(length) | join(" ")')" = '1 1 1' ] ||
		fail "$1: $(cloud '[.things, .policies, .certificates] | map(length) | join(" ")') things, policies, certificates"
	[ "$(cloud '.certificates[] | .status + " " + (.policies | join(" "))')" = 'ACTIVE my_policy' ] ||
		fail "$1: the certificate is $(cloud '.certificates[] | .status + " " + (.policies | join(" "))')"
	[ "$(cloud '[.things[].principals[]] == [.certificates[].certificateArn]')" = true ] || fail "$1: the thing's certificates"
	[ -z "$(find state -name '*.json')" ] || fail "$1: a journal is left"
	prov show --json
	[ "$(jq '[.keys[] | select(.oid != "E0F0")] | length' out)" = 1 ] || fail "$1: not one key"
	jq -e --arg id "$(cloud '.certificates[].certificateId')" \
		'[.. | strings | select(ascii_downcase == $id)] | length >= 1' out >/dev/null ||
		fail "$1: the chip has another certificate"
}

# sweep KIND EVERY: kills at each EVERY-th step
sweep() {
	afresh
	steps "$1" run "$ec"
	last=$steps
	at=1
	while [ "$at" -le "$last" ]; do
		afresh
		killed "$1" "$at" run "$ec"
		[ "$status" -eq 137 ] || [ "$status" -eq 0 ] || fail "$1 $at: status $status"
		issued=$(calls CreateCertificateFromCsr)
		expect 0 '' run "$ec"
		[ "$(calls CreateCertificateFromCsr)" -le 2 ] || fail "$1 $at: issued again and again"
		[ "$issued" -eq 0 ] || [ "$(cloud '.certificates | length')" = 1 ] || fail "$1 $at: issued twice"
		whole "$1 $at"
		expect 0 'nothing to do' run "$ec"
		points=$((points + 1))
		at=$((at + $2))
	done
	ok "killed before every ${2#1} step of $last, kind $1"
}
