#!/bin/sh
# optiga-provision against an EST server on loopback: known by the chip's factory key, by another key of
# the chip, by name and password, or not; and answers that are no good.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
sim_token
ec=$vectors/vendor-ec.jsn rsa=$vectors/vendor-rsa.jsn
"$top_builddir/optiga-sim" vendor-ca --model trust-m-v3 >vendor.pem
est_server() {
	[ -z "$server" ] || { kill "$server"; wait "$server" 2>/dev/null || :; }
	rm -rf est
	mkdir est
	"$top_builddir/tests/est/est-server" --dir est "$@" &
	server=$!
	n=0
	until [ -e est/port ]; do
		n=$((n + 1))
		{ [ "$n" -le 300 ] && kill -0 "$server"; } || fail 'the EST server did not start'
		sleep 0.05
	done
	url=https://127.0.0.1:$(cat est/port)
}
fault() { if [ "$1" = none ]; then rm -f est/fault; else echo "$1" >est/fault; fi; }
requests() { grep -c "$1" est/log || :; }
issued() { if [ -e est/issued ]; then wc -l <est/issued; else echo 0; fi; }
seen() { "$top_builddir/optiga-provision" --module "$module" show --json | jq -r "$1"; }
certs() { seen '[.certificates[] | select(.oid == "E0E1")] | length'; }
new_chip() {
	rm -rf chip.img state
	sim_token
}
est="--ca-bundle est/tls.pem --est-client factory"
# way STATUS WORDS ARGUMENTS...: run against the server.
way() {
	want_status=$1 want_words=$2
	shift 2
	# shellcheck disable=SC2086 # several options
	expect "$want_status" "$want_words" run --ca "est:$url" $est "$@"
}

# The factory key of the chip signs the handshake; what comes goes to the chip with its issuer.
est_server --client-cert vendor.pem
way 0 provisioned "$ec"
[ "$(requests 'POST .* 200 TLSv1.3 - /')" -eq 1 ] || fail 'no request with the factory certificate'
who=$(seen '.certificates[] | select(.oid == "E0E0").subject' | sed 's/.*CN = //')
grep POST est/log | grep -qF -- "CN=$who" || fail "the client was not \"$who\""
[ "$(certs)" -eq 2 ] || fail 'leaf and issuer are not both on the chip'
way 0 'nothing to do' "$ec"
[ "$(issued)" -eq 1 ] || fail 'issued twice'
# shellcheck disable=SC2086
expect 0 'chain        ok' verify --ca "est:$url" $est "$ec"
# What was issued by somebody else is named; and when nobody can tell, nothing is changed.
expect 0 '' run --ca local:ca "$rsa"
way 1 'another certificate already' "$rsa"
fault cacerts
way 1 'cacerts' "$ec"
fault none
[ "$(issued)" -eq 1 ] || fail 'asked without need'
# The new key may be who asks, next time, also as RSA.
est="--ca-bundle est/tls.pem --est-client five"
sed 's/0xE0F1/third/' "$ec" >third.jsn
# Only the factory's certificates are trusted here: the server breaks it off, and nothing was sent.
way 1 'cacerts:' third.jsn
[ "$(issued)" -eq 1 ] || fail 'issued to a stranger'
est_server --client-cert ca/ca.pem
way 0 provisioned third.jsn
[ "$(requests 'POST .* 200 TLSv1.2 - /')" -eq 1 ] || fail 'no request with the RSA key'
est="--ca-bundle est/tls.pem"
way 1 'cacerts:' "$ec"
est="--ca-bundle est/tls.pem --est-client fourth"
way 1 'has no key' "$rsa" --replace
ok 'mutual TLS with keys of the chip'

# A server that cannot be trusted, is not there, or is not one.
new_chip
est_server --client-cert vendor.pem
est="--est-client factory"
way 1 'give the CA certificates that verify it' "$ec"
est="--est-client factory --ca-bundle est/root.pem"
way 1 'give the CA certificates that verify it' "$ec"
[ ! -e est/log ] || fail 'something was sent to a server nobody knows'
est="--ca-bundle est/tls.pem --est-client factory"
good=$url
url=$good/.well-known/est/
way 0 provisioned "$ec"
new_chip
url=$good/elsewhere
way 1 'is the path of the URL right?' "$ec"
url=https://127.0.0.1:1
way 1 'cacerts:' "$ec"
for url in http://127.0.0.1:1 https:// https://:9 https://a:b@127.0.0.1 'https://127.0.0.1/?a' ftp://a; do
	way 1 '--ca est:' "$ec"
done
expect 2 'lacks ":URL"' run --ca est "$ec"
url=$good
ok 'other servers'

# Answers: each has its words, none leaves anything on the chip, and then it works.
while read -r name status words; do
	fault "$name"
	way "$status" "$words" "$ec"
	[ "$(certs)" -eq 0 ] || fail "$name: a certificate was written"
done <<'END'
later 3 says to ask again in 17 seconds
401 1 give --est-client factory
403 1 not you?[31m
500 1 it had the request
503 1 it is not ready
redirect 1 it sends elsewhere
truncated 1 it had the request
half 1 no PKCS #7
type 1 is of type "text/html"
not-base64 1 is not base64
garbage 1 no PKCS #7
trailing 1 no PKCS #7
oversized 1 the answer is too long
empty 1 no PKCS #7
silent 1 it had the request
other-key 1 the certificate is for another key
two-leafs 1 belongs to another device
two-for-key 1 two certificates for this key
elsewhere 1 does not lead to a CA in its cacerts
cacerts 1 it failed (HTTP status 500): no cacerts
END
fault none
way 0 provisioned "$ec"
new_chip
fault by-root
way 0 provisioned "$ec"
[ "$(certs)" -eq 1 ] || fail 'the root went to the chip'
fault none
ok 'answers that are no good'

# Name and password, and both ways at once; step by step, where there is no chip.
new_chip
est_server --user board:geheim
echo geheim >password
echo falsch >wrong
est="--ca-bundle est/tls.pem --est-user board --est-password-file wrong"
way 1 'HTTP status 401' "$ec"
est="--ca-bundle est/tls.pem"
way 1 'HTTP status 401' "$ec"
est="--ca-bundle est/tls.pem --est-password-file password"
way 1 'without --est-user' "$ec"
est="--ca-bundle est/tls.pem --est-user a:b --est-password-file password"
way 1 'no colon' "$ec"
est="--ca-bundle est/tls.pem --est-user board --est-password-file password"
way 0 provisioned -v "$ec"
! grep -q 'geheim\|Basic' out err est/log || fail 'the password shows'
[ "$(requests 'known -$')" -ge 2 ] || fail 'not known by name'
expect 0 '' csr --ca "est:$url" --out a.csr "$ec"
# shellcheck disable=SC2086
expect 0 '' sign --ca "est:$url" $est --in a.csr --out a.pem
[ "$(grep -c BEGIN a.pem)" -eq 2 ] || fail 'sign left the issuer out'
expect 1 'there is no chip at hand' sign --ca "est:$url" --est-client factory --in a.csr --out a.pem
est_server --user board:geheim --client-cert vendor.pem
new_chip
est="$est --ca-bundle est/tls.pem --est-client factory"
way 0 provisioned "$ec"
[ "$(requests '200 .* known /')" -ge 2 ] || fail 'not known both ways'
ok 'name and password'
