#!/bin/sh
# What the tests of fleets share; read with "." after prov_lib.sh, not run.
# shellcheck disable=SC2034,SC2154 # used by those who read it, assigned in prov_lib.sh
module=$top_builddir/.libs/optiga-pkcs11.so
pin_option=

# fleet_chips N: c1.img ... with configurations d1.jsn ... for things board-1 ..., all in m.csv.
fleet_chips() {
	"$top_builddir/optiga-sim" create --model trust-m-v3 c1.img
	echo 'device,config' >m.csv
	i=1
	while [ "$i" -le "$1" ]; do
		[ "$i" -eq 1 ] || "$top_builddir/optiga-sim" create --model trust-m-v3 "c$i.img"
		jq --arg t "board-$i" '.aws_iot_config.thing = $t' "$vectors/vendor-ec.jsn" >"d$i.jsn"
		echo "sim:c$i.img,d$i.jsn" >>m.csv
		i=$((i + 1))
	done
	jq 'del(.aws_iot_config) | .csr_config.key_info.parameters.slot = "0xE0F2"' "$vectors/vendor-ec.jsn" >local.jsn
	echo 'device' >gone-config.csv
	echo 'device,config' >empty.csv
}

# fleet_whole N: by what the cloud has, each of N chips has one key, one certificate, one thing, one
# policy, each attached once; and no second certificate is left.
fleet_whole() {
	[ "$(cloud '.certificates | length')" -eq "$1" ] || fail "certificates: $(cloud '.certificates | length')"
	[ "$(cloud '[.certificates[] | select(.status == "ACTIVE")] | length')" -eq "$1" ] || fail 'one is not active'
	[ "$(cloud '[.certificates[].policies == ["my_policy"]] | all')" = true ] || fail 'policies of certificates'
	[ "$(cloud '.policies | length')" -eq 1 ] || fail 'policies'
	[ "$(cloud '.things | length')" -eq "$1" ] || fail 'things'
	[ "$(cloud '[.things[].principals | length == 1] | all')" = true ] || fail 'a thing with other than one certificate'
	[ "$(cloud '[.things[].principals[0]] | unique | length')" -eq "$1" ] || fail 'a certificate of two things'
	[ -z "$(find state -name '*.json' -o -name '*.tmp')" ] || fail "a journal is left: $(find state -type f)"
}

# The script on standard input in place of the program's workers.
fleet_worker() {
	{ echo '#!/bin/sh'; cat; } >worker
	chmod +x worker
	OPTIGA_TEST_FLEET_WORKER=$work/worker
	export OPTIGA_TEST_FLEET_WORKER
}

# fleet_start OPTIONS...: in the background; its process is $run.
fleet_start() {
	"$top_builddir/optiga-provision" --module "$module" fleet "$@" >out 2>err &
	run=$!
}
