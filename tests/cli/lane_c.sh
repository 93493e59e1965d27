#!/bin/sh
# The drivers of real buses on a real kernel (transports 8.4, lane C): in a virtual machine the
# kernel's own USB, HID and I2C drivers talk to a made-up FT260 board with a simulated chip.
# Installs and downloads nothing. Needs the Debian packages qemu-system-x86, busybox-static and
# cpio, and the files of a generic kernel: LANE_C_KERNEL is a package linux-image-*-amd64*.deb
# ("apt-get download" gets one) or a folder with its contents; without it, an installed one.
set -eu
here=${top_builddir:-.}
program=$here/tests/cli/lane_c
sim=$here/optiga-sim

fail() {
	echo "not ok - lane C: $*"
	exit 1
}

for tool in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio; do
	command -v "${tool%%:*}" >/dev/null || fail "needs the Debian package ${tool#*:}"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
root=$work/root
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/run/optiga" "$root/tmp" \
    "$root/modules"

kernel=${LANE_C_KERNEL:-/}
if [ -f "$kernel" ]; then
	mkdir "$work/kernel"
	dpkg-deb -x "$kernel" "$work/kernel"
	kernel=$work/kernel
fi
image=
for candidate in "$kernel"/boot/vmlinuz-*; do
	version=${candidate##*/vmlinuz-}
	for modules in "$kernel/lib/modules/$version" "$kernel/usr/lib/modules/$version"; do
		[ -r "$candidate" ] && [ -d "$modules/kernel/drivers/usb/usbip" ] &&
			image=$candidate moddir=$modules
	done
done
[ -n "$image" ] || fail "no generic kernel in $kernel; get one with \"apt-get download\" of the" \
    "package that linux-image-amd64 depends on, and set LANE_C_KERNEL to that file"

# In this order: none before those it needs.
early="usb-common usbcore usbip-core vhci-hcd hid usbhid hid-generic"
late="hid-ft260 i2c-stub i2c-dev"
for name in $early $late; do
	file=$(find "$moddir" -name "$name.ko*" | head -n 1)
	case $file in
	*.ko) cp "$file" "$root/modules/$name.ko" ;;
	*.ko.xz) xz -dc "$file" >"$root/modules/$name.ko" ;;
	"") ;; # built in, or missing: what needs it fails
	*) fail "cannot unpack $file" ;;
	esac
done

busybox=$(command -v busybox)
cp "$busybox" "$root/bin/busybox"
cp "$program" "$root/bin/lane_c"
ldd "$busybox" >/dev/null 2>&1 && fail "busybox is not static; needs the Debian package busybox-static"
for file in $(ldd "$program" | grep -o '/[^ ]*'); do
	mkdir -p "$root$(dirname "$file")"
	cp -L "$file" "$root$file"
done
"$sim" create --model trust-m-v3 --monitor off "$root/chip.img" >/dev/null

# What the machine does; each line it says as "lane_c: NAME: ANSWER" is looked at below.
{
	echo '#!/bin/busybox sh'
	echo "early='$early'"
	cat <<'INIT'
/bin/busybox --install -s /bin
export PATH=/bin OPTIGA_LOG=error
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
say() {
	name=$1
	shift
	"$@" 2>&1 | sed "s/^/lane_c: $name: /"
}
load() {
	for module in "$@"; do
		[ ! -e "/modules/$module.ko" ] || insmod "/modules/$module.ko" || echo "lane_c: $module: not loaded"
	done
}
# Until the words before -- are true.
await() {
	for i in $(seq 100); do
		eval "$1" && return
		usleep 100000
	done
	echo "lane_c: waited in vain: $1"
}
adapter() {
	grep -l "$1" /sys/bus/i2c/devices/i2c-*/name | head -n 1 | sed 's|.*/\(i2c-[0-9]*\)/name|\1|'
}
say none lane_c use ft260:
load $early
lane_c board /chip.img &
board=$!
await '[ -e /dev/hidraw1 ]'
say hid lane_c use ft260:
say hid-node lane_c use ft260:/dev/hidraw0
say uart lane_c use ft260:/dev/hidraw1
load hid-ft260
await '[ -n "$(adapter FT260)" ]'
i2c=$(adapter FT260)
say nodev lane_c use "i2c:/dev/$i2c"
load i2c-dev
await '[ -e "/dev/$i2c" ]'
say i2c lane_c use "i2c:/dev/$i2c"
say wrong lane_c use "i2c:/dev/$i2c?addr=0x31"
say taken lane_c use ft260:
insmod /modules/i2c-stub.ko chip_addr=0x30
await '[ -n "$(adapter SMBus)" ]'
say smbus lane_c use "i2c:/dev/$(adapter SMBus)"
rmmod hid-ft260
await '[ ! -e "/dev/$i2c" ] && [ -e /dev/hidraw1 ]'
say unloaded lane_c use ft260:
kill "$board"
await '[ ! -e /dev/hidraw0 ]'
say gone lane_c use "i2c:/dev/$i2c"
say unplugged lane_c use ft260:
echo "lane_c: end"
poweroff -f
INIT
} >"$root/init"
chmod 755 "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initrd"

status=0
timeout 300 qemu-system-x86_64 -accel tcg -cpu max -m 512 -nographic -no-reboot -nodefaults \
    -serial stdio -kernel "$image" -initrd "$work/initrd" \
    -append "console=ttyS0 quiet panic=1" </dev/null >"$work/raw" 2>&1 || status=$?
tr -d '\r' <"$work/raw" >"$work/console"
grep -v 'ft260_i2c_write: failed to start' "$work/console" || fail "the machine said nothing, qemu ended with $status"
case $status in
0) ;;
124) fail "the machine was not done after 300 s" ;;
*) fail "qemu ended with $status" ;;
esac
grep -q '^lane_c: end' "$work/console" || fail "the machine came to no end"

failed=0
expect() {
	if grep -qF "lane_c: $1: $2" "$work/console"; then
		echo "ok - $1"
	else
		echo "not ok - $1: $2"
		failed=1
	fi
}
error="lane_c: ft260:"
driver="$error the kernel driver hid_ft260 has the board at"
expect none "$error no FT260 (USB 0403:6030) is connected"
expect hid "ft260:: used"
expect hid-node "ft260:/dev/hidraw0: used"
expect uart "$error /dev/hidraw1 is the UART interface, use /dev/hidraw0"
expect nodev "lane_c: i2c: /dev/i2c-0: no such file; load the module: modprobe i2c-dev"
expect i2c "i2c:/dev/i2c-0: used"
expect wrong "lane_c: i2c: no answer at 0x31 on /dev/i2c-0 for 100 ms (Input/output error)"
expect taken "$driver"
expect smbus "lane_c: i2c: /dev/i2c-1 (SMBus stub driver) can do SMBus only"
expect unloaded "ft260:: used"
expect gone "lane_c: i2c: /dev/i2c-0: no such file"
expect unplugged "$error no FT260 (USB 0403:6030) is connected"
grep '^lane_c: waited' "$work/console" && failed=1
grep 'not loaded$' "$work/console" && failed=1
echo "kernel $version"
exit "$failed"
