#!/bin/sh
# optiga-provision with CAs that are not its own: behind files, behind a command, with an intermediate.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
sim_token
ec=$vectors/vendor-ec.jsn rsa=$vectors/vendor-rsa.jsn
# How many certificates the second slot has.
seen() { "$top_builddir/optiga-provision" --module "$module" show --json | jq "$1"; }
certs() { seen '[.certificates[] | select(.oid == "E0E1")] | length'; }

# A CA of "openssl ca" kind that is not ours: root, intermediate, and what it has issued.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 99 -subj /CN=Root \
	-addext keyUsage=critical,keyCertSign 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mid.key -out mid.csr -subj /CN=Middle 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' >mid.ext
openssl x509 -req -in mid.csr -CA root.pem -CAkey root.key -days 99 -extfile mid.ext -out mid.pem 2>/dev/null
issue() { openssl x509 -req -CA mid.pem -CAkey mid.key -days 9 2>/dev/null; }

# An air-gapped CA: out goes the request, the certificate comes back, in each form it may have.
n=0
for form in pem chain mixed der p7b p7der; do
	rm -rf chip.img box state
	sim_token
	expect 3 'the request is in "box/' run --ca file:box "$ec"
	grep -q 'hint: have it signed' err || fail 'no hint'
	csr=$(echo box/*-e0f1.csr) base=${csr%.csr}
	before=$(cat "$csr")
	expect 3 'is not there yet' run --ca file:box "$ec"
	[ "$(cat "$csr")" = "$before" ] || fail 'a request that may be being signed was replaced'
	issue <"$csr" >leaf.pem
	case $form in
	pem) cp leaf.pem "$base.crt" ;;
	chain) cat leaf.pem mid.pem root.pem >"$base.pem" ;;
	mixed) cat root.pem mid.pem leaf.pem >"$base.crt" ;;
	der) openssl x509 -in leaf.pem -outform der -out "$base.cer" ;;
	p7b) openssl crl2pkcs7 -nocrl -certfile leaf.pem -certfile mid.pem -out "$base.p7b" ;;
	p7der) openssl crl2pkcs7 -nocrl -certfile mid.pem -certfile leaf.pem -outform der -out "$base.p7b" ;;
	esac
	expect 0 'provisioned' run --ca file:box "$ec"
	case $form in pem | der) n=1 ;; *) n=2 ;; esac
	[ "$(certs)" -eq "$n" ] || fail "$form: $(certs) certificates on the chip"
	expect 0 'nothing to do' run --ca file:box "$ec"
	expect 0 'nothing to do' run --ca file:box --ca-file mid.pem "$ec"
	expect 1 'another certificate already' run --ca file:box --ca-file "$vectors/amazon-issued-sample.pem" "$ec"
	ok "by file: $form"
done

# What lies there and is not it.
rm -rf chip.img box state
sim_token
expect 3 '' run --ca file:box "$ec"
csr=$(echo box/*-e0f1.csr) base=${csr%.csr}
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -subj /CN=other 2>/dev/null | issue >other.pem
cp other.pem "$base.crt"
expect 1 'is for another key' run --ca file:box "$ec"
echo rubbish >"$base.crt"
expect 1 'no certificate in it' run --ca file:box "$ec"
issue <"$csr" >leaf.pem
cat leaf.pem other.pem >"$base.crt"
expect 1 'belongs to another device' run --ca file:box "$ec"
issue <"$csr" >leaf2.pem
cat leaf.pem leaf2.pem >"$base.crt"
expect 1 'two certificates for this key' run --ca file:box "$ec"
: >"$base.crt"
expect 1 'no certificate in it' run --ca file:box "$ec"
[ "$(certs)" -eq 0 ] || fail 'a certificate was written'
cat leaf.pem leaf.pem >"$base.crt"
expect 0 'provisioned' run --ca file:box "$ec"
ok 'by file: refused'

# Without a chip, named after the key; and the chip from a file with issuers behind.
expect 0 '' csr --ca file --out a.csr "$ec"
expect 3 'the request is in "desk/' sign --ca file:desk --in a.csr --out a.pem
[ ! -e a.pem ] || fail 'something was signed'
csr=$(echo desk/*.csr)
{ issue <"$csr"; cat mid.pem; } >"${csr%csr}pem"
expect 0 '' sign --ca file:desk --in a.csr --out a.pem
[ "$(grep -c BEGIN a.pem)" -eq 2 ] || fail 'sign left the issuer out'
expect 0 '' write --in a.pem --replace "$ec"
[ "$(certs)" -eq 2 ] || fail 'write left the issuer out'
expect 0 '' write --in a.pem "$ec"
[ "$(certs)" -eq 2 ] || fail 'written twice'
ok 'step by step'

# A command.
cat >sign.sh <<'END'
cat >seen.csr
echo 'talk on stderr' >&2
openssl x509 -req -in seen.csr -CA mid.pem -CAkey mid.key -days 9 2>/dev/null
cat mid.pem
END
rm -rf chip.img state
sim_token
expect 0 'provisioned' run --ca 'exec:sh sign.sh' "$ec"
grep -q 'talk on stderr' err || fail 'the words of the command were lost'
openssl req -in seen.csr -noout -verify 2>/dev/null || fail 'the request'
[ "$(certs)" -eq 2 ] || fail 'the issuer is missing'
expect 0 'nothing to do' run --ca 'exec:exit 9' "$ec"

rm -rf chip.img state
sim_token
bad() { expect "$1" "$2" run --ca-timeout 1 --ca "exec:$3" "$ec"; }
bad 1 'exit status 7' 'cat >/dev/null; exit 7'
bad 1 'exit status 7' 'exit 7'
bad 1 'cannot be run (exit status 127' 'no-such-command-here'
bad 3 'no certificate yet (exit status 75)' 'exit 75'
# shellcheck disable=SC2016 # for the other shell
{
	bad 1 'ended by signal 9' 'cat >/dev/null; kill -9 $$'
	grep -q 'it had the request' err || fail 'no word about what may have been issued'
}
bad 1 'did not end within 1 seconds' 'sleep 60'
bad 1 'no certificate in it' 'cat >/dev/null'
bad 1 'no certificate in it' 'cat'
bad 1 'is for another key' 'cat other.pem'
bad 1 'two certificates for this key' 'cat >c; openssl x509 -req -in c -CA mid.pem -CAkey mid.key 2>/dev/null;
	openssl x509 -req -in c -CA mid.pem -CAkey mid.key 2>/dev/null'
bad 1 'wrote more than 65536 bytes' 'yes'
[ "$(certs)" -eq 0 ] || fail 'a certificate was written'
bad 0 'provisioned' 'sh sign.sh'
expect 2 'lacks ":COMMAND"' run --ca exec "$ec"
ok 'by command'

# An intermediate of our own: the chip has both, and a client that knows the root alone is content.
rm -rf chip.img state
sim_token
for kind in ec rsa:2048; do
	expect 0 '' ca init "own-$kind" --intermediate --ca-key "$kind" --subject "/CN=$kind"
	config=$ec
	[ "$kind" = ec ] || config=$rsa
	expect 0 'provisioned' run --ca "local:own-$kind" "$config"
	expect 0 'nothing to do' run --ca "local:own-$kind" "$config"
	expect 0 'chain        ok' verify --ca "local:own-$kind" "$config"
done
sed 's/0xE0F1/third/' "$ec" >third.jsn
expect 0 'provisioned' run --ca "local:own-ec" third.jsn
[ "$(certs)" -eq 2 ] || fail 'the intermediate is missing'
[ "$(seen '[.certificates[] | select(.place == 1)] | length')" -eq 3 ] ||
	fail 'not each chain has its intermediate'
ok 'intermediate'
