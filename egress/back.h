#ifndef EGRESS_BACK_H
#define EGRESS_BACK_H

#include "egress/exchange.h"

/*
 * The upstream's side of an exchange, from the moment when x->up is ready: back_http1.c,
 * back_http2.c. Called by exchange*.c alone.
 */
struct back {
	/* The request's head, made of what was checked and nothing else, with the route's
	 * credential. 0 or -ENOMEM. */
	int (*head)(struct exchange *x);

	/* How many bytes of payload may be given now. */
	size_t (*room)(const struct exchange *x);
	int (*data)(struct exchange *x, const struct http1_piece *piece);

	/* The request is whole; trailers: x->request_trailers. */
	int (*end)(struct exchange *x);

	/*
	 * The response's head into x->response, x->response_length: TAKE_DATA when it is there.
	 * Interim ones, too. TAKE_BROKEN: *ret_what says why. TAKE_GONE: the upstream ended.
	 */
	enum take (*take_head)(struct exchange *x, const char **ret_what);

	/* Payload of the response; as the front's take. */
	enum take (*take)(struct exchange *x, size_t max, struct http1_piece *ret);

	/* Whether all that has arrived was taken: what is held of a stream need not wait. */
	bool (*drained)(const struct exchange *x);

	/* Whether nothing was done with the request, so that it may be sent once more: a kept
	 * connection that was just closed, a stream that the upstream did not process. */
	bool (*untouched)(const struct exchange *x);

	/*
	 * The exchange needs the upstream no more. whole: both messages ended well, so that its
	 * connection can carry the next; else the upstream must not take what it got for whole.
	 */
	void (*release)(struct exchange *x, bool whole);
};

extern const struct back back_http1, back_http2;

#endif
