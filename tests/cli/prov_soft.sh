#!/bin/sh
# optiga-provision on a software token with a CA of one's own: a PKCS #11 client like any other.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
soft_token chip
ec=$vectors/vendor-ec.jsn rsa=$vectors/vendor-rsa.jsn
# edit FROM TO [FILE]: a configuration that differs in one place
edit() { sed "s|$1|$2|" "${3:-$ec}" >edited.jsn; }
objects() { find tokens -name '*.object' | wc -l; }

expect 0 '  none' show
for config in "$ec" "$rsa"; do
	expect 0 'result       provisioned' run --ca local:ca "$config"
	prov run --ca local:ca "$config"
	[ "$status:$(cat out)" = '0:nothing to do' ] || fail 'a second run did something'
	[ ! -s err ] || fail 'a second run talks'
	expect 0 'chain        ok' verify --ca local:ca "$config"
done
ok 'both of the vendor'\''s files, twice'

edit secp256r1 secp384r1
sed -i 's/sha256/sha384/; s/0xE0F1/third/' edited.jsn
expect 0 'key          secp384r1' run --ca local:ca edited.jsn
expect 0 '"key": "secp384r1"' show --json --slot E0F2
ok 'P-384'

prov show --json
jq -e '.slots | length == 5 and .[0].key == "secp256r1" and .[3].key == "RSA-2048" and .[4].key == "none"' out \
	>/dev/null || fail 'show --json'
expect 0 '"result": "nothing to do"' run --json --ca local:ca "$ec"
prov verify --json --ca-file ca/ca.pem --slot 0xe0f1
jq -e '.chain == "ok" and .signature == "ok"' out >/dev/null || fail 'verify --json'
ok 'JSON'

edit 0xE0F1 fourth
expect 0 '' csr --ca local edited.jsn --out new.csr
openssl req -in new.csr -noout -verify 2>/dev/null || fail 'the request does not verify'
openssl req -in new.csr -noout -text >text
grep -A1 'Key Usage: critical' text | grep -q 'Digital Signature, Key Encipherment' || fail 'keyUsage'
grep -q 'TLS Web Server Authentication, TLS Web Client Authentication' text || fail 'extendedKeyUsage'
grep -q 'CA:FALSE' text || fail 'basicConstraints'
expect 0 '' csr --ca local edited.jsn --out again.csr
[ "$(openssl req -in new.csr -noout -pubkey)" = "$(openssl req -in again.csr -noout -pubkey)" ] ||
	fail 'a key in use was replaced'
expect 0 '' sign --ca local:ca --in new.csr --out new.pem
openssl verify -CAfile ca/ca.pem -purpose sslclient new.pem >/dev/null || fail 'the certificate does not verify'
expect 0 '' write --in new.pem edited.jsn
expect 0 'nothing to do' write --in new.pem --slot fourth
expect 0 'nothing to do' run --ca local:ca edited.jsn
ok 'step by step'

# All over the token again, on the user's word alone.
expect 1 'add --replace' run --ca local:ca2 "$ec"
expect 0 'provisioned' run --ca local:ca2 --in-place --yes "$ec"
expect 0 'nothing to do' run --ca local:ca2 "$ec"
expect 1 'FAILED' verify --ca local:ca "$ec"
expect 0 '' sign --ca local:ca2 --in new.csr --out other.pem
expect 1 'has another certificate already' write --in other.pem edited.jsn
expect 0 '' write --in other.pem edited.jsn --replace
ok 'certificates are replaced only on request'

# Bad input: its own message and status, and nothing changes.
before=$(objects)
printf '{ "csr_config":\n  oops }' >bad.jsn
expect 1 'line 2, column' run --ca local:ca bad.jsn
edit 0xE0F1 0xE0F7
expect 1 'unknown slot "0xE0F7"' run --ca local:ca edited.jsn
edit secp256r1 secp256k1
expect 1 'unknown curve "secp256k1"' run --ca local:ca edited.jsn
edit sha256 sha384
expect 1 'does not fit the curve' run --ca local:ca edited.jsn
edit secp256r1 secp384r1
expect 1 'holds a key of another kind: secp256r1' run --ca local:ca edited.jsn
expect 1 'No such file' run --ca local:ca none.jsn
expect 1 'the certificate is for another key' write --in new.pem "$ec" --replace
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout big.key -out big.pem -days 9 \
	-subj /CN=big -addext "nsComment=$(printf '%02000d' 0)" 2>/dev/null
expect 1 'an object of the chip takes 1728' write --in big.pem "$ec" --replace
expect 1 'has no key' write --in new.pem --slot six
expect 1 'no certificate in it' write --in new.csr "$ec"
expect 1 'no certificate request in it' sign --ca local:ca --in new.pem
sed 's/^\(.......\)./\1A/' new.csr >broken.csr
expect 1 '' sign --ca local:ca --in broken.csr
expect 1 'cannot make the directory' run --ca local:"$ec"/ca --in-place --yes "$rsa"
edit sha256 sha256
edit '"slot": "0xE0FC"' '"slot": "six"' "$rsa"
sed -i 's/2048/1024/' edited.jsn
expect 1 'AWS IoT refuses RSA keys of 1024 bits' run edited.jsn
expect 1 'AWS IoT refuses RSA keys of 1024 bits' csr edited.jsn
[ "$(objects)" -eq "$before" ] || fail 'bad input changed the token'
expect 2 'there is no command "frob"' frob
expect 2 'needs a CONFIG' run
expect 2 'takes no option --json' csr --json "$ec"
expect 2 'no step' run --stop-after frob "$ec"
expect 2 'there is no CA "frob"' run --ca frob "$ec"
expect 2 'takes one CONFIG' run "$ec" "$rsa"
expect 2 'no command given'
expect 2 'there is no option --frob' run --frob "$ec"
expect 2 'needs a request' sign --ca local:ca
expect 2 'needs a certificate' write "$ec"
ok 'bad input'

# Tokens and PINs.
good=$pin_option
pin_option=
expect 1 'wants a PIN' show
expect 0 'key          secp256r1' show --slot second --token 'pkcs11:token=chip?pin-value=1234'
pin_option=$good
echo 4321 >wrong
expect 1 'the PIN is wrong' show --pin-file "$work/wrong"
expect 1 'there is no token "other"' show --token other
expect 1 'is not a PKCS #11 URI' show --token 'pkcs11:frob=1'
softhsm2-util --init-token --free --label second --pin 1234 --so-pin 5678 >/dev/null
expect 1 'several tokens are there' show
expect 0 'token        second' show --token second
module=/nonexistent.so
expect 1 'cannot load the module' show
module=$softhsm_module
ok 'tokens and PINs'

# A run that stops on request goes on later; two at once exclude each other.
pin_option="$good --token second"
expect 3 'stopped after the step "key"' run --ca local:ca --stop-after key "$ec"
expect 0 'certificate' run --ca local:ca --dry-run "$ec"
grep -q '^csr ' out || fail 'the plan after a stop'
! grep -q '^key ' out || fail 'the key is made again after a stop'
serial=$("$top_builddir/optiga-provision" --module "$module" --pin-file pin --token second show --json | jq -r .serial)
lock=state/optiga-provision/$serial-e0f1.lock
exec 9>>"$lock"
flock 9
expect 1 'another optiga-provision is at work' run --ca local:ca "$ec"
exec 9>&-
expect 0 'provisioned' run --ca local:ca "$ec"
ok 'stopped and resumed'

[ "$("$top_builddir/optiga-provision" --version)" = "optiga-provision $(sed -n \
	's/^#define PACKAGE_VERSION "\(.*\)"/\1/p' "$top_builddir/config.h")" ] || fail '--version'
ok 'version'
