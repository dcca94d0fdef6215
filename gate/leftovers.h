#ifndef GATE_LEFTOVERS_H
#define GATE_LEFTOVERS_H

#include "base/err.h"
#include "gate/gate.h"

/*
 * What git leaves in a mirror when it is killed: lock files, which make every later change of what
 * they lock fail, packs half written, quarantines of pushes. What is not there is no error.
 */

/* Under the mirror's lock: locks and half-written packs of a refresh, or of a push's last step. */
int leftovers_unlock(const struct gate *g, const struct policy_repo *repo, struct err *e);

/*
 * At the beginning of a session: marks the mirror as in use for as long as a copy of lock_fd (of
 * its lock file, not yet locked) is open. Whoever finds himself alone removes all the above, and
 * quarantines, and objects/info, through which objects from elsewhere could be shown.
 */
int leftovers_enter(
	const struct gate *g, const struct policy_repo *repo, int lock_fd, struct err *e);

#endif
