#!/bin/sh
# OPTIGA_TRACE through the module, and what optiga-sim makes of the file: decode and replay.
set -eu
build=$(cd "${top_builddir:-.}" && pwd)
src=$(cd "${top_srcdir:-.}" && pwd)
sim=$build/optiga-sim
vectors=$src/tests/vectors/vendor-host-traces.jsonl
dir=$(mktemp -d)
server=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT INT TERM
cd "$dir"
HOME=$dir XDG_STATE_HOME=$dir/state OPTIGA_PKCS11_CONF=/dev/null
export HOME XDG_STATE_HOME OPTIGA_PKCS11_CONF

fail() {
	echo "sim_trace.sh: $*" >&2
	for f in out err server.out server.err; do
		[ ! -s "$f" ] || tail -n 12 "$f" | sed "s/^/$f: /" >&2
	done
	exit 1
}
# expect STATUS TEXT COMMAND...: exit status, and a text in what it says on stderr.
expect() {
	want=$1 text=$2
	shift 2
	status=0
	"$@" >out 2>err || status=$?
	[ "$status" = "$want" ] || fail "\"$*\" ended with $status instead of $want"
	[ -z "$text" ] || grep -qF -- "$text" err || fail "\"$*\" did not say \"$text\""
}
# start COMMAND...: a server, until it is ready.
start() {
	rm -f server.out
	"$@" >server.out 2>server.err &
	server=$!
	n=0
	until grep -qs ready server.out; do
		n=$((n + 1))
		{ [ "$n" -lt 100 ] && kill -0 "$server"; } || fail 'the server does not get ready'
		sleep 0.1
	done
}
# finish: how the server ended.
finish() {
	status=0
	wait "$server" || status=$?
	server=
}
list() { "$build/optiga-provision" --module "$build/.libs/optiga-pkcs11.so" show; }

# --- decode: the recorded vendor host
expect 0 '' "$sim" decode --variant fault-mac "$vectors"
cp out decoded
for words in '# fault-mac, shielded-random-32' 'alert: integrity violated' 'Hello' \
	'record, both protected, SEQ 0000C970' 'data frame 3, ACK 0, 25 bytes: whole message'; do
	grep -qF "$words" decoded || fail "decode does not say: $words"
done
expect 0 '' "$sim" decode "$vectors"
for words in 'GetDataObject, Param 00 F1C2 (last error), offset 0, up to 1 bytes' 'supply off' \
	'last error 01: chip: invalid OID' 'SetDataObject, Param 40 E0E1 (certificate 2), offset 0, 1200 bytes' \
	'control frame: re-synchronise' 'wrong checksum' 'first of a chain' 'address not acknowledged' \
	'MAX_SCL_FREQU: 400 kHz' 'restore context, SEQ 0000CA69' 'GenKeyPair, Param 03 E0F1 (private key 2)'; do
	grep -qF "$words" out || fail "decode does not say: $words"
done

# --- a trace of our own, through the module
"$sim" create --model trust-m-v3 --seed 7 chip.img
start "$sim" serve --socket bus --virtual-time chip.img
OPTIGA_DEVICE=bus:$dir/bus
export OPTIGA_DEVICE
OPTIGA_TRACE=$dir/trace list >listing
kill "$server"
finish
[ "$(stat -c %a trace)" = 600 ] || fail 'a trace that others can read'
grep -q '"dir":"W"' trace || fail 'nothing was traced'
expect 0 '' "$sim" decode trace
grep -q 'command OpenApplication' out || fail 'no OpenApplication in the trace'

# --- the trace answers in place of the chip
start "$sim" replay --socket bus trace
list >again
cmp listing again || fail 'the module says something else on the trace'
finish
[ "$status" = 0 ] || fail "replay ended with $status"
grep -q 'was played' server.out || fail 'replay does not say that it is through'
if [ -e bus ] || [ -e bus.lock ]; then
	fail 'replay left its socket'
fi

# A host that does something else: of another frame size.
start "$sim" replay --socket bus trace
OPTIGA_DEVICE="bus:$dir/bus?frame=64" list >/dev/null 2>&1 || :
finish
[ "$status" = 1 ] || fail "replay ended with $status although the host departed"
for words in 'the host departs from the trace here' 'trace: W' 'host:  W 81 00 40' 'first difference: byte'; do
	grep -qF "$words" server.err || fail "replay does not say: $words"
done

# Where the trace ends, and where nobody came.
head -n 40 trace >short
start "$sim" replay --socket bus short
list >/dev/null 2>&1 || :
finish
[ "$status" = 0 ] || [ "$status" = 1 ] || fail "replay ended with $status"
start "$sim" replay --socket bus trace
kill "$server"
finish
[ "$status" = 1 ] || fail "replay ended with $status although nobody came"
grep -q 'no host came as far as this' server.err || fail 'replay does not say how far it came'

# --- what is no trace
echo '{"dir":"W","hex":"8' >bad
expect 1 'bad:1: no JSON' "$sim" decode bad
echo '[]' >bad
expect 1 'each line must be an object' "$sim" decode bad
echo '{"dir":"X"}' >bad
expect 1 'must be W, R, Z or M' "$sim" decode bad
echo '{"dir":"W","hex":"8g"}' >bad
expect 1 'hexadecimal' "$sim" decode bad
printf '\n{"dir":"W","hex":"80","n":99999}\n' >bad
expect 1 'bad:2: "n"' "$sim" decode bad
expect 1 'No such file' "$sim" decode missing
expect 2 'exactly one FILE' "$sim" decode
expect 2 'is no number' "$sim" decode --pid me trace
expect 2 'needs a value' "$sim" decode trace --pid
expect 2 '--socket' "$sim" replay trace
expect 1 'no such events' "$sim" replay --socket bus --variant none trace
# Bytes that mean nothing are said to, not tripped over.
cat >odd <<'END'
{"dir":"R","hex":"ff","t_us":1}
{"dir":"W","hex":"","t_us":2}
{"dir":"W","hex":"80ff","t_us":3}
{"dir":"W","hex":"8000000208","n":9,"t_us":4}
{"dir":"R","hex":"00000108","n":6,"t_us":4}
{"dir":"W","hex":"80c000","t_us":5}
{"dir":"R","hex":"000000","n":700,"t_us":6}
{"dir":"W","hex":"ee01","t_us":7}
{"dir":"Z","hex":"01","t_us":8}
{"dir":"M","hex":"","mark":"here","conn":3,"t_us":9}
END
expect 0 '' "$sim" decode odd
grep -q '# connection 3, here' out || fail 'no heading for a mark'
