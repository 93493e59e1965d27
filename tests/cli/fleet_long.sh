#!/bin/sh
# 32 chips under fire, for longer than fleet_chaos.sh does with a few.
set -eu
FLEET_CHIPS=${FLEET_CHIPS:-32} FLEET_ROUNDS=${FLEET_ROUNDS:-15} FLEET_SEED=${FLEET_SEED:-$(date +%s)}
export FLEET_CHIPS FLEET_ROUNDS FLEET_SEED
exec "${top_srcdir:-.}/tests/cli/fleet_chaos.sh"
