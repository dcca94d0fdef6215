#ifndef GATE_PROTOCOL2_WANTS_H
#define GATE_PROTOCOL2_WANTS_H

#include "gate/protocol2_command.h"

/*
 * Whether the agent may have what a fetch command wants: git's upload-pack gives, in this version,
 * whatever it has, so an object that the upstream has taken back, too. The mirror is fresh.
 * -EACCES names the first that it may not have (gate/reachable.h).
 */
int protocol2_wants_check(const struct protocol2_answer *a, struct err *e);

#endif
