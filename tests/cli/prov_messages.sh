#!/bin/sh
# What each mistake on a command line or in a file is answered with, to the letter: the rows of
# tests/vectors/command-messages.txt. Those about configurations are in config-messages.json, which
# tests/unit/test_prov_messages.c reads; here is also seen that between them they leave out no message.
# shellcheck disable=SC1091,SC2119,SC2120,SC2154 # run_row sets its own
set -eu
. "${top_srcdir:?}/tests/cli/prov_lib.sh"
table=$vectors/command-messages.txt
LC_ALL=C
export LC_ALL
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE || :
AWS_EC2_METADATA_DISABLED=true
export AWS_EC2_METADATA_DISABLED

# The files that rows name.
sim_token
cp "$vectors/vendor-ec.jsn" ec.jsn
cp "$vectors/vendor-rsa.jsn" rsa.jsn
sed 's/"2048"/"1024"/' rsa.jsn >weak.jsn
sed 's/secp256r1/brainpoolP256r1/; s/"0xE0F1"/"third"/' ec.jsn >brainpool.jsn
sed '/"aws_iot_config"/,$d' ec.jsn | sed '$s/},*$/}}/' >noaws.jsn
cat >two.jsn <<'EOF'
{ "csr_config": { "certificate_info": { "common_name": "{serial}-{slot}" },
    "key_info": { "algorithm_id": "ec", "parameters": { "curve": "secp256r1" } },
    "signature_info": { "algorithm_id": "ecdsa", "parameters": { "hash_alg": "sha256" } } },
  "slots": [ { "csr_config": { "key_info": { "parameters": { "slot": "second" } } } },
    { "csr_config": { "key_info": { "parameters": { "slot": "third" } } } } ] }
EOF
: >empty
echo nothing >rubbish
mkdir adir
head -c 65537 /dev/zero | tr '\0' ' ' >long.jsn
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=x \
	-out good.csr 2>/dev/null
openssl req -in good.csr -outform DER | head -c -3 >cut.csr
openssl req -in good.csr -outform DER | sed 's/\x31\x0a\x30\x08/&/; s/\x0c\x01x/\x0c\x01y/' >altered.csr
openssl req -new -newkey rsa:1024 -nodes -keyout weak.pem -subj /CN=x -out weak.csr 2>/dev/null
openssl req -x509 -key key.pem -subj /CN=x -days 3 -out cert.pem 2>/dev/null
cat cert.pem cert.pem >twice.pem
echo '{ "objects": [ { "oid": "E0F1", "change": "never" } ], "frob": 1 }' >lock1.json
echo '{ "objects": [ ] }' >lock2.json
printf '{ "objects":\n  oops }' >lock3.json
echo '{}' >portal1.json
echo '{ "binding_secret": "00" }' >portal2.json
printf 'device,config\nsim:"chip.img,ec.jsn\n' >quote.csv
printf 'device,config\nsim:chip.img\n' >short.csv

sed 's/"0xE0F1"/"fourth"/' ec.jsn >fourth.jsn
prov csr --ca local --out fourth.csr fourth.jsn
id=$(openssl req -in fourth.csr -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1)
mkdir -p state/optiga-provision
echo '{ "frob":' >"state/optiga-provision/$id.local.json"
many=''
for _ in 1 2 3 4 5 6 7 8; do
	many="$many -v -v -v -v -v -v -v -v -v -v -v -v -v -v -v -v"
done

parameters=
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33; do
	parameters="$parameters --parameter p$n=x"
done

# One row: its command, in $command, and want, the status and what is said.
run_row() {
	status=0
	eval "set -- $command"
	"$top_builddir/optiga-provision" --module "$module" "$@" >out 2>err </dev/null || status=$?
	{
		printf '= %s\n' "$status"
		sed "s|$work|WORK|g; s/$id/KEY/g; s/use one of aws, .*/use one of ISSUERS/; s/may be any of .*/may be any of OPTIONS/" err
	} >got
	rows=$((rows + 1))
	if [ "${MESSAGES_SHOW:-}" ]; then
		printf '$%s\n' "$command"
		cat got
		echo
		return
	fi
	cmp -s want got || {
		printf -- '--- %s: wanted\n' "$command"
		cat want
		echo '--- got'
		cat got
		bad=$((bad + 1))
	}
}

rows=0 bad=0 row='' command=''
while IFS= read -r line; do
	case $line in
	'#'*) ;;
	'$'*)
		command=${line#'$'}
		row=yes
		: >want
		;;
	'')
		[ -z "$row" ] || run_row
		row=
		;;
	*) printf '%s\n' "$line" >>want ;;
	esac
done <"$table"
[ -z "$row" ] || run_row
[ -z "${MESSAGES_SHOW:-}" ] || exit 0
[ "$bad" -eq 0 ] || fail "$bad of $rows rows"
[ "$rows" -ge 60 ] || fail "only $rows rows"
ok "$rows rows"

# Every message in the sources that read configurations and command lines is in a row of one of the
# tables. Its format is in pieces between the conversions; a line must have them all, in order.
cat >formats.awk <<'EOF'
# The string literals of calls that say something, joined: "file: format".
function put() {
	gsub(/\\"/, "\"", text)
	gsub(/\\\\/, "\\", text)
	if (text != "")
		print file ": " text
	text = ""
	inside = 0
}
FNR == 1 {
	file = FILENAME
	sub(/.*\//, "", file)
	inside = 0
}
{
	line = $0
	if (!inside) {
		if (line ~ /^[a-z_]*(prov|node)_[a-z]*\(const/ ||
		    line !~ /(prov|node)_(error|hint|warn)\(|snprintf\((p->)?why,|->hint = /)
			next
		sub(/.*((prov|node)_(error|hint|warn)|snprintf)\(/, "", line)
		inside = 1
		got = 0
		text = ""
	}
	while (match(line, /"([^"\\]|\\.)*"/)) {
		if (got && substr(line, 1, RSTART - 1) ~ /,/)
			break
		literal = substr(line, RSTART + 1, RLENGTH - 2)
		line = substr(line, RSTART + RLENGTH)
		# The name of the member that a message is about.
		if (!got && literal ~ /^[a-z_]+$/ && line ~ /^,/)
			continue
		text = text literal
		got = 1
	}
	if ((got && line ~ /[,;)]/) || line ~ /;[ \t]*$/)
		put()
}
EOF
cat >covered.awk <<'EOF'
# First the rows' lines, then formats: those that no line has.
FNR == NR {
	gsub(/\\"/, "\"")
	gsub(/\\\\/, "\\")
	said[n++] = $0
	next
}
{
	format = $0
	sub(/^[^:]*: /, "", format)
	count = split(format, piece, /%[-.*0-9]*z?[a-zA-Z]/)
	for (i = 0; i < n; i++) {
		rest = said[i]
		for (k = 1; k <= count; k++) {
			at = index(rest, piece[k])
			if (piece[k] != "" && at == 0)
				break
			rest = piece[k] == "" ? rest : substr(rest, at + length(piece[k]))
		}
		if (k > count)
			next
	}
	print
}
EOF
(cd "$top_srcdir/provision" && awk -f "$work/formats.awk" cmdline.c conf*.c options.c) |
	grep -vE 'out of memory|are there already$' >formats
[ "$(wc -l <formats)" -ge 80 ] || fail "only $(wc -l <formats) messages found in the sources"
cat "$vectors/config-messages.json" "$table" >said
awk -f covered.awk said formats >left
[ ! -s left ] || fail "no row has: $(cat left)"
ok "$(wc -l <formats) messages of the sources"
