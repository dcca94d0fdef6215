#ifndef NETNS_BRIDGE_H
#define NETNS_BRIDGE_H

#include <sys/types.h>

#include "base/err.h"

/*
 * The egress network that we make where no engine brought one: the bridge NETNS_BRIDGE in the
 * caller's namespace (the host's), a veth a bottle, masquerading by an nftables table of our own.
 * There is no daemon and no state file: which address belongs to whom stands in the alias of the
 * host's end of each veth, read and written under a lock (NETNS_BRIDGE_LOCK). The bridge goes with
 * the last bottle. Bottles cannot reach one another over it, and nobody outside can reach them.
 */
#define NETNS_BRIDGE	    "bottle-br0"
#define NETNS_BRIDGE_DEVICE "eth0" /* in the sidecar */
#define NETNS_BRIDGE_LOCK   "/run/bottle-shim/bridge.lock"

struct netns_bridge {
	char address[16]; /* the sidecar's, dotted */
	char gateway[16]; /* the bridge's */
	int prefix;
};

/*
 * Joins a sidecar to the bridge, making that first where it is missing, with a subnet of 10/8 that
 * no route or address of the host touches. id: the container's; one that is there already (from a
 * run that was killed) is replaced. On failure nothing of this bottle is left.
 */
int netns_bridge_attach(int sidecar_fd, const char *id, struct netns_bridge *ret, struct err *e);

/*
 * Takes the bottle off; the last one takes the bridge, the table and the forwarding that we
 * switched on with it. Idempotent; goes on through errors and reports them all.
 */
int netns_bridge_detach(const char *id, struct err *e);

/*
 * Whether a packet of this sidecar gets out of the host: one datagram with a short life is sent
 * with a socket of egress_uid to a documentation address, and counted behind the host's forward
 * chains. -ENETUNREACH: the host has no route there (a warning will do); -EACCES: the host's
 * firewall dropped it; the error names what was found (FORWARD policy, ufw, firewalld) and what to
 * do.
 */
int netns_bridge_check(
	int sidecar_fd, const struct netns_bridge *b, uid_t egress_uid, struct err *e);

#endif
