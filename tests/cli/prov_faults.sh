#!/bin/sh
# Faults of AWS IoT's stand-in, every kind once, spread over the calls of a run.
set -eu
# shellcheck source=tests/cli/faults_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/faults_lib.sh"
baseline
nth=0
for kind in $kinds; do
	nth=$((nth + 1))
	point=$(sed -n "$(((nth - 1) % $(wc -l <points) + 1))p" points)
	case $kind in
	otherkey | twocerts | bigcert) point=CreateCertificateFromCsr:1 ;;
	late404) point=CreateThing:1 ;;
	esac
	hurry_for "$kind"
	meet "$point:$kind"
	ok "$point:$kind (status $met)"
done
