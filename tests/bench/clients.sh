#!/bin/sh
# What whole commands of clients cost on the bus, from a trace of a seeded chip in virtual time.
#
# clients.sh                  prints one JSON line per command and clock
# clients.sh --check BASELINE the same, held against the lines of before: none may be worse
#
# "us" is from the first to the last START of the command; "transactions" are without those that
# read I2C_STATE, which are polls. The last line is about the host; its figures are not compared.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
: "${top_srcdir:=.}" "${top_builddir:=.}"
export top_srcdir top_builddir
. "$top_srcdir/tests/cli/client-lib.sh"
need pkcs11-tool p11tool openssl
case $module in
/*) ;;
*) module=$PWD/$module ;;
esac
OPTIGA_PKCS11_CONF=/dev/null
export OPTIGA_PKCS11_CONF

quietly() {
	"$@" > "$tmp/log" 2>&1 || { cat "$tmp/log" >&2; fail "$*"; }
}

# What is written first selects a register; 82, I2C_STATE, alone is about to be read.
row() { # op, trace
	awk -v op="$1" -v khz="$khz" '
		{ split($0, f, /"t_us":/); t = f[2] + 0 }
		NR == 1 { first = t }
		{ last = t }
		/"dir":"W"/ { state = /"hex":"82"/ }
		!/"dir":"Z"/ && !/"nack":1/ && !state { n++ }
		END { printf "{\"op\": \"%s\", \"khz\": %d, \"transactions\": %d, \"us\": %.1f}\n",
			op, khz, n, last - first }' "$2"
}

measure() { # op, command
	op=$1
	shift
	rm -f "$tmp/trace"
	OPTIGA_TRACE=$tmp/trace quietly "$@"
	row "$op" "$tmp/trace"
}

handshake() {
	OPENSSL_CONF=$engine_conf openssl s_client -connect "127.0.0.1:$port" -tls1_2 -engine pkcs11 \
		-keyform engine -key 'pkcs11:id=%E0%F1;type=private' -cert "$tmp/chip.pem" \
		-CAfile "$tmp/ca.pem" -verify_return_error < /dev/null
}

# A chip with a key, its certificate and the factory's; the same chip at every clock.
run() { # khz
	khz=$1
	rm -f "$tmp/chip.img"
	quietly "$top_builddir/optiga-sim" create --model trust-m-v3 --seed 1 "$tmp/chip.img"
	OPTIGA_DEVICE="sim:$tmp/chip.img?time=virtual&khz=$khz"
	export OPTIGA_DEVICE
	quietly pkcs11-tool --module "$module" --keypairgen --key-type EC:prime256v1 --id e0f1
	quietly env OPENSSL_CONF="$engine_conf" openssl pkey -engine pkcs11 -inform engine \
		-in 'pkcs11:id=%E0%F1;type=public' -pubin -pubout -out "$tmp/chip.pub"
	make_certificate
	quietly pkcs11-tool --module "$module" --write-object "$tmp/chip.der" --type cert --id e0f1
	measure 'pkcs11-tool -O' pkcs11-tool --module "$module" -O
	measure 'pkcs11-tool --sign --id' pkcs11-tool --module "$module" --sign --mechanism ECDSA --id e0f1 \
		--input-file "$tmp/digest" --output-file "$tmp/sig"
	measure 'p11tool --list-all' p11tool --provider "$module" --list-all pkcs11:manufacturer=Infineon
	measure 'openssl req' env OPENSSL_CONF="$engine_conf" openssl req -new -engine pkcs11 \
		-keyform engine -key 'pkcs11:id=%E0%F1;type=private' -subj /CN=device -out "$tmp/csr"
	measure 'openssl s_client' handshake
}

# The first chip's serves all: the seed gives all of them one key. Of one length every time, as it
# takes time to read: an RSA signature, and a serial number that is given.
make_certificate() {
	[ ! -e "$tmp/chip.der" ] || return 0
	openssl x509 -new -force_pubkey "$tmp/chip.pub" -subj /CN=device -days 10 -set_serial 1 \
		-CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -out "$tmp/chip.pem"
	openssl x509 -in "$tmp/chip.pem" -outform DER -out "$tmp/chip.der"
}

rsa_ca() {
	quietly openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=Test CA' \
		-keyout "$tmp/ca.key" -out "$tmp/ca.pem"
}

host() {
	serve_chip
	OPTIGA_DEVICE="bus:$tmp/socket" "$top_builddir/tests/bench/host" "$module"
}

serve_chip() {
	"$top_builddir/optiga-sim" serve --socket "$tmp/socket" --virtual-time "$tmp/chip.img" \
		> "$tmp/served" 2>&1 &
	servers="$servers $!"
	wait_for "$tmp/served" grep -qs ready "$tmp/served"
}

all() {
	rsa_ca
	https_server
	engine_conf
	head -c 32 /dev/zero > "$tmp/digest"
	for clock in 100 400 1000; do
		run $clock
	done
	host
}

# Rows of the same command and clock: neither figure may have grown.
check() { # baseline, now
	awk '
		function field(key) {
			match($0, "\"" key "\": [^,}]*")
			return substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 4)
		}
		/"cpu_us"/ { if (NR != FNR) print; next }
		{ row = field("op") " at " field("khz") " kHz" }
		NR == FNR { n[row] = field("transactions"); us[row] = field("us"); next }
		!(row in n) { print row ": not in the baseline"; bad = 1; next }
		{ seen++ }
		# In a handshake the length of the signature is up to chance: a byte is 90 us at 100 kHz.
		{ slack = row ~ /s_client/ ? us[row] / 500 : 0.051 }
		field("transactions") + 0 > n[row] + 0 || field("us") + 0 > us[row] + slack {
			print row ": worse than the baseline: " $0; bad = 1
		}
		field("us") + 0 < us[row] - slack { print row ": better than the baseline: put it there" }
		END {
			for (row in n) all++
			if (seen != all) { print "rows are missing"; bad = 1 }
			print (bad ? "not ok" : "ok") " - commands of clients, " seen " rows"
			exit bad
		}' "$1" "$2"
}

if [ "${1-}" = --check ]; then
	all > "$tmp/now"
	check "$2" "$tmp/now"
else
	all
fi
