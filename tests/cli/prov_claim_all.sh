#!/bin/sh
# prov_claim.sh with every place at which a run can be killed or stopped.
set -eu
export PROV_CLAIM_ALL=1
# shellcheck source=tests/cli/prov_claim.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_claim.sh"
