#!/bin/sh
# The page of "show --html" in a browser: what is in it, what it looks like, and that a hostile
# certificate does nothing.
# shellcheck disable=SC2154 # assigned in prov_lib.sh
set -eu
# shellcheck source=tests/cli/prov_lib.sh disable=SC1091
. "${top_srcdir:-.}/tests/cli/prov_lib.sh"
page() { /usr/bin/python3 "$top_srcdir/tests/cli/prov_page.py" "$@" || fail "$*"; }
browser() {
	timeout 60 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/browser" \
		"$@" 2>browser.log || fail "chromium: $(tail -n 3 browser.log)"
}

export pin_option=
"$top_builddir/optiga-sim" create --model trust-m-v3 --monitor off --speed 0.01 chip.img
OPTIGA_DEVICE=sim:$work/chip.img module=$top_builddir/.libs/optiga-pkcs11.so
export OPTIGA_DEVICE
ec=$vectors/vendor-ec.jsn

# A certificate for the chip's key whose names are script, and a name for the key that is markup.
attack='<script>document.title="taken"</script>'
expect 0 '' csr --ca local --out new.csr "$ec"
openssl req -in new.csr -noout -pubkey >new.pub 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 90 \
	-subj '/CN=Plant & Söhne "CA"' -utf8 2>/dev/null
echo "subjectAltName = DNS:$attack" >ext
openssl x509 -new -force_pubkey new.pub -CA ca.pem -CAkey ca.key -days 60 -extfile ext -out new.pem \
	-subj "/O=$(printf '\033[31m')/CN=$(printf '%s' "$attack" | sed 's,/,\\/,g')" 2>/dev/null
expect 0 '' write --in new.pem --slot second
p11tool --provider "$module" --batch --set-label '"><img src=x onerror=f()>' \
	"pkcs11:id=%E0%F1;type=private" >/dev/null 2>&1
expect 0 "$attack" show
! grep -q "$(printf '\033')" out || fail 'an escape sequence reached the terminal'

expect 0 '' show --json
cp out shown
expect 0 '' show --html page.html
page elements page.html "$attack" '"><img src=x onerror=f()>' 'Plant & Söhne' '\1B[31m' \
	'until locked or over the shielded connection' 'E0F3 fourth' 'Authority Key Identifier'
ok 'elements'

title=$(jq -r .token shown)
browser --dump-dom "file://$work/page.html" >dom
grep -q "<title>$title</title>" dom || fail 'the title changed'
! grep -q '<script\|<img' dom || fail 'names became elements'
# Were names not escaped, the page's policy would still stop them; without that, they would run.
sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g' page.html >broken.html
browser --dump-dom "file://$work/broken.html" >dom
grep -q '<script>' dom || fail 'there was nothing to stop'
grep -q "<title>$title</title>" dom || fail 'the policy did not stop a script'
grep -v Content-Security-Policy broken.html >open.html
browser --dump-dom "file://$work/open.html" >dom
grep -q '<title>taken<' dom || fail 'this browser runs no scripts: the test says nothing'
ok 'a hostile certificate'

browser --window-size=1200,1400 --screenshot="$work/page.png" "file://$work/page.html" >/dev/null
page picture page.png shown
ok 'slots, pairs and bars'
browser --window-size=500,1400 --force-dark-mode --screenshot="$work/small.png" "file://$work/page.html" >/dev/null
page small small.png
ok 'small and dark'
browser --no-pdf-header-footer --print-to-pdf="$work/page.pdf" "file://$work/page.html" >/dev/null
pages=$(grep -ac '/Type /Page$' page.pdf) || :
if [ "$pages" -lt 2 ] || [ "$pages" -gt 12 ]; then fail "$pages pages"; fi
ok "on paper, $pages pages"
