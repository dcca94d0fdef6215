#include "netns/outside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "bundle/plan.h"
#include "netns/address.h"
#include "netns/namespace.h"
#include "netns/netlink.h"
#include "netns/route.h"

/* Indexes of the links that are not the engine's. */
struct ours {
	int lo, link;
};

static int find_ours(void *arg, struct err *e)
{
	struct ours *o = arg;

	(void)e;
	o->lo = (int)if_nametoindex("lo");
	o->link = (int)if_nametoindex(PLAN_SIDECAR_DEVICE);
	return 0;
}

struct search {
	struct ours ours;
	bool foreign, routed;
	uint32_t gateway;
	char found[64]; /* the first clash, as text */
};

static bool is_ours(const struct search *s, int index)
{
	return index == s->ours.lo || index == s->ours.link;
}

static int see_address(const struct address *a, void *arg)
{
	struct search *s = arg;

	if (is_ours(s, a->index))
		return 0;
	s->foreign |= !a->link_local;
	if (a->family == AF_INET && !s->found[0] && address_overlaps(a->addr, a->prefix))
		address_text("address", a->addr, a->prefix, s->found, sizeof(s->found));
	return 0;
}

static int see_route(const struct route *r, void *arg)
{
	struct search *s = arg;

	if (r->prefix == 0 && r->table == RT_TABLE_MAIN && r->type == RTN_UNICAST &&
		!is_ours(s, r->oif) && !s->routed) {
		s->routed = true;
		s->gateway = r->gateway;
	}
	if (r->prefix > 0 && r->table == RT_TABLE_MAIN && !is_ours(s, r->oif) && !s->found[0] &&
		address_overlaps(r->dst, r->prefix))
		address_text("route", r->dst, r->prefix, s->found, sizeof(s->found));
	return 0;
}

static int look_once(int sidecar_fd, struct search *s, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	int r = netns_run(sidecar_fd, find_ours, &s->ours, e);

	if (r < 0)
		return r;
	r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);
	if (r < 0)
		return r;
	r = address_each(sock, see_address, s, e);
	if (r < 0)
		return r;
	return route_each(sock, see_route, s, e);
}

/* An engine may be at work in there. */
static int look(int sidecar_fd, struct search *s, struct err *e)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < NETLINK_TRIES; i++) {
		*s = (struct search){.foreign = false};
		r = look_once(sidecar_fd, s, e);
	}
	return r;
}

int netns_outside_foreign(int sidecar_fd, bool *ret, struct err *e)
{
	struct search s;
	int r = look(sidecar_fd, &s, e);

	if (r < 0)
		return r;
	*ret = s.foreign;
	return 0;
}

int netns_outside_way(int sidecar_fd, struct netns_way *ret, struct err *e)
{
	struct search s;
	int r = look(sidecar_fd, &s, e);

	if (r < 0)
		return r;
	ret->addressed = s.foreign;
	ret->routed = s.routed;
	inet_ntop(AF_INET, &s.gateway, ret->gateway, sizeof(ret->gateway));
	return 0;
}

int netns_outside_host_way(struct netns_way *ret, struct err *e)
{
	cleanup_fd int own = -1;
	int r = netns_open_own(&own, e);

	return r < 0 ? r : netns_outside_way(own, ret, e);
}

struct device {
	const char *name;
	int index;
};

static int find_device(void *arg, struct err *e)
{
	struct device *d = arg;

	d->index = (int)if_nametoindex(d->name);
	return d->index ? 0 : err_set(e, errno, "device '%s' of the sidecar", d->name);
}

int netns_outside_lead(int sidecar_fd, const char *device, const char *gateway, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	struct device d = {.name = device};
	int r = netns_run(sidecar_fd, find_device, &d, e);

	if (r == 0)
		r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);
	return r < 0 ? r : route_add_default(sock, d.index, gateway, ROUTE_ONLINK, e);
}

int netns_outside_check_clash(int sidecar_fd, struct err *e)
{
	struct search s;
	int r = look(sidecar_fd, &s, e);

	if (r < 0)
		return r;
	if (s.found[0])
		return err_say(e, EADDRINUSE,
			"the engine's network has the %s, which clashes with the bottle's own "
			"addresses " PLAN_NAME_POOL
			": give the container a network with another subnet",
			s.found);
	return 0;
}
