#!/bin/sh
# Java's SunPKCS11: keytool, jarsigner, and programs that sign and make TLS connections.
# shellcheck disable=SC1091,SC2154 # client-lib.sh sets them
set -eu
. "${top_srcdir:?}/tests/cli/client-lib.sh"
need java keytool jarsigner jar openssl pkcs11-tool
new_chip
new_ca
client 'Java SunPKCS11' "$(java -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p')"
# One thread of a compiler, little memory: these programs are short, and others run beside them.
export JAVA_TOOL_OPTIONS='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto'

typed() { # n, text that must be in the output
	type_manual Java "$1" > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail "block $1 of the manual"; }
	[ $# = 1 ] || grep -q -e "$2" "$tmp/log" || { cat "$tmp/log"; fail "\"$2\" is not in it"; }
}

manual Java 1 | sed "s|^library = .*|library = $module|" > "$tmp/optiga.cfg"
device_key device

works 'keytool -list'
typed 2 'device, PrivateKeyEntry'
grep -q 'e0f0, PrivateKeyEntry' "$tmp/log" || fail 'the factory key is no entry'

works 'keytool -certreq, jarsigner'
(cd "$tmp" && jar cf app.jar ca.pem 2> /dev/null)
typed 3 'jar signed'
openssl req -in "$tmp/again.csr" -verify -noout
openssl req -in "$tmp/again.csr" -pubkey -noout | cmp - "$tmp/device.pub"
shows 'jar verified' jarsigner -verify "$tmp/app.jar"

works 'Signature, random numbers, four threads'
cat > "$tmp/Sign.java" <<'END'
import java.nio.file.*;
import java.security.*;
import java.util.concurrent.*;

public class Sign {
	public static void main(String[] args) throws Exception {
		Provider chip = Security.getProvider("SunPKCS11").configure("optiga.cfg");
		Security.addProvider(chip);
		KeyStore keys = KeyStore.getInstance("PKCS11", chip);
		keys.load(null, null);
		PrivateKey key = (PrivateKey) keys.getKey("device", null);
		PublicKey there = keys.getCertificate("device").getPublicKey();
		byte[] data = new byte[100000];
		SecureRandom.getInstance("PKCS11", chip).nextBytes(data);
		Files.write(Path.of("data"), data);
		for (String alg : new String[] { "SHA256withECDSA", "SHA384withECDSA",
		    "SHA512withECDSA" }) {
			Signature s = Signature.getInstance(alg);
			s.initSign(key);
			if (s.getProvider() != chip)
				throw new Exception(alg + " is not the chip's");
			s.update(data);
			Files.write(Path.of(alg), s.sign());
			s = Signature.getInstance(alg, chip);
			s.initVerify(there);
			s.update(data);
			if (!s.verify(Files.readAllBytes(Path.of(alg))))
				throw new Exception(alg + " does not verify");
		}
		ExecutorService pool = Executors.newFixedThreadPool(4);
		var results = new java.util.ArrayList<Future<byte[]>>();
		for (int i = 0; i < 12; i++)
			results.add(pool.submit(() -> {
				Signature s = Signature.getInstance("SHA256withECDSA", chip);
				s.initSign(key);
				s.update(data);
				return s.sign();
			}));
		for (Future<byte[]> f : results) {
			Signature s = Signature.getInstance("SHA256withECDSA", "SunEC");
			s.initVerify(there);
			s.update(data);
			if (!s.verify(f.get()))
				throw new Exception("one of the threads signed wrongly");
		}
		pool.shutdown();
	}
}
END
(cd "$tmp" && java Sign.java) > "$tmp/log" 2>&1 || { cat "$tmp/log"; fail 'Sign.java'; }
for h in 256 384 512; do
	openssl dgst "-sha$h" -verify "$tmp/device.pub" -signature "$tmp/SHA${h}withECDSA" "$tmp/data"
done

works 'TLS client'
manual Java 4 > "$tmp/Get.java"
https_server
for version in TLSv1.2 TLSv1.3; do
	(cd "$tmp" && java -Djdk.tls.client.protocols=$version Get.java "https://localhost:$port/") \
		> "$tmp/log" 2>&1 || { cat "$tmp/log" "$tmp/server.log"; fail "TLS client, $version"; }
	grep -q "Protocol  *: $version" "$tmp/log" || { cat "$tmp/log"; fail "not $version"; }
done
