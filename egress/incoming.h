#ifndef EGRESS_INCOMING_H
#define EGRESS_INCOMING_H

#include <stdbool.h>

#include "base/http1_body.h"
#include "egress/held.h"
#include "egress/refusal.h"
#include "egress/scanners.h"
#include "egress/servers.h"

/*
 * What a response tells the agent, read for prompt injection. A short body of known length is held
 * until it was read as a whole, a longer one as long as it keeps coming; so a refusal mostly is an
 * answer of its own. What then still comes passes, each burst behind its reading, without delay.
 * Archives and other packed data are not read: no model reads them.
 */
struct exchange;

/* Starts with {0}: nothing is read. */
struct incoming {
	struct exchange *x;
	struct scanner *scanner;     /* NULL: nothing is being read */
	struct server_entry *server; /* whose tools are compared; NULL: it describes none */
	bool begun;		     /* its first bytes were seen */
	bool holds;		     /* the response's head was not passed on yet */
	bool to_the_end;	     /* … and waits for all of the body */
	bool unflushed;
	struct held held;
	bool found;
	struct refusal why;
};

/* A response's head is there. Whether it is to be held. */
bool incoming_start(struct incoming *i, struct exchange *x);

/* A piece of the body; while `holds`, it is kept here. 0, or -EACCES and i->why. */
int incoming_take(struct incoming *i, const struct http1_piece *piece);

/* All that came so far is decided. The same. */
int incoming_flush(struct incoming *i);

/* … and nothing more comes. The same. */
int incoming_end(struct incoming *i);

/* Whether what is held cannot wait any longer. drained: no more has arrived. */
bool incoming_is_due(const struct incoming *i, bool drained);

void incoming_done(struct incoming *i);

#endif
