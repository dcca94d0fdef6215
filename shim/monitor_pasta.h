#ifndef SHIM_MONITOR_PASTA_H
#define SHIM_MONITOR_PASTA_H

#include "shim/monitor.h"

/*
 * The egress network of who may make no bridge: pasta(1) copies the host's address and default
 * route to a device of the sidecar's namespace and carries what goes over it, TCP and UDP, with
 * sockets of the user's own. Nothing is forwarded inwards, and neither the gateway's address nor
 * any other leads to the host's loopback. It dies with the monitor, and its device with it.
 */

/* Whether this bottle goes out that way. */
bool monitor_pasta_wanted(const struct monitor *m);

/* For create: whether it is there to be started. */
int monitor_pasta_check(struct err *e);

/*
 * Starts it and waits until there is a route out of the sidecar. A host without one is no error: a
 * warning tells, and nothing is started.
 */
int monitor_pasta_start(struct monitor *m, struct err *e);

/* It ended, which only a fault can be: it is started again at m->pasta_due. */
void monitor_pasta_ended(struct monitor *m);
void monitor_pasta_tick(struct monitor *m, int64_t now);

void monitor_pasta_stop(struct monitor *m);

#endif
