#ifndef SHIM_MONITOR_NET_H
#define SHIM_MONITOR_NET_H

#include "shim/monitor.h"

/* The networks of a bottle, in the order of its life. All need root. */

/* The sidecar's namespace, a new one or the engine's, with the policy in force. */
int monitor_net_open(struct monitor *m, struct err *e);

/* ATTACH: link and listeners; m->agent_netns_fd is there. */
int monitor_net_link(struct monitor *m, struct err *e);

/* START: the egress network, found or made; addresses that clash refuse; the policy sealed. */
int monitor_net_start(struct monitor *m, struct err *e);

/* Undoes all of it, in reverse; goes on through errors and logs each. The first one is returned. */
int monitor_net_undo(struct monitor *m, struct err *e);

#endif
