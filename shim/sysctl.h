#ifndef SHIM_SYSCTL_H
#define SHIM_SYSCTL_H

#include "base/err.h"
#include "bundle/oci.h"

/* Which keys: those of the network namespace (net.*), or all the others. */
enum sysctl_which { SYSCTL_NET, SYSCTL_OTHER };

/*
 * Refuses keys that are not namespaced (they would change the host) or whose namespace the
 * container does not have of its own; one that it joins by a path is its own unless it is the
 * caller's (Docker's --network host). For the parent, before anything is made.
 */
int sysctl_check(const struct oci *oci, struct err *e);

/*
 * Writes the keys of that kind ("net.ipv4.ip_forward=1", '.' or '/' between the parts) for the
 * caller's own namespaces, through a procfs instance that is mounted nowhere (else, where the
 * kernel refuses one, through /proc without crossing a mount): nothing that lies over /proc is
 * trusted.
 */
int sysctl_apply(char *const *sysctl, enum sysctl_which which, struct err *e);

#endif
