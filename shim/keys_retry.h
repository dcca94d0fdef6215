#ifndef SHIM_KEYS_RETRY_H
#define SHIM_KEYS_RETRY_H

#include "shim/cmd.h"

/*
 * Deploy keys that bottles of this operator's directory have left at forges, since their monitor
 * was killed or the forge was away: their revocation is started (forge/revoker.h), and not waited
 * for. Tells of each that has failed before. One look where there are none. Called by create, state
 * and delete, before a user namespace is entered: tokens are looked up as the operator.
 */
void keys_retry(const struct globals *g);

#endif
