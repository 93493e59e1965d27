#!/bin/sh
# The module exports three functions and nothing else, and needs no more libraries than it must.
set -eu
module=${top_builddir:-.}/.libs/optiga-pkcs11.so
got=$(nm -D --defined-only "$module" | awk '$2 != "A" { print $3 }' | LC_ALL=C sort)
want='C_GetFunctionList
C_GetInterface
C_GetInterfaceList'
if [ "$got" != "$want" ]; then
	echo "exported: $got"
	exit 1
fi
# libcrypto, libgmp (public keys from RSA signatures) and libc; libgpiod and hidapi for real buses; sanitizers bring libraries of their own.
libs=$(objdump -p "$module" | awk '$1 == "NEEDED" &&
	$2 !~ /^(libcrypto|libc|libgmp|libgpiod|libhidapi-hidraw|libasan|libubsan|libtsan|libm|libdl|libpthread|ld-linux.*)\.so/ { print $2 }')
if [ -n "$libs" ]; then
	echo "needs: $libs"
	exit 1
fi
if objdump -p "$module" | grep -qE 'RPATH|RUNPATH'; then
	echo 'carries a library path'
	exit 1
fi
# Nothing of ours runs when the module is loaded, when it goes, or when the process ends: OpenSSL may be
# gone then. Only the compiler's own (coverage, sanitizers) has numbers up to 100.
set --
for lib in module store chip link bus sim base; do
	archive=${top_builddir:-.}/.libs/lib$lib.a
	[ -f "$archive" ] || { echo "no $archive"; exit 1; }
	set -- "$@" "$archive"
done
sections=$(objdump -h "$@" | awk '/file format/ { file = $1 }
	$2 ~ /^\.(init_array|fini_array|ctors|dtors)/ && $2 !~ /\.00(0..|100)$/ { print file, $2 }')
calls=$(nm -Au "$@" | grep -wE '(at|on_|OPENSSL_at|__cxa_at|__cxa_thread_at)exit|pthread_atfork' || :)
if [ -n "$sections$calls" ]; then
	echo "runs at load or exit: $sections $calls"
	exit 1
fi
