#ifndef GATE_HTTP_WIRE_H
#define GATE_HTTP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/http1.h"

/*
 * The agent's connection: what was received and not yet understood waits in `in` (the next request
 * may be there before the present one is answered), what is to be sent in `out`.
 */
#define HTTP_WIRE_MAX (128U << 10) /* bytes that wait in either: more is not read, nor made */

struct http_wire {
	int sock;    /* owned; non-blocking */
	int idle_ms; /* of an agent that neither sends nor takes a byte while it is its turn */
	struct buf in, out;
	bool eof; /* the agent sends no more */
};

void http_wire_init(struct http_wire *w, int sock, int idle_ms);
void http_wire_done(struct http_wire *w);

/* Reads once, if there is room. Whether something came or the end did; or -errno. */
int http_wire_fill(struct http_wire *w);

/* Sends as much as goes at once. 0 or -errno. */
int http_wire_flush(struct http_wire *w);

/* Sends all of it. -ETIMEDOUT: the agent does not take it. */
int http_wire_send(struct http_wire *w, struct err *e);

/*
 * Waits for a request's head and takes it. 1: it is in *ret, which the caller ends
 * (http1_head_done); 0: the agent has no more, or was silent between requests; -EINVAL, -E2BIG,
 * -ENOTSUP with the reason: it cannot be read; -ETIMEDOUT: it came too slowly.
 */
int http_wire_head(struct http_wire *w, struct http1_head *ret, struct err *e);

/*
 * The end: no more is sent, and what still comes is read for a moment, since a connection closed
 * with unread bytes is reset, and the answer lost.
 */
void http_wire_linger(struct http_wire *w);

#endif
