#!/bin/sh
# A fleet under fire: faults of the cloud, workers and coordinators killed, two stations that take over
# from each other without what the other had noted. When it is over, each chip has one key, one
# certificate, one thing, one policy, each attached once, by what the cloud has and by its log.
#
# FLEET_CHIPS, FLEET_ROUNDS: how many (6, 3). FLEET_SEED: what it draws from; the times are the machine's.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
# shellcheck source=tests/cli/fleet_lib.sh disable=SC1091
. "$top_srcdir/tests/cli/fleet_lib.sh"
chips=${FLEET_CHIPS:-6} rounds=${FLEET_ROUNDS:-3} seed=${FLEET_SEED:-20261}
echo "# $chips chips, $rounds rounds, seed $seed"

# draw N: $drawn is one of 0 to N - 1.
draw() {
	seed=$(((seed * 1103515245 + 12345) & 2147483647))
	drawn=$((seed / 65536 % $1))
}
# one_of WORD...
one_of() {
	draw $#
	shift "$drawn"
	one=$1
}
pause() {
	draw "$1"
	sleep "$(printf '0.%03d' "$drawn")"
}
# Processes that $run has started and that are there.
workers() {
	for s in /proc/[0-9]*/stat; do
		read -r pid _ _ parent _ 2>/dev/null <"$s" || continue
		[ "$parent" != "$run" ] || echo "$pid"
	done
}
# Some faults, for the second, third, ... request of a call, at random; they stay for a while.
faults() {
	n=0
	while [ "$n" -lt 12 ]; do
		one_of CreateCertificateFromCsr CreateCertificateFromCsr CreateCertificateFromCsr CreateThing CreatePolicy AttachPolicy AttachThingPrincipal \
			UpdateCertificate UpdateThing DescribeCertificate GetPolicy ListPrincipalThings DescribeThing '*'
		call=$one
		one_of throttle400 throttle429:1 error500 error503 close-before reset-before close-after reset-after \
			cut cut-length badjson missing wrongtypes html empty-error late404:1 otherkey "kill-before:$work/victim" \
			"kill-after:$work/victim"
		draw $((chips * 2))
		echo "$call:$((drawn + 1)):$one"
		n=$((n + 1))
	done >standin/faults.new
	mv standin/faults.new standin/faults
}
# victim: a worker's number, for faults that kill.
victim() {
	workers >all
	[ -s all ] || return 0
	draw "$(wc -l <all)"
	sed -n "$((drawn + 1))p" all >victim.new
	mv victim.new victim
}
gone() {
	while read -r pid; do
		n=0
		while kill -0 "$pid" 2>/dev/null; do
			n=$((n + 1))
			[ "$n" -le 600 ] || fail "worker $pid does not end"
			sleep 0.1
		done
	done <"$1"
}

fleet_chips "$chips"
start_standin --page-size 5 --latency 5
round=0 killed=0 shot=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	one_of a b
	XDG_STATE_HOME=$work/state/$one
	faults
	fleet_start --jobs 4 --attempts 2 --report r.csv m.csv
	hits=0
	while kill -0 "$run" 2>/dev/null && [ "$hits" -lt 6 ]; do
		victim
		pause 250
		one_of kill spare
		if [ "$one" = kill ] && [ -s all ] && kill -KILL "$(head -n 1 all)" 2>/dev/null; then
			shot=$((shot + 1))
		fi
		hits=$((hits + 1))
	done
	one_of KILL INT KILL
	workers >all
	if kill -"$one" "$run" 2>/dev/null; then
		killed=$((killed + 1))
	fi
	status=0
	wait "$run" 2>/dev/null || status=$?
	case $status in
	0 | 1 | 3 | 137) ;;
	*) fail "round $round: status $status" ;;
	esac
	gone all
done
echo "# coordinators stopped: $killed, workers killed: $shot and those of the cloud's faults"
requests=$(wc -l <standin/log)

# It is over: one run ends it, and there is nothing to do for the next, at either station. What the
# other had noted before it was taken over from goes with its next look.
: >standin/faults
for station in a b; do
	XDG_STATE_HOME=$work/state/$station
	expect 0 '' fleet --jobs 4 m.csv
done
for station in a b; do
	XDG_STATE_HOME=$work/state/$station
	expect 0 "$chips nothing to do" fleet --jobs 4 --report $station.csv m.csv
done
fleet_whole "$chips"

# The report has each chip's own, and the certificates that are there.
[ "$(tail -n +2 a.csv | cut -d, -f9 | sort -u | wc -l)" -eq "$chips" ] || fail 'keys of the report'
tail -n +2 a.csv | cut -d, -f10 | sort >of-report
cloud '.certificates | keys[]' | sort >of-cloud
cmp -s of-report of-cloud || fail 'certificates of the report'
[ "$(tail -n +2 a.csv | cut -d, -f2,9,10 | sort)" = "$(tail -n +2 b.csv | cut -d, -f2,9,10 | sort)" ] ||
	fail 'two reports differ'

issued=$(awk '$2 == "CreateCertificateFromCsr" && ($5 == 200 || $6 ~ /-after/)' standin/log | wc -l)
deleted=$(awk '$2 == "DeleteCertificate" && $5 == 200' standin/log | wc -l)
echo "# $requests requests under fire; $issued certificates were issued, $deleted of them deleted"
i=1
while [ "$i" -le "$chips" ]; do
	OPTIGA_DEVICE=sim:c$i.img prov verify "d$i.jsn"
	[ "$status" -eq 0 ] || fail "c$i.img does not verify"
	i=$((i + 1))
done
ok "$chips chips, one of each for every chip"
