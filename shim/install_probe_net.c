#include "shim/install_probe_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

/* Messages in the making: netlink headers and attributes, each aligned to four bytes. */
struct batch {
	uint32_t words[512];
	size_t len; /* bytes */
};

static void *add(struct batch *b, const void *data, size_t len)
{
	char *at = (char *)b->words + b->len;

	memset(at, 0, NLMSG_ALIGN(len));
	if (data)
		memcpy(at, data, len);
	b->len += NLMSG_ALIGN(len);
	return at;
}

static struct nlmsghdr *begin(struct batch *b, uint16_t type, uint16_t flags)
{
	struct nlmsghdr h = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags};

	return add(b, &h, sizeof(h));
}

static void end(struct batch *b, struct nlmsghdr *h)
{
	h->nlmsg_len = (uint32_t)((char *)b->words + b->len - (char *)h);
}

static void attr(struct batch *b, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = {.nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type};

	add(b, &a, sizeof(a));
	add(b, data, len);
}

static void attr_str(struct batch *b, uint16_t type, const char *s)
{
	attr(b, type, s, strlen(s) + 1);
}

/* Netfilter's numbers travel in network order. */
static void attr_be32(struct batch *b, uint16_t type, uint32_t v)
{
	v = htonl(v);
	attr(b, type, &v, sizeof(v));
}

static struct nlattr *nest(struct batch *b, uint16_t type)
{
	struct nlattr a = {.nla_type = type | NLA_F_NESTED};

	return add(b, &a, sizeof(a));
}

static void nest_end(struct batch *b, struct nlattr *a)
{
	a->nla_len = (uint16_t)((char *)b->words + b->len - (char *)a);
}

/* Sends it and reads the answers until `acks` of them said yes, or one said no. */
static int talk(int family, const struct batch *b, int acks)
{
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	uint32_t answer[1024];

	if (fd < 0 ||
		sendto(fd, b->words, b->len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	while (acks > 0) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);
		const struct nlmsghdr *h = (const struct nlmsghdr *)answer;

		if (n < 0)
			return -errno;
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			const struct nlmsgerr *m = NLMSG_DATA(h);

			if (h->nlmsg_type == NLMSG_ERROR && m->error)
				return m->error;
			acks--;
		}
	}
	return 0;
}

static int try_link(const char *kind)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct batch b = {.len = 0};
	struct nlmsghdr *h;
	struct nlattr *link;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	h = begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	add(&b, &info, sizeof(info));
	attr_str(&b, IFLA_IFNAME, "probe0");
	link = nest(&b, IFLA_LINKINFO);
	attr_str(&b, IFLA_INFO_KIND, kind);
	nest_end(&b, link);
	end(&b, h);
	return talk(NETLINK_ROUTE, &b, 1);
}

int install_probe_veth(void)
{
	return try_link("veth");
}

int install_probe_bridge(void)
{
	return try_link("bridge");
}

static struct nlmsghdr *begin_nft(struct batch *b, uint16_t type, uint16_t flags)
{
	struct nfgenmsg g = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};
	struct nlmsghdr *h = begin(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags);

	add(b, &g, sizeof(g));
	return h;
}

static void add_mark(struct batch *b, uint16_t type)
{
	struct nfgenmsg g = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
	struct nlmsghdr *h = begin(b, type, 0);

	add(b, &g, sizeof(g));
	end(b, h);
}

static void add_table_and_chain(struct batch *b)
{
	struct nlmsghdr *h = begin_nft(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK);
	struct nlattr *hook;

	attr_str(b, NFTA_TABLE_NAME, "probe");
	end(b, h);
	h = begin_nft(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK);
	attr_str(b, NFTA_CHAIN_TABLE, "probe");
	attr_str(b, NFTA_CHAIN_NAME, "pre");
	attr_str(b, NFTA_CHAIN_TYPE, "filter");
	hook = nest(b, NFTA_CHAIN_HOOK);
	attr_be32(b, NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
	attr_be32(b, NFTA_HOOK_PRIORITY, (uint32_t)-150);
	nest_end(b, hook);
	end(b, h);
}

/* meta l4proto tcp tproxy to :1 — an expression is a list element with a name and its data. */
static struct nlattr *begin_expr(struct batch *b, const char *name, struct nlattr **ret_data)
{
	struct nlattr *element = nest(b, NFTA_LIST_ELEM);

	attr_str(b, NFTA_EXPR_NAME, name);
	*ret_data = nest(b, NFTA_EXPR_DATA);
	return element;
}

/* A value for a register or a comparison: nested once more. */
static void attr_value(struct batch *b, uint16_t type, const void *data, size_t len)
{
	struct nlattr *value = nest(b, type);

	attr(b, NFTA_DATA_VALUE, data, len);
	nest_end(b, value);
}

static void add_rule(struct batch *b)
{
	struct nlmsghdr *h = begin_nft(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK);
	struct nlattr *list, *element, *data;
	const uint8_t tcp = IPPROTO_TCP;
	const uint16_t port = htons(1);

	attr_str(b, NFTA_RULE_TABLE, "probe");
	attr_str(b, NFTA_RULE_CHAIN, "pre");
	list = nest(b, NFTA_RULE_EXPRESSIONS);
	element = begin_expr(b, "meta", &data);
	attr_be32(b, NFTA_META_DREG, NFT_REG_1);
	attr_be32(b, NFTA_META_KEY, NFT_META_L4PROTO);
	nest_end(b, data), nest_end(b, element);
	element = begin_expr(b, "cmp", &data);
	attr_be32(b, NFTA_CMP_SREG, NFT_REG_1);
	attr_be32(b, NFTA_CMP_OP, NFT_CMP_EQ);
	attr_value(b, NFTA_CMP_DATA, &tcp, sizeof(tcp));
	nest_end(b, data), nest_end(b, element);
	element = begin_expr(b, "immediate", &data);
	attr_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	attr_value(b, NFTA_IMMEDIATE_DATA, &port, sizeof(port));
	nest_end(b, data), nest_end(b, element);
	element = begin_expr(b, "tproxy", &data);
	attr_be32(b, NFTA_TPROXY_FAMILY, NFPROTO_IPV4);
	attr_be32(b, NFTA_TPROXY_REG_PORT, NFT_REG_1);
	nest_end(b, data), nest_end(b, element);
	nest_end(b, list);
	end(b, h);
}

int install_probe_tproxy(void)
{
	struct batch b = {.len = 0};

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	add_mark(&b, NFNL_MSG_BATCH_BEGIN);
	add_table_and_chain(&b);
	add_rule(&b);
	add_mark(&b, NFNL_MSG_BATCH_END);
	return talk(NETLINK_NETFILTER, &b, 3);
}
