#ifndef NETNS_POLICY_H
#define NETNS_POLICY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Who may send what in a sidecar's namespace: routing rules and one nftables table, `bottle`.
 *
 * From the link: TCP to any address and port reaches the listener on NETNS_PORT_EGRESS with its
 * destination kept, but for the sidecar's own services; UDP reaches the name service only; all
 * else, and all from a forged source, is refused at once or dropped. Outwards: only sockets of the
 * gate's uid (name service and its upstreams' ports) and of the egress' uid (TCP, name service);
 * an engine's own name service (uid 0) asks by UDP; the kernel's own replies go to the link and
 * nowhere else. From the egress network: answers only.
 * Nothing is forwarded. IPv6: nothing.
 */

#define NETNS_PORT_DNS	     53
#define NETNS_PORT_EGRESS    9099
#define NETNS_PORT_GATE_GIT  9418
#define NETNS_PORT_GATE_HTTP 9420
#define NETNS_PORT_SUPERVISE 9100
#define NETNS_GATE_PORTS_MAX 64

struct netns_policy {
	uid_t gate_uid, egress_uid;
	uint16_t gate_ports[NETNS_GATE_PORTS_MAX]; /* TCP, its upstreams' */
	size_t n_gate_ports;
};

/*
 * Puts the policy in force; the link exists (netns_link_make). One way stays open for processes
 * of uid 0 in this namespace, which only an engine has: it must still be able to look up and add
 * its routes. netns_policy_seal closes it. Repeating it replaces what was there.
 */
int netns_policy_apply(int sidecar_fd, const struct netns_policy *p, struct err *e);

/*
 * Closes the engine's way, hardens the links that the engine has brought, and reads back what is
 * in force: an error when a rule is missing, one too many is there, or forwarding is on. Must
 * succeed before the agent's process runs. An engine cannot add gateway routes afterwards.
 */
int netns_policy_seal(int sidecar_fd, struct err *e);

/*
 * Reads back what is in force: nothing missing, nothing too many. What it must be: before the seal
 * or after it.
 */
enum netns_policy_state { NETNS_POLICY_OPEN_TO_ENGINE, NETNS_POLICY_SEALED };

int netns_policy_check(int sidecar_fd, enum netns_policy_state state, struct err *e);

#endif
