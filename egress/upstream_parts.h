#ifndef EGRESS_UPSTREAM_PARTS_H
#define EGRESS_UPSTREAM_PARTS_H

#include "egress/upstream.h"

/* Between the files that make an upstream: upstream.c, upstream_dial.c. */

/* What `why` says; closed. */
void upstream_fail(struct upstream *u);

/* The way to it failed for this reason of the kernel's. */
void upstream_fail_errno(struct upstream *u, int errnum);

/* The present step's. */
void upstream_set_deadline(struct upstream *u, enum limit which);

/* Looks up the addresses, checks and dials them: UPSTREAM_CONNECT, or UPSTREAM_FAILED. */
void upstream_resolve(struct upstream *u);

/* UPSTREAM_CONNECT: whether an address answers, to which the wire then leads; else others are tried
 * beside it, as the time comes, and at its end UPSTREAM_FAILED. */
bool upstream_dialled(struct upstream *u);

/* Closes what is on its way. */
void upstream_dial_end(struct upstream *u);

#endif
