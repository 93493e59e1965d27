#!/bin/sh
# Builds the fuzz targets with clang in a folder below the current one and runs each for a time. What
# they find lies in that folder; their growing corpora too, below corpus/.
# usage: fuzz.sh SRCDIR SECONDS TARGET...
set -eu
srcdir=$1 seconds=$2
shift 2
mkdir -p build-fuzz
cd build-fuzz
[ -e Makefile ] || "$srcdir/configure" --quiet CC=clang --enable-sanitizers --enable-fuzzing
make --quiet -j"$(nproc)" "$@"
for target in "$@"; do
	name=${target##*/}
	mkdir -p "corpus/$name"
	printf '%s: %s seconds\n' "$name" "$seconds"
	"./$target" -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=4096 \
	    -print_final_stats=1 -artifact_prefix="$name-" "corpus/$name" \
	    "$srcdir/tests/fuzz/corpus/$name" >"$name.log" 2>&1 || {
		tail -n 40 "$name.log"
		echo "$name: found something"
		exit 1
	}
	grep -E 'stat::number_of_executed_units|stat::new_units_added' "$name.log"
done
