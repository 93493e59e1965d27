#!/bin/sh
# Eight threads with a handle each on one chip.
set -eu
exec "${top_builddir:-.}/tests/load/load" --threads 1
