#ifndef EGRESS_OUTBOUND_H
#define EGRESS_OUTBOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "egress/grpc.h"
#include "egress/refusal.h"
#include "egress/scanners.h"
#include "scan/redact.h"

/*
 * What leaves, read before it leaves: all of a request that is sent, as texts of one message, in
 * the way that the route's dlp asks for. A request whose body is held is read as a whole; a longer
 * body goes on being read while it passes. Trailers are read with the body's end.
 */
struct exchange;

/* The body of a call of gRPC: each message is a text of its own, so that it goes on when it was
 * read, whatever follows. */
struct outbound_call {
	bool on;
	struct grpc_frame frame;
	bool reading;	  /* a message has begun */
	uint64_t begun;	  /* bytes of the body in front of its first one */
	uint64_t settled; /* … in front of its head: all of that was read */
};

/* Starts with {0}. */
struct outbound {
	struct exchange *x;	 /* whose request it is */
	struct scanner *scanner; /* NULL: nothing is being read */
	bool redacting;		 /* findings are remembered, to be rewritten */
	bool long_body;
	struct redaction spans; /* of the present text */
	bool rewrote;		/* some text has stars now */
	bool found;		/* something that stops the request; why tells what */
	struct refusal why;
	uint64_t fed;	  /* bytes of the body */
	uint64_t flushed; /* … of which so many were decided by a flush */
	struct outbound_call call;
};

/* Whether the request's route wants anything to be looked for. */
bool outbound_wanted(const struct exchange *x);

/*
 * Reads head and held body; where the route redacts and the body is whole, what was found is
 * rewritten in both. 0, or -EACCES and *why. Not whole: goes on with outbound_more.
 * Where the route wants nothing to be looked for, all is decided.
 */
int outbound_read(struct outbound *o, struct exchange *x, bool whole, struct refusal *why);

/* More of the body; end: the last of it, after which nothing is being read. As above. */
int outbound_more(struct outbound *o, const void *data, size_t len, bool end, struct refusal *why);

/*
 * What came so far of a body that is read while it passes is to go on, since its sender waits for
 * something: it is decided as it stands. As above.
 */
int outbound_flush(struct outbound *o, struct refusal *why);

/* How many bytes of the body, from its beginning, may go on. */
uint64_t outbound_decided(const struct outbound *o);

void outbound_done(struct outbound *o);

#endif
