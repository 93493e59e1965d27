#!/bin/sh
# optiga-provision and "openssl ca" on one CA, by turns: neither trips over what the other kept.
# shellcheck disable=SC2154,SC2034 # assigned in prov_lib.sh, used there
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
module=none pin_option=

# request NAME [RSA-BITS]: NAME.csr for a key of its own.
request() {
	kind="ec -pkeyopt ec_paramgen_curve:P-256"
	[ -z "${2:-}" ] || kind="rsa:$2"
	# shellcheck disable=SC2086
	openssl req -new -newkey $kind -nodes -keyout "$1.key" -subj "/C=DE/O=Straße/CN=$1" -utf8 -out "$1.csr" 2>/dev/null
}
# ca ARGUMENTS...: openssl's, on our directory.
ca() { flock "$dir/lock" openssl ca -config "$dir/openssl.cnf" -batch "$@" 2>log || { cat log >&2; fail "openssl ca $*"; }; }
serial() { openssl x509 -in "$1" -noout -serial | cut -d= -f2; }
sorted() { cut -f4 "$dir/index.txt" | sort; }

for made in ours-first ours-with-intermediate; do
	dir="$made \$x"
	anchor="$dir/ca.pem"
	chain=
	if [ "$made" = ours-with-intermediate ]; then
		expect 0 'made' ca init "$dir" --intermediate --ca-key rsa:2048
		openssl verify -CAfile "$anchor" "$dir/intermediate/ca.pem" >/dev/null || fail 'the intermediate'
		chain="-untrusted $work/$dir/intermediate/ca.pem"
	fi
	top=$dir
	[ -z "$chain" ] || dir=$dir/intermediate
	verify() {
		if [ -z "$chain" ]; then openssl verify -CAfile "$anchor" "$@"
		else openssl verify -CAfile "$anchor" -untrusted "$dir/ca.pem" "$@"; fi >/dev/null
	}
	for n in 1 2; do
		request "ours$n"
		expect 0 '' sign --ca "local:$top" --in "ours$n.csr" --out "ours$n.pem"
		request "theirs$n"
		ca -in "theirs$n.csr" -out "theirs$n.pem" -notext
		verify "ours$n.pem" "theirs$n.pem" || fail 'verify'
	done
	expect 0 '' sign --ca "local:$top" --in ours1.csr --out again.pem
	cmp ours1.pem again.pem || fail 'issued twice'
	# What openssl issued is given again as well.
	expect 0 '' sign --ca "local:$top" --in theirs1.csr --out again.pem
	[ "$(serial again.pem)" = "$(serial theirs1.pem)" ] || fail 'issued twice, once by openssl'

	ca -revoke "$dir/newcerts/$(serial ours1.pem).pem"
	ca -gencrl -out crl.pem
	openssl crl -in crl.pem -noout -text | grep -q "$(serial ours1.pem)" || fail 'the revoked one is not in the CRL'
	expect 0 '' sign --ca "local:$top" --in ours1.csr --out again.pem
	[ "$(serial again.pem)" != "$(serial ours1.pem)" ] || fail 'a revoked certificate was given again'
	request late 2048
	expect 0 '' sign --ca "local:$top" --in late.csr --out late.pem
	verify late.pem || fail 'RSA'
	ca -updatedb
	# Its exit status says nothing (3.0).
	openssl ca -config "$dir/openssl.cnf" -status "$(serial late.pem)" >log 2>&1 || :
	grep -q 'Valid (V)' log || fail 'openssl does not know what we issued'
	[ "$(wc -l <"$dir/index.txt")" -eq 6 ] || fail 'the index lacks a certificate'
	[ "$(sorted | uniq -d)" = '' ] || fail 'a number was used twice'
	for number in $(sorted); do
		[ "$(serial "$dir/newcerts/$number.pem")" = "$number" ] || fail "newcerts/$number.pem"
	done
	ok "$made: by turns"
done

# Several of ours and several of theirs at once, all under the lock.
dir=busy
request first
expect 0 '' sign --ca local:busy --in first.csr --out first.pem
pids=
for n in 1 2 3; do
	for who in a b; do request "$who$n"; done
	"$top_builddir/optiga-provision" sign --ca local:busy --in "a$n.csr" --out "a$n.pem" 2>"err.a$n" &
	pids="$pids $!"
	flock busy/lock openssl ca -config busy/openssl.cnf -batch -in "b$n.csr" -out "b$n.pem" 2>"err.b$n" &
	pids="$pids $!"
done
for pid in $pids; do wait "$pid" || { cat err.* >&2; fail 'at once'; }; done
[ "$(wc -l <busy/index.txt):$(sorted | uniq -d)" = 7: ] || fail 'at once: the index'
ok 'at once'

# Killed at each step of making a CA and issuing: the next run completes, nothing is used twice, and
# openssl takes the records.
killat=$top_builddir/tests/cli/.libs/killat.so
killed() { KILL_COUNT=steps LD_PRELOAD=$killat ASAN_OPTIONS=verify_asan_link_order=0 \
	"$top_builddir/optiga-provision" sign --ca local:cut --in "$1.csr" --out "$1.pem" 2>err; }
request one
request two
rm -rf cut
killed one || fail 'the program does not run under the killer'
steps=$(cat steps)
[ "$steps" -ge 20 ] || fail "only $steps steps"
at=0
while [ "$at" -lt "$steps" ]; do
	at=$((at + 1))
	rm -rf cut one.pem
	! (KILL_AT=$at; export KILL_AT; killed one) 2>/dev/null || fail "not killed at step $at"
	for name in one two one; do
		expect 0 '' sign --ca local:cut --in "$name.csr" --out "$name.pem"
	done
	openssl verify -CAfile cut/ca.pem one.pem two.pem >/dev/null || fail "killed at $at: the certificates"
	dir="cut"
	[ "$(wc -l <cut/index.txt):$(sorted | uniq -d)" = 2: ] || fail "killed at $at: the index"
	[ $((at % 5)) -ne 0 ] || ca -gencrl -out crl.pem
	[ -z "$(find cut -size 0 ! -name lock ! -name '*.tmp')" ] || fail "killed at $at: an empty file"
done
ok "killed at $steps steps"

# A key with a passphrase: from a file, from the terminal, and neither.
openssl pkey -in busy/ca.key -aes256 -passout pass:geheim -out encrypted && cat encrypted >busy/ca.key
request secret
echo geheim >pass
setsid "$top_builddir/optiga-provision" sign --ca local:busy --in secret.csr --out secret.pem 2>err </dev/null &&
	fail 'signed without a passphrase'
grep -q 'there is no terminal to ask at' err || fail 'no word about the passphrase'
grep -q -- '--ca-pass-file' err || fail 'no hint'
expect 0 '' sign --ca local:busy --ca-pass-file pass --in secret.csr --out secret.pem
request typed
(sleep 1; echo geheim) | script -qefc "'$top_builddir/optiga-provision' sign --ca local:busy --in typed.csr --out typed.pem" typescript >out ||
	{ cat typescript >&2; fail 'typed passphrase'; }
grep -q 'Passphrase of' typescript || fail 'not asked'
! grep -q geheim busy/index.txt typescript out err || fail 'the passphrase shows'
ok 'passphrases'
