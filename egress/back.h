#ifndef EGRESS_BACK_H
#define EGRESS_BACK_H

#include "egress/exchange.h"

/* Why a request may be sent once more, although nobody knows what it asks for. */
enum again {
	AGAIN_NEVER,
	AGAIN_CLOSED,  /* its connection ended without a word since: a kept one, mostly */
	AGAIN_REFUSED, /* the upstream did nothing with it (RFC 9113, section 8.7) */
	AGAIN_HTTP1,   /* … and wants it in HTTP/1.1 */
};

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

	/* There is no answer: whether the request may be sent once more. */
	enum again (*again)(const struct exchange *x);

	/*
	 * The exchange needs the upstream no more. whole: both messages ended well, so that its
	 * connection can carry the next; else the upstream must not take what it got for whole.
	 */
	void (*release)(struct exchange *x, bool whole);
};

extern const struct back back_http1, back_http2;

#endif
