#ifndef EGRESS_HELD_H
#define EGRESS_HELD_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Bytes of a body that wait until they have been read. They may hold a secret, so their memory is
 * wiped. What waits in all connections together is bounded.
 */

/* A body of up to so many bytes is read whole before anything of it goes on. */
#define HELD_BODY_MAX (1U << 20)
/* … and one whose hash must be signed, up to so many. */
#define HELD_SIGNED_MAX (16U << 20)
/* Of memory, in all connections. */
#define HELD_ALL_MAX (64U << 20)

/* Start with {0}. */
struct held {
	struct buf buf;
	size_t *all; /* where the sum is kept; borrowed */
};

/* 0; -ENOBUFS: too much waits already; -ENOMEM. */
int held_add(struct held *h, size_t *all, const void *p, size_t len);
void held_consume(struct held *h, size_t len);
void held_done(struct held *h);

#endif
