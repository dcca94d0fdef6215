#ifndef EGRESS_OUTGOING_H
#define EGRESS_OUTGOING_H

#include "base/http1.h"
#include "egress/credential.h"
#include "egress/refusal.h"
#include "egress/swap.h"
#include "egress/target.h"

/*
 * What is sent upstream for a request, in whatever protocol: made of what was checked and nothing
 * else, with the route's credential. HTTP/1 and HTTP/2 write the same list.
 *
 * Not in the list, since each protocol has its own way to say it: the host (`authority`), how the
 * body is framed (`length`), what belongs to one connection alone.
 *
 *	outgoing_admit	the route's `require`; the agent's own credential leaves the query
 *	(the request is read: with placeholders, without any credential)
 *	outgoing_check	it can be given its credential; then the upstream is asked for
 *	outgoing_make	the list, with the credential
 *	outgoing_swap	the body on its way
 */
#define OUTGOING_FIELDS_MAX (HTTP1_FIELDS_MAX + 16)
#define OUTGOING_TEXTS_MAX  (HTTP1_FIELDS_MAX + 16)

/* What the agent asked for, as it was read. All of it is borrowed. */
struct outgoing_request {
	const struct credential *credential;
	const struct http1_head *head;
	const struct target *target;
	const char *host;
	uint16_t port;
	const struct http1_length *length;
	/* What is held of its body; whole: that is all of it. */
	const unsigned char *body;
	size_t body_len;
	bool whole;
	int64_t now_s; /* by the clock of the world, for signatures */
};

/* A name or a value may point into the request or the route, which must live as long. Start with
 * {0}. */
struct outgoing {
	const char *method;
	const char *authority; /* host, with the port unless it is 443 or 80 */
	const char *target;    /* path and query */
	struct http1_field fields[OUTGOING_FIELDS_MAX];
	/* The field holds a credential: HPACK must not index it (RFC 7541 section 7.1.3). */
	bool secret[OUTGOING_FIELDS_MAX];
	size_t n_fields;
	struct http1_length length; /* of the body as it is sent */
	struct outgoing_text {
		char *p;
		size_t size;
	} texts[OUTGOING_TEXTS_MAX]; /* what was made here; wiped */
	size_t n_texts;
};

/*
 * What the route's `require` demands of the head, and what its scheme cannot do without: -EACCES
 * and *why. The agent's own credential is taken out of the query, in place. Once for each request,
 * after its rule was found.
 */
int outgoing_admit(const struct outgoing_request *q, struct target *target, struct refusal *why);

/* Whether the body must be held, as far as it can be, for outgoing_make's sake. */
bool outgoing_wants_body(const struct outgoing_request *q);

/*
 * Whether it can be made. 0, or -EACCES and *why; memory that ran out is a refusal, too. After the
 * body was held, before the upstream hears anything.
 */
int outgoing_check(const struct outgoing_request *q, struct refusal *why);

/* 0, -ENOMEM, or -EACCES and *why, which outgoing_check would have said before. */
int outgoing_make(const struct outgoing_request *q, struct outgoing *ret, struct refusal *why);
void outgoing_done(struct outgoing *o); /* wipes */

/* The body's placeholders on their way up; {0} where none are swapped. Lives no longer than the
 * route. */
void outgoing_swap(const struct outgoing_request *q, struct swap *ret);

/* Whether a field of the agent's request is sent on, as it is or swapped. */
bool outgoing_sends(const struct outgoing_request *q, const struct http1_field *f);

/*
 * What "Basic …" says, decoded, where the placeholder stands in it: for who reads the request it is
 * this text, and nobody's name and password. NULL: it is not so. Caller frees.
 */
char *outgoing_basic(const struct outgoing_request *q, const struct http1_field *f);

/* Whether a trailer is: none that frames, routes or authorises (RFC 9110 section 6.5.1). */
bool outgoing_sends_trailer(const struct outgoing_request *q, const struct http1_field *f);

/* ---- between the files that make it */

/* Zeroed memory that lives as long as o, and is wiped; NULL when it ran out. */
char *outgoing_room(struct outgoing *o, size_t size);

/* Adds a field. 0 or -ENOMEM. */
int outgoing_add(struct outgoing *o, const char *name, const char *value, bool secret);

/* Swaps placeholders in a field's value, in the target. -ENOMEM; whether there was one in the
 * value. */
int outgoing_swap_value(struct outgoing *o, const struct credential *c, const char **value);
int outgoing_swap_target(struct outgoing *o, const struct outgoing_request *q);

/* How often the placeholder stands in head and held body, where it may. */
unsigned int outgoing_count(const struct outgoing_request *q);

#endif
