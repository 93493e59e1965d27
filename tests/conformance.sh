#!/bin/sh
# Which items of the reference checklists have a test that names them.
#   conformance.sh         prints the table; fails when a covered item has lost its test
#   conformance.sh mark    prints tests/conformance.list with the marks that are true now
# A line of the list: mark (+ covered, - not), item, what it is about.
set -eu
cd "${top_srcdir:-$(dirname "$0")/..}"
list=tests/conformance.list
names='\b((PL|DL|TL|PR)-[HC]|CMD-|OBJ-|FT-)[0-9]+\b'

# Prints "item file" for each item that a test names.
named() {
	grep -roE --include='*.c' --include='*.sh' "$names" tests |
		awk -F: '{ n = split($1, p, "/"); print $2, p[n] }' | sort -u
}

[ "${1-}" != mark ] || {
	named | awk 'NR == FNR { has[$1] = 1; next } { $1 = $2 in has ? "+" : "-"; print }' - "$list"
	exit 0
}
named | awk '
	NR == FNR { files[$1] = files[$1] " " $2; next }
	{
		title = substr($0, length($1 $2) + 3)
		known[$2] = 1
		covered = $2 in files
		all++
		n += covered
		printf "%-7s %-9s %s%s\n", $2, covered ? "covered" : "-", title, covered ? ":" files[$2] : ""
		if ($1 == "+" && !covered)
			lost = lost " " $2
	}
	END {
		for (i in files)
			if (!(i in known))
				odd = odd " " i
		printf "%d of %d items have a test that names them\n", n, all
		if (lost != "")
			print "lost their test:" lost
		if (odd != "")
			print "named by a test, not in the list:" odd
		exit lost != "" || odd != ""
	}' - "$list"
echo "ok - no item has lost its test"
