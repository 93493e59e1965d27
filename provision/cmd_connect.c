/* verify --connect: the chip at hand, at the data endpoint. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "provision/connect.h"
#include "provision/job.h"

static const char *
client_name(const struct job *j)
{
	if (j->opts->thing != NULL)
		return j->opts->thing;
	return j->config != NULL ? j->config->thing : NULL;
}

bool
connect_job(struct job *j, json_t *r)
{
	struct mqtt_options o = {
		.client_id = client_name(j),
		.ca_file = j->opts->aws.ca_bundle,
		.key_on_token = true,
		.seconds = j->opts->answer_timeout,
	};
	bool ok = false;

	if (o.client_id == NULL) {
		prov_error("--connect needs the thing's name");
		prov_hint("give --thing NAME, or a CONFIG that has it in \"aws_iot_config\"");
		return false;
	}
	if (!connect_endpoint(j->opts, &o.to))
		return false;
	o.key = token_signer(j->token, &j->key);
	if (!connect_certs(j->token, &j->key, &o.cert, &o.chain))
		prov_error("the certificates cannot be read");
	else if (o.cert == NULL)
		prov_error("there is no certificate for the key to connect with");
	else if (o.key != NULL)
		ok = connect_prove(&o, r);
	X509_free(o.cert);
	sk_X509_pop_free(o.chain, X509_free);
	EVP_PKEY_free(o.key);
	return ok;
}
