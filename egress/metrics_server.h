#ifndef EGRESS_METRICS_SERVER_H
#define EGRESS_METRICS_SERVER_H

#include "egress/service.h"

/*
 * Gives the figures to whoever connects to the listener "metrics": a unix socket on the host that
 * the monitor has bound, which nobody but the operator can open, and no agent can see. One answer a
 * connection: GET /metrics. A few connections at a time, each for a few seconds.
 */
struct metrics_server;

/* fd is taken; -1: there is no such listener, and *ret NULL. */
int metrics_server_new(struct service *s, int fd, struct metrics_server **ret, struct err *e);
void metrics_server_free(struct metrics_server *v); /* v may be NULL */

/* Once a second: deadlines. Whether there is anything that has one. */
bool metrics_server_tick(struct metrics_server *v);

#endif
