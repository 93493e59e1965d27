#!/bin/sh
# Eight processes on one chip, thirty seconds each of plain, encrypted and monitored.
set -eu
exec "${top_builddir:-.}/tests/load/load" 30
