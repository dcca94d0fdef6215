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

/* What leads out of a namespace over devices that are not ours. */
struct netns_way {
	bool addressed;	  /* there is an address other than link-local */
	bool routed;	  /* there is a default route in table main */
	char gateway[16]; /* of that, dotted; "0.0.0.0": none */
};

/* The sidecar's, and that of the namespace which the caller is in. */
int netns_outside_way(int sidecar_fd, struct netns_way *ret, struct err *e);
int netns_outside_host_way(struct netns_way *ret, struct err *e);

/* A default route over a device of the sidecar's, also after the seal. */
int netns_outside_lead(int sidecar_fd, const char *device, const char *gateway, struct err *e);

#endif
