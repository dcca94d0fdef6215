#ifndef NETNS_SYSCTL_H
#define NETNS_SYSCTL_H

#include "base/err.h"

/*
 * net.* sysctls of the caller's current network namespace (run these by netns_run): /proc/sys/net
 * follows whoever opens it. Each value is written, none is relied on.
 */

/* A sidecar's: for the namespace, `all`, `default` and each link that is there but ours. */
int sysctl_sidecar(struct err *e);

/* Of sysctl_sidecar the links alone: an engine has brought some since. */
int sysctl_outside_links(struct err *e);

/* The two ends of the internal link; down yet. */
int sysctl_link_sidecar(struct err *e);
int sysctl_link_agent(struct err *e);

/* A link of our own on the host's side, the bridge or a port of it: no IPv6. */
int sysctl_bridge(const char *link, struct err *e);

/* -EINVAL when any link forwards, or the namespace does. */
int sysctl_check_no_forwarding(struct err *e);

/* One value: "ipv4/ip_forward", without the leading /proc/sys/net/. */
int sysctl_write(const char *name, const char *value, struct err *e);
int sysctl_read_int(const char *name, int *ret, struct err *e);

#endif
