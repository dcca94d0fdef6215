#ifndef GATE_FORWARD_H
#define GATE_FORWARD_H

#include "gate/commands.h"
#include "gate/upstream.h"

/*
 * Sends all refs of a push to the upstream, all or nothing, each on the condition that the upstream
 * still has what the agent saw. What the upstream says is passed on to standard error, made fit for
 * a terminal. 0: the upstream has accepted; -errno with its reason.
 */
int forward_push(const struct upstream *u, const struct commands *cmds, struct err *e);

#endif
