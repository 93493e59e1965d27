#!/bin/sh
# The demo of ./quickstart: a simulated chip from the factory to a TLS connection.
# usage: demo.sh SRCDIR BUILDDIR; everything it makes is below BUILDDIR/demo.
set -eu
root=$1 build=$2
dir=$build/demo
module=$build/.libs/optiga-pkcs11.so
id=%E0%F1
mkdir -p "$dir"
cd "$dir"

say() {
	printf '\n== %s\n' "$*"
}

export OPTIGA_DEVICE="sim:$dir/chip.img" XDG_STATE_HOME="$dir/state"

if [ -e chip.img ]; then
	say "Using the simulated chip build/demo/chip.img"
else
	say "Creating a simulated OPTIGA Trust M: build/demo/chip.img"
	"$build/optiga-sim" create --model trust-m-v3 chip.img
fi

say "Provisioning it: key on the chip, request, certificate by our own CA, written back, verified"
"$build/optiga-provision" --module "$module" run --ca "local:$dir/ca" "$root/tests/vectors/vendor-ec.jsn"

say "What any program sees: p11tool --list-all"
p11tool --provider "$module" --list-all "pkcs11:manufacturer=Infineon"

say "The certificate on the chip, decoded"
pkcs11-tool --module "$module" --read-object --type cert --id e0f1 --output-file cert.der >/dev/null
openssl x509 -inform DER -in cert.der -noout -subject -issuer -dates -ext keyUsage,extendedKeyUsage,basicConstraints
openssl x509 -inform DER -in cert.der -out cert.pem

say "A TLS connection in which the chip's key signs: openssl s_server and s_client"
# The server's own identity has nothing to do with the chip.
[ -e server.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout server.key -out server.pem 2>/dev/null
cat >engine.cnf <<CNF
openssl_conf = openssl_init
[openssl_init]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
MODULE_PATH = $module
init = 0
CNF
openssl s_server -accept 127.0.0.1:0 -cert server.pem -key server.key -CAfile ca/ca.pem \
	-Verify 2 -verify_return_error -rev -naccept 1 >server.log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || :' EXIT
port=
tries=0
while [ -z "$port" ] && [ "$tries" -lt 100 ]; do
	port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' server.log)
	[ -n "$port" ] || sleep 0.1
	tries=$((tries + 1))
done
if ! printf 'Q\n' | OPENSSL_CONF="$dir/engine.cnf" openssl s_client -connect "127.0.0.1:$port" -servername localhost \
    -CAfile server.pem -verify_return_error -engine pkcs11 -keyform engine -key "pkcs11:id=$id;type=private" \
    -cert cert.pem >client.log 2>&1; then
	cat client.log server.log >&2
	exit 1
fi
wait "$server"
sed -n '/^New, /p; /Cipher is/!{/^ *Protocol *:/p;}; /^Verify return code/p' client.log | sort -u
sed -n 's/^depth=0 /server saw the client certificate: /p' server.log
grep -q '^depth=0' server.log
printf '\nDone. Again: ./quickstart demo. Afresh: rm -r build/demo\n'
