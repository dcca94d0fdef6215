#ifndef SHIM_AGENT_NET_H
#define SHIM_AGENT_NET_H

#include "base/err.h"

/*
 * The agent's network namespace. init itself is born, and waits, in the sidecar's, which the engine
 * fills by init's pid. But a sysfs shows the namespace in which it was mounted, and net.* sysctls
 * are those of the writer: so both are done by a short-lived child of init that is in the agent's
 * user and mount namespaces and in the new network namespace. Its descriptors appear in init's
 * table.
 */
struct agent_net {
	int netns; /* owned */
	int sysfs; /* a detached mount; owned */
};

#define AGENT_NET_NONE ((struct agent_net){.netns = -1, .sysfs = -1})

/* sysctl: config.json's; of it only net.* is applied. Called by init before its mounts. */
int agent_net_make(char *const *sysctl, struct agent_net *ret, struct err *e);

/*
 * Moves the caller into the agent's namespace and makes sure that it is there. Nothing may be
 * executed unless this returned 0.
 */
int agent_net_enter(int netns, struct err *e);

void agent_net_done(struct agent_net *n);

#endif
