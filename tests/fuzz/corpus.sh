#!/bin/sh
# Every input that the fuzzers were given or found worth keeping.
set -eu
for target in link shield apdu meta store simframe simapdu calls config policy; do
	"${top_builddir:-.}/tests/fuzz/$target" "${top_srcdir:-.}/tests/fuzz/corpus/$target"
done
