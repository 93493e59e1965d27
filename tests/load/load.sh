#!/bin/sh
# Eight processes on one chip for thirty seconds.
set -eu
exec "${top_builddir:-.}/tests/load/load" 30
