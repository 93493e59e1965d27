#!/bin/sh
# Holds every #include of ours against tests/layers: which folder may see which.
set -eu
cd "${top_srcdir:-$(dirname "$0")/..}"
bad=0
while read -r dir _ may; do
	case $dir in ''|'#'*) continue ;; esac
	allowed="$dir|hal/base|pkcs11/optiga-pkcs11.h"
	for m in $may; do [ "$m" = - ] || allowed="$allowed|$m"; done
	[ "$dir" = provision ] && allowed='provision|pkcs11/optiga-pkcs11.h'
	[ "$dir" = hal/sim ] && allowed='hal/sim|hal/base/log.h|hal/base/err.h'
	for f in "$dir"/*.[ch]; do
		[ -e "$f" ] || continue
		if grep -nE '^#[[:space:]]*include "' "$f" | grep -vE "\"($allowed)(/[^/\"]*)?\""; then
			echo "$f: includes what $dir may not see (tests/layers)"
			bad=1
		fi
	done
done < tests/layers
# Only the driver for the in-process simulator may know the simulator.
if grep -lE '^#include "hal/sim/' hal/bus/*.[ch] | grep -v '^hal/bus/sim\.c$'; then
	echo 'hal/bus: only sim.c may include hal/sim'
	bad=1
fi
exit $bad
