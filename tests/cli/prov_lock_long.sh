#!/bin/sh
# Locking and pairing killed at many more steps than in the fast tier.
set -eu
here=${top_srcdir:-.}/tests/cli
LOCK_POINTS=120 sh "$here/prov_lock.sh"
PAIR_POINTS=80 sh "$here/prov_pair.sh"
