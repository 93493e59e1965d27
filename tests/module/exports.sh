#!/bin/sh
# The module exports C_GetFunctionList and nothing else, and needs no more libraries than it must.
set -eu
module=${top_builddir:-.}/.libs/optiga-pkcs11.so
got=$(nm -D --defined-only "$module" | awk '$2 != "A" { print $3 }')
if [ "$got" != C_GetFunctionList ]; then
	echo "exported: $got"
	exit 1
fi
# Sanitizers bring libraries of their own.
libs=$(objdump -p "$module" | awk '$1 == "NEEDED" { print $2 }' |
	grep -vE '^(libcrypto|libc|libasan|libubsan|libm|libdl|libpthread|ld-linux.*)\.so' || true)
if [ -n "$libs" ]; then
	echo "needs: $libs"
	exit 1
fi
if [ -n "$(objdump -p "$module" | grep -E 'RPATH|RUNPATH' || true)" ]; then
	echo 'carries a library path'
	exit 1
fi
