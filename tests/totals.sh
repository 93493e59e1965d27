#!/bin/sh
# Adds up what the test programs said.
#   totals.sh begin TARGET DIR     remembers when TARGET began
#   totals.sh collect TARGET DIR   reads the .trs and .log files it left since, keeps the counts
#   totals.sh sum DIR              prints a line per target and the sum; fails if anything failed
#   totals.sh clients DIR [SCRIPT…]  prints the table of clients from the rows that scripts left
# A check program counts each of its tests; a script counts its lines "ok - ...", at least one.
set -eu

collect() {
	target=$1 dir=$2 where=$2
	case $target in check-asan | check-tsan) where=$dir/build-${target#check-} ;; esac
	passed=0 failed=0
	for trs in $(find "$where/tests" -name '*.trs' -newer "$dir/begin.$target" | sort); do
		log=${trs%.trs}.log
		result=$(sed -n 's/^:global-test-result: *//p' "$trs")
		counts=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' "$log" |
			awk '{ c += $1; f += $2 + $3 } END { if (NR) print c - f, f }')
		if [ -z "$counts" ]; then
			ok=$(grep -c '^ok ' "$log") || ok=1
			counts="$ok 0"
		fi
		p=${counts% *} f=${counts#* }
		if [ "$result" != PASS ]; then
			[ "$f" -gt 0 ] || f=1
			printf 'FAILED (%s): %s\n' "$target" "${trs#"$where"/}"
			tail -n 40 "$log"
		fi
		passed=$((passed + p)) failed=$((failed + f))
	done
	[ "$((passed + failed))" -gt 0 ] || failed=1
	printf '%s %s %s\n' "$target" "$passed" "$failed" >"$dir/totals.$target"
}

sum() {
	cat "$1"/totals.* | awk '
		{ printf "%-12s %5d passed, %d failed\n", $1, $2, $3; p += $2; f += $3 }
		END { printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0 }'
}

# Rows are "client TAB version TAB verdict TAB what was done", a file per script, a line per client.
clients() {
	dir=$1
	shift
	# shellcheck disable=SC2046 # words on purpose
	[ $# -gt 0 ] || set -- $(cd "$dir" && find tests -name '*.client')
	echo 'Clients:'
	for script; do
		row=$dir/${script%.*}.client
		if [ -s "$row" ]; then
			cat "$row"
		else
			printf '%s\t\tno result\n' "${script##*/}"
		fi
	done | sort -f | awk -F '\t' '{ printf "%-24s %-8s %-6s %s\n", $1, $2, $3, $4 }'
}

case $1 in
begin) : >"$3/begin.$2" && rm -f "$3/totals.$2" ;;
collect) collect "$2" "$3" ;;
sum) sum "$2" ;;
clients)
	shift
	clients "$@"
	;;
esac
