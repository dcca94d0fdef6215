#ifndef GATE_PROTOCOL2_FETCH_H
#define GATE_PROTOCOL2_FETCH_H

#include "gate/protocol2_command.h"

/*
 * The fetch command: objects come from the upstream as far as the mirror lacks them, wants are
 * checked, git's upload-pack answers. -ECANCELED: it failed and the agent was told within the
 * answer that had begun.
 */
int protocol2_fetch(const struct protocol2_answer *a, struct err *e);

#endif
