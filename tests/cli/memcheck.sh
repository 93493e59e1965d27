#!/bin/sh
# Our programs under valgrind, once through their main job: a chip made, provisioned, shown,
# verified, provisioned again. Run by make memcheck; the module is loaded and checked with them.
set -eu
build=${top_builddir:?is set by make} src=${top_srcdir:?is set by make}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export OPTIGA_DEVICE="sim:$dir/chip.img" XDG_STATE_HOME="$dir/state" XDG_DATA_HOME="$dir/data"

check() {
	valgrind --quiet --error-exitcode=80 --leak-check=full --errors-for-leak-kinds=definite \
		--suppressions="$src/tests/valgrind.supp" "$@" >"$dir/out" 2>"$dir/err" || {
		status=$?
		cat "$dir/out" "$dir/err"
		echo "FAILED ($status): $*"
		exit 1
	}
	shift $(($# > 3 ? 3 : $#))
	echo "ok - ${*:-program}"
}

provision() {
	check "$build/optiga-provision" --module "$build/.libs/optiga-pkcs11.so" "$@"
}

check "$build/optiga-sim" create --model trust-m-v3 "$dir/chip.img"
check "$build/optiga-sim" show "$dir/chip.img"
check "$build/optiga-sim" show --json "$dir/chip.img"
check "$build/optiga-sim" vendor-ca
provision run --ca "local:$dir/ca" "$src/tests/vectors/vendor-ec.jsn"
provision run --ca "local:$dir/ca" "$src/tests/vectors/vendor-ec.jsn"
grep -q 'nothing to do' "$dir/out"
provision show --json
provision verify --ca "local:$dir/ca" "$src/tests/vectors/vendor-ec.jsn"
export OPTIGA_BINDING_DIR="$dir/binding"
provision pair
provision pair --status
provision lock --json --policy "$src/provision/locks/key-of-this-host.json" --slot second --irreversible --yes
grep -q '"result": "locked"' "$dir/out"
