#!/bin/sh
# Every fault of AWS IoT's stand-in at every call of a run, once and from then on, on each way to a
# certificate. SWEEP_STRIDE=N: only each Nth.
set -eu
# shellcheck source=tests/cli/faults_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/faults_lib.sh"
nth=0 met_all=0 failed=0

# taken STRIDE: whether it is this one's turn
taken() {
	nth=$((nth + 1))
	[ $((nth % ($1 * ${SWEEP_STRIDE:-1}))) -eq 0 ]
}
count() {
	met_all=$((met_all + 1))
	[ "$met" -eq 0 ] || failed=$((failed + 1))
}

# sweep STRIDE: a run with nothing there yet
sweep() {
	while read -r point; do
		for kind in $kinds; do
			for fault in "$point:$kind" "$point-:$kind"; do
				taken "$1" || continue
				hurry_for "$kind"
				meet "$fault" objects
				count
			done
		done
		ok "$way: $point"
	done <points
}

# sweep_again STRIDE: one that has nothing to do; the stand-in counts on, so that each call's number
# is found anew
sweep_again() {
	while read -r point; do
		for kind in $kinds; do
			taken "$1" || continue
			call=${point%%:*}
			hurry_for "$kind"
			meet_again "$call:$(($(calls "$call") + 1)):$kind"
			count
			[ "$kind" != skew ] || { stop_standin && start_standin --page-size 2; }
		done
		ok "$way: $point, when there is nothing to do"
	done <again
}

baseline
sweep 1
sweep_again 1
way=own
baseline
sweep 3
sweep_again 3
tool ca init ca
way=local
baseline
sweep 3
sweep_again 3
echo "$met_all faults, $failed of which a run could not get over"
