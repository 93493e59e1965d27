#!/bin/sh
# Runs one test program under valgrind; any error or definite leak fails it.
: "${top_srcdir:?is set by make}"
exec "$LIBTOOL" --mode=execute valgrind --quiet --error-exitcode=80 --leak-check=full \
	--errors-for-leak-kinds=definite --trace-children=no \
	--suppressions="$top_srcdir/tests/valgrind.supp" "$@"
