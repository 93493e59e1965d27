#!/bin/sh
# What "make install" puts in place for real chips: the udev rule, and the directories for records
# and for binding secrets.
set -eu
: "${top_builddir:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "not ok - $*"
	exit 1
}

make -s -C "$top_builddir" install-nodist_udevrulesDATA install-nodist_tmpfilesDATA \
	udevrulesdir=/rules tmpfilesdir=/tmpfiles DESTDIR="$work" >"$work/log" 2>&1 ||
	{ cat "$work/log"; fail "make install"; }

rule=$work/rules/70-optiga.rules
conf=$work/tmpfiles/optiga.conf
# udev compares text: hexadecimal digits in lower case, without 0x.
grep -q '^SUBSYSTEM=="hidraw", ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6030", GROUP="[a-z][a-z0-9]*", MODE="0660", TAG+="uaccess"$' "$rule" ||
	fail "rule for hidraw nodes"
if grep -v '^#' "$rule" | grep -E '0x|066[67]|@'; then
	fail "rule opens too much, or not at all"
fi
echo "ok - the udev rule opens FT260 boards to a group and to the person at the seat"

group=$(sed -n 's/^SUBSYSTEM.*GROUP="\([^"]*\)".*/\1/p' "$rule")
grep -qx "d /[^ ]* 2770 root $group" "$conf" || fail "directory for records"
echo "ok - the directory for records belongs to the same group"
grep -q "^d /[^ ]*/lib/optiga/binding 0750 root $group\$" "$conf" || fail "directory for secrets at boot"

# Anybody's group will do here: the one of the device may not exist.
install() {
	make -s -C "$top_builddir" "$1" localstatedir=/var devicegroup="$(id -gn)" DESTDIR="$work" \
	    >"$work/log" 2>&1 || { cat "$work/log"; fail "make $1"; }
}
binding=$work/var/lib/optiga/binding
install install-data-local
[ "$(stat -c '%a %G' "$binding")" = "750 $(id -gn)" ] || fail "mode of $binding"
echo "ok - binding secrets have a directory that the same group reads"
chmod 0700 "$binding"
install install-data-local
[ "$(stat -c %a "$binding")" = 700 ] || fail "a directory that was there is changed"
touch "$binding/0123456789abcdef"
install uninstall-local
[ -e "$binding/0123456789abcdef" ] || fail "uninstalling removes secrets"
rm "$binding/0123456789abcdef"
install uninstall-local
[ ! -e "$work/var/lib/optiga" ] || fail "uninstalling leaves empty directories"
echo "ok - installing again and uninstalling leave what users have there"
