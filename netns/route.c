#include "netns/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netns/netlink.h"

static int put_quickack(struct nl_msg *msg)
{
	struct nlattr *metrics = nla_nest_start(msg, RTA_METRICS);

	if (!metrics || nla_put_u32(msg, RTAX_QUICKACK, 1) < 0)
		return -ENOMEM;
	nla_nest_end(msg, metrics);
	return 0;
}

int route_add_default(
	struct nl_sock *sock, int index, const char *gateway, enum route_flag flag, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg rtm = {
		.rtm_family = AF_INET,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct in_addr gw = {0};

	if (flag == ROUTE_ONLINK)
		rtm.rtm_flags = RTNH_F_ONLINK;
	if (inet_pton(AF_INET, gateway, &gw) != 1)
		return err_set(e, EINVAL, "add the default route over '%s'", gateway);
	if (gw.s_addr == 0) {
		rtm.rtm_flags = 0;
		rtm.rtm_scope = RT_SCOPE_LINK;
	}
	if (!msg || nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(msg, RTA_OIF, (uint32_t)index) < 0 ||
		(gw.s_addr && nla_put(msg, RTA_GATEWAY, sizeof(gw), &gw) < 0) ||
		(flag == ROUTE_QUICKACK && put_quickack(msg) < 0))
		return err_set(e, ENOMEM, "add the default route");
	return netlink_request(sock, msg, "add the default route", e);
}

int route_add_anyip(struct nl_sock *sock, uint32_t table, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg rtm = {
		.rtm_family = AF_INET,
		.rtm_table = RT_TABLE_UNSPEC,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};

	/* lo is the first link of every namespace. */
	if (!msg || nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(msg, RTA_TABLE, table) < 0 || nla_put_u32(msg, RTA_OIF, 1) < 0)
		return err_set(e, ENOMEM, "add the route for every address");
	return netlink_request(sock, msg, "add the route for every address", e);
}

struct walk {
	int (*each)(const struct route *r, void *arg);
	void *arg;
};

static int take_route(struct nlmsghdr *h, void *arg)
{
	const struct walk *w = arg;
	const struct rtmsg *rtm = nlmsg_data(h);
	struct nlattr *a[RTA_MAX + 1];
	struct route r = {.prefix = rtm->rtm_dst_len, .type = rtm->rtm_type};

	if (h->nlmsg_type != RTM_NEWROUTE || rtm->rtm_family != AF_INET ||
		(rtm->rtm_flags & RTM_F_CLONED) ||
		nlmsg_parse(h, sizeof(*rtm), a, RTA_MAX, NULL) < 0)
		return 0;
	r.table = a[RTA_TABLE] ? nla_get_u32(a[RTA_TABLE]) : rtm->rtm_table;
	if (a[RTA_DST])
		memcpy(&r.dst, nla_data(a[RTA_DST]), sizeof(r.dst));
	if (a[RTA_GATEWAY] && nla_len(a[RTA_GATEWAY]) == (int)sizeof(r.gateway))
		memcpy(&r.gateway, nla_data(a[RTA_GATEWAY]), sizeof(r.gateway));
	if (a[RTA_OIF])
		r.oif = (int)nla_get_u32(a[RTA_OIF]);
	return w->each(&r, w->arg);
}

int route_each(struct nl_sock *sock, int (*each)(const struct route *r, void *arg), void *arg,
	struct err *e)
{
	struct walk w = {.each = each, .arg = arg};
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP);
	struct rtmsg rtm = {.rtm_family = AF_INET};

	if (!msg || nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) < 0)
		return err_set(e, ENOMEM, "list routes");
	return netlink_query(sock, msg, take_route, &w, e);
}
