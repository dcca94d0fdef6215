#ifndef EGRESS_OUTGOING_H
#define EGRESS_OUTGOING_H

#include "base/buf.h"
#include "base/http1.h"
#include "egress/refusal.h"
#include "egress/rules.h"
#include "egress/target.h"

/*
 * What is sent upstream for a request, in whatever protocol: made of what was checked and nothing
 * else, with the route's credential. HTTP/1 and HTTP/2 write the same list.
 *
 * Not in the list, since each protocol has its own way to say it: the host (`authority`), how the
 * body is framed (`length`), what belongs to one connection alone.
 */
#define OUTGOING_FIELDS_MAX (HTTP1_FIELDS_MAX + 16)

/* What the agent asked for, as it was read and allowed. All of it is borrowed. */
struct outgoing_request {
	const struct rule *rule;
	const struct http1_head *head;
	const struct target *target;
	const char *host;
	uint16_t port;
	const struct http1_length *length;
	/* What is held of its body; whole: that is all of it. */
	const unsigned char *body;
	size_t body_len;
	bool whole;
};

/* A name or a value may point into the request, which must live as long. Start with {0}. */
struct outgoing {
	const char *method;
	const char *authority; /* host, with the port unless it is 443 or 80 */
	const char *target;    /* path and query */
	struct http1_field fields[OUTGOING_FIELDS_MAX];
	bool secret[OUTGOING_FIELDS_MAX]; /* the field holds a credential: HPACK must not index it
					   */
	size_t n_fields;
	struct http1_length length;	       /* of the body as it is sent */
	struct buf texts[OUTGOING_FIELDS_MAX]; /* what was made here; wiped */
	size_t n_texts;
};

/*
 * 0, -ENOMEM, or -EACCES and *why: the request cannot be given its credential. Whoever sends has
 * asked outgoing_check first, before the upstream heard anything, so that it does not fail then.
 */
int outgoing_make(const struct outgoing_request *q, struct outgoing *ret, struct refusal *why);
void outgoing_done(struct outgoing *o); /* wipes */

/* Whether it can be made. 0, or -EACCES and *why; memory that ran out is a refusal, too. */
int outgoing_check(const struct outgoing_request *q, struct refusal *why);

/* Whether a field of the agent's request is sent on as it is. */
bool outgoing_sends(const struct outgoing_request *q, const char *name);

/* Whether a trailer is: none that frames, routes or authorises (RFC 9110 section 6.5.1). */
bool outgoing_sends_trailer(const struct outgoing_request *q, const char *name);

#endif
