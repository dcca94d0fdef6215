#ifndef SHIM_MONITOR_SOCKETS_H
#define SHIM_MONITOR_SOCKETS_H

#include "netns/listen.h"
#include "shim/component.h"
#include "shim/probe.h"

/*
 * The sidecar's listeners: bound by the monitor to the link, handed to their component by name, and
 * kept for the next life of it: while a component is down its port neither refuses nor leads
 * elsewhere.
 */
struct monitor_socket {
	const char *name; /* of COMPONENT_LISTENER */
	enum component_id owner;
	struct netns_listener listener;
	enum probe_kind probe;
};

#define MONITOR_SOCKETS 4
extern const struct monitor_socket monitor_sockets[MONITOR_SOCKETS];

#endif
