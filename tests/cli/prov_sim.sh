#!/bin/sh
# optiga-provision on a simulated chip through our own module, with a CA of one's own.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
sim_token
ec=$vectors/vendor-ec.jsn rsa=$vectors/vendor-rsa.jsn
sum() { cksum <chip.img; }

for config in "$ec" "$rsa"; do
	expect 0 'result       provisioned' run --ca local:ca "$config"
	prov run --ca local:ca "$config"
	[ "$status:$(cat out)" = '0:nothing to do' ] || fail 'a second run did something'
	expect 0 'chain        ok' verify --ca local:ca "$config"
done
sed 's/secp256r1/secp384r1/; s/sha256/sha384/; s/0xE0F1/THIRD/' "$ec" >p384.jsn
expect 0 'key          secp384r1' run --ca local:ca p384.jsn
ok 'P-256, RSA-2048, P-384'

# A key whose name was changed by others is found where it is.
p11tool --provider "$module" --batch --set-label renamed "pkcs11:id=%E0%F1;type=private" >/dev/null 2>&1
p11tool --provider "$module" --batch --set-id aabbccdd "pkcs11:id=%E0%F1;type=private" >/dev/null 2>&1
expect 0 'nothing to do' run --ca local:ca "$ec"
expect 0 'signature    ok' verify --ca local:ca "$ec"
ok 'by object, not by ID'

expect 0 'provisioned' run --ca local:other --in-place --yes "$ec"
expect 0 'nothing to do' run --ca local:other "$ec"
[ "$("$top_builddir/optiga-provision" --module "$module" show --json | jq '[.slots[] | select(.certificate and .name != "first")] | length')" -eq 3 ] ||
	fail 'certificates after replacing'
expect 0 '' csr --ca local --out a.csr "$rsa"
expect 0 '' sign --ca local:other --in a.csr --out a.pem
before=$(sum)
expect 1 'add --replace' write --in a.pem "$rsa"
expect 1 'for another key' write --in a.pem --replace "$ec"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout big.key -out big.pem -days 9 \
	-subj /CN=big -addext "nsComment=$(printf '%02000d' 0)" 2>/dev/null
expect 1 'an object of the chip takes 1728' write --in big.pem --replace "$ec"
# Four keys, and three objects for certificates besides the factory's.
sed 's/THIRD/fourth/' p384.jsn >fourth.jsn
expect 1 'the chip has no room for it' run --ca local:ca fourth.jsn
expect 0 '' write --in a.pem --replace "$rsa"
[ "$(sum)" != "$before" ] || fail 'nothing was written'
ok 'certificates in the way'

# Several at once, each on a slot of its own, and two on one slot.
rm -f chip.img
sim_token
"$top_builddir/optiga-provision" --module "$module" run --ca local:ca "$ec" >out.1 2>&1 &
one=$!
"$top_builddir/optiga-provision" --module "$module" run --ca local:ca "$rsa" >out.2 2>&1 &
two=$!
"$top_builddir/optiga-provision" --module "$module" run --ca local:ca p384.jsn >out.3 2>&1 &
three=$!
for run in "$one" "$two" "$three"; do
	wait "$run" || { cat out.[123] >&2; fail 'three at once'; }
done
for config in "$ec" "$rsa" p384.jsn; do
	expect 0 'nothing to do' run --ca local:ca "$config"
done
ok 'three at once'

# Chips that are not there, or not to be had: the module says why, and nothing changes.
OPTIGA_DEVICE='' expect 1 'there is no chip' show
OPTIGA_DEVICE=sim:$work/none expect 1 'none' run --ca local:ca "$ec"
[ ! -e none ] || fail 'a simulated chip was made unasked'
echo rubbish >bad.img
OPTIGA_DEVICE=sim:$work/bad.img expect 1 'bad.img' run --ca local:ca "$ec"
[ "$(cat bad.img)" = rubbish ] || fail 'a foreign file was overwritten'
chmod 444 chip.img
before=$(sum)
drop=
[ "$(id -u)" -ne 0 ] || drop='setpriv --bounding-set -dac_override,-dac_read_search'
status=0
# shellcheck disable=SC2086
$drop "$top_builddir/optiga-provision" --module "$module" run --ca local:ca "$ec" >out 2>err || status=$?
[ "$status" -eq 1 ] || fail "status $status on an image that cannot be written"
grep -q 'Permission denied' err || fail 'not said that the image cannot be written'
[ "$(sum)" = "$before" ] || fail 'the image changed'
ok 'no chip'
