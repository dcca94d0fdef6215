#include "netns/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <stdio.h>

#include "base/str.h"
#include "bundle/plan.h"
#include "netns/namespace.h"
#include "netns/netlink.h"
#include "netns/policy.h"
#include "netns/route.h"
#include "netns/sysctl.h"

static void link_cleanup(struct rtnl_link **l)
{
	if (*l)
		rtnl_link_put(*l);
}
#define cleanup_link __attribute__((cleanup(link_cleanup)))

/* One request of the sidecar's socket makes both ends, each in its namespace. */
static int make_pair(struct nl_sock *sock, int agent_fd, struct err *e)
{
	cleanup_link struct rtnl_link *l = rtnl_link_veth_alloc();
	struct nl_msg *msg = NULL;
	struct rtnl_link *peer;
	int built;

	if (!l)
		return err_set(e, ENOMEM, "make the internal link");
	peer = rtnl_link_veth_get_peer(l);
	rtnl_link_set_name(l, PLAN_SIDECAR_DEVICE);
	rtnl_link_set_name(peer, PLAN_AGENT_DEVICE);
	rtnl_link_set_ns_fd(peer, agent_fd);
	built = rtnl_link_build_add_request(l, NLM_F_CREATE | NLM_F_EXCL, &msg);
	rtnl_link_put(peer);
	return netlink_request_take(sock, built, msg, "make the internal link", e);
}

int link_change(struct nl_sock *sock, const struct link_change *c, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST);
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_change = c->up ? IFF_UP : 0,
		.ifi_flags = c->up ? IFF_UP : 0,
	};
	char what[64];

	snprintf(what, sizeof(what), "change link '%s'", c->name);
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put_string(msg, IFLA_IFNAME, c->name) < 0 ||
		(c->alias && nla_put_string(msg, IFLA_IFALIAS, c->alias) < 0) ||
		(c->master && nla_put_u32(msg, IFLA_MASTER, c->master) < 0))
		return err_set(e, ENOMEM, "%s", what);
	return netlink_request(sock, msg, what, e);
}

int link_delete(struct nl_sock *sock, const char *name, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELLINK, NLM_F_REQUEST);
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	char what[64];
	int r;

	snprintf(what, sizeof(what), "remove link '%s'", name);
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put_string(msg, IFLA_IFNAME, name) < 0)
		return err_set(e, ENOMEM, "%s", what);
	r = netlink_request(sock, msg, what, e);
	return r == -ENODEV ? 0 : r;
}

static int index_of(void *arg, struct err *e)
{
	unsigned int i = if_nametoindex(arg);

	return i ? (int)i : err_set(e, errno, "find link '%s'", (const char *)arg);
}

int link_index(int netns_fd, const char *name, struct err *e)
{
	if (netns_fd < 0)
		return index_of((void *)name, e);
	return netns_run(netns_fd, index_of, (void *)name, e);
}

int link_set_up(int netns_fd, const char *name, struct err *e)
{
	struct link_change c = {.name = name, .up = true};
	cleanup_netlink struct nl_sock *sock = NULL;
	int r = netlink_open(netns_fd, NETLINK_ROUTE, &sock, e);

	if (r < 0)
		return r;
	return link_change(sock, &c, e);
}

int link_add_address(
	struct nl_sock *sock, int index, const char *address, int prefix, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg ifa = {
		.ifa_family = AF_INET,
		.ifa_prefixlen = (unsigned char)prefix,
		.ifa_index = (unsigned int)index,
	};
	struct in_addr in;
	char what[64];

	snprintf(what, sizeof(what), "add address %s/%d", address, prefix);
	if (inet_pton(AF_INET, address, &in) != 1)
		return err_set(e, EINVAL, "%s", what);
	if (!msg || nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO) < 0 ||
		nla_put(msg, IFA_LOCAL, sizeof(in), &in) < 0 ||
		nla_put(msg, IFA_ADDRESS, sizeof(in), &in) < 0)
		return err_set(e, ENOMEM, "%s", what);
	return netlink_request(sock, msg, what, e);
}

static int run_sysctl_sidecar(void *arg, struct err *e)
{
	(void)arg;
	return sysctl_link_sidecar(e);
}

static int run_sysctl_agent(void *arg, struct err *e)
{
	(void)arg;
	return sysctl_link_agent(e);
}

/* One end: sysctls, address, and only then up. */
static int finish_end(
	struct nl_sock *sock, int netns_fd, const char *device, const char *address, struct err *e)
{
	struct link_change up = {.name = device, .up = true};
	int index = link_index(netns_fd, device, e), r;

	if (index < 0)
		return index;
	r = link_add_address(sock, index, address, PLAN_LINK_PREFIX, e);
	if (r < 0)
		return r;
	r = link_change(sock, &up, e);
	return r < 0 ? r : index;
}

static int finish_agent(int agent_fd, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	struct link_change lo_up = {.name = "lo", .up = true};
	int index, r;

	r = netns_run(agent_fd, run_sysctl_agent, NULL, e);
	if (r < 0)
		return r;
	r = netlink_open(agent_fd, NETLINK_ROUTE, &sock, e);
	if (r < 0)
		return r;
	r = link_change(sock, &lo_up, e);
	if (r < 0)
		return r;
	index = finish_end(sock, agent_fd, PLAN_AGENT_DEVICE, PLAN_AGENT_ADDRESS, e);
	if (index < 0)
		return index;
	return route_add_default(sock, index, PLAN_SIDECAR_ADDRESS, ROUTE_QUICKACK, e);
}

static int finish_sidecar(struct nl_sock *sock, int sidecar_fd, struct err *e)
{
	int r = netns_run(sidecar_fd, run_sysctl_sidecar, NULL, e);

	if (r < 0)
		return r;
	return finish_end(sock, sidecar_fd, PLAN_SIDECAR_DEVICE, PLAN_SIDECAR_ADDRESS, e);
}

int netns_link_make(int sidecar_fd, int agent_fd, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	struct err ignored;
	int r;

	r = netns_policy_check(sidecar_fd, NETNS_POLICY_OPEN_TO_ENGINE, e);
	if (r < 0)
		return err_wrap(e, "make the internal link");
	r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);
	if (r < 0)
		return r;
	r = make_pair(sock, agent_fd, e);
	if (r < 0)
		return r;
	r = finish_sidecar(sock, sidecar_fd, e);
	if (r >= 0)
		r = finish_agent(agent_fd, e);
	if (r < 0)
		link_delete(sock, PLAN_SIDECAR_DEVICE, &ignored);
	return r < 0 ? r : 0;
}

int netns_link_remove(int sidecar_fd, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	int r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);

	if (r < 0)
		return r;
	return link_delete(sock, PLAN_SIDECAR_DEVICE, e);
}
