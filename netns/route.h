#ifndef NETNS_ROUTE_H
#define NETNS_ROUTE_H

#include <stdint.h>

#include "base/err.h"

struct nl_sock;

/* Routes of the namespace of a socket of netns/netlink.h. */

/* ONLINK: the gateway is not looked up, which a sealed sidecar's rules would not allow. */
enum route_flag { ROUTE_PLAIN = 0, ROUTE_QUICKACK = 1, ROUTE_ONLINK = 2 };

/* The default route of table main, over a gateway ("0.0.0.0": none). index: of the link. */
int route_add_default(
	struct nl_sock *sock, int index, const char *gateway, enum route_flag flag, struct err *e);

/* Every address is local (AnyIP), in a table of its own. Repeating it is success. */
int route_add_anyip(struct nl_sock *sock, uint32_t table, struct err *e);

struct route {
	uint32_t dst;	  /* network byte order; 0 with prefix 0: default */
	uint32_t gateway; /* the same; 0: none */
	int prefix;
	int oif;
	uint32_t table;
	uint8_t type; /* RTN_… */
};

/* Calls each for every IPv4 route of the namespace; an error of it ends the walk. */
int route_each(struct nl_sock *sock, int (*each)(const struct route *r, void *arg), void *arg,
	struct err *e);

#endif
