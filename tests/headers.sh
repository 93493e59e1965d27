#!/bin/sh
# Every header compiles alone.
set -eu
cd "${top_srcdir:-$(dirname "$0")/..}"
cflags=$(pkg-config --cflags p11-kit-1 libcrypto jansson libcurl libp11 hidapi-hidraw)
bad=0
for h in hal/*/*.h pkcs11/*.h pkcs11/store/*.h provision/*.h; do
	[ -e "$h" ] || continue
	# shellcheck disable=SC2086
	if ! ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Wall -Werror -I. -I"${top_builddir:-.}" $cflags \
	    -fsyntax-only -x c "$h"; then
		echo "$h does not compile alone"
		bad=1
	fi
done
exit $bad
