#!/bin/sh
# optiga-sim on the command line: create, show, serve, vendor-ca, messages and exit statuses.
set -eu
build=$(cd "${top_builddir:-.}" && pwd)
src=$(cd "${top_srcdir:-.}" && pwd)
sim=${OPTIGA_SIM:-$build/optiga-sim}
dir=$(mktemp -d)
server=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT INT TERM
cd "$dir"

fail() {
	echo "sim.sh: $*" >&2
	exit 1
}

# expect STATUS TEXT COMMAND...: exit status, and a text in what it says on stderr.
expect() {
	want=$1 text=$2
	shift 2
	status=0
	"$@" >out 2>err || status=$?
	[ "$status" = "$want" ] || fail "\"$*\" ended with $status instead of $want: $(cat err)"
	[ -z "$text" ] || grep -qF -- "$text" err || fail "\"$*\" did not say \"$text\": $(cat err)"
}

# --- help and version
expect 0 '' "$sim" --help
grep -q '^Usage: optiga-sim' out || fail 'no help'
cp out help
expect 0 '' "$sim" create --help
grep -q '^Usage: optiga-sim' out || fail 'no help for a command'
expect 0 '' "$sim" --version
grep -q '^optiga-sim [0-9]' out || fail 'no version'
expect 2 'Usage: optiga-sim' "$sim"
expect 2 'unknown command "destroy"' "$sim" destroy

# Every option of the help is in the manual page and the other way round.
"$sim" --help | grep -v p11tool | grep -o -- '--[a-z][a-z-]*' | sort -u >help.options
grep -o 'Fl -[a-z][a-z-]*' "$src/man/optiga-sim.1" | sed 's/Fl -/--/' | sort -u >man.options
diff help.options man.options || fail 'help and manual page differ'

# --- create
expect 0 '' "$sim" create --model trust-m-v3 --seed 1 chip.img
[ "$(stat -c %a chip.img)" = 600 ] || fail 'an image that others can read'
sum=$(sha256sum chip.img)
expect 1 'not overwritten' "$sim" create --model trust-m-v3 chip.img
[ "$(sha256sum chip.img)" = "$sum" ] || fail 'the image was touched'
expect 2 'trust-z' "$sim" create --model trust-z other.img
expect 2 'give --model' "$sim" create other.img
expect 2 'exactly one FILE' "$sim" create --model trust-m-v3
expect 2 '"on" or "off"' "$sim" create --model trust-m-v3 --monitor maybe other.img
expect 2 'above 0' "$sim" create --model trust-m-v3 --speed 0 other.img
expect 2 'a number' "$sim" create --model trust-m-v3 --seed -3 other.img
expect 2 'needs a value' "$sim" create --model
expect 2 'unknown option' "$sim" create --modem trust-m-v3 other.img
expect 1 'No such file or directory' "$sim" create --model trust-m-v3 no/such/dir.img
[ ! -e other.img ] || fail 'a failed create left a file'
expect 0 '' "$sim" create --model trust-m-v3 --monitor off --speed 0.5 fast.img

# --- quirks: each by its name, in the help and in the manual page
"$sim" --help | sed -n '/^Quirks/,$p' | sed -n 's/^  \([a-z0-9-]*\) .*/\1/p' >quirks
[ "$(wc -l <quirks)" -ge 18 ] || fail 'quirks are missing in the help'
options=
while read -r name; do
	grep -q "^\.It Cm $name\$" "$src/man/optiga-sim.1" || fail "quirk $name is not in the manual page"
	options="$options --quirk $name"
done <quirks
# shellcheck disable=SC2086 # words on purpose
expect 0 '' "$sim" create --model trust-m-v3 $options odd.img
expect 0 '' "$sim" show --json odd.img
sed -n '/"quirks"/,/]/s/^ *"\([a-z0-9-]*\)",\{0,1\}$/\1/p' out >shown
diff quirks shown || fail 'not every quirk was set'
expect 0 '' "$sim" show odd.img
grep -q '^quirk  *plain-ok' out || fail 'quirks are not shown'
expect 2 'no such quirk: "odd"' "$sim" create --model trust-m-v3 --quirk odd other.img
[ ! -e other.img ] || fail 'a failed create left a file'

# --- show
expect 0 '' "$sim" show chip.img
grep -q '^model  *trust-m-v3' out || fail 'show has no model'
grep -q '^E0E1 ' out || fail 'show has no objects'
grep -q 'change: LcsO < operational' out || fail 'show has no access conditions'
expect 0 '' "$sim" show --json chip.img
grep -q '"oid": "E0E1"' out || fail 'no objects in JSON'
[ "$(sha256sum chip.img)" = "$sum" ] || fail 'show changed the image'
chmod 400 chip.img
expect 0 '' "$sim" show chip.img
chmod 600 chip.img
expect 1 'no such file' "$sim" show missing.img
expect 2 'exactly one FILE' "$sim" show
echo 'something else' >foreign.img
expect 1 'not an image' "$sim" show foreign.img
head -c 10000 chip.img >short.img
expect 1 'damaged' "$sim" show short.img

# --- serve
expect 2 '--socket' "$sim" serve chip.img
expect 1 'no such file' "$sim" serve --socket bus missing.img
expect 1 'optiga-sim create' "$sim" serve --socket bus missing.img
expect 1 'not an image' "$sim" serve --socket bus foreign.img
long=$(printf '%0120d' 0)
expect 1 'too long' "$sim" serve --socket "$long" chip.img
[ ! -e bus.lock ] || fail 'a failed serve left its lock file'

"$sim" serve --socket bus --virtual-time chip.img >ready &
server=$!
n=0
while ! grep -q ready ready 2>/dev/null; do
	n=$((n + 1))
	[ "$n" -lt 100 ] || fail 'the server does not get ready'
	sleep 0.1
done
[ -S bus ] || fail 'no socket'
[ "$(stat -c %s bus.lock)" -ge 4096 ] || fail 'no lock file'
expect 1 'has this chip open' "$sim" serve --socket bus2 chip.img
expect 1 'another server' "$sim" serve --socket bus fast.img
expect 0 '' "$sim" show chip.img
kill "$server"
status=0
wait "$server" || status=$?
server=
[ "$status" = 0 ] || fail "the server ended with $status"
if [ -e bus ] || [ -e bus.lock ]; then
	fail 'the server left its socket'
fi

# --- vendor-ca
if [ -z "${OPTIGA_SIM:-}" ]; then
	"$sim" vendor-ca >ca.pem
	openssl x509 -in ca.pem -noout -subject >/dev/null || fail 'no vendor certificate'
fi
expect 2 'no argument' "$sim" vendor-ca extra
expect 2 'no such model' "$sim" vendor-ca --model trust-m-v9

# --- every model, and the portal file of those that come with secrets
if [ -z "${OPTIGA_SIM:-}" ]; then
	for model in trust-x trust-m-v1 trust-m-v3 trust-m-express trust-m-mtr; do
		expect 0 '' "$sim" create --model $model $model.img
		expect 0 '' "$sim" show $model.img
		grep -q "^model *$model\$" out || fail "$model: not shown"
		expect 0 '' "$sim" show --json $model.img
		expect 0 '' "$sim" vendor-ca --model $model
		openssl x509 -in out -noout || fail "$model: no vendor certificate"
		grep -q "$model" help || fail "$model: not in --help"
	done
	expect 0 '' "$sim" create --model trust-m-mtr --portal portal.json mtr.img
	[ "$(stat -c %a portal.json)" = 600 ] || fail 'the portal file can be read by others'
	grep -qE '"binding_secret": "[0-9A-F]{128}"' portal.json || fail 'no binding secret'
	grep -qE '"authorization_secret": "[0-9A-F]{128}"' portal.json || fail 'no authorization secret'
	uid=$("$sim" show mtr.img | sed -n 's/^unique ID *//p')
	grep -q "\"uid\": \"$uid\"" portal.json || fail 'the portal file is not of this chip'
	serial=$(printf %s "$uid" | xxd -r -p | sha256sum | cut -c 1-16)
	grep -q "\"serial\": \"$serial\"" portal.json || fail 'another serial'
	expect 1 'exists already' "$sim" create --model trust-m-mtr --portal portal.json mtr2.img
	[ ! -e mtr2.img ] || fail 'a chip without its portal file'
	expect 1 'exists already' "$sim" create --model trust-m-mtr --portal portal2.json mtr.img
	[ ! -e portal2.json ] || fail 'a portal file without its chip'
	expect 1 'no portal file' "$sim" create --model trust-m-v3 --portal portal2.json plain.img
	if [ -e portal2.json ] || [ -e plain.img ]; then
		fail 'a refused command left files'
	fi
fi
