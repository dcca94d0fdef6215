#ifndef SHIM_MONITOR_METRICS_H
#define SHIM_MONITOR_METRICS_H

#include "shim/monitor.h"

/*
 * metrics.sock in the bottle's directory under the runtime's root, 0600: where the egress process
 * gives its figures to Prometheus. It is bound here, in the host's namespaces, where no agent can
 * see it, and handed to each life of that process as the listener "metrics".
 */
#define MONITOR_METRICS "metrics.sock"

/* m->state_dirfd is there. */
int monitor_metrics_open(struct monitor *m, struct err *e);

/* A LISTENER to egress, to others nothing. */
int monitor_metrics_hand(const struct monitor *m, const struct monitor_part *p, struct err *e);

#endif
