#ifndef EGRESS_SIGV4_H
#define EGRESS_SIGV4_H

#include "egress/outgoing.h"

/*
 * Requests to AWS, and to what speaks like it, signed anew (AWS Signature Version 4: IAM User
 * Guide, "Create a signed AWS API request"; Amazon S3 API Reference, "Authenticating Requests").
 * The agent signs with keys of no worth. Its signature, in Authorization or in the query, says for
 * which region and service, where the route does not, and is dropped; ours always goes in
 * Authorization. Nothing of the secret key travels.
 */
#define SIGV4_WORD_MAX 64

/* What the agent's own signature says. */
struct sigv4_scope {
	bool found;
	bool presigned; /* it stood in the query */
	char access_key[2 * SIGV4_WORD_MAX];
	char region[SIGV4_WORD_MAX], service[SIGV4_WORD_MAX];
	const char *signed_headers; /* "host;x-amz-date", not NUL-terminated; NULL: unknown */
	size_t signed_len;
};

/* 0, or -EINVAL with *ret_why: it is malformed, or of another kind. */
int sigv4_scope_read(const struct http1_head *head, const char *query, struct sigv4_scope *ret,
	const char **ret_why);

/* Whether the agent's signature has this access key id. */
bool sigv4_is_by(const struct outgoing_request *q, const char *access_key);

/* Whether the request can be signed, as far as its head tells. 0, or -EACCES and *why. */
int sigv4_check(const struct outgoing_request *q, struct refusal *why);

/* Whether its body must be held for that. */
bool sigv4_wants_body(const struct outgoing_request *q);

/* Signs what is to be sent, as it stands in o, and adds the signature to it. 0, -ENOMEM, or -EACCES
 * and *why. */
int sigv4_sign(const struct outgoing_request *q, struct outgoing *o, struct refusal *why);

/*
 * How far the upstream's clock is ahead of ours, in seconds, when it has refused a request and says
 * its Date: the next one is signed by its clock. False: it does not say, or the difference is more
 * than a day. Where a machine has slept, nothing else would mend it.
 */
#define SIGV4_SKEW_MAX 86400
bool sigv4_skew(const struct http1_head *response, int64_t now_s, int64_t *ret);

/* ---- between its files */

#define SIGV4_HEX_SIZE 65 /* SHA-256 in hexadecimal, and NUL */

/* What is signed. */
struct sigv4_canonical {
	const struct outgoing *o;
	bool s3;		  /* its path is encoded once, and may have empty segments */
	const char *payload;	  /* the body's hash, or what stands for it */
	const char *agent_signed; /* fields that the agent signed, too; may be NULL */
	size_t agent_signed_len;
};

/*
 * The canonical request's hash; *ret_signed: the names that were signed, in o's memory. 0 or
 * -ENOMEM.
 */
int sigv4_canonical(const struct sigv4_canonical *c, struct outgoing *o,
	char hash[static SIGV4_HEX_SIZE], const char **ret_signed);

/*
 * The target in the one spelling in which it can be signed and sent: the query's names and values
 * encoded anew, without a signature; of S3 the path, too. NULL when memory ran out.
 */
char *sigv4_target(struct outgoing *o, const struct target *t, bool s3);

void sigv4_hex(const unsigned char *digest, size_t len, char *out);

#endif
