#ifndef EGRESS_SWAP_H
#define EGRESS_SWAP_H

#include <stdint.h>

#include "base/buf.h"
#include "base/http1_body.h"

/*
 * A body on its way up in which a placeholder becomes its value, however the body is cut into
 * pieces. Nothing is delayed but bytes that may begin the placeholder. Start with {0}: everything
 * passes as it is.
 */

/* A placeholder has so many characters, all of them unreserved (RFC 3986): so it stands in JSON, in
 * a form and in a URL as it is. */
#define PLACEHOLDER_MIN 8
#define PLACEHOLDER_MAX 255

/* More of them in one request are no honest client's: each could be some KiB longer than what the
 * agent sent. */
#define SWAPS_MAX 16

struct swap {
	const char *from, *to; /* borrowed; from NULL: nothing is swapped */
	size_t from_len, to_len;
	uint16_t fail[PLACEHOLDER_MAX + 1]; /* the next shorter beginning (Knuth, Morris, Pratt) */
	size_t matched;			    /* of from, at the end of what came */
	unsigned int count;
	struct buf out;
};

/* from: PLACEHOLDER_MAX at most. */
void swap_start(struct swap *s, const char *from, const char *to, size_t to_len);
void swap_done(struct swap *s); /* wipes */

/* What may go on after this piece (len 0: nothing yet); valid until the next call. 0, -ENOMEM or
 * -E2BIG: more than SWAPS_MAX. */
int swap_take(struct swap *s, const struct http1_piece *in, struct http1_piece *ret);

/* The body ended: what was held back is no placeholder. */
void swap_end(struct swap *s, struct http1_piece *ret);

/* How often the placeholder stands in a text. */
unsigned int swap_count(const char *from, const void *text, size_t len);

#endif
