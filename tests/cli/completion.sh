#!/bin/sh
# bash completion, as bash calls it: the line's words in, COMPREPLY out.
set -eu
export LC_ALL=C

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/here"
cd "$dir/here"
tool=${top_builddir:?}/optiga-provision
script=${top_srcdir:?}/completion/optiga-provision
mkdir cadir
: >device.jsn
: >cert.pem

fail() {
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}

# reply WORD...: what is offered for the last, sorted, on one line. bash's words: "=" and ":" are
# words of their own.
reply() {
	bash --norc -c '
		. "$1"
		complete -p optiga-provision >/dev/null || exit 1
		tool=$2
		shift 2
		COMP_WORDS=(optiga-provision "$@")
		COMP_CWORD=$#
		_optiga_provision "$tool" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		((${#COMPREPLY[@]})) && printf "%s\n" "${COMPREPLY[@]}"
		exit 0
	' bash "$script" "$tool" "$@" | sort | tr '\n' ' ' | sed 's/ $//'
}

# offers "WORDS" WORD...: exactly these.
offers() {
	want=$1
	shift
	got=$(reply "$@")
	[ "$got" = "$want" ] || fail "for \"$*\": \"$got\", not \"$want\""
}

# All of the tables, by --help.
"$tool" --help >../help
commands=$(sed -n '/^commands:/,/^$/s/^  \([a-z]*\).*/\1/p' ../help | sort -u | tr '\n' ' ' | sed 's/ $//')
offers "$commands" ''
offers "$commands" --token x ''
for command in $commands; do
	# A command of two words offers the second.
	second=$(sed -n "s/^  $command \([a-z]\{1,\}\)  .*/\1/p" ../help | sort | tr '\n' ' ' | sed 's/ $//')
	if [ -n "$second" ]; then
		offers "$second" "$command" ''
		[ "$second" = "${second#* }" ] || continue
		set -- "$command" "$second"
	else
		set -- "$command"
	fi
	options=$("$tool" "$@" --help | sed -n 's/^  \(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p' | sort |
		tr '\n' ' ' | sed 's/ $//')
	offers "$options" "$@" --
done
offers "$(sed -n 's/^  \(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p' ../help | sort | tr '\n' ' ' | sed 's/ $//')" -
printf 'ok - commands and options\n'

offers 'run' ru
offers '--parameter --pin-file --policy-file --profile' run --p
offers 'cadir cert.pem device.jsn' run ''
offers 'cert.pem' write --in c device.jsn --in ce
offers 'cert.pem' write --in = ce
offers 'device.jsn' run --verbose de
offers '' run device.jsn ''
offers '' run --region ''
printf 'ok - files\n'

"$tool" run --ca frob x 2>../err && fail 'a CA "frob"'
for word in $(reply run --ca ''); do
	grep -q "\"\{0,1\}${word%:}" ../err || fail "--ca $word is offered, and not in: $(cat ../err)"
done
reply run --ca '' | grep -qw local || fail '--ca local is not offered'
offers 'local local:' run --ca lo
offers 'local local:' run --ca = lo
offers 'cadir' run --ca local : ''
offers 'cadir' run --ca local : cad
offers 'cadir' run --ca = local : ca
offers '0xE0F1 0xE0F2 0xE0F3 0xE0FC 0xE0FD five fourth second six third' show --slot ''
offers 'fourth' show --slot fo
offers '' show --slot 0xE0E
printf 'ok - words\n'

for step in $(reply run --stop-after ''); do
	status=0
	"$tool" run --stop-after "$step" 2>../err || status=$?
	[ "$status" -eq 2 ] || fail "status $status"
	grep -q 'needs a CONFIG' ../err || fail "--stop-after $step: $(cat ../err)"
done
printf 'ok - steps\n'
