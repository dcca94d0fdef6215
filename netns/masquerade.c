#include "netns/masquerade.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "netns/address.h"
#include "netns/bridge.h"
#include "netns/netlink.h"
#include "netns/nft.h"
#include "netns/sysctl.h"

#define TABLE	 "bottle_shim"
#define N_CHAINS 3

static void chain_forward(struct nft *n, const struct masquerade_uplinks *uplinks)
{
	nft_chain(n, &(struct nft_chain){
			     "forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER, NF_ACCEPT});
	nft_rule(n, "forward");
	nft_iif(n, NETNS_BRIDGE, true);
	nft_oif(n, NETNS_BRIDGE, true);
	nft_verdict(n, NF_DROP);
	nft_rule_end(n);
	nft_rule(n, "forward");
	nft_oif(n, NETNS_BRIDGE, true);
	nft_ct_answers(n, false);
	nft_verdict(n, NF_DROP);
	nft_rule_end(n);
	/* A host that was no router does not become one: its links forward for the bridge only. */
	for (size_t i = 0; i < uplinks->n; i++) {
		nft_rule(n, "forward");
		nft_iif(n, uplinks->names[i], true);
		nft_oif(n, NETNS_BRIDGE, false);
		nft_verdict(n, NF_DROP);
		nft_rule_end(n);
	}
}

/* Behind every forward chain; before the source address is rewritten. */
static void chain_probes(struct nft *n, uint32_t subnet, int prefix)
{
	struct in_addr probe = {0};

	inet_pton(AF_INET, MASQUERADE_PROBE, &probe);
	nft_chain(n, &(struct nft_chain){"probes", "filter", NF_INET_POST_ROUTING,
			     NF_IP_PRI_NAT_SRC - 1, NF_ACCEPT});
	nft_rule(n, "probes");
	nft_saddr(n, subnet, prefix, true);
	nft_daddr(n, probe.s_addr, 32, true);
	nft_counter(n);
	nft_rule_end(n);
}

static void chain_postrouting(struct nft *n, uint32_t subnet, int prefix)
{
	nft_chain(n, &(struct nft_chain){"postrouting", "nat", NF_INET_POST_ROUTING,
			     NF_IP_PRI_NAT_SRC, NF_ACCEPT});
	nft_rule(n, "postrouting");
	nft_saddr(n, subnet, prefix, true);
	nft_oif(n, NETNS_BRIDGE, false);
	nft_masquerade(n);
	nft_rule_end(n);
}

int masquerade_apply(uint32_t subnet, int prefix, const struct masquerade_uplinks *uplinks,
	bool keep, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	cleanup_nft struct nft n;
	int chains, r;

	nft_begin(&n, NFPROTO_IPV4, TABLE);
	r = netlink_open(-1, NETLINK_NETFILTER, &sock, e);
	if (r < 0)
		return r;
	chains = nft_count_chains(sock, NFPROTO_IPV4, TABLE, e);
	if (keep && chains == N_CHAINS)
		return 0;
	nft_table_make(&n, chains == -ENOENT ? NFT_TABLE_FRESH : NFT_TABLE_REPLACE);
	chain_forward(&n, uplinks);
	chain_probes(&n, subnet, prefix);
	chain_postrouting(&n, subnet, prefix);
	return nft_commit(&n, sock, e);
}

int masquerade_remove(struct nl_sock *sock, struct err *e)
{
	cleanup_nft struct nft n;

	nft_begin(&n, NFPROTO_IPV4, TABLE);
	nft_table_remove(&n);
	return nft_commit(&n, sock, e);
}

static uint64_t packets_of(struct nlattr *expr)
{
	struct nlattr *a[NFTA_EXPR_MAX + 1], *c[NFTA_COUNTER_MAX + 1];

	if (nla_parse_nested(a, NFTA_EXPR_MAX, expr, NULL) < 0 || !a[NFTA_EXPR_NAME] ||
		!a[NFTA_EXPR_DATA] || nla_strcmp(a[NFTA_EXPR_NAME], "counter") != 0 ||
		nla_parse_nested(c, NFTA_COUNTER_MAX, a[NFTA_EXPR_DATA], NULL) < 0 ||
		!c[NFTA_COUNTER_PACKETS])
		return 0;
	return be64toh(nla_get_u64(c[NFTA_COUNTER_PACKETS]));
}

static int take_rule(struct nlmsghdr *h, void *arg)
{
	struct nlattr *a[NFTA_RULE_MAX + 1], *expr;
	uint64_t *packets = arg;
	int rest;

	if (nlmsg_parse(h, sizeof(struct nfgenmsg), a, NFTA_RULE_MAX, NULL) < 0 ||
		!a[NFTA_RULE_TABLE] || nla_strcmp(a[NFTA_RULE_TABLE], TABLE) != 0 ||
		!a[NFTA_RULE_EXPRESSIONS])
		return 0;
	nla_for_each_nested(expr, a[NFTA_RULE_EXPRESSIONS], rest) *packets += packets_of(expr);
	return 0;
}

int masquerade_count(uint64_t *ret, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	cleanup_nlmsg struct nl_msg *msg = nlmsg_alloc_simple(
		(NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, NLM_F_REQUEST | NLM_F_DUMP);
	struct nfgenmsg gen = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};
	int r = netlink_open(-1, NETLINK_NETFILTER, &sock, e);

	if (r < 0)
		return r;
	if (!msg || nlmsg_append(msg, &gen, sizeof(gen), NLMSG_ALIGNTO) < 0 ||
		nla_put_string(msg, NFTA_RULE_TABLE, TABLE) < 0)
		return err_set(e, ENOMEM, "count probes");
	*ret = 0;
	return netlink_query(sock, msg, take_rule, ret, e);
}

static bool has_uplink(const struct masquerade_uplinks *u, const char *name)
{
	for (size_t i = 0; i < u->n; i++)
		if (str_eq(u->names[i], name))
			return true;
	return false;
}

static int see_address(const struct address *a, void *arg)
{
	struct masquerade_uplinks *u = arg;
	char name[IF_NAMESIZE];

	/* A link may be gone since it was listed. */
	if (a->family != AF_INET || !if_indextoname((unsigned int)a->index, name) ||
		str_eq(name, "lo") || str_eq(name, NETNS_BRIDGE) || has_uplink(u, name))
		return 0;
	if (u->n == MASQUERADE_UPLINKS_MAX)
		return -E2BIG;
	snprintf(u->names[u->n++], sizeof(u->names[0]), "%s", name);
	return 0;
}

int masquerade_find_uplinks(struct nl_sock *sock, struct masquerade_uplinks *ret, struct err *e)
{
	int forwards = 0, r;

	ret->n = 0;
	r = sysctl_read_int("ipv4/ip_forward", &forwards, e);
	if (r < 0)
		return r;
	if (forwards)
		return 0;
	r = address_each(sock, see_address, ret, e);
	if (r == -E2BIG)
		return err_say(e, E2BIG,
			"the host has too many links to let each forward for bottles: set the "
			"sysctl "
			"net.ipv4.ip_forward to 1");
	return r;
}

static int forward(const char *link, bool on, struct err *e)
{
	cleanup_free char *name = str_format("ipv4/conf/%s/forwarding", link);

	if (!name)
		return err_set(e, ENOMEM, "sysctl");
	return sysctl_write(name, on ? "1" : "0", e);
}

int masquerade_forward(const struct masquerade_uplinks *uplinks, bool on, struct err *e)
{
	struct err ignored;
	int r = on ? forward(NETNS_BRIDGE, true, e) : 0;

	for (size_t i = 0; i < uplinks->n; i++) {
		int one = forward(uplinks->names[i], on, r < 0 ? &ignored : e);

		/* A link that is gone needs no switching off. */
		if (one < 0 && r == 0 && (on || one != -ENOENT))
			r = one;
	}
	return r;
}
