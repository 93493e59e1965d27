#!/bin/sh
# PyKCS11, the Python binding: objects found, made and changed, by a program that looks at each attribute.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need openssl pkcs11-tool
# Debian's Python has Debian's packages; another may come first in the path.
python=/usr/bin/python3
"$python" -c 'import PyKCS11' || fail 'PyKCS11 is not installed'
new_chip
new_ca
client PyKCS11 python3-pykcs11
device_key device

works 'find, sign'
manual PyKCS11 > "$tmp/sign.py"
M=$module "$python" "$tmp/sign.py" > "$tmp/hex"
[ "$(wc -c < "$tmp/hex")" = 129 ] || fail 'two numbers of 32 bytes'

# Another certificate for the same key and name.
issue "$tmp/device.pub" device "$tmp/other.pem"
openssl x509 -in "$tmp/other.pem" -outform DER -out "$tmp/other.der"
cat > "$tmp/program.py" <<'END'
import hashlib
import os
import PyKCS11 as p

lib = p.PyKCS11Lib()
lib.load(os.environ['M'])
slot = lib.getSlotList(tokenPresent=True)[0]
device = open('device.der', 'rb').read()
other = open('other.der', 'rb').read()


def find(session, *template):
    return session.findObjects(list(template))


def value(session, obj, attribute):
    got = session.getAttributeValue(obj, [attribute])[0]
    return bytes(got) if isinstance(got, (tuple, list)) else got


def works(what):
    print('works', what, flush=True)


def fails(code, function, *args):
    try:
        function(*args)
    except p.PyKCS11Error as e:
        assert e.value == code, (e, code)
    else:
        raise AssertionError('succeeded')


works('information')
info = lib.getTokenInfo(slot)
assert info.label.startswith('OPTIGA ') and info.model.strip() == 'Trust M V3', info
for m in lib.getMechanismList(slot):
    lib.getMechanismInfo(slot, m)

works('attributes')
ro = lib.openSession(slot)
assert ro.getSessionInfo().state == p.CKS_RO_PUBLIC_SESSION
for obj in ro.findObjects():
    d = obj.to_dict()
    assert d['CKA_TOKEN'], d
private, = find(ro, (p.CKA_CLASS, p.CKO_PRIVATE_KEY), (p.CKA_ID, (0xe0, 0xf1)))
public, = find(ro, (p.CKA_CLASS, p.CKO_PUBLIC_KEY), (p.CKA_ID, (0xe0, 0xf1)))
for attribute, want in ((p.CKA_SENSITIVE, True), (p.CKA_EXTRACTABLE, False), (p.CKA_LOCAL, True),
                        (p.CKA_SIGN, True), (p.CKA_ALWAYS_AUTHENTICATE, False),
                        (p.CKA_KEY_TYPE, p.CKK_EC), (p.CKA_LABEL, 'device'),
                        (p.CKA_EC_PARAMS, bytes.fromhex('06082a8648ce3d030107'))):
    assert value(ro, private, attribute) == want, p.CKA[attribute]
assert ro.getAttributeValue(private, [p.CKA_VALUE]) == [None]
point = value(ro, public, p.CKA_EC_POINT)
assert point[:3] == b'\x04\x41\x04' and len(point) == 67

works('verify')
for mechanism in p.CKM_ECDSA_SHA256, p.CKM_ECDSA_SHA512:
    data = b'x' * 1000
    signature = ro.sign(private, data, p.Mechanism(mechanism))
    assert ro.verify(public, data, signature, p.Mechanism(mechanism))
    assert not ro.verify(public, data + b'x', signature, p.Mechanism(mechanism))

works('certificates by value and subject')
cert, = find(ro, (p.CKA_VALUE, device))
subject = value(ro, cert, p.CKA_SUBJECT)
assert [o.value() for o in find(ro, (p.CKA_SUBJECT, subject))] == [cert.value()]
assert value(ro, cert, p.CKA_ISSUER) and value(ro, cert, p.CKA_SERIAL_NUMBER)
fails(p.CKR_SESSION_READ_ONLY, ro.destroyObject, cert)

works('create, rename, destroy')
rw = lib.openSession(slot, p.CKF_SERIAL_SESSION | p.CKF_RW_SESSION)
rw.destroyObject(cert)
assert not find(rw, (p.CKA_VALUE, device))
# No more than the standard demands; issuer and serial number come from the certificate.
new = rw.createObject([(p.CKA_CLASS, p.CKO_CERTIFICATE), (p.CKA_CERTIFICATE_TYPE, p.CKC_X_509),
                       (p.CKA_TOKEN, True), (p.CKA_SUBJECT, subject), (p.CKA_VALUE, other)])
assert value(rw, new, p.CKA_ID) == b'\xe0\xf1'
assert value(rw, new, p.CKA_ISSUER) and value(rw, new, p.CKA_SERIAL_NUMBER)
rw.setAttributeValue(new, [(p.CKA_LABEL, 'renamed')])
seen, = find(ro, (p.CKA_LABEL, 'renamed'), (p.CKA_CLASS, p.CKO_CERTIFICATE))
assert value(ro, seen, p.CKA_VALUE) == other and seen.value() == new.value()
fails(p.CKR_TEMPLATE_INCOMPLETE, rw.createObject, [(p.CKA_CLASS, p.CKO_CERTIFICATE)])

works('generate')
common = [(p.CKA_TOKEN, True), (p.CKA_ID, tuple(range(20))), (p.CKA_LABEL, 'pump 7')]
public, private = rw.generateKeyPair(
    common + [(p.CKA_EC_PARAMS, bytes.fromhex('06082a8648ce3d030107')), (p.CKA_VERIFY, True)],
    common + [(p.CKA_PRIVATE, True), (p.CKA_SENSITIVE, True), (p.CKA_SIGN, True)],
    p.Mechanism(p.CKM_EC_KEY_PAIR_GEN))
signature = rw.sign(private, b'data', p.Mechanism(p.CKM_ECDSA_SHA256))
assert rw.verify(public, b'data', signature, p.Mechanism(p.CKM_ECDSA_SHA256))
assert len(find(ro, (p.CKA_ID, tuple(range(20))))) == 2

works('digest, random')
assert bytes(ro.digest(b'data', p.Mechanism(p.CKM_SHA256))) == hashlib.sha256(b'data').digest()
assert len(set(bytes(ro.generateRandom(32)) for _ in range(4))) == 4

works('login')
ro.login('any')
assert rw.getSessionInfo().state == p.CKS_RW_USER_FUNCTIONS
fails(p.CKR_USER_ALREADY_LOGGED_IN, rw.login, 'any')
ro.logout()
assert rw.getSessionInfo().state == p.CKS_RW_PUBLIC_SESSION
lib.closeAllSessions(slot)
fails(p.CKR_SESSION_HANDLE_INVALID, ro.getSessionInfo)
END
(cd "$tmp" && M=$module "$python" program.py) > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail program.py; }
sed -n 's/^works //p' "$tmp/log" > "$tmp/done"
while read -r what; do
	works "$what"
done < "$tmp/done"
