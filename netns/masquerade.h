#ifndef NETNS_MASQUERADE_H
#define NETNS_MASQUERADE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct nl_sock;

/*
 * The host's side of our bridge: one nftables table (family ip, `bottle_shim`) that masquerades
 * what leaves, lets nothing new in, keeps bottles from one another, and counts the probes of
 * netns_bridge_check; and the forwarding of the links that lead out.
 */

#define MASQUERADE_PROBE       "198.51.100.1" /* a documentation address, RFC 5737 */
#define MASQUERADE_UPLINKS_MAX 16

/* Links whose forwarding is switched on for us, on a host that does not forward by itself. */
struct masquerade_uplinks {
	char names[MASQUERADE_UPLINKS_MAX][16];
	size_t n;
};

/*
 * The table for this subnet (network byte order). keep: one that is whole stays as it is (the usual
 * case of a second bottle, where replacing would cost 10 ms).
 */
int masquerade_apply(uint32_t subnet, int prefix, const struct masquerade_uplinks *uplinks,
	bool keep, struct err *e);

/* sock: NETLINK_NETFILTER. */
int masquerade_remove(struct nl_sock *sock, struct err *e);

/* How many probes have passed the host's forward chains. */
int masquerade_count(uint64_t *ret, struct err *e);

/*
 * Which links have to forward: none when the host does so by itself, else those with an address
 * but lo and the bridge.
 */
int masquerade_find_uplinks(struct nl_sock *sock, struct masquerade_uplinks *ret, struct err *e);

/* Forwarding of the bridge and the uplinks, on or off. Goes on through errors, tells the first. */
int masquerade_forward(const struct masquerade_uplinks *uplinks, bool on, struct err *e);

#endif
