#include "netns/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "netns/netlink.h"

/* PLAN_NAME_POOL as numbers; the link's addresses lie in it. */
#define POOL_ADDR   0xc6120000U
#define POOL_PREFIX 15

struct walk {
	int (*each)(const struct address *a, void *arg);
	void *arg;
};

static int take_address(struct nlmsghdr *h, void *arg)
{
	const struct walk *w = arg;
	const struct ifaddrmsg *ifa = nlmsg_data(h);
	struct nlattr *attrs[IFA_MAX + 1], *local;
	struct address a = {
		.family = ifa->ifa_family,
		.index = (int)ifa->ifa_index,
		.prefix = ifa->ifa_prefixlen,
		.link_local = ifa->ifa_scope == RT_SCOPE_LINK,
	};

	if (h->nlmsg_type != RTM_NEWADDR || nlmsg_parse(h, sizeof(*ifa), attrs, IFA_MAX, NULL) < 0)
		return 0;
	/* On a point-to-point link IFA_ADDRESS is the peer's. */
	local = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	if (a.family == AF_INET && local && nla_len(local) == sizeof(a.addr))
		memcpy(&a.addr, nla_data(local), sizeof(a.addr));
	return w->each(&a, w->arg);
}

int address_each(struct nl_sock *sock, int (*each)(const struct address *a, void *arg), void *arg,
	struct err *e)
{
	struct walk w = {.each = each, .arg = arg};
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
	struct ifaddrmsg ifa = {.ifa_family = AF_UNSPEC};

	if (!msg || nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO) < 0)
		return err_set(e, ENOMEM, "list addresses");
	return netlink_query(sock, msg, take_address, &w, e);
}

bool address_subnets_overlap(uint32_t a, int a_prefix, uint32_t b, int b_prefix)
{
	int shorter = a_prefix < b_prefix ? a_prefix : b_prefix;
	uint32_t bits = shorter == 0 ? 0 : ~0U << (32 - shorter);

	return ((ntohl(a) ^ ntohl(b)) & bits) == 0;
}

bool address_overlaps(uint32_t addr, int prefix)
{
	return address_subnets_overlap(addr, prefix, htonl(POOL_ADDR), POOL_PREFIX);
}

void address_text(const char *word, uint32_t addr, int prefix, char *buf, size_t size)
{
	struct in_addr in = {.s_addr = addr};
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &in, text, sizeof(text));
	snprintf(buf, size, "%s %s/%d", word, text, prefix);
}
