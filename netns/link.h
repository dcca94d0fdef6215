#ifndef NETNS_LINK_H
#define NETNS_LINK_H

#include "base/err.h"

/*
 * The internal link: one veth pair, each end born in its namespace, PLAN_SIDECAR_DEVICE there and
 * PLAN_AGENT_DEVICE here, addresses and prefix as bundle/plan.h has them. The agent has one route,
 * the default one over the sidecar, with quickack (40 ms of every git:// exchange). IPv6 is off on
 * both ends; the sidecar's end has rp_filter 1 and answers ARP for its own address only. The
 * agent's lo is up; the link itself comes up last.
 *
 * sidecar_fd has been through netns_sidecar_prepare. The agent's namespace may (and in a bottle
 * does) belong to another user namespace; the caller has CAP_NET_ADMIN over both. On failure
 * nothing is left in either.
 *
 * Order: netns_policy_apply first, then netns_link_make (which refuses without it), then listeners;
 * the agent's process runs after netns_policy_seal.
 */
int netns_link_make(int sidecar_fd, int agent_fd, struct err *e);

/* Removes the pair from the sidecar's end; one that is gone already is success. */
int netns_link_remove(int sidecar_fd, struct err *e);

#endif
