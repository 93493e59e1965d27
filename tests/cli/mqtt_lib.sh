# What tests with an MQTT broker share, besides prov_lib.sh; read with ".", not run.
# shellcheck shell=sh disable=SC2154 # assigned in prov_lib.sh
PATH=$PATH:/usr/sbin
for program in mosquitto mosquitto_pub mosquitto_sub openssl jq; do
	command -v "$program" >/dev/null || fail "$program is not installed"
done

# Whether somebody listens on $port.
listening() { grep -qs "$(printf ':%04X 0*:0000 0A' "$port")" /proc/net/tcp /proc/net/tcp6; }

# A port nobody listens on, below those that the kernel gives away.
free_port() {
	port=
	until [ -n "$port" ] && ! listening; do
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
	done
}

# new_ca NAME: NAME.pem and NAME.key, a CA of its own.
new_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj "/CN=${1##*/}" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# new_cert CA NAME: NAME.pem and NAME.key; the name stands in subject and subjectAltName.
new_cert() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
		-addext "subjectAltName=DNS:$2" -keyout "$2.key" -out "$2.csr" 2>/dev/null
	openssl x509 -req -in "$2.csr" -copy_extensions copy -CA "$1.pem" -CAkey "$1.key" -days 10 \
		-out "$2.pem" 2>/dev/null
}

broker=
stop_broker() {
	[ -z "$broker" ] || { kill "$broker" 2>/dev/null && wait "$broker" 2>/dev/null; } || :
	broker=
}

# With mutual TLS at localhost:$port, for clients with certificates of the CAs in file $1 or directory
# $1; further lines of its configuration come from standard input.
start_broker() {
	free_port
	{
		[ "$(id -u)" -ne 0 ] || echo 'user root'
		printf 'listener %s 127.0.0.1\ncertfile localhost.pem\nkeyfile localhost.key\n' "$port"
		if [ -d "$1" ]; then echo "capath $1"; else echo "cafile $1"; fi
		printf 'require_certificate true\nuse_identity_as_username true\nlog_timestamp false\n'
		cat
	} >mosquitto.conf
	mosquitto -v -c mosquitto.conf >broker.log 2>&1 &
	broker=$!
	n=0
	until listening; do
		n=$((n + 1))
		{ [ "$n" -le 300 ] && kill -0 "$broker"; } || { cat broker.log >&2; fail 'no broker'; }
		sleep 0.05
	done
}

# In a broker's configuration: rights by rules, as JSON on standard input, for every client.
rules() {
	plugin=$(find /usr/lib* -name mosquitto_dynamic_security.so 2>/dev/null | head -n 1)
	[ -n "$plugin" ] || fail 'mosquitto_dynamic_security.so of the Debian package mosquitto is missing'
	cat >rules.json
	printf 'plugin %s\nplugin_opt_config_file rules.json\n' "$plugin"
}
