#!/bin/sh
# No operation and no command of a client may cost more on the bus than it did; no operation more than
# the event bound allows, or than it costs the vendor's host.
set -eu
: "${top_srcdir:?}" "${top_builddir:?}"
"$top_builddir/tests/bench/bench" --check "$top_srcdir/tests/bench/baseline.jsonl" \
	"$top_srcdir/tests/vectors/vendor-host-traces.jsonl"
exec sh "$top_srcdir/tests/bench/clients.sh" --check "$top_srcdir/tests/bench/clients.jsonl"
