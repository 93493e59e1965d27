/* --ca factory: the certificate that the chip came with, for the key that it came with. */
#include <config.h>

#include <openssl/x509.h>

#include "provision/issuer.h"

static void *
factory_open(const struct issuer_ask *ask)
{
	static char nothing;

	(void)ask;
	return &nothing;
}

static void
factory_close(void *issuer)
{
	(void)issuer;
}

/* Who signed it is AWS IoT's or the server's business; that it is for the key is checked anyway. */
static const char *
factory_problem(void *issuer, X509 *cert)
{
	(void)issuer;
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		return "it is not valid yet";
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return "it has expired";
	return NULL;
}

const struct issuer_kind issuer_factory = {
	.name = "factory",
	.text = "nobody: the certificate that the chip came with",
	.as_is = true,
	.open = factory_open,
	.close = factory_close,
	.problem = factory_problem,
};
