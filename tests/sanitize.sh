#!/bin/sh
# Builds the tree again under sanitizers, in a folder of its own below the current one, and runs
# the unit and module tests and those cli tests that run only programs of ours, or what another
# target of the Makefile runs.
# usage: sanitize.sh SRCDIR NAME SANITIZERS [TARGET]
set -eu
srcdir=$1 name=$2 list=$3 target=${4:-check-sanitized}
mkdir -p "build-$name"
cd "build-$name"
[ -e Makefile ] || "$srcdir/configure" --quiet --enable-werror --enable-sanitizers="$list"
make --quiet -j"$(nproc)" all
make --quiet -j"$(nproc)" "$target"
