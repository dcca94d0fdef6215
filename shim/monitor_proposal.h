#ifndef SHIM_MONITOR_PROPOSAL_H
#define SHIM_MONITOR_PROPOSAL_H

#include "base/msg.h"
#include "shim/monitor.h"

/*
 * COMPONENT_PROPOSE: something is proposed to the operator. There is nowhere to keep it for him
 * yet, so the answer is at once that it is rejected; a line of the log tells him of it. The body is
 * hostile: what is not as base/component.h has it, or is for another component to propose, is
 * -EPROTO, and so is a component that does not take its answers. Never blocks.
 */
int monitor_proposal_take(struct monitor_part *p, const struct msg *m, struct err *e);

#endif
