#!/bin/sh
# retire: a device is taken out of the cloud and off its slot, whole or not, interrupted or not.
# shellcheck disable=SC1091,SC2154 # prov_lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/prov_lib.sh"
config=$vectors/vendor-ec.jsn

afresh() {
	rm -rf chip.img state
	sim_token
	new_standin --page-size 3
}
count() { cloud ".$1 | length"; }
# In cloud and on the chip.
is_gone() {
	[ "$(count certificates)" = 0 ] || fail "$*: a certificate is left"
	prov show --json
	[ "$(jq '[.keys[] | select(.oid == "E0F1")] | length' out)" = 0 ] || fail "$*: the key is left"
}

afresh
expect 0 'nothing to do' retire "$config"
expect 0 provisioned run "$config"
expect 1 '' retire "$config" </dev/null
cat out err | grep -qF -- '--yes' || fail 'how to say yes'
[ "$(count certificates)" = 1 ] || fail 'done unasked'
expect 0 'destroy the key in slot' retire --dry-run "$config"
[ "$(wc -l <out)" = 6 ] || fail 'six steps'
expect 0 retired retire --yes "$config"
is_gone 'the whole'
[ "$(count things)" = 1 ] || fail 'the thing was not to go'
expect 0 'nothing to do' retire --yes "$config"
expect 0 '' retire --yes --delete-thing --json "$config"
jq -e '.result == "retired" and (.steps | length == 1)' out >/dev/null || fail 'the thing alone'
[ "$(count things)" = 0 ] || fail 'the thing is left'
ok 'a device is taken out'

expect 0 provisioned run "$config"
expect 0 retired retire --yes --keep-key "$config"
[ "$(count certificates)" = 0 ] || fail 'the certificate is left'
prov show --json
jq -e '[.keys[] | select(.oid == "E0F1")] | length == 1' out >/dev/null || fail 'the key is gone'
expect 0 retired retire --yes --slot second
is_gone 'by slot'
ok 'by parts'

# The answer to each call is lost, once before it took effect and once after; and killed there.
for call in DetachThingPrincipal DetachPolicy UpdateCertificate DeleteCertificate; do
	for kind in kill-before kill-after; do
		afresh
		expect 0 provisioned run "$config"
		stop_standin
		start_standin
		echo "$call:1:$kind:$work/pid" >standin/faults
		sh -c 'echo $$ >pid; exec "$@"' - "$top_builddir/optiga-provision" --module "$module" \
			retire --yes "$config" >out 2>err || :
		rm standin/faults
		prov retire --yes "$config"
		[ "$status" = 0 ] || fail "$call:$kind: status $status"
		is_gone "$call:$kind"
	done
	ok "killed at $call"
done
