#!/bin/sh
# The sweep of faults, read with "." by prov_faults.sh and prov_faults_all.sh: a run that meets a
# fault ends right or says precisely what failed; when the fault is gone the next run leaves one
# key, one certificate, one thing, one policy, each attached once, and the one after has nothing to do.
# shellcheck disable=SC2154,SC2034 # assigned, and used, in prov_lib.sh
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
ec=$vectors/vendor-ec.jsn
clock=$top_builddir/tests/cli/.libs/fastclock.so

# tool ARGUMENTS...: as prov, in a time of its own; $hurry: see fastclock.c, 0: in the true time
tool() {
	status=0 preload=$clock
	[ "$hurry" -gt 0 ] || preload=
	# shellcheck disable=SC2086 # the option and its argument
	LD_PRELOAD=$preload FASTCLOCK_POLL=$hurry timeout 100 "$top_builddir/optiga-provision" \
		--module "$module" $pin_option "$@" >out 2>err || status=$?
}
hurry=1

# Ways to a certificate, and what is to be there in the end: vendor, a file of the vendor's; own,
# one of our format with all that a thing may have; local, a CA of one's own that AWS IoT knows.
way=vendor
sed 's/"aws_iot_config": *{/"aws_iot_config": { "thing_type": "sensor", "attributes": { "line": "3" }, "groups": [ "a", "b" ],/' \
	"$ec" >own.json
run() {
	case $way in
	vendor) tool run "$ec" ;;
	own) tool run own.json ;;
	local) tool run --ca local:ca --register aws "$ec" ;;
	esac
}

# A chip and a cloud with nothing in them, as quickly as can be.
soft_token chip
cp -R tokens empty
afresh() {
	rm -rf tokens state
	cp -R empty tokens
	[ -z "$server" ] || stop_standin
	rm -rf standin.ca
	[ ! -e standin ] || { mkdir standin.ca && mv standin/*.pem standin/*.key standin.ca/; }
	rm -rf standin
	[ ! -e standin.ca ] || mv standin.ca standin
	start_standin --page-size 2
	[ "$way" != local ] || tool ca register --sni-only ca
}

# Every call of a run that goes well, with its occurrences: "CALL:N" in the file points, and those
# of the run after it, which has nothing to do, in again.
baseline() {
	afresh
	run
	[ "$status" -eq 0 ] || fail 'the run without a fault'
	awk '{ print $2 ":" ++n[$2] }' standin/log | grep -v '^RegisterCACert\|^DescribeCACert' >points
	[ "$(wc -l <points)" -ge 8 ] || fail 'too few calls'
	skip=$(wc -l <standin/log)
	run
	[ "$status:$(cat out)" = '0:nothing to do' ] || fail 'the second run without a fault'
	awk -v skip="$skip" '{ ++n[$2] } NR > skip { print $2 ":" n[$2] }' standin/log >again
	[ "$(wc -l <again)" -ge 4 ] || fail 'too few calls of a run with nothing to do'
}

objects() {
	pkcs11-tool --module "$module" --login --pin 1234 --list-objects 2>/dev/null | grep -c "^$1 Object" || :
}

# whole FAULT: what must be there in the end
whole() {
	[ "$(cloud '[.things, .policies, .certificates] | map(length) | join(" ")')" = '1 1 1' ] ||
		fail "after $1: $(cloud '[.things, .policies, .certificates] | map(length) | join(" ")') things, policies, certificates"
	[ "$(cloud '.certificates[] | .status + " " + (.policies | join(" "))')" = 'ACTIVE my_policy' ] ||
		fail "after $1: the certificate is $(cloud '.certificates[] | .status + " " + (.policies | join(" "))')"
	[ "$(cloud '[.things[].principals[]] == [.certificates[].certificateArn]')" = true ] || fail "after $1: the thing's certificates"
	case $way in
	own)
		[ "$(cloud '[.things[].attributes.line, .things[].thingTypeName, (.thingGroups[] | .things | join(" "))] | join(" ")')" = \
			'3 sensor my_thing my_thing' ] || fail "after $1: type, attributes or groups of the thing"
		;;
	local) [ "$(cloud '.certificates[].caCertificateId == (.cas | keys[0])')" = true ] || fail "after $1: of another CA" ;;
	esac
	[ "$(cloud '[.things[].attributes | keys[] | select(. != "line")] | length')" -eq 0 ] || fail "after $1: a note is left"
	[ -z "$(find state -name '*.json')" ] || fail "after $1: a journal is left"
	case $2 in
	objects) [ "$(objects 'Private Key') $(objects Certificate)" = '1 1' ] || fail "after $1: keys and certificates on the chip" ;;
	esac
}

# What a failed run must name: the call, or what its answer lacks.
precise() {
	[ "$(grep -c '^optiga-provision: ' err)" -ge 1 ] || fail "$1: no word why"
	if grep -q '(null)\|: *$' err; then fail "$1: an empty word"; fi
	grep -qE "$call|another key|an object of the chip takes|did not say whether|AWS IoT" err ||
		fail "$1: $call is not named"
}

# meet FAULT [objects]: a run with it, then one without
meet() {
	call=${1%%:*}
	afresh
	printf '%s\n' "$1" >standin/faults
	run
	case $status in
	0) ;;
	1) precise "$1" ;;
	*) fail "$1: status $status" ;;
	esac
	met=$status
	: >standin/faults
	hurry=1
	run
	[ "$status" -eq 0 ] || fail "after $1 (status $met) the next run ended with $status"
	run
	[ "$status:$(cat out)" = '0:nothing to do' ] || fail "after $1 something is still to do"
	whole "$1" "${2:-}"
}

# meet_again FAULT: a run with nothing to do meets it, and changes nothing
meet_again() {
	call=${1%%:*}
	printf '%s\n' "$1" >standin/faults
	run
	case $status in
	0) ;;
	1) precise "$1" ;;
	*) fail "$1: status $status" ;;
	esac
	met=$status
	: >standin/faults
	hurry=1
	run
	[ "$status:$(cat out)" = '0:nothing to do' ] || fail "after $1 (status $met) something is still to do"
	whole "$1" ''
}

# Of the stand-in.
kinds='throttle400 throttle429 error500 error503 error:403:AccessDeniedException:no
error:410:LimitExceededException bodycode:500:InternalFailureException html html:502 empty-error
close-before reset-before silence-before skew close-after reset-after silence cut cut-length dribble
badjson wrongtypes missing endless otherkey twocerts bigcert late404'

# Stalls are over soon; what the stand-in hides takes it some seconds.
hurry_for() {
	hurry=1
	case $1 in
	silence* | dribble) hurry=10 ;;
	late404) hurry=0 ;;
	esac
}
