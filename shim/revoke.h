#ifndef SHIM_REVOKE_H
#define SHIM_REVOKE_H

#include "base/err.h"

/*
 * `bottle-monitor revoke`: reads which deploy keys are to be revoked and their tokens from the
 * socket (forge/revoker.h), revokes them one after another, each in a bottle-forge of its own under
 * a uid of a slot of its own, and ends; what cannot be revoked in REVOKE_MAX_MS stays recorded,
 * with the reason. It tells the bottle's monitor.log and, where somebody reads it, the socket.
 */
#define REVOKE_MAX_MS 300000

/*
 * A creation whose answer never came may still be under way at the forge: for so long a key that is
 * not found there is not taken for one that was never made.
 */
#define REVOKE_SETTLE_S 60

/* sock: that socket, borrowed. A failure: before the first key was looked at. */
int revoke_serve(int sock, struct err *e);

#endif
