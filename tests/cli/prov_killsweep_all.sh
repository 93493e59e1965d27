#!/bin/sh
# A run killed (SIGKILL) at every boundary of journal and network, and at very many of the chip.
set -eu
# shellcheck source=tests/cli/killsweep_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/killsweep_lib.sh"
sweep f 1
sweep n 1
sweep c 499
[ "$points" -ge 100 ] || fail "$points points are too few"
ok "$points points"
