#!/bin/sh
# No operation may cost more on the bus than it did, than the event bound allows, or than it
# costs the vendor's host.
set -eu
: "${top_srcdir:?}" "${top_builddir:?}"
exec "$top_builddir/tests/bench/bench" --check "$top_srcdir/tests/bench/baseline.jsonl" \
	"$top_srcdir/tests/vectors/vendor-host-traces.jsonl"
