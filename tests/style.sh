#!/bin/sh
# The format of C files, of shell scripts and of man pages, by the tools that know it.
set -eu
cd "${top_srcdir:-$(dirname "$0")/..}"
clang-format --dry-run -Werror hal/*/*.[ch] pkcs11/*.[ch] pkcs11/store/*.[ch] provision/*.[ch] tests/*/*.[ch]
shellcheck quickstart autogen.sh tests/*.sh tests/*/*.sh
shellcheck -s bash completion/optiga-provision
for page in man/*.[1-8]; do
	[ ! -e "$page" ] || mandoc -T lint -W warning "$page"
done
