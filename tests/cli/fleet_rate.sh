#!/bin/sh
# Figures of a fleet: chips a minute with 1 to 32 workers against a cloud that is slow and has a quota,
# and the coordinator's memory with few rows and many. Run with the long tests; figures go to the log.
#
# OPTIGA_TEST_FLEET_WORKER puts /bin/true or a script in the place of workers where only the
# coordinator is measured. FLEET_ROWS: the most rows with a worker each (10000).
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
# shellcheck source=tests/cli/fleet_lib.sh disable=SC1091
. "$top_srcdir/tests/cli/fleet_lib.sh"
rows=${FLEET_ROWS:-10000}

# The coordinator's own memory: a worker that does nothing fails, so each row is one line of the report.
peak() { awk '/^VmHWM:/ { print $2 }' "/proc/$1/status" 2>/dev/null; }
cp "$vectors/vendor-ec.jsn" d1.jsn
ln -s /bin/true worker
OPTIGA_TEST_FLEET_WORKER=$work/worker
export OPTIGA_TEST_FLEET_WORKER
# peak_of PROCESS: $most is the most it had until it ended, kB.
peak_of() {
	most=0
	while kill -0 "$1" 2>/dev/null; do
		now=$(peak "$1") || :
		most=${now:-$most}
		sleep 0.01
	done
	wait "$1" || :
}
manifest() { awk -v n="$1" 'BEGIN { print "device,thing"; for (i = 1; i <= n; i++) print "sim:" i ",board-" i }' >many.csv; }
first=
for n in 10 1000 "$rows"; do
	manifest "$n"
	fleet_start --quiet --attempts 1 --jobs 8 --report many.jsonl many.csv d1.jsn
	peak_of "$run"
	[ "$(wc -l <many.jsonl)" -eq "$n" ] || fail "$n rows: $(wc -l <many.jsonl) in the report"
	echo "# memory: $n rows, at most $most kB"
	first=${first:-$most}
	[ "$most" -lt $((first + 1024)) ] || fail 'memory grows with the rows'
done
manifest 1000000
fleet_start --dry-run many.csv d1.jsn
peak_of "$run"
[ "$(wc -l <out)" -eq 1000000 ] || fail 'a million rows: not all of them'
echo "# memory: a million rows, only read, at most $most kB"
[ "$most" -lt $((first + 1024)) ] || fail 'memory grows with a million rows'
unset OPTIGA_TEST_FLEET_WORKER
ok 'memory stays flat'

# Rate: every request takes 100 ms, and each call may come four times a second.
fleet_chips 32
for jobs in 1 2 4 8 16 32; do
	i=1
	while [ "$i" -le 32 ]; do
		rm -f "c$i.img"
		"$top_builddir/optiga-sim" create --model trust-m-v3 "c$i.img"
		i=$((i + 1))
	done
	new_standin --latency 100 --quota 4
	began=$(date +%s%N)
	expect 0 '32 provisioned' fleet --jobs "$jobs" --attempts 1 m.csv
	ms=$((($(date +%s%N) - began) / 1000000))
	fleet_whole 32
	refused=$(awk '$5 == 429' standin/log | wc -l)
	asked=$(wc -l <standin/log)
	echo "# rate: jobs $jobs, $((32 * 60000 / ms)) chips a minute, $ms ms, $asked requests, $refused throttled"
	[ "$jobs" -gt 4 ] || [ "$ms" -lt "${last:-1000000}" ] || fail 'more workers are no faster'
	last=$ms
done
ok 'the rate grows with the workers until the quota'
