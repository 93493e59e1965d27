#!/bin/sh
# Every fault of AWS IoT's stand-in at every call of a run, once and from then on.
# SWEEP_STRIDE=N: only each Nth.
set -eu
# shellcheck source=tests/cli/faults_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/faults_lib.sh"
baseline
stride=${SWEEP_STRIDE:-1} nth=0 met_all=0 failed=0
while read -r point; do
	for kind in $kinds; do
		for fault in "$point:$kind" "$point-:$kind"; do
			nth=$((nth + 1))
			[ $((nth % stride)) -eq 0 ] || continue
			hurry_for "$kind"
			meet "$fault" objects
			met_all=$((met_all + 1))
			[ "$met" -eq 0 ] || failed=$((failed + 1))
		done
	done
	ok "$point"
done <points
# In a run that has nothing to do: the stand-in counts on, so that each call's number is found anew.
while read -r point; do
	for kind in $kinds; do
		nth=$((nth + 1))
		[ $((nth % stride)) -eq 0 ] || continue
		call=${point%%:*}
		hurry_for "$kind"
		meet_again "$call:$(($(calls "$call") + 1)):$kind"
		met_all=$((met_all + 1))
		[ "$met" -eq 0 ] || failed=$((failed + 1))
		[ "$kind" != skew ] || { stop_standin && start_standin --page-size 2; }
	done
	ok "$point, when there is nothing to do"
done <again
echo "$met_all faults, $failed of which a run could not get over"
