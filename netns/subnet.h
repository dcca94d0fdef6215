#ifndef NETNS_SUBNET_H
#define NETNS_SUBNET_H

#include <stdint.h>

#include "base/err.h"

struct nl_sock;

/*
 * A private subnet of this length (16 to 20) that no address and no route of the namespace touches,
 * default routes excepted. Network byte order. -EADDRINUSE when there is none.
 */
int subnet_choose(struct nl_sock *sock, int prefix, uint32_t *ret, struct err *e);

#endif
