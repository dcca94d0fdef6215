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

/* Tries the next address; where there is none, last_error is the failure. */
void upstream_dial_next(struct upstream *u, int last_error);

/* What became of the address that was dialled. 1: it answers; 0: nothing yet; -errno. */
int upstream_dialled(struct upstream *u);

#endif
