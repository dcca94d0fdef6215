#ifndef NETNS_OUTSIDE_H
#define NETNS_OUTSIDE_H

#include <stdbool.h>

#include "base/err.h"

/* The egress network as the sidecar's namespace has it, whoever made it. */

/* Whether a link other than lo and ours has an IPv4 or global IPv6 address: an engine was here. */
int netns_outside_foreign(int sidecar_fd, bool *ret, struct err *e);

/*
 * The internal addresses (PLAN_NAME_POOL, the link's among them) against the addresses and routes
 * of the egress network, default routes excepted. -EADDRINUSE: the error names both and what to
 * change.
 */
int netns_outside_check_clash(int sidecar_fd, struct err *e);

/*
 * Whether table main has a default route over a device that is not ours: in the sidecar's
 * namespace, and in the caller's own.
 */
int netns_outside_routed(int sidecar_fd, bool *ret, struct err *e);
int netns_outside_host_routed(bool *ret, struct err *e);

#endif
