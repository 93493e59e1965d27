#!/bin/sh
# p11-kit: the module by its configuration file, and everything over its remote protocol.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need p11-kit p11tool pkcs11-tool openssl setpriv
new_chip
client p11-kit p11-kit

step 'the configuration file names the module by its absolute path'
grep -qE '^module: /.*/optiga-pkcs11\.so$' "$top_builddir/pkcs11/optiga.module"

# p11-kit takes no user's configuration from root, so as root become nobody.
config=$tmp/config
mkdir -p "$config/pkcs11/modules"
cp "$module" "$tmp/optiga-pkcs11.so"
sed "s|^module: .*|module: $tmp/optiga-pkcs11.so|" "$top_builddir/pkcs11/optiga.module" \
	> "$config/pkcs11/modules/optiga.module"
printf 'device = %s\nlabel = Pump 7\n' "$OPTIGA_DEVICE" > "$config/optiga-pkcs11.conf"
unset OPTIGA_DEVICE
if [ "$(id -u)" = 0 ]; then
	chown -R nobody "$tmp"
	as_user() {
		setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$tmp" \
			XDG_CONFIG_HOME="$config" "$@"
	}
else
	as_user() {
		env HOME="$tmp" XDG_CONFIG_HOME="$config" "$@"
	}
fi

works 'list modules, proxy'
step 'listed among the modules, with its token, by the name in the configuration'
shows 'library-description: OPTIGA Trust PKCS#11 module' as_user p11-kit list-modules
shows 'token: Pump 7' as_user p11-kit list-modules
shows 'Label: Pump 7' as_user p11tool --batch --list-tokens
shows 'ID: e0:f0' as_user p11tool --batch --list-all 'pkcs11:token=Pump%207'
proxy=$(pkg-config --variable=proxy_module p11-kit-1)
shows 'Pump 7' as_user pkcs11-tool --module "$proxy" -L

step 'without its chip it leaves the other modules alone'
mv "$tmp/chip.img" "$tmp/away.img"
as_user p11-kit list-modules > "$tmp/log" 2> "$tmp/err"
[ ! -s "$tmp/err" ] || { cat "$tmp/err"; fail 'something on standard error'; }
as_user p11tool --batch --list-tokens > "$tmp/log" 2> "$tmp/err"
[ ! -s "$tmp/err" ] || { cat "$tmp/err"; fail 'something on standard error'; }
mv "$tmp/away.img" "$tmp/chip.img"

works 'server and p11-kit-client'
as_user p11-kit server -f -n "$tmp/socket" --provider "$tmp/optiga-pkcs11.so" \
	'pkcs11:token=Pump%207' > "$tmp/server.log" 2>&1 &
servers=$!
tries=0
until [ -S "$tmp/socket" ]; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { cat "$tmp/server.log"; fail 'server does not start'; }
	sleep 0.1
done
client=$(dirname "$(pkg-config --variable=p11_module_path p11-kit-1)/x")/p11-kit-client.so
[ -e "$client" ] || fail "$client is not installed"
remote() {
	as_user env P11_KIT_SERVER_ADDRESS="unix:path=$tmp/socket" pkcs11-tool --module "$client" "$@"
}
shows 'Pump 7' remote -L
shows 'ECDSA, keySize' remote -M # it passes on what it knows, ECDSA-SHA256 is not among it
shows 'Key pair generated' remote --keypairgen --key-type EC:prime256v1 --id c1 --label remote
shows 'remote' remote -O
printf 'to be signed' > "$tmp/data"
chmod a+r "$tmp/data"
as_user env P11_KIT_SERVER_ADDRESS="unix:path=$tmp/socket" p11tool --provider "$client" --batch \
	--export-pubkey --outfile "$tmp/pub" 'pkcs11:id=%C1;type=private' 2> "$tmp/log"
openssl dgst -sha256 -binary -out "$tmp/digest" "$tmp/data"
chmod a+r "$tmp/digest"
remote --sign -m ECDSA --id c1 --signature-format openssl -i "$tmp/digest" -o "$tmp/sig"
openssl dgst -sha256 -verify "$tmp/pub" -signature "$tmp/sig" "$tmp/data"
