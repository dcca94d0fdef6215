#ifndef EGRESS_REDACT_H
#define EGRESS_REDACT_H

#include "base/http1.h"
#include "base/http1_body.h"
#include "egress/needles.h"

/*
 * A response's body on its way to the agent, without the credentials that the upstream echoes.
 * Lengths stay as they are. Nothing is delayed but bytes that may begin a credential. Start with
 * {0}: everything passes as it is.
 */
struct redact {
	struct needles *needles; /* kept; NULL: none are looked for */
	uint32_t state;
	struct buf held;
	size_t given; /* bytes in front of `held` that the last call has handed out */
};

void redact_start(struct redact *r, const struct needles *n);
void redact_done(struct redact *r); /* wipes */

/* What may go on after this piece (len 0: nothing yet); valid until the next call. 0 or -ENOMEM. */
int redact_take(struct redact *r, const struct http1_piece *in, struct http1_piece *ret);

/*
 * A message within the body ended, or the body: what was held back, which is no credential. Of one
 * that goes on in the next message less than NEEDLE_PIECE bytes are given, and the rest is starred.
 */
void redact_end(struct redact *r, struct http1_piece *ret);

/* What stands behind the body: in any of their values a credential that began in it may go on. */
void redact_trailers(struct redact *r, struct http1_head *trailers);

#endif
