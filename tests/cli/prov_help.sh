#!/bin/sh
# --help against optiga-provision(1): every command and option is in both, and says the same.
set -eu
export LC_ALL=C

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
tool=${top_builddir:?}/optiga-provision
man=${top_srcdir:?}/man/optiga-provision.1

fail() {
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}

ok() {
	printf 'ok - %s\n' "$*"
}

# Same lines in both: what is only in one is named.
same() {
	comm -23 "$1" "$2" >only
	[ ! -s only ] || fail "in $1, and not in $2: $(tr '\n' ' ' <only)"
	comm -13 "$1" "$2" >only
	[ ! -s only ] || fail "in $2, and not in $1: $(tr '\n' ' ' <only)"
}

"$tool" --help >top
sed -n '/^commands:/,/^$/s/^  \([a-z]*\( [a-z][a-z]*\)\{0,1\}\)  .*/\1/p' top | sort >help.commands
[ "$(wc -l <help.commands)" -ge 7 ] || fail "commands were not found in --help"

# The page: ".It Cm run Ar config" in the list of commands, ".It Fl -json" in those of options.
sed -n '/^The commands are:/,/^[.]El/s/^[.]It Cm //p' "$man" |
	awk '{ print $2 == "Cm" ? $1 " " $3 : $1 }' | sort >man.commands
same help.commands man.commands
ok 'commands'

: >help.all
while read -r command; do
	# shellcheck disable=SC2086 # a command may be two words
	"$tool" $command --help >help.one
	head -n 1 help.one | grep -q "^usage: optiga-provision $command" ||
		fail "usage of $command: $(head -n 1 help.one)"
	awk 'length > 79 { print; exit 1 }' help.one || fail "$command --help has a long line"
	sed -n 's/^  \(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p' help.one >>help.all
done <help.commands
sort -u help.all >help.options
grep -o 'Fl -[a-z][a-z-]*' "$man" | sed 's/^Fl -/--/' | sort -u >man.options
same help.options man.options
ok 'options'

# With an argument in one, with an argument in the other.
while read -r command; do
	# shellcheck disable=SC2086
	"$tool" $command --help
done <help.commands | sed -n 's/^  \(-., \)\{0,1\}\(--[a-z-]*\) [A-Z].*/\2/p' | sort -u >help.arguments
sed -n 's/^\.It //p' "$man" | tr ',' '\n' | sed -n 's/^ *Fl -\([a-z-]*\) \(Ar\|Cm\|Xo\|Oo\).*/--\1/p' |
	sort -u >man.arguments
same help.arguments man.arguments
ok 'arguments'

# Short forms.
sed -n 's/^  -\(.\), --\([a-z-]*\).*/\1 \2/p' top | sort >help.letters
sed -n 's/^\.It Fl -\([a-z-]*\).* , Fl \([a-zA-Z]\)\( .*\)\{0,1\}$/\2 \1/p' "$man" | sort >man.letters
same help.letters man.letters
ok 'letters'

# Each word in the commands' lists of options is one: others would never be taken, nor missed.
sed -n '/^#define/s/^#define [A-Z_]* *//p; s/.*\.options = //p' "$top_srcdir/provision/commands.c" |
	grep -o '"[^"]*"' | tr -d '"' | tr ' ' '\n' | sed -n 's/^[a-z]/--&/p' | sort -u >table.options
[ "$(wc -l <table.options)" -ge 30 ] || fail 'the lists of options were not found'
comm -23 table.options help.options >only
[ ! -s only ] || fail "no option: $(tr '\n' ' ' <only)"
ok 'lists of options'

"$tool" -h >short
cmp -s top short || fail '-h and --help differ'
status=0
"$tool" --help --frob >out 2>err || status=$?
if [ "$status" -ne 2 ] || [ -s out ]; then
	fail '--help with a mistake'
fi
ok 'asked for, it is a result'
