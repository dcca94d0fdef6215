#include "shim/monitor_sockets.h"

#include "netns/policy.h"

const struct monitor_socket monitor_sockets[MONITOR_SOCKETS] = {
	{"git", COMPONENT_GATE, {NETNS_TCP, NETNS_PORT_GATE_GIT, false}, PROBE_GIT},
	{"git-http", COMPONENT_GATE, {NETNS_TCP, NETNS_PORT_GATE_HTTP, false}, PROBE_GIT_HTTP},
	/* Every other TCP port, too, and the old name's 8888: the policy sends them here. */
	{"proxy", COMPONENT_EGRESS, {NETNS_TCP, NETNS_PORT_EGRESS, true}, PROBE_PROXY},
	{"dns", COMPONENT_EGRESS, {NETNS_UDP, NETNS_PORT_DNS, false}, PROBE_DNS},
};
