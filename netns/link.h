#ifndef NETNS_LINK_H
#define NETNS_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct nl_sock;

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

/* For this layer: single requests on a socket of netns/netlink.h, in that socket's namespace. */

struct link_change {
	const char *name;
	bool up;	   /* bring it up; false: let it be */
	const char *alias; /* NULL: let it be */
	uint32_t master;   /* index of its bridge; 0: let it be */
};

int link_change(struct nl_sock *sock, const struct link_change *c, struct err *e);
int link_delete(struct nl_sock *sock, const char *name, struct err *e); /* missing is success */
int link_add_address(
	struct nl_sock *sock, int index, const char *address, int prefix, struct err *e);

/* Index of a link by name; netns_fd -1: in the caller's namespace. -ENODEV when there is none. */
int link_index(int netns_fd, const char *name, struct err *e);

/* Brings one link of a namespace up. */
int link_set_up(int netns_fd, const char *name, struct err *e);

#endif
