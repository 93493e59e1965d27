/*
 * What an error answer of AWS means: its code, its text, and what to do about it.
 */
#ifndef PROVISION_AWSERR_H
#define PROVISION_AWSERR_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "provision/http.h"

enum aws_action {
	AWS_ACT_FAIL,      /* final */
	AWS_ACT_THROTTLED, /* not executed, try again later */
	AWS_ACT_SERVER,    /* may have been executed; try again if that is harmless */
	AWS_ACT_CLOCK,     /* wrong secret, or our clock */
	AWS_ACT_EXPIRED,   /* temporary credentials ran out */
	AWS_ACT_NOT_FOUND,
	AWS_ACT_EXISTS,
	AWS_ACT_VERSION, /* it has another version than the one expected */
};

struct aws_error {
	long status;
	enum aws_action action;
	char code[128];    /* "" when the answer has none */
	char message[768]; /* one line, without secrets */
	char request_id[128];
	const char *hint; /* NULL: none */
};

/* From an answer that is no success. token is never shown; NULL: none. */
void aws_error_decode(const struct http_answer *ans, const char *token, struct aws_error *out);

/* What an AccessDeniedException says: "" where it does not. */
struct aws_denial {
	char action[96];    /* "iot:CreateThing" */
	char resource[256]; /* ARN */
	bool explicitly;    /* a statement forbids it, rather than none allowing it */
};
void aws_error_denial(const struct aws_error *e, struct aws_denial *out);

/* The text between <tag> and </tag>; false: not there or too long. */
bool aws_xml_text(const char *xml, const char *tag, char *out, size_t out_len);

/* RFC 1123, "Thu, 15 Jan 2026 12:34:56 GMT"; false: not of this form. No locale involved. */
bool aws_http_date(const char *text, time_t *t);

#endif
