#ifndef GATE_LFS_REFUSED_H
#define GATE_LFS_REFUSED_H

#include "base/err.h"
#include "gate/gate.h"

/*
 * Objects that were refused for what stands in them. git-lfs tries an upload that failed eight
 * times more, and asks for the batch anew each time: there it is told at once, and gives up. What
 * an object's name stands for never changes, nor do the rules in the life of a gate.
 */

/* Best effort: no more than a few hundred are remembered. */
void lfs_refused_note(const struct gate *g, const char *oid, const char *why);

/* 0 when it was not; else -EBADMSG and why. */
int lfs_refused_check(const struct gate *g, const char *oid, struct err *e);

#endif
