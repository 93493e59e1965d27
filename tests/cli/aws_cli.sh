#!/bin/sh
# The aws command line drives the stand-in through the flow of provisioning, so that the stand-in
# is not merely the mirror of our own client: signatures, paths, parameters, answers and paging are
# what Amazon's own software makes and understands.
set -eu
: "${top_builddir:=.}" "${top_srcdir:=.}"
fail() {
	echo "FAIL: $*" >&2
	[ ! -e "$dir/log" ] || tail -n 5 "$dir/log" >&2
	exit 1
}
command -v aws >/dev/null || { echo 'the Debian package awscli is missing' >&2; exit 1; }

work=$(mktemp -d)
dir=$work/standin
"$top_builddir/tests/standin/aws-standin" --dir "$dir" --page-size 2 --limit 300 &
server=$!
trap 'kill $server 2>/dev/null || :; rm -rf "$work"' EXIT
n=0
until [ -e "$dir/port" ]; do
	n=$((n + 1))
	{ [ $n -le 300 ] && kill -0 $server; } || fail 'the stand-in did not start'
	sleep 0.1
done
HOME=$work
export HOME
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN HTTPS_PROXY https_proxy
# shellcheck disable=SC1091
. "$dir/env"
url=$AWS_ENDPOINT_URL

run() { aws --endpoint-url "$url" --ca-bundle "$dir/ca.pem" --output text --no-cli-pager "$@"; }
# Version 1 of the command line has no pager to turn off.
aws --version 2>&1 | grep -q '^aws-cli/1\.' &&
	run() { aws --endpoint-url "$url" --ca-bundle "$dir/ca.pem" --output text "$@"; }
iot() { run iot "$@"; }
is() { [ "$1" = "$2" ] || fail "$3: \"$1\", not \"$2\""; }
# refused CODE COMMAND...
refused() {
	code=$1
	shift
	if iot "$@" >"$work/out" 2>&1; then fail "$*: not refused"; fi
	grep -q "($code)" "$work/out" || fail "$*: $(cat "$work/out")"
}

is "$(run sts get-caller-identity --query Account)" 123456789012 account
cat >"$work/policy.json" <<EOF
{ "Version": "2012-10-17", "Statement": [ { "Effect": "Allow", "Action": "iot:Connect", "Resource": "*" } ] }
EOF
refused ResourceNotFoundException get-policy --policy-name my_policy
iot create-policy --policy-name my_policy --policy-document "file://$work/policy.json" >/dev/null
refused ResourceAlreadyExistsException create-policy --policy-name my_policy \
	--policy-document "file://$work/policy.json"
refused MalformedPolicyException create-policy --policy-name other --policy-document '{}'
iot get-policy --policy-name my_policy --query policyDocument | grep -q iot:Connect ||
	fail 'policy document'
iot create-policy --policy-name 'a+b=c,d.e@f-g' --policy-document "file://$work/policy.json" >/dev/null
iot create-policy --policy-name third --policy-document "file://$work/policy.json" >/dev/null
is "$(iot list-policies --query 'policies[].policyName' | wc -w)" 3 'policies through all pages'

is "$(iot create-thing --thing-name line:7 --query thingArn)" \
	arn:aws:iot:eu-central-1:123456789012:thing/line:7 thing
is "$(iot create-thing --thing-name line:7 --query thingName)" line:7 'the same thing again'
refused ResourceAlreadyExistsException create-thing --thing-name line:7 \
	--attribute-payload '{"attributes":{"a":"b"}}'
is "$(iot describe-thing --thing-name line:7 --query version)" 1 version

openssl ecparam -genkey -name prime256v1 -noout -out "$work/key.pem"
openssl req -new -key "$work/key.pem" -out "$work/csr.pem" \
	-subj '/C=DE/ST=Bayern/O=Infineon Technologies AG/CN=OPTIGA(TM) Trust IoT'
arn=
for _ in 1 2 3; do
	arn=$(iot create-certificate-from-csr --no-set-as-active \
		--certificate-signing-request "file://$work/csr.pem" --query certificateArn)
done
id=${arn##*/}
is "$(iot describe-certificate --certificate-id "$id" --query certificateDescription.status)" \
	INACTIVE status
iot describe-certificate --certificate-id "$id" \
	--query certificateDescription.certificatePem >"$work/cert.pem"
is "$(openssl x509 -in "$work/cert.pem" -outform der | sha256sum | cut -d' ' -f1)" "$id" 'SHA-256'
is "$(openssl x509 -in "$work/cert.pem" -outform der | wc -c)" 725 'size of the published sample'
openssl verify -CAfile "$dir/issuer.pem" "$work/cert.pem" >/dev/null || fail 'the issuer'
openssl x509 -in "$work/cert.pem" -pubkey -noout >"$work/cert.pub"
openssl pkey -in "$work/key.pem" -pubout | cmp -s - "$work/cert.pub" || fail 'public key'
# Newest first, two on a page.
iot list-certificates --query 'certificates[].certificateId' | tr '\t' '\n' >"$work/ids"
is "$(wc -l <"$work/ids")" 3 'certificates through all pages'
is "$(iot list-certificates --no-paginate --query 'certificates[0].certificateId')" "$id" 'the newest'
iot list-certificates --ascending-order --query 'certificates[].certificateId' | tr '\t' '\n' |
	tac | cmp -s - "$work/ids" || fail 'ascending order'
echo nonsense >"$work/bad.pem"
refused InvalidRequestException create-certificate-from-csr \
	--certificate-signing-request "file://$work/bad.pem"

iot attach-policy --policy-name my_policy --target "$arn"
iot attach-thing-principal --thing-name line:7 --principal "$arn"
iot update-certificate --certificate-id "$id" --new-status ACTIVE
is "$(iot list-attached-policies --target "$arn" --query 'policies[0].policyName')" my_policy policies
is "$(iot list-targets-for-policy --policy-name my_policy --query 'targets[0]')" "$arn" targets
is "$(iot list-thing-principals --thing-name line:7 --query 'principals[0]')" "$arn" principals
is "$(iot list-principal-things --principal "$arn" --query 'things[0]')" line:7 things
host=$(iot describe-endpoint --endpoint-type iot:Data-ATS --query endpointAddress)
is "$host" "$(iot describe-endpoint --endpoint-type iot:Data-ATS --query endpointAddress)" endpoint
is "$(iot get-registration-code --query registrationCode | wc -c)" 65 'registration code'
is "$(grep -c '"status": "ACTIVE"' "$dir/state.json")" 1 'the state'

refused CertificateStateException delete-certificate --certificate-id "$id"
iot update-certificate --certificate-id "$id" --new-status INACTIVE
refused DeleteConflictException delete-certificate --certificate-id "$id"
refused DeleteConflictException delete-policy --policy-name my_policy
iot detach-policy --policy-name my_policy --target "$arn"
refused DeleteConflictException delete-certificate --certificate-id "$id"
iot detach-thing-principal --thing-name line:7 --principal "$arn"
iot delete-certificate --certificate-id "$id"
refused ResourceNotFoundException describe-certificate --certificate-id "$id"
iot delete-thing --thing-name line:7
iot delete-policy --policy-name my_policy
refused ResourceNotFoundException get-policy --policy-name my_policy

# Types, groups, CAs of one's own: through the library that the command line is made of.
ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -out "$work/$1.pem" \
	-subj "/CN=$1" -addext "basicConstraints=critical,$2" 2>/dev/null; }
leaf() {
	openssl req -new -key "$work/key.pem" -out "$work/$1.csr" -subj "/CN=$2"
	openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -out "$work/$1.pem" 2>/dev/null
}
ca ca CA:TRUE
ca noca CA:FALSE
leaf proof "$(iot get-registration-code --query registrationCode)"
leaf other 0123
leaf device device
/usr/bin/python3 "$top_srcdir/tests/cli/aws_calls.py" "$work" "$url" || fail "the client library"

# Keys: temporary ones with and without their token, a wrong secret, an unknown ID.
export AWS_ACCESS_KEY_ID=ASIASTANDIN000000002
export AWS_SECRET_ACCESS_KEY='StandIn+Secret/Key=00000000000000000002'
refused UnrecognizedClientException list-certificates
export AWS_SESSION_TOKEN='StandInToken//With+Slash/Plus+And=Equals=='
iot list-certificates >/dev/null || fail 'temporary keys'
AWS_SECRET_ACCESS_KEY=wrong
refused InvalidSignatureException list-certificates
AWS_ACCESS_KEY_ID=AKIANOBODY
refused UnrecognizedClientException list-certificates
if run sts get-caller-identity >"$work/out" 2>&1; then fail 'sts: not refused'; fi
grep -q '(InvalidClientTokenId)' "$work/out" || fail "sts: $(cat "$work/out")"
echo PASS
