/* Passphrases; see pass.h. */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "provision/cert.h"
#include "provision/file.h"
#include "provision/msg.h"
#include "provision/pass.h"

static bool
from_file(const char *file, char buf[PASS_MAX])
{
	size_t len, line;
	char *data = file_read(file, PASS_MAX - 1, &len);

	if (data == NULL)
		return false;
	line = strcspn(data, "\r\n");
	memcpy(buf, data, line);
	buf[line] = '\0';
	OPENSSL_cleanse(data, len);
	free(data);
	if (line > 0)
		return true;
	prov_error("%s: its first line, the passphrase, is empty", file);
	return false;
}

/* OpenSSL would read standard input where there is no terminal: that is for other things here. */
static bool
have_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return false;
	(void)close(fd);
	return true;
}

bool
pass_get(const char *file, const char *option, const char *prompt, bool twice, char buf[PASS_MAX])
{
	buf[0] = '\0';
	if (file != NULL)
		return from_file(file, buf);
	if (!have_terminal()) {
		prov_error("a passphrase is wanted, and there is no terminal to ask at");
		prov_hint("put it into a file and give %s FILE", option);
		return false;
	}
	if (EVP_read_pw_string_min(buf, 0, PASS_MAX - 1, prompt, twice) == 0)
		return true;
	OPENSSL_cleanse(buf, PASS_MAX);
	prov_error("no passphrase was given");
	(void)ossl_why();
	return false;
}
