#ifndef EGRESS_OUTBOUND_H
#define EGRESS_OUTBOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "egress/refusal.h"
#include "egress/scanners.h"
#include "scan/redact.h"

/*
 * What leaves, read before it leaves: all of a request that is sent, as texts of one message, in
 * the way that the route's dlp asks for. A request whose body is held is read as a whole; a longer
 * body goes on being read while it passes.
 */
struct exchange;

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
	uint64_t fed; /* bytes of the body */
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

/* How many bytes of the body, from its beginning, may go on. */
uint64_t outbound_decided(const struct outbound *o);

void outbound_done(struct outbound *o);

#endif
