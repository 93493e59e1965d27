#!/bin/sh
# OpenSSH with the chip's keys: login, agent, signatures, certificates; and a chip used from afar.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
# shellcheck disable=SC2016 # for the shell that types the lines
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
PATH=$PATH:/usr/sbin
need ssh ssh-keygen ssh-agent ssh-add sshd p11-kit pkcs11-tool openssl
client OpenSSH openssh-client
new_chip
new_ca
device_key device
unset SSH_AUTH_SOCK SSH_AGENT_PID DISPLAY

# sshd separates privileges below this directory, which the system's service makes.
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
free_port
ssh-keygen -q -t ed25519 -N '' -f "$tmp/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/alice"
echo "[127.0.0.1]:$port $(cat "$tmp/host_key.pub")" > "$tmp/known_hosts"
cat > "$tmp/sshd_config" <<END
ListenAddress 127.0.0.1:$port
HostKey $tmp/host_key
PidFile none
AuthorizedKeysFile $tmp/device.keys
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
END
cat > "$tmp/config" <<END
Host host
	HostName 127.0.0.1
	Port $port
	User $(id -un)
	UserKnownHostsFile $tmp/known_hosts
	IdentityFile none
	BatchMode yes
END
serve "$(command -v sshd)" -D -e -f "$tmp/sshd_config"
shown() {
	cat "$tmp/log" "$tmp/server.log"
	fail "$@"
}

works 'ssh-keygen -D, login'
type_manual OpenSSH 1 's|^ssh -I|ssh -F config -I|' > "$tmp/out" 2> "$tmp/log" || shown ssh
[ "$(sed -n '$p' "$tmp/out")" = "$(hostname)" ] || shown 'not logged in'
[ "$(wc -l < "$tmp/device.keys")" = 1 ] || shown 'one key expected'
grep -q 'Accepted publickey.*ECDSA' "$tmp/server.log" || shown 'with another key'
refused ssh -F "$tmp/config" host true

works 'agent: login, test'
# An empty PIN from a program; at a terminal the user presses Enter.
printf '#!/bin/sh\necho\n' > "$tmp/askpass"
chmod +x "$tmp/askpass"
SSH_ASKPASS=$tmp/askpass SSH_ASKPASS_REQUIRE=force
export SSH_ASKPASS SSH_ASKPASS_REQUIRE
type_manual OpenSSH 2 's|^ssh host|ssh -F config host|;$a echo "$SSH_AUTH_SOCK $SSH_AGENT_PID" > agent' \
	> "$tmp/out" 2> "$tmp/log" || shown agent
grep -qx "$(hostname)" "$tmp/out" || shown 'not logged in by the agent'
read -r SSH_AUTH_SOCK agent < "$tmp/agent"
servers="$servers $agent"
export SSH_AUTH_SOCK

works 'ssh-keygen -Y sign'
printf 'to be signed' > "$tmp/message"
type_manual OpenSSH 3 > "$tmp/log" 2>&1 || shown signature
grep -q 'Good "file" signature for device' "$tmp/log" || shown signature
unset SSH_AUTH_SOCK

works 'certificates'
type_manual OpenSSH 4 > "$tmp/log" 2>&1 || shown certificate
ssh-keygen -L -f "$tmp/alice-cert.pub" > "$tmp/log"
grep -q 'Signing CA: ECDSA' "$tmp/log" || shown 'another CA'
echo "cert-authority,principals=\"alice\" $(cat "$tmp/device.keys")" > "$tmp/ca.keys"
mv "$tmp/ca.keys" "$tmp/device.keys"
ssh -F "$tmp/config" -i "$tmp/alice" -o CertificateFile="$tmp/alice-cert.pub" host true 2> "$tmp/log" ||
	shown 'login with the certificate'

works 'P-384, P-521, RSA'
n=1
for type in EC:secp384r1 EC:secp521r1 rsa:2048; do
	n=$((n + 1))
	pkcs11-tool --module "$module" --keypairgen --key-type $type --id "b$n" --label "kind $n" \
		> "$tmp/log" 2>&1 || shown "$type"
	ssh-keygen -D "$module" 2> "$tmp/log" | grep "kind $n" > "$tmp/device.keys" || shown "$type"
	ssh -F "$tmp/config" -I "$module" host true 2> "$tmp/log" || shown "login with $type"
done

client 'p11-kit server over ssh' p11-kit
works 'list, sign from afar'
serve_manual p11-kit 1
wait_for "$tmp/server.log" [ -S "$tmp/chip.sock" ]
p11_client=$(pkg-config --variable=p11_module_path p11-kit-1)/p11-kit-client.so
[ -e "$p11_client" ] || fail "$p11_client is not installed"
cat "$tmp/alice.pub" >> "$tmp/device.keys"
sed -i "s|IdentityFile none|IdentityFile $tmp/alice|" "$tmp/config"
serve_manual p11-kit 2 '2,$d;s|ssh -f|ssh -F config|'
wait_for "$tmp/server.log" [ -S "$tmp/remote.sock" ]
afar() { # sed script for the manual's command
	type_manual p11-kit 2 "1d;s|--module [^ ]*|--module $p11_client|;$1" > "$tmp/log" 2>&1 || shown afar
}
afar ''
grep -q 'label: *device' "$tmp/log" || shown 'the key is not seen'
openssl dgst -sha256 -binary -out "$tmp/digest" "$tmp/message"
afar "s|--list-objects|--sign --id e0f1 -m ECDSA --signature-format openssl -i digest -o sig|"
openssl dgst -sha256 -verify "$tmp/device.pub" -signature "$tmp/sig" "$tmp/message"
