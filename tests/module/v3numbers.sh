#!/bin/sh
# Numbers and layouts of pkcs11/pkcs11v3.h against those of NSS (package libnss3-dev): both headers are
# asked for every name that ours defines. NSS 3.87 has no CKA_UNIQUE_ID.
set -eu
srcdir=${top_srcdir:-.}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
header=$srcdir/pkcs11/pkcs11v3.h

# Names in ours: constants, and members of each structure as "type member".
sed -n 's/^#define *\(CK[A-Z]_[A-Z0-9_]*\) .*/\1/p' "$header" | grep -v '^CKA_UNIQUE_ID$' >"$dir/names"
awk '/^typedef struct/ { type = $3 }
	/^}/ { type = "" }
	/^\t/ && type != "" { sub(";.*", ""); print type, $NF }' "$header" | tr -d '*' >"$dir/members"
if [ "$(wc -l <"$dir/names")" -lt 20 ] || [ "$(wc -l <"$dir/members")" -lt 100 ]; then
	echo "v3numbers: found too few names in $header"
	exit 1
fi

program() { # program INCLUDES
	printf '#include <stddef.h>\n#include <stdio.h>\n%s\nint\nmain(void)\n{\n' "$1"
	while read -r name; do
		printf '\tprintf("%s %%lx\\n", (unsigned long)%s);\n' "$name" "$name"
	done <"$dir/names"
	while read -r type member; do
		printf '\tprintf("%s.%s %%zu\\n", offsetof(%s, %s));\n' "$type" "$member" "$type" "$member"
	done <"$dir/members"
	printf '\treturn 0;\n}\n'
}

program '#include "pkcs11/pkcs11v3.h"' >"$dir/ours.c"
program '#include <pkcs11.h>
#include <pkcs11n.h>' >"$dir/theirs.c"
# shellcheck disable=SC2046 # options are words
${CC:-cc} -o "$dir/ours" -I"$srcdir" $(pkg-config --cflags p11-kit-1) "$dir/ours.c"
# shellcheck disable=SC2046
${CC:-cc} -o "$dir/theirs" $(pkg-config --cflags nss) "$dir/theirs.c"
"$dir/ours" >"$dir/ours.out"
"$dir/theirs" >"$dir/theirs.out"
diff "$dir/ours.out" "$dir/theirs.out"
