# What the tests with foreign clients share; they read it with ".".
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2016 # used by those who read this; evaluated later

module=${top_builddir:?}/.libs/optiga-pkcs11.so
tmp=$(mktemp -d)
servers=

# A row of the table of clients that "make check" ends with: name, version, verdict, what was done.
# A script names its client first, then says each thing before doing it; another client ends the row.
row=$top_builddir/tests/cli/$(basename "$0" .sh).client
rm -f "$row"
client_name=

client() { # name, Debian package or version
	end_row ok
	client_name=$1 client_works=
	case $2 in
	[0-9]*) client_version=$2 ;;
	*) client_version=$(dpkg-query -W -f='${source:Upstream-Version}' "$2") || client_version='?' ;;
	esac
	step "$client_name $client_version"
}

works() {
	client_works=${client_works:+$client_works; }$*
	step "$*"
}

end_row() { # verdict
	[ -z "$client_name" ] || printf '%s\t%s\t%s\t%s\n' \
		"$client_name" "$client_version" "$1" "$client_works" >> "$row"
	client_name=
}

cleanup() {
	status=$? # what the script ends with
	[ $status = 0 ] || end_row FAILED
	end_row ok
	for pid in $servers; do
		# It may have ended by itself; the test has judged that already.
		if kill "$pid" 2> /dev/null; then
			wait "$pid" 2> /dev/null || :
		fi
	done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# A missing client is a failure: then nothing would have been tested.
need() {
	for c; do
		command -v "$c" > /dev/null || fail "$c is not installed"
	done
}

# What the manual tells people to type is what is tested: literal block n (1) of a section of it.
manual() { # section, n
	awk -v section="$1" -v n="${2:-1}" '
		/^\.S[hs] / { here = substr($0, 5) == section; block = 0 }
		here && /^\.Bd -literal/ { block++; inside = 1; next }
		/^\.Ed/ { inside = 0 }
		here && inside && block == n {
			gsub(/\\&/, ""); gsub(/\\e/, "\\"); gsub(/\\\(aq/, "\047")
			print; found = 1
		}
		END { exit !found }' "${top_srcdir:?}/man/optiga-pkcs11.7" ||
		fail "the manual has no such lines: $*"
}

# Types them, in the directory of the test. Before that a sed script may put in what has to be
# different here, as ports.
type_manual() { # section, n, sed script
	manual "$1" "$2" > "$tmp/lines"
	sed -e "${3-}" "$tmp/lines" > "$tmp/typed"
	(cd "$tmp" && M=$module PKCS11_MODULE_PATH=$module sh -eux ./typed)
}

# The same for a server that is one command; waits until it listens at $port.
serve_manual() { # section, n, sed script
	manual "$1" "$2" > "$tmp/lines"
	sed -e "1s/^/exec /;${3-}" "$tmp/lines" > "$tmp/serve"
	serve env M="$module" PKCS11_MODULE_PATH="$module" sh -eux ./serve
}

# Starts a server in the directory of the test; waits until it listens at $port.
serve() { # command
	(cd "$tmp" && exec "$@") >> "$tmp/server.log" 2>&1 &
	server=$!
	servers="$servers $server"
	wait_for "$tmp/server.log" eval 'listening || ! kill -0 "$server"'
	kill -0 "$server" || { cat "$tmp/server.log"; fail "ended at once: $*"; }
}

# Says what comes next, so that the log of a failure shows where it was.
step() {
	echo "== $*"
}

# Runs a command that must fail.
refused() {
	if "$@" > "$tmp/refused" 2>&1; then
		cat "$tmp/refused"
		fail "succeeded: $*"
	fi
}

# A command's output must contain a text; both are shown when it does not.
shows() {
	text=$1
	shift
	"$@" > "$tmp/shown" 2>&1 || {
		cat "$tmp/shown"
		fail "$*"
	}
	grep -qF -e "$text" "$tmp/shown" || {
		cat "$tmp/shown"
		fail "\"$text\" is not in the output of: $*"
	}
}

# A chip of its own for each test.
new_chip() {
	rm -f "$tmp/chip.img"
	"$top_builddir/optiga-sim" create --model trust-m-v3 "$tmp/chip.img"
	OPTIGA_DEVICE=sim:$tmp/chip.img
	export OPTIGA_DEVICE
}

# A certificate authority, and a certificate for the public key in $1 with the name $2: $3.
new_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj '/CN=Test CA' -keyout "$tmp/ca.key" -out "$tmp/ca.pem" 2> /dev/null
}

issue() {
	openssl x509 -new -force_pubkey "$1" -subj "/CN=$2" -days 10 \
		-CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -out "$3"
}

# OpenSSL with the libp11 engine as its default for everything, as "-engine" makes it.
engine_conf() {
	cat > "$tmp/openssl.cnf" <<-END
	openssl_conf = init
	[init]
	engines = engines
	[engines]
	pkcs11 = pkcs11
	[pkcs11]
	engine_id = pkcs11
	MODULE_PATH = $module
	default_algorithms = ALL
	init = 0
	[req]
	distinguished_name = dn
	[dn]
	END
	engine_conf=$tmp/openssl.cnf
}

# A key in E0F1 with a certificate for the name $1, made as the manual says: device.pem, device.pub.
device_key() {
	type_manual CLIENTS 2 > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail 'a key and its request'; }
	openssl req -in "$tmp/device.csr" -pubkey -noout -out "$tmp/device.pub"
	issue "$tmp/device.pub" "$1" "$tmp/device.pem"
	type_manual CLIENTS 3 > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail 'its certificate'; }
}

# A server's key and certificate for localhost, in files.
server_key() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
		-keyout "$tmp/server.key" -out "$tmp/server.csr" 2> /dev/null
	openssl x509 -req -in "$tmp/server.csr" -copy_extensions copy -CA "$tmp/ca.pem" \
		-CAkey "$tmp/ca.key" -days 10 -out "$tmp/server.pem" 2> /dev/null
}

# A port nobody listens on, below those that the kernel gives away.
free_port() {
	while :; do
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		listening || break
	done
}

# Whether somebody listens on $port.
listening() {
	grep -qs "$(printf ':%04X 0*:0000 0A' "$port")" /proc/net/tcp /proc/net/tcp6
}

# Waits until a command succeeds, half a minute at most; then shows a log.
wait_for() { # log, command
	waited=0 log=$1
	shift
	until "$@"; do
		waited=$((waited + 1))
		[ $waited -lt 300 ] || { cat "$log"; fail "in vain: $*"; }
		sleep 0.1
	done
}

# An HTTPS server that wants a certificate, at $port; its key is in a file.
https_server() {
	server_key
	free_port
	serve openssl s_server -accept "127.0.0.1:$port" -cert server.pem -key server.key \
		-CAfile ca.pem -Verify 1 -verify_return_error -no_cache -no_ticket -num_tickets 0 -www
}

# A client's key and certificate in files, for a server whose key is on the chip.
client_key() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=client \
		-keyout "$tmp/client.key" -out "$tmp/client.csr" 2> /dev/null
	openssl x509 -req -in "$tmp/client.csr" -CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -days 10 \
		-out "$tmp/client.pem" 2> /dev/null
}

# Asks the HTTPS server at $port for a page, with that key; its answer must contain a text.
ask_server() { # text, options
	text=$1
	shift
	printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -connect "127.0.0.1:$port" -CAfile "$tmp/ca.pem" \
		-verify_return_error -verify_hostname localhost -cert "$tmp/client.pem" \
		-key "$tmp/client.key" -ign_eof "$@" > "$tmp/answer" 2>&1 ||
		{ cat "$tmp/answer" "$tmp/server.log"; fail "handshake $*"; }
	grep -qF "$text" "$tmp/answer" || { cat "$tmp/answer" "$tmp/server.log"; fail "no answer $*"; }
}
