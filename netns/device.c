#include "netns/device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <stdio.h>

#include "netns/namespace.h"
#include "netns/netlink.h"

static void link_cleanup(struct rtnl_link **l)
{
	if (*l)
		rtnl_link_put(*l);
}
#define cleanup_link __attribute__((cleanup(link_cleanup)))

/*
 * The kernel announces a veth's carrier at once when its index differs from its peer's, else up to
 * a second later (net/core/link_watch.c: it compares the numbers of two namespaces), and until then
 * a bridge's port forwards nothing. In young namespaces both would be 2.
 */
#define PEER_INDEX (1 << 20)

int device_make_pair(
	struct nl_sock *sock, const char *name, const char *peer_name, int peer_fd, struct err *e)
{
	cleanup_link struct rtnl_link *l = rtnl_link_veth_alloc();
	struct nl_msg *msg = NULL;
	struct rtnl_link *peer;
	int built;

	if (!l)
		return err_set(e, ENOMEM, "make a pair of links");
	peer = rtnl_link_veth_get_peer(l);
	rtnl_link_set_name(l, name);
	rtnl_link_set_name(peer, peer_name);
	rtnl_link_set_ifindex(peer, PEER_INDEX);
	rtnl_link_set_ns_fd(peer, peer_fd);
	built = rtnl_link_build_add_request(l, NLM_F_CREATE | NLM_F_EXCL, &msg);
	rtnl_link_put(peer);
	return netlink_request_take(sock, built, msg, "make a pair of links", e);
}

/*
 * A bridge that was given no address takes the lowest of its ports': that changes as they come and
 * go, and whoever has learnt the old one sends into the void until it is asked for anew (half a
 * minute). Locally administered (IEEE 802, 8.2); it is never seen beyond the bridge's ports.
 */
static const uint8_t bridge_address[] = {0x02, 'b', 'o', 't', 'b', 'r'};

int device_make_bridge(
	struct nl_sock *sock, const char *name, const char *alias, uint32_t group, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
	struct device_change named = {.name = name, .alias = alias};
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct nlattr *kind = NULL;
	int r;

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put_string(msg, IFLA_IFNAME, name) < 0 ||
		nla_put_u32(msg, IFLA_GROUP, group) < 0 ||
		nla_put(msg, IFLA_ADDRESS, sizeof(bridge_address), bridge_address) < 0 ||
		!(kind = nla_nest_start(msg, IFLA_LINKINFO)) ||
		nla_put_string(msg, IFLA_INFO_KIND, "bridge") < 0)
		return err_set(e, ENOMEM, "make bridge '%s'", name);
	nla_nest_end(msg, kind);
	r = netlink_request(sock, msg, "make the bridge", e);
	if (r < 0)
		return r;
	return device_change(sock, &named, e);
}

int device_isolate_port(struct nl_sock *sock, const char *name, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST);
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct nlattr *outer = NULL, *inner = NULL;

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put_string(msg, IFLA_IFNAME, name) < 0 ||
		!(outer = nla_nest_start(msg, IFLA_LINKINFO)) ||
		nla_put_string(msg, IFLA_INFO_SLAVE_KIND, "bridge") < 0 ||
		!(inner = nla_nest_start(msg, IFLA_INFO_SLAVE_DATA)) ||
		nla_put_u8(msg, IFLA_BRPORT_ISOLATED, 1) < 0)
		return err_set(e, ENOMEM, "isolate port '%s'", name);
	nla_nest_end(msg, inner);
	nla_nest_end(msg, outer);
	return netlink_request(sock, msg, "isolate a bottle's port of the bridge", e);
}

struct walk {
	int (*each)(const struct device *d, void *arg);
	void *arg;
};

static int take_device(struct nlmsghdr *h, void *arg)
{
	const struct walk *w = arg;
	const struct ifinfomsg *info = nlmsg_data(h);
	struct nlattr *a[IFLA_MAX + 1];
	struct device d = {
		.index = info->ifi_index, .running = (info->ifi_flags & IFF_RUNNING) != 0};

	if (h->nlmsg_type != RTM_NEWLINK || nlmsg_parse(h, sizeof(*info), a, IFLA_MAX, NULL) < 0)
		return 0;
	if (a[IFLA_IFNAME])
		nla_strlcpy(d.name, a[IFLA_IFNAME], sizeof(d.name));
	if (a[IFLA_IFALIAS])
		nla_strlcpy(d.alias, a[IFLA_IFALIAS], sizeof(d.alias));
	if (a[IFLA_GROUP])
		d.group = nla_get_u32(a[IFLA_GROUP]);
	if (a[IFLA_MASTER])
		d.master = nla_get_u32(a[IFLA_MASTER]);
	return w->each(&d, w->arg);
}

int device_each(struct nl_sock *sock, int (*each)(const struct device *d, void *arg), void *arg,
	struct err *e)
{
	struct walk w = {.each = each, .arg = arg};
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return err_set(e, ENOMEM, "list links");
	return netlink_query(sock, msg, take_device, &w, e);
}

int device_change(struct nl_sock *sock, const struct device_change *c, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST);
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_change = c->up || c->down ? IFF_UP : 0,
		.ifi_flags = c->up ? IFF_UP : 0,
	};
	char what[64];

	snprintf(what, sizeof(what), "change link '%s'", c->name);
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put_string(msg, IFLA_IFNAME, c->name) < 0 ||
		(c->alias && nla_put_string(msg, IFLA_IFALIAS, c->alias) < 0) ||
		(c->master && nla_put_u32(msg, IFLA_MASTER, c->master) < 0) ||
		(c->group && nla_put_u32(msg, IFLA_GROUP, c->group) < 0))
		return err_set(e, ENOMEM, "%s", what);
	return netlink_request(sock, msg, what, e);
}

int device_delete(struct nl_sock *sock, const char *name, struct err *e)
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

int device_delete_group(struct nl_sock *sock, uint32_t group, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELLINK, NLM_F_REQUEST);
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(msg, IFLA_GROUP, group) < 0)
		return err_set(e, ENOMEM, "remove a group of links");
	return netlink_request(sock, msg, "remove a group of links", e);
}

static int index_of(void *arg, struct err *e)
{
	unsigned int i = if_nametoindex(arg);

	return i ? (int)i : err_set(e, errno, "find link '%s'", (const char *)arg);
}

int device_index(int netns_fd, const char *name, struct err *e)
{
	if (netns_fd < 0)
		return index_of((void *)name, e);
	return netns_run(netns_fd, index_of, (void *)name, e);
}

int device_set_up(int netns_fd, const char *name, struct err *e)
{
	struct device_change c = {.name = name, .up = true};
	cleanup_netlink struct nl_sock *sock = NULL;
	int r = netlink_open(netns_fd, NETLINK_ROUTE, &sock, e);

	if (r < 0)
		return r;
	return device_change(sock, &c, e);
}

int device_add_address(
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
