#ifndef EGRESS_RESOLVER_H
#define EGRESS_RESOLVER_H

#include "base/err.h"
#include "egress/address.h"
#include "egress/loop.h"

/*
 * Asks the servers of the sidecar's resolv.conf for an upstream's addresses, without blocking and
 * without a process of its own: UDP from a fresh socket and with a random id for each question, TCP
 * when an answer is truncated. Search domains and the hosts file are not looked at: a route names a
 * host in full. Called only for hosts that a rule has allowed.
 */
struct resolver;
struct resolve; /* one lookup under way */

#define RESOLVER_ADDRESSES_MAX 16

/*
 * Opens path (borrowed) now and reads it at each lookup: an engine may fill it late. A missing file
 * is no error: then every lookup fails.
 */
int resolver_new(struct loop *loop, const char *path, struct resolver **ret, struct err *e);
void resolver_free(struct resolver *r);

struct resolve_done {
	/* n = 0: none was found, and why is a sentence's end. The lookup is gone when this is
	 * called; it is never called from within resolver_start. */
	void (*fn)(void *arg, const struct address *list, size_t n, const char *why);
	void *arg;
};

/* host: a normalised name. 0 and a lookup to cancel, or -errno. */
int resolver_start(struct resolver *r, const char *host, const struct resolve_done *done,
	struct resolve **ret, struct err *e);
void resolver_cancel(struct resolver *r, struct resolve *lookup);

/* Once a second: repeats and gives up. Whether there are lookups under way. */
bool resolver_tick(struct resolver *r);

#endif
