#!/bin/sh
# nginx with libp11's engine: workers, forked when the key is open already, sign with it.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
# shellcheck disable=SC2016 # nginx's own variable
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
PATH=$PATH:/usr/sbin
need nginx openssl curl pkcs11-tool
client 'nginx, engine' nginx
new_chip
new_ca
device_key localhost
client_key

# Apart from the port: no privileges, nothing outside the directory of the test; and it says who answers.
free_port
{
	[ "$(id -u)" != 0 ] || echo 'user root;'
	echo "daemon off; pid $tmp/pid; error_log stderr notice;"
	manual nginx 1 | sed -e "s/8443/127.0.0.1:$port/" -e 's/"OK/"OK $pid/' -e '/^http {/a\
		access_log off; keepalive_timeout 0; ssl_session_tickets off; client_body_temp_path body; \
		proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;'
} > "$tmp/nginx.conf"
serve env PKCS11_MODULE_PATH="$module" nginx -e stderr -p "$tmp" -c "$tmp/nginx.conf"

works 'server key, TLS 1.2 and 1.3'
for v in -tls1_2 -tls1_3; do
	ask_server OK $v
done

works 'forked workers at once'
for v in '--tls-max 1.2' --tlsv1.3; do
	# shellcheck disable=SC2086 # words on purpose
	seq 40 | xargs -P 8 -I @ curl -sS $v --max-time 60 --cacert "$tmp/ca.pem" \
		-o "$tmp/page.@" "https://localhost:$port/" || { cat "$tmp/server.log"; fail 'no answer'; }
	cat "$tmp"/page.* | grep -c '^OK' | grep -qx 40 || fail '40 pages expected'
	cat "$tmp"/page.* >> "$tmp/pages"
	rm "$tmp"/page.*
done
[ "$(sort -u "$tmp/pages" | wc -l)" -ge 2 ] || { cat "$tmp/pages"; fail 'all by one worker'; }

works 'new workers after a reload'
old=$(sed -n 's/^OK //p' "$tmp/pages" | head -n 1)
gone() {
	! kill -0 "$old" 2> /dev/null
}
kill -HUP "$(cat "$tmp/pid")"
wait_for "$tmp/server.log" gone
for v in -tls1_2 -tls1_3; do
	ask_server OK $v
done

if grep -E 'exited on signal|\[(alert|crit|emerg)\]' "$tmp/server.log"; then
	fail 'something went wrong in a worker'
fi
