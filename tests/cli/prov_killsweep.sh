#!/bin/sh
# A run killed (SIGKILL) at boundaries of journal, network and chip: some; prov_killsweep_all.sh has all.
set -eu
# shellcheck source=tests/cli/killsweep_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/killsweep_lib.sh"
sweep f 4
sweep n 20
sweep c 15013
[ "$points" -ge 8 ] || fail "$points points are too few"
