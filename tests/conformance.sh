#!/bin/sh
# Which items of the reference checklists have a test that names them.
#   conformance.sh           prints the table; fails when a covered item has lost its test
#   conformance.sh report    prints how many there are of each list, and the names of those without
#   conformance.sh mark      prints tests/conformance.list with the marks that are true now
# A line of the list: mark (+ covered, - not, x nothing to test, with the reason), item, what it is
# about. A fault (FT) is an item of each side: /H the host against a faulty chip, /C the chip against
# a faulty host.
#
# A test names an item in its name (cmd_33_34_..., PL_H4_FT_18_..., dlc5_ft1_...), provided that it is
# run, or in a comment or a text (CMD-33). What stands above the first #include names nothing.
set -eu
cd "${top_srcdir:-$(dirname "$0")/..}"
list=tests/conformance.list

# Prints "item file" for each item that a test names.
named() {
	# shellcheck disable=SC2016 # awk's own names
	find tests -name '*.[ch]' -print | sort | xargs awk '
		function item(id, file) {
			if (id ~ /[0-9][0-9][0-9]/) # FT260 is a bridge
				return
			sub(/.*\//, "", file)
			if (id ~ /^FT-/)
				id = id (file ~ /^(test_)?sim/ ? "/C" : "/H")
			print id, file
		}
		# The words of a name: "cmd" goes before numbers, "pl" before "h4" or joined with it.
		function from_name(name, file,    n, w, i, kind) {
			kind = ""
			n = split(toupper(name), w, "_")
			for (i = 1; i <= n; i++) {
				if (w[i] ~ /^(PL|DL|TL|PR|CMD|OBJ|FT)$/)
					kind = w[i]
				else if (w[i] ~ /^(PL|DL|TL|PR)[HC][0-9]+$/)
					item(substr(w[i], 1, 2) "-" substr(w[i], 3), file)
				else if (w[i] ~ /^FT[0-9]+$/)
					item("FT-" substr(w[i], 3), file)
				else if (kind ~ /^..$/ && kind != "FT" && w[i] ~ /^[HC][0-9]+$/)
					item(kind "-" w[i], file)
				else if ((kind ~ /^...$/ || kind == "FT") && w[i] ~ /^[0-9]+$/)
					item(kind "-" w[i], file)
				else
					kind = ""
			}
		}
		FNR == 1 { head = 1 }
		/^#include/ { head = 0 }
		head { next }
		/^START_TEST\(/ {
			name = substr($0, 12)
			sub(/\).*/, "", name)
			tests[FILENAME, name] = 1
			next
		}
		{
			rest = $0
			while (match(rest, /[A-Za-z_][A-Za-z0-9_]*/)) {
				used[FILENAME, substr(rest, RSTART, RLENGTH)] = 1
				rest = substr(rest, RSTART + RLENGTH)
			}
			rest = $0
			while (match(rest, /((PL|DL|TL|PR)-[HC]|CMD-|OBJ-|FT-)[0-9]+/)) {
				item(substr(rest, RSTART, RLENGTH), FILENAME)
				rest = substr(rest, RSTART + RLENGTH)
			}
		}
		END {
			for (t in tests)
				if (t in used) {
					split(t, part, SUBSEP)
					from_name(part[2], part[1])
				}
		}' | sort -u
}

mark() {
	named | awk '
		NR == FNR { has[$1] = 1; next }
		$1 != "x" { $1 = $2 in has ? "+" : "-" }
		{ print }' - "$list"
}

report() {
	named | awk '
		NR == FNR { has[$1] = 1; next }
		{
			kind = substr($2, 1, index($2, "-") - 1)
			if (!(kind in all))
				order[++kinds] = kind
			if ($1 == "x") {
				none++
				next
			}
			all[kind]++
			n[kind] += $2 in has
			if (!($2 in has))
				without = without " " $2
		}
		END {
			line = "conformance:"
			for (i = 1; i <= kinds; i++)
				line = line sprintf(" %s %d/%d", order[i], n[order[i]], all[order[i]])
			printf "%s; %d with nothing to test\n", line, none
			if (without != "")
				print "without a test:" without
		}' - "$list"
}

table() {
	named | awk '
		NR == FNR { files[$1] = files[$1] " " $2; next }
		{
			title = substr($0, length($1 $2) + 3)
			known[$2] = 1
			has = $2 in files
			if ($1 == "x")
				none++
			else {
				all++
				n += has
			}
			printf "%-7s %-9s %s%s\n", $2, $1 == "x" ? "x" : has ? "covered" : "-", title,
			    has ? ":" files[$2] : ""
			if ($1 == "+" && !has)
				lost = lost " " $2
		}
		END {
			for (i in files)
				if (!(i in known))
					odd = odd " " i
			printf "%d of %d items have a test that names them, %d have nothing to test\n", n, all, none
			if (lost != "")
				print "lost their test:" lost
			if (odd != "")
				print "named by a test, not in the list:" odd
			exit lost != "" || odd != ""
		}' - "$list"
	echo "ok - no item has lost its test"
}

case ${1-} in
mark) mark ;;
report) report ;;
*) table ;;
esac
