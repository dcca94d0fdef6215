#ifndef NETNS_LISTEN_H
#define NETNS_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum netns_proto { NETNS_TCP, NETNS_UDP };

struct netns_listener {
	enum netns_proto proto;
	uint16_t port;
	/*
	 * Takes what is sent to any address (IP_TRANSPARENT, bound to 0.0.0.0): getsockname(2) of
	 * an accepted connection tells the original destination. Otherwise: the sidecar's address
	 * only.
	 */
	bool transparent;
};

/*
 * A socket of the sidecar's namespace, bound to the link's device (nothing on the egress network
 * can reach it), close-on-exec, non-blocking; TCP: listening. UDP has IP_PKTINFO. A child without
 * privileges keeps device and transparency. The caller owns *ret_fd. Needs CAP_NET_ADMIN over the
 * namespace; the link exists.
 */
int netns_listen(int sidecar_fd, const struct netns_listener *l, int *ret_fd, struct err *e);

#endif
