/* verify --connect: the chip at hand, at the data endpoint. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "provision/connect.h"
#include "provision/job.h"

/* AWS IoT is asked where its data endpoint is, unless the command line says so. */
static bool
ask_endpoint(struct job *j, struct mqtt_address *to)
{
	char *host = NULL;
	bool ok;

	if (j->aws == NULL && aws_open(&j->opts->aws, &j->aws) != AWS_OK) {
		prov_hint("with --data-endpoint HOST no credentials are needed");
		return false;
	}
	ok = aws_data_endpoint(j->aws, &host) == AWS_OK;
	if (ok && !mqtt_address(host, to)) {
		prov_error("AWS IoT answers with a data endpoint that is no host: \"%s\"", host);
		ok = false;
	}
	free(host);
	return ok;
}

bool
connect_endpoint(struct job *j, struct mqtt_address *to)
{
	const char *given = j->opts->data_endpoint;

	if (given == NULL)
		return ask_endpoint(j, to);
	if (mqtt_address(given, to))
		return true;
	prov_error("--data-endpoint \"%s\" is no host", given);
	prov_hint("it is HOST or HOST:PORT, without \"mqtts://\"");
	return false;
}

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
		.client_id = client_name(j), .ca_file = j->opts->aws.ca_bundle, .key_on_token = true
	};
	bool ok = false;

	if (o.client_id == NULL) {
		prov_error("--connect needs the thing's name");
		prov_hint("give --thing NAME, or a CONFIG that has it in \"aws_iot_config\"");
		return false;
	}
	if (!connect_endpoint(j, &o.to))
		return false;
	o.key = token_signer(j->token, &j->key);
	if (!connect_certs(j->certs, j->ncerts, j->key.pub, &o.cert, &o.chain))
		prov_error("out of memory");
	else if (o.cert == NULL)
		prov_error("there is no certificate for the key to connect with");
	else if (o.key != NULL)
		ok = connect_prove(&o, r);
	X509_free(o.cert);
	sk_X509_pop_free(o.chain, X509_free);
	EVP_PKEY_free(o.key);
	return ok;
}
