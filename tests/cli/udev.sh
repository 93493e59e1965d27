#!/bin/sh
# What "make install" puts in place for real chips: the udev rule and the directory for records.
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
