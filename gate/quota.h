#ifndef GATE_QUOTA_H
#define GATE_QUOTA_H

#include "base/err.h"
#include "gate/gate.h"

/* Bounds on what agents make the gate do; the size of a pack is git's own (gate/etc.h). */

/* Pushes of a bottle that are received, scanned and forwarded at once; more wait for a place. */
#define QUOTA_PUSHES 8

/*
 * For the process of a connection and all that it runs: memory that one process may hold. git maps
 * packs, which does not count, streams large files, and needs twice an object's size for one that
 * comes as a difference from another.
 */
int quota_limit_memory(struct err *e);

/* For a push: seconds of the processor that each of its processes may use. */
int quota_limit_time(struct err *e);

/*
 * A place for a push, waiting for it as long as an upstream may be silent, and room for its
 * objects: -EBUSY, -EDQUOT with what there is. *ret: a descriptor of the caller's (close-on-exec);
 * the place is taken until the last copy of it is closed.
 */
int quota_enter_push(const struct gate *g, int *ret, struct err *e);

/* Room for objects of an upstream: -EDQUOT. */
int quota_check_disk(const struct gate *g, struct err *e);

#endif
