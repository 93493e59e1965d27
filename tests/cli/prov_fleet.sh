#!/bin/sh
# optiga-provision fleet: chips of a manifest and those attached, reports, what is said, failures, signals.
# Workers are the program itself on simulated chips, or where only the coordinator matters a script
# that OPTIGA_TEST_FLEET_WORKER names in its place.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
# shellcheck source=tests/cli/fleet_lib.sh disable=SC1091
. "$top_srcdir/tests/cli/fleet_lib.sh"

fleet_chips 6
start_standin

# The cloud is the first that says no, and one chip is not there.
cp m.csv bad.csv
echo 'sim:/nonexistent,nowhere.jsn' >>bad.csv
cp bad.csv worse.csv
echo 'sim:c1.img' >>worse.csv
expect 1 'worse.csv:9:1: the row has 1 field of 2: "config" is missing' fleet worse.csv
[ ! -e standin/log ] || fail 'a chip was begun before the manifest was read to its end'
sed 's/nowhere.jsn/d1.jsn/' bad.csv >gone.csv
expect 1 '1 of 7 chips failed' fleet --jobs 3 --attempts 2 --report r.csv gone.csv
grep -q '^sim:c3.img: provisioned, serial .*, thing board-3' out || fail 'no line for a chip'
grep -q '^optiga-provision: sim:/nonexistent: there is no chip' err || fail 'not said which chip failed'
grep -q 'sim:/nonexistent: there is no chip; trying again in 1 s' err || fail 'no second attempt'
[ "$(wc -l <r.csv)" -eq 8 ] || fail 'the report has not 7 rows'
[ "$(grep -c ',provisioned,' r.csv)" -eq 6 ] || fail 'the report has not 6 that are provisioned'
grep -q '^7,sim:/nonexistent,failed,.*,2,there is no chip' r.csv || fail 'the report: what failed'
[ ! -e r.csv.part ] || fail 'a part of a report is left'
fleet_whole 6
ok 'a manifest: all but the one that is not there'

# Again, as events: nothing is done twice.
expect 0 '' fleet --json --report r.jsonl m.csv
[ "$(jq -r 'select(.event == "chip").result' out | sort | uniq -c | tr -s ' ')" = ' 6 nothing to do' ] ||
	fail 'a second run has something to do'
[ "$(jq -r 'select(.event == "end") | [.chips, .provisioned, .nothingToDo, .failed] | @csv' out)" = 6,0,6,0 ] ||
	fail 'the sum as JSON'
[ "$(jq -s 'map(.row) | sort == [1, 2, 3, 4, 5, 6]' r.jsonl)" = true ] || fail 'rows of the JSON report'
[ "$(calls CreateCertificateFromCsr)" -eq 6 ] || fail 'a second certificate was asked for'
expect 0 '' fleet --quiet m.csv
[ -z "$(cat out err)" ] || fail '--quiet says something'
ok 'again: nothing to do, as JSON lines; quiet'

# All that are attached, or those that fit; two on one chip are one after the other.
OPTIGA_DEVICE=sim:$work/c1.img,sim:$work/c2.img
export OPTIGA_DEVICE
expect 0 '2 chips in' fleet --ca local:ca local.jsn
expect 0 "sim:$work/c1.img" fleet --dry-run local.jsn
[ "$(wc -l <out)" -eq 2 ] || fail '--dry-run does not list two chips'
expect 1 'there is no token "nobody"' fleet --token nobody local.jsn
unset OPTIGA_DEVICE
printf 'device,config\nsim:c1.img,d1.jsn\nsim:c1.img,d1.jsn\nsim:c1.img,d1.jsn\n' >same.csv
expect 0 '3 nothing to do' fleet --jobs 3 --attempts 1 same.csv
printf 'device,config\nsim:c1.img,d1.jsn\n' | expect 0 '1 nothing to do' fleet - d1.jsn
ok 'attached chips, the same chip twice, a manifest from a pipe'

# One CA for all workers: each certificate has a serial number of its own.
sed 's/,.*//; 2,3d' m.csv >own-ca.csv
expect 0 '4 provisioned' fleet --jobs 4 --ca local:ca2 own-ca.csv local.jsn
[ "$(cut -f 4 ca2/index.txt | sort -u | wc -l)" -eq 4 ] || fail "serial numbers: $(cat ca2/index.txt)"
ok 'an own CA'

# Values of a row: the thing, a template, another slot; templates of CONFIG are checked before any chip.
jq '.csr_config.certificate_info.common_name = "board {line}/{serial}" | .aws_iot_config.thing = "b-{line}-{slot}"' \
	d1.jsn >own.jsn
printf 'device,line,slot,thing,config\nsim:c1.img,7,fourth,,\nsim:c4.img,8,0xE0F3,my-own,\n' >v.csv
jq '.slots = [{csr_config: {key_info: {parameters: {slot: "third"}}}}, {csr_config: {key_info: {parameters: {slot: "fourth"}}}}]
	| del(.csr_config.key_info.parameters.slot)' own.jsn >two.jsn
expect 0 '2 provisioned' fleet --report v.csv.csv v.csv two.jsn
[ "$(cut -d, -f2,7,11 v.csv.csv | tail -n +2 | sort | tr '\n' ';')" = \
	'sim:c1.img,fourth (E0F3),b-7-E0F3;sim:c4.img,fourth (E0F3),my-own;' ] || fail "values: $(cat v.csv.csv)"
OPTIGA_DEVICE=sim:c1.img prov csr --set line=7 --slot fourth two.jsn
openssl req -in out -noout -subject | grep -q 'CN = board 7/[0-9a-f]\{16\}' || fail 'the subject of a request'
expect 1 'has the unknown template "{line}"' fleet m.csv own.jsn
sed 's/my-own/my own/' v.csv >w.csv
expect 1 'sim:c4.img: --set "thing=my own" has a space in it' fleet --attempts 1 w.csv two.jsn
ok 'values of a row'

# Wrong use.
expect 2 'needs a CONFIG, or a manifest' fleet
expect 2 'both say which chips' fleet --token x m.csv
expect 2 'its name says nothing of the format' fleet --report r.txt m.csv
expect 2 'do not go together' fleet --quiet --json m.csv
expect 2 '--jobs "0" is no number from 1 to 256' fleet --jobs 0 m.csv
expect 1 'no column "config", and no CONFIG was given' fleet gone-config.csv
expect 1 'cannot read "none.csv"' fleet none.csv
expect 1 'the manifest names no chip' fleet empty.csv
expect 1 'cannot write the report "nowhere/r.csv.part"' fleet --report nowhere/r.csv m.csv
(
	exec 9>locked.csv.part
	flock 9
	expect 1 'another fleet is writing the report' fleet --report locked.csv m.csv
)
ok 'wrong use'

# What a worker can do: nothing, rubbish, too much, hang, die, ask for patience, speak to the terminal.
fleet_worker <<'WORKER'
case $OPTIGA_DEVICE in
good) echo '{"result": "provisioned", "serial": "1", "thing": "t", "frills": 1}' ;;
two) echo '{"result": "nothing to do", "slot": "a"} {"result": "provisioned", "slot": "b"}' ;;
half) echo '{"result": "provisioned", "slot": "a"} {"result": "failed", "slot": "b"}'
	echo 'optiga-provision: bad luck' >&2; exit 1 ;;
silent) ;;
rubbish) echo '{"result": '; echo 'what' ;;
loud) yes x | head -c 300000; yes '  step' | head -n 20000 >&2 ;;
dies) kill -SEGV $$ ;;
hangs) trap '' TERM; exec sleep 100 ;;
usage) echo 'optiga-provision: wrong words' >&2; exit 2 ;;
later) echo '{"result": "interrupted"}'; echo 'optiga-provision: not signed yet' >&2; exit 3 ;;
warns) printf 'optiga-provision: warning: hot\033[2J\n' >&2; echo '{"result": "provisioned"}' ;;
holds) sleep 100 & echo '{"result": "provisioned"}' ;;
words) echo "{\"result\": \"provisioned\", \"thing\": \"$* $(readlink /proc/self/fd/0)\"}" ;;
esac
WORKER
printf 'device\ngood\ntwo\nhalf\nsilent\nrubbish\nloud\ndies\nusage\nlater\nwarns\nholds\nwords\n' >w.csv
expect 1 '6 of 12 chips failed' fleet --attempts 1 --region here --report w.jsonl w.csv d1.jsn
result() { jq -r --arg c "$1" 'select(.chip == $c) | [.result, .error // "-"] | join(": ")' w.jsonl; }
[ "$(result good)" = 'provisioned: -' ] || fail "good: $(result good)"
[ "$(jq -c 'select(.chip == "good") | keys' w.jsonl)" = \
	'["attempts","chip","finished","result","row","serial","started","thing"]' ] || fail 'members of a row'
[ "$(result two | tr '\n' ',')" = 'nothing to do: -,provisioned: -,' ] || fail "two: $(result two)"
[ "$(result half | tr '\n' ',')" = 'provisioned: -,failed: bad luck,' ] || fail "half: $(result half)"
for w in silent rubbish loud; do
	[ "$(result $w)" = 'failed: its worker ended with status 0 and gave no reason' ] || fail "$w: $(result $w)"
done
[ "$(result dies)" = 'failed: its worker was ended by signal 11 (Segmentation fault)' ] || fail "$(result dies)"
[ "$(result usage)" = 'failed: wrong words' ] || fail "$(result usage)"
[ "$(result later)" = 'interrupted: not signed yet' ] || fail "$(result later)"
[ "$(result holds)" = 'provisioned: -' ] || fail "$(result holds)"
[ "$(jq -r 'select(.chip == "words").thing' w.jsonl)" = \
	"run --json --verbose --module $module --region here -- d1.jsn /dev/null" ] ||
	fail "words: $(jq -r 'select(.chip == "words").thing' w.jsonl)"
grep -q 'warning: warns: hot \[2J' err || fail 'the warning of a worker'
printf 'device\nhangs\n' >w.csv
expect 1 'hangs: it did not end within 1 s' fleet --attempts 1 --timeout 1 w.csv d1.jsn
printf 'device\nlater\n' >w.csv
expect 3 '1 of 1 chip wait for something' fleet w.csv d1.jsn
ok 'workers of all kinds'

# On a terminal: what each does, the sum, the time left; no more than its width; nothing stays.
fleet_worker <<'WORKER'
echo '  doing something that takes its time and many words' >&2
sleep 1
echo '{"result": "provisioned", "thing": "t"}'
WORKER
printf 'device\na\nb\nc\nd\n' >w.csv
TERM=vt100 script -qec "stty cols 70; $top_builddir/optiga-provision fleet --jobs 2 w.csv d1.jsn" screen >/dev/null
grep -q '  a  .*doing something that takes' screen || fail 'the screen has no step'
grep -q '  [123] of 4 chips, 0 failed, [12] at work, [0-9]* s left' screen || fail 'the screen has no sum'
! sed 's/\x1b\[[0-9]*[A-Z]//g' screen | tr -d '\r' | grep '^  ' | grep -q '.\{71\}' || fail 'a line is too wide'
[ "$(tr -d '\r' <screen | sed 's/.*\x1b\[J//' | grep -c '^[a-d]: provisioned, thing t$')" -eq 4 ] || fail 'lines of chips'
tr -d '\r' <screen | grep -q '4 chips in [0-9]* s: 4 provisioned$' || fail 'the sum at the end'
TERM=dumb script -qec "$top_builddir/optiga-provision fleet --jobs 2 w.csv d1.jsn" screen >/dev/null
! grep -q "$(printf '\033')" screen || fail 'a terminal that cannot go up gets sequences'
ok 'on a terminal'

# A signal: workers end their step; nothing new begins; the rows so far are kept.
fleet_worker <<'WORKER'
trap 'echo "optiga-provision: interrupted before the step" >&2; exit 3' TERM
echo $$ >>pids
[ "$OPTIGA_DEVICE" != quick ] || { echo '{"result": "provisioned"}'; exit 0; }
n=0
while [ $n -lt 300 ]; do sleep 0.1; n=$((n + 1)); done
WORKER
printf 'device\nquick\na\nb\nc\nd\n' >w.csv
: >pids
fleet_start --jobs 2 --report s.csv w.csv d1.jsn
until [ "$(wc -l <pids)" -eq 3 ]; do sleep 0.02; done
kill -INT "$run"
status=0
wait "$run" || status=$?
[ "$status" -eq 3 ] || fail "status $status after SIGINT"
grep -q 'interrupted: 1 chip through' err || fail 'SIGINT: how far'
grep -q 'run the same command again to go on' err || fail 'SIGINT: what next'
[ "$(cut -d, -f2,3 s.csv.part | tail -n +2 | sort | tr '\n\r' '; ')" = 'a,interrupted;b,interrupted;quick,provisioned;' ] ||
	fail "rows after SIGINT: $(cat s.csv.part)"
[ "$(wc -l <pids)" -eq 3 ] || fail 'a chip was begun after the signal'
[ ! -e s.csv ] || fail 'half a report has the name of a whole one'
ok 'SIGINT'

# Killed: its workers end too.
: >pids
fleet_start --jobs 2 w.csv d1.jsn
until [ "$(wc -l <pids)" -eq 3 ]; do sleep 0.02; done
kill -KILL "$run"
wait "$run" 2>/dev/null || :
n=0
while read -r pid; do
	while kill -0 "$pid" 2>/dev/null; do
		n=$((n + 1))
		[ "$n" -le 100 ] || fail 'a worker outlives its coordinator'
		sleep 0.1
	done
done <pids
ok 'SIGKILL'
