# What the tests with foreign clients share; they read it with ".".
# shellcheck shell=sh
# shellcheck disable=SC2034 # used by those who read this

module=${top_builddir:?}/.libs/optiga-pkcs11.so
tmp=$(mktemp -d)
servers=

cleanup() {
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
