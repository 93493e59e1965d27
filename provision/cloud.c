/* The steps that concern AWS IoT; see cloud.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "provision/cert.h"
#include "provision/cloud.h"
#include "provision/policy.h"
#include "provision/stop.h"

/* More than one: what was asked for in vain is looked for. */
#define REQUESTS_UNKNOWN 2

bool
cloud_open(struct job *j)
{
	if (j->config != NULL && j->config->thing != NULL &&
	    (!aws_thing_name_ok(j->config->thing) || !aws_policy_name_ok(j->config->policy)))
		return false;
	if (aws_open(&j->opts->aws, &j->aws) != AWS_OK)
		return false;
	prov_step("AWS IoT in region %s", aws_region(j->aws));
	return true;
}

bool
cloud_find(struct job *j, const char *id, bool *known)
{
	enum aws_result r;

	aws_cert_clear(&j->cloud);
	r = aws_describe_certificate(j->aws, id, &j->cloud);
	*known = r == AWS_OK;
	if (r != AWS_OK)
		aws_cert_clear(&j->cloud);
	return r == AWS_OK || r == AWS_NOT_FOUND;
}

/* The document that the policy would be created with. */
static char *
policy_document(struct job *j)
{
	char account[13];

	if (aws_caller_account(j->aws, account) != AWS_OK)
		return NULL;
	return policy_make(
	    j->opts->policy_file, aws_partition(j->aws), aws_region(j->aws), account);
}

/* An existing policy stays as it is: changing it would change the rights of every device that has
 * it. */
static bool
compare_policy(struct job *j, const char *there)
{
	char *ours;

	if (j->opts->policy_file == NULL)
		return true;
	ours = policy_document(j);
	if (ours == NULL)
		return false;
	if (!policy_equal(ours, there))
		prov_warn("the policy \"%s\" exists and differs from \"%s\"; it was left as it is",
		    j->config->policy, j->opts->policy_file);
	free(ours);
	return true;
}

static bool
read_policy(struct job *j)
{
	char *document = NULL;
	enum aws_result r = aws_get_policy(j->aws, j->config->policy, &document);
	bool ok = r == AWS_OK || r == AWS_NOT_FOUND;

	j->state.policy = r == AWS_OK;
	if (r == AWS_OK)
		ok = compare_policy(j, document);
	free(document);
	return ok;
}

bool
cloud_match(const char *name, void *search)
{
	struct name_search *s = search;

	s->found = strcmp(name, s->name) == 0;
	return !s->found;
}

static bool
read_links(struct job *j)
{
	struct name_search policy = { .name = NULL }, thing = { .name = NULL };

	if (j->config == NULL)
		return true;
	policy.name = j->config->policy;
	thing.name = j->config->thing;
	if (aws_list_attached_policies(j->aws, j->cloud.arn, cloud_match, &policy) != AWS_OK ||
	    aws_list_principal_things(j->aws, j->cloud.arn, cloud_match, &thing) != AWS_OK)
		return false;
	j->state.policy_attached = policy.found;
	j->state.thing_attached = thing.found;
	return true;
}

/* The certificate on the chip, as the cloud sees it. */
static bool
read_chip_cert(struct job *j)
{
	bool known;

	if (!cloud_find(j, j->cert_id, &known))
		return false;
	if (!known && !j->state.by_aws)
		return true; /* it will be registered */
	if (!known) {
		j->state.cert = CERT_FOREIGN;
		j->cert_problem = "AWS IoT does not know it";
		return true;
	}
	j->state.registered = true;
	if (strcmp(j->cloud.status, "ACTIVE") != 0 && strcmp(j->cloud.status, "INACTIVE") != 0) {
		j->state.cert = CERT_REVOKED;
		j->cert_problem = "AWS IoT has revoked it, or it is being transferred";
		return true;
	}
	j->state.active = strcmp(j->cloud.status, "ACTIVE") == 0;
	return read_links(j);
}

/* A certificate in hand according to the journal, if the cloud still has it. */
static bool
read_issued(struct job *j)
{
	bool known;

	if (!cloud_find(j, j->journal.id, &known))
		return false;
	if (!known || strcmp(j->cloud.status, "INACTIVE") != 0) {
		j->state.pending = PENDING_ASKED;
		return true;
	}
	j->cert = cert_from_pem("the certificate in the journal", j->journal.pem);
	if (j->cert == NULL)
		return false;
	memcpy(j->cert_id, j->journal.id, sizeof(j->cert_id));
	j->state.pending = PENDING_ISSUED;
	return read_links(j);
}

/* Another host asked, or this one's journal is lost: how often, nobody knows. */
static void
take_note(struct job *j, const char *key)
{
	if (j->noted_at == 0 || strcmp(j->noted_key, key) != 0)
		return;
	if (j->journal.pending == PENDING_NONE) {
		j->journal.pending = PENDING_ASKED;
		j->journal.since = j->noted_at;
		j->journal.requests = REQUESTS_UNKNOWN;
	}
	j->noted = true;
}

bool
cloud_journal(struct job *j)
{
	char id[65];

	if (!key_id(j->key.pub, id) || !journal_open(&j->journal, id, aws_region(j->aws)))
		return false;
	take_note(j, id);
	job_take_replaces(j);
	j->state.journal = j->journal.pending != PENDING_NONE;
	if (j->state.cert == CERT_GOOD)
		return true;
	j->state.pending = j->journal.pending;
	if (j->journal.pending != PENDING_ISSUED)
		return true;
	X509_free(j->cert);
	j->cert = NULL;
	return read_issued(j);
}

bool
cloud_read(struct job *j)
{
	if (!read_policy(j) || !cloud_read_thing(j))
		return false;
	if (!j->state.key)
		return true;
	if (j->state.cert == CERT_GOOD && !read_chip_cert(j))
		return false;
	/* Certificates of other CAs have the job's journal. */
	return !j->state.by_aws || cloud_journal(j);
}

bool
cloud_policy(struct job *j)
{
	char *document = policy_document(j);
	enum aws_result r = AWS_FAILED;

	if (document != NULL)
		r = aws_create_policy(j->aws, j->config->policy, document);
	free(document);
	/* Somebody was faster. */
	if (r == AWS_EXISTS)
		return read_policy(j);
	return r == AWS_OK;
}

static bool
take_cloud_cert(struct job *j)
{
	char id[65];

	if (j->cloud.pem == NULL ||
	    (j->cert = cert_from_pem("the certificate from AWS IoT", j->cloud.pem)) == NULL)
		return false;
	memcpy(j->cert_id, j->cloud.id, sizeof(j->cert_id));
	if (cert_id(j->cert, id) && strcasecmp(id, j->cloud.id) != 0)
		prov_warn(
		    "AWS IoT gave the certificate the ID %s; its hash is %s", j->cloud.id, id);
	return true;
}

bool
cloud_sign(struct job *j)
{
	char *pem = req_pem(j->request);
	enum aws_result r = AWS_FAILED;
	bool sent;

	sent = pem != NULL && job_asked(j) && cloud_note(j);
	if (sent) {
		aws_cert_clear(&j->cloud);
		r = aws_create_certificate(j->aws, pem, &j->cloud);
	}
	free(pem);
	if (r == AWS_UNKNOWN) {
		/* It may exist all the same. */
		if (!cloud_resume(j))
			return false;
		if (j->state.pending == PENDING_ISSUED)
			return true;
		prov_error(
		    "AWS IoT did not say whether it issued a certificate, and none is found");
		prov_hint("run the same command again: it looks once more before it asks again");
		return false;
	}
	if (r != AWS_OK) {
		/* A refusal is certain: nothing was issued this time. */
		if (sent && j->journal.requests == 1 && cloud_forget_note(j))
			(void)journal_forget(&j->journal);
		return false;
	}
	return take_cloud_cert(j) && journal_issued(&j->journal, j->cloud.id, j->cloud.pem, NULL);
}

bool
cloud_register(struct job *j)
{
	char *pem = cert_pem(j->cert), *ca = NULL;
	enum aws_result r = AWS_FAILED;

	/* Needed when several CAs of the account have one name. */
	if (j->chain != NULL && sk_X509_num(j->chain) > 0)
		ca = cert_pem(sk_X509_value(j->chain, 0));
	aws_cert_clear(&j->cloud);
	if (pem != NULL)
		r = j->ca->as_is
			? aws_register_certificate_without_ca(j->aws, pem, false, &j->cloud)
			: aws_register_certificate(j->aws, pem, ca, false, &j->cloud);
	free(pem);
	free(ca);
	/* An interrupted run did it; its state is read as if it had been there before. */
	if (r == AWS_EXISTS)
		return read_chip_cert(j);
	j->made_registration = r == AWS_OK;
	return r == AWS_OK;
}

bool
cloud_attach_policy(struct job *j)
{
	return aws_attach_policy(j->aws, j->config->policy, j->cloud.arn) == AWS_OK;
}

bool
cloud_attach_thing(struct job *j)
{
	return aws_attach_thing(j->aws, j->config->thing, j->cloud.arn) == AWS_OK;
}

bool
cloud_activate(struct job *j)
{
	return aws_update_certificate(j->aws, j->cloud.id, "ACTIVE") == AWS_OK;
}

bool
cloud_may_undo(const struct job *j)
{
	const bool issued = j->state.by_aws && j->journal.pending == PENDING_ISSUED &&
			    strcmp(j->journal.id, j->cert_id) == 0;

	return j->aws != NULL && aws_refused(j->aws) && j->cloud.arn != NULL && !j->state.active &&
	       (issued || j->made_registration);
}

bool
cloud_undo(struct job *j)
{
	if (j->state.thing_attached &&
	    aws_detach_thing(j->aws, j->config->thing, j->cloud.arn) != AWS_OK)
		return false;
	if (j->state.policy_attached &&
	    aws_detach_policy(j->aws, j->config->policy, j->cloud.arn) != AWS_OK)
		return false;
	if (aws_delete_certificate(j->aws, j->cert_id) != AWS_OK)
		return false;
	prov_step("deleted the certificate %s again", j->cert_id);
	return cloud_forget_note(j) && (j->journal.path == NULL || journal_forget(&j->journal));
}

void
cloud_take_back(struct job *j)
{
	if (j->cloud.id[0] == '\0' || aws_delete_certificate(j->aws, j->cloud.id) != AWS_OK) {
		prov_hint("the certificate %s may be left, INACTIVE; the next run sees to it",
		    j->cert_id);
		return;
	}
	prov_step("deleted the certificate %s again", j->cert_id);
	if (j->journal.requests <= 1 && cloud_forget_note(j))
		(void)journal_forget(&j->journal);
}
