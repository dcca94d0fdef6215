#ifndef EGRESS_FRONT_H
#define EGRESS_FRONT_H

#include "egress/exchange.h"

/* An answer of ours. */
struct answer {
	int status;
	const char *reason;   /* phrase of HTTP/1 */
	const char *type;     /* Content-Type, or NULL: there is no body */
	const char *location; /* or NULL */
	int retry_after_s;    /* 0: not said */
	const char *body;
	size_t len;
	bool last; /* nobody knows where the next request would begin: HTTP/1 closes */
};

/*
 * The agent's side of an exchange: front_http1.c, front_http2.c. All of it is called by exchange*.c
 * alone; what fails for want of memory ends the connection by itself.
 */
struct front {
	bool http2; /* so the upstream may be asked for it, too */

	/*
	 * Payload of the request, in the order in which it came; *ret is valid until the connection
	 * reads again. With TAKE_END request_trailers are set. max: no more bytes than that.
	 */
	enum take (*take)(struct exchange *x, size_t max, struct http1_piece *ret);

	/* Says 100 Continue, if it is still of use. */
	void (*go_on)(struct exchange *x);

	/*
	 * The response's head (x->response), stripped of what belongs to the upstream's connection;
	 * its length as in x->response_length. A switch of protocols (101) included.
	 */
	void (*head)(struct exchange *x);

	/* How many bytes of payload may be given now. */
	size_t (*room)(const struct exchange *x);
	void (*data)(struct exchange *x, const struct http1_piece *piece);

	/* Nothing more follows; trailers: x->response_trailers. The exchange is over. */
	void (*end)(struct exchange *x);

	/* An answer of ours, whole; the exchange is over. */
	void (*answer)(struct exchange *x, const struct answer *a);

	/*
	 * What was passed on of the response is not whole, and the agent must see that. now: what
	 * still waits to be sent is for nobody. The exchange is over.
	 */
	void (*cut)(struct exchange *x, bool now);

	/*
	 * The response has begun, and ends here: says why behind it, where the protocol has a place
	 * for that. False: it has none, and is cut. NULL: never.
	 */
	bool (*explain)(struct exchange *x, const struct answer *a);

	/* The exchange is being freed; NULL: nothing of the front's is its own. */
	void (*release)(struct exchange *x);
};

extern const struct front front_http1, front_http2;

#endif
