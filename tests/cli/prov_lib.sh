#!/bin/sh
# What the tests of optiga-provision share; read with ".", not run. Sets up $work, removed at the end.
# shellcheck disable=SC2034 # used by those who read it
top_srcdir=$(cd "${top_srcdir:-.}" && pwd)
top_builddir=$(cd "${top_builddir:-.}" && pwd)
vectors=$top_srcdir/tests/vectors
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_ENDPOINT_URL_IOT \
	AWS_ENDPOINT_URL_STS AWS_REGION AWS_DEFAULT_REGION AWS_CA_BUNDLE XDG_DATA_HOME XDG_CONFIG_HOME
work=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM
HOME=$work XDG_STATE_HOME=$work/state
export HOME XDG_STATE_HOME
cd "$work" || exit 1

fail() {
	echo "FAIL: $*" >&2
	for f in out err standin/log; do
		[ ! -s "$work/$f" ] || { echo "--- $f" >&2; tail -n 30 "$work/$f" >&2; }
	done
	exit 1
}
ok() { echo "ok - $*"; }

# A software token, as a module that is not ours.
soft_token() {
	softhsm_module=
	for m in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/lib64/libsofthsm2.so; do
		[ ! -e "$m" ] || softhsm_module=$m
	done
	[ -n "$softhsm_module" ] || fail 'the Debian package softhsm2 is missing'
	mkdir -p tokens
	printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$work" >softhsm2.conf
	SOFTHSM2_CONF=$work/softhsm2.conf
	export SOFTHSM2_CONF
	softhsm2-util --init-token --free --label "${1:-chip}" --pin 1234 --so-pin 5678 >/dev/null
	echo 1234 >pin
	module=$softhsm_module
	pin_option="--pin-file $work/pin"
}

# A simulated chip behind our own module.
sim_token() {
	"$top_builddir/optiga-sim" create --model trust-m-v3 "$work/chip.img"
	OPTIGA_DEVICE=sim:$work/chip.img
	export OPTIGA_DEVICE
	module=$top_builddir/.libs/optiga-pkcs11.so
	pin_option=
}

# prov ARGUMENTS...: the program on the token; output in out and err, status in $status.
prov() {
	status=0
	# shellcheck disable=SC2086 # the option and its argument, or nothing
	"$top_builddir/optiga-provision" --module "$module" $pin_option "$@" >out 2>err || status=$?
}

# expect STATUS WORDS COMMAND...: the status, and the words in what is said.
expect() {
	want=$1 words=$2
	shift 2
	prov "$@"
	[ "$status" -eq "$want" ] || fail "status $status, not $want: $*"
	[ -z "$words" ] || cat out err | grep -qF -- "$words" || fail "\"$words\" was not said: $*"
}

start_standin() {
	"$top_builddir/tests/standin/aws-standin" --dir "$work/standin" --limit 500 "$@" &
	server=$!
	n=0
	until [ -e standin/port ]; do
		n=$((n + 1))
		{ [ "$n" -le 300 ] && kill -0 "$server"; } || fail 'the stand-in did not start'
		sleep 0.1
	done
	# shellcheck disable=SC1091
	. "$work/standin/env"
}
stop_standin() {
	kill "$server"
	wait "$server" 2>/dev/null || :
	server=
	rm -f standin/port
}
# Afresh, with nothing in the cloud.
new_standin() {
	[ -z "$server" ] || stop_standin
	rm -rf standin
	start_standin "$@"
}
# cloud JQ-FILTER: of what the stand-in has.
cloud() { jq -r "$1" standin/state.json; }
calls() { awk -v c="$1" '$2 == c' standin/log | wc -l; }
