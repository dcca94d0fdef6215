#include "netns/subnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>

#include "netns/address.h"
#include "netns/route.h"

struct clash {
	uint32_t subnet;
	int prefix;
	bool found;
};

static int clash_address(const struct address *a, void *arg)
{
	struct clash *c = arg;

	c->found |= a->family == AF_INET &&
		    address_subnets_overlap(a->addr, a->prefix, c->subnet, c->prefix);
	return 0;
}

static int clash_route(const struct route *r, void *arg)
{
	struct clash *c = arg;

	c->found |=
		r->prefix > 0 && address_subnets_overlap(r->dst, r->prefix, c->subnet, c->prefix);
	return 0;
}

/* 10.214.240.0 first, then on through 10/8; last 172.16.240.0 to 172.31.240.0. */
static uint32_t candidate(unsigned int i)
{
	if (i < 256)
		return htonl(0x0a00f000U | ((214 + i) % 256) << 16);
	return htonl(0xac10f000U | (i - 256) << 16);
}

int subnet_choose(struct nl_sock *sock, int prefix, uint32_t *ret, struct err *e)
{
	for (unsigned int i = 0; i < 256 + 16; i++) {
		struct clash c = {.subnet = candidate(i), .prefix = prefix};
		int r = address_each(sock, clash_address, &c, e);

		if (r >= 0)
			r = route_each(sock, clash_route, &c, e);
		if (r < 0)
			return r;
		if (!c.found) {
			*ret = c.subnet;
			return 0;
		}
	}
	return err_say(e, EADDRINUSE,
		"the host's addresses and routes leave no private /%d for the "
		"bridge",
		prefix);
}
