#include "netns/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netns/netlink.h"

/* One register is enough: each match loads it and compares at once. */
#define REG NFT_REG_1

static struct nl_msg *message(struct nft *n, int type, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);
	struct nfgenmsg gen = {.nfgen_family = n->family, .version = NFNETLINK_V0};

	if (!msg || nlmsg_append(msg, &gen, sizeof(gen), NLMSG_ALIGNTO) < 0) {
		n->failed = true;
		nlmsg_free(msg);
		return NULL;
	}
	nlmsg_hdr(msg)->nlmsg_seq = ++n->seq;
	return msg;
}

static void append(struct nft *n, struct nl_msg *msg)
{
	if (!msg)
		return;
	n->last_at = n->batch.len;
	str_add_bytes(&n->batch, nlmsg_hdr(msg), NLMSG_ALIGN(nlmsg_hdr(msg)->nlmsg_len));
	nlmsg_free(msg);
}

/* BATCH_BEGIN and BATCH_END: the subsystem stands where other messages have a resource id. */
static void batch_mark(struct nft *n, int type)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST);
	struct nfgenmsg gen = {
		.nfgen_family = AF_UNSPEC,
		.version = NFNETLINK_V0,
		.res_id = htons(NFNL_SUBSYS_NFTABLES),
	};

	if (!msg || nlmsg_append(msg, &gen, sizeof(gen), NLMSG_ALIGNTO) < 0) {
		n->failed = true;
		nlmsg_free(msg);
		return;
	}
	nlmsg_hdr(msg)->nlmsg_seq = ++n->seq;
	append(n, msg);
}

void nft_begin(struct nft *n, uint8_t family, const char *table)
{
	*n = (struct nft){.family = family, .table = table};
	batch_mark(n, NFNL_MSG_BATCH_BEGIN);
}

void nft_done(struct nft *n)
{
	nlmsg_free(n->msg);
	n->msg = NULL;
	str_done(&n->batch);
}

static void put_string(struct nft *n, struct nl_msg *msg, int attr, const char *text)
{
	if (msg && nla_put_string(msg, attr, text) < 0)
		n->failed = true;
}

static void put_be32(struct nft *n, struct nl_msg *msg, int attr, uint32_t value)
{
	if (msg && nla_put_u32(msg, attr, htonl(value)) < 0)
		n->failed = true;
}

static void table_message(struct nft *n, int op, int flags)
{
	struct nl_msg *msg = message(n, (NFNL_SUBSYS_NFTABLES << 8) | op, flags);

	put_string(n, msg, NFTA_TABLE_NAME, n->table);
	append(n, msg);
}

/* Removing what is not there is an error: so it is made first, if need be. */
void nft_table_remove(struct nft *n)
{
	table_message(n, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	table_message(n, NFT_MSG_DELTABLE, 0);
}

void nft_table_make(struct nft *n, enum nft_table_mode mode)
{
	if (mode == NFT_TABLE_REPLACE)
		nft_table_remove(n);
	table_message(
		n, NFT_MSG_NEWTABLE, NLM_F_CREATE | (mode == NFT_TABLE_FRESH ? NLM_F_EXCL : 0));
}

static struct nlattr *nest(struct nft *n, struct nl_msg *msg, int attr)
{
	struct nlattr *a = msg ? nla_nest_start(msg, attr) : NULL;

	if (!a)
		n->failed = true;
	return a;
}

static void nest_end(struct nl_msg *msg, struct nlattr *a)
{
	if (msg && a)
		nla_nest_end(msg, a);
}

void nft_chain(struct nft *n, const struct nft_chain *c)
{
	struct nl_msg *msg =
		message(n, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook;

	put_string(n, msg, NFTA_CHAIN_TABLE, n->table);
	put_string(n, msg, NFTA_CHAIN_NAME, c->name);
	put_string(n, msg, NFTA_CHAIN_TYPE, c->type);
	put_be32(n, msg, NFTA_CHAIN_POLICY, c->verdict);
	hook = nest(n, msg, NFTA_CHAIN_HOOK);
	put_be32(n, msg, NFTA_HOOK_HOOKNUM, c->hook);
	put_be32(n, msg, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
	nest_end(msg, hook);
	append(n, msg);
}

void nft_rule(struct nft *n, const char *chain)
{
	nlmsg_free(n->msg);
	n->msg = message(
		n, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	put_string(n, n->msg, NFTA_RULE_TABLE, n->table);
	put_string(n, n->msg, NFTA_RULE_CHAIN, chain);
	n->exprs = nest(n, n->msg, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft *n)
{
	nest_end(n->msg, n->exprs);
	append(n, n->msg);
	n->msg = NULL;
	n->exprs = NULL;
}

/* An expression of the rule: the list's element and the attributes inside it. */
struct expr {
	struct nlattr *elem, *data;
};

static struct expr expr_begin(struct nft *n, const char *name)
{
	struct expr x;

	x.elem = nest(n, n->msg, NFTA_LIST_ELEM);
	put_string(n, n->msg, NFTA_EXPR_NAME, name);
	x.data = nest(n, n->msg, NFTA_EXPR_DATA);
	return x;
}

static void expr_end(struct nft *n, struct expr x)
{
	nest_end(n->msg, x.data);
	nest_end(n->msg, x.elem);
}

static void put_value(struct nft *n, int attr, const void *value, size_t len)
{
	struct nlattr *a = nest(n, n->msg, attr);

	if (n->msg && nla_put(n->msg, NFTA_DATA_VALUE, (int)len, value) < 0)
		n->failed = true;
	nest_end(n->msg, a);
}

static void compare(struct nft *n, enum nft_cmp_ops op, const void *value, size_t len)
{
	struct expr x = expr_begin(n, "cmp");

	put_be32(n, n->msg, NFTA_CMP_SREG, REG);
	put_be32(n, n->msg, NFTA_CMP_OP, op);
	put_value(n, NFTA_CMP_DATA, value, len);
	expr_end(n, x);
}

static void mask(struct nft *n, const void *bits, size_t len)
{
	static const char zeros[4];
	struct expr x = expr_begin(n, "bitwise");

	put_be32(n, n->msg, NFTA_BITWISE_SREG, REG);
	put_be32(n, n->msg, NFTA_BITWISE_DREG, REG);
	put_be32(n, n->msg, NFTA_BITWISE_LEN, (uint32_t)len);
	put_value(n, NFTA_BITWISE_MASK, bits, len);
	put_value(n, NFTA_BITWISE_XOR, zeros, len);
	expr_end(n, x);
}

static void load_meta(struct nft *n, enum nft_meta_keys key)
{
	struct expr x = expr_begin(n, "meta");

	put_be32(n, n->msg, NFTA_META_KEY, key);
	put_be32(n, n->msg, NFTA_META_DREG, REG);
	expr_end(n, x);
}

static void load_payload(struct nft *n, enum nft_payload_bases base, uint32_t offset, uint32_t len)
{
	struct expr x = expr_begin(n, "payload");

	put_be32(n, n->msg, NFTA_PAYLOAD_DREG, REG);
	put_be32(n, n->msg, NFTA_PAYLOAD_BASE, base);
	put_be32(n, n->msg, NFTA_PAYLOAD_OFFSET, offset);
	put_be32(n, n->msg, NFTA_PAYLOAD_LEN, len);
	expr_end(n, x);
}

static void device(struct nft *n, enum nft_meta_keys key, const char *name, bool equal)
{
	char padded[IFNAMSIZ] = {0};

	snprintf(padded, sizeof(padded), "%s", name);
	load_meta(n, key);
	compare(n, equal ? NFT_CMP_EQ : NFT_CMP_NEQ, padded, sizeof(padded));
}

void nft_iif(struct nft *n, const char *name, bool equal)
{
	device(n, NFT_META_IIFNAME, name, equal);
}

void nft_oif(struct nft *n, const char *name, bool equal)
{
	device(n, NFT_META_OIFNAME, name, equal);
}

void nft_ipv4(struct nft *n)
{
	uint8_t family = NFPROTO_IPV4;

	load_meta(n, NFT_META_NFPROTO);
	compare(n, NFT_CMP_EQ, &family, sizeof(family));
}

void nft_proto(struct nft *n, uint8_t proto)
{
	load_meta(n, NFT_META_L4PROTO);
	compare(n, NFT_CMP_EQ, &proto, sizeof(proto));
}

void nft_uid(struct nft *n, uid_t uid)
{
	uint32_t value = uid; /* host byte order */

	load_meta(n, NFT_META_SKUID);
	compare(n, NFT_CMP_EQ, &value, sizeof(value));
}

static void address(struct nft *n, uint32_t offset, uint32_t addr, int prefix, bool equal)
{
	uint32_t bits = htonl(prefix == 0 ? 0 : ~0U << (32 - prefix));

	load_payload(n, NFT_PAYLOAD_NETWORK_HEADER, offset, sizeof(addr));
	if (prefix < 32)
		mask(n, &bits, sizeof(bits));
	addr &= bits;
	compare(n, equal ? NFT_CMP_EQ : NFT_CMP_NEQ, &addr, sizeof(addr));
}

void nft_saddr(struct nft *n, uint32_t addr, int prefix, bool equal)
{
	address(n, 12, addr, prefix, equal);
}

void nft_daddr(struct nft *n, uint32_t addr, int prefix, bool equal)
{
	address(n, 16, addr, prefix, equal);
}

static void transport(struct nft *n, uint32_t offset, const void *value, uint32_t len)
{
	load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, offset, len);
	compare(n, NFT_CMP_EQ, value, len);
}

void nft_sport(struct nft *n, uint16_t port)
{
	uint16_t be = htons(port);

	transport(n, 0, &be, sizeof(be));
}

void nft_dport(struct nft *n, uint16_t port)
{
	uint16_t be = htons(port);

	transport(n, 2, &be, sizeof(be));
}

void nft_tcp_opens(struct nft *n)
{
	uint8_t syn_ack = 0x12, syn = 0x02;

	load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	mask(n, &syn_ack, sizeof(syn_ack));
	compare(n, NFT_CMP_EQ, &syn, sizeof(syn));
}

void nft_icmp_type(struct nft *n, uint8_t type)
{
	transport(n, 0, &type, sizeof(type));
}

void nft_ct_answers(struct nft *n, bool equal)
{
	uint32_t bits = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
	uint32_t zero = 0;
	struct expr x = expr_begin(n, "ct");

	put_be32(n, n->msg, NFTA_CT_KEY, NFT_CT_STATE);
	put_be32(n, n->msg, NFTA_CT_DREG, REG);
	expr_end(n, x);
	mask(n, &bits, sizeof(bits));
	compare(n, equal ? NFT_CMP_NEQ : NFT_CMP_EQ, &zero, sizeof(zero));
}

void nft_verdict(struct nft *n, uint32_t verdict)
{
	struct expr x = expr_begin(n, "immediate");
	struct nlattr *data, *v;

	put_be32(n, n->msg, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nest(n, n->msg, NFTA_IMMEDIATE_DATA);
	v = nest(n, n->msg, NFTA_DATA_VERDICT);
	put_be32(n, n->msg, NFTA_VERDICT_CODE, verdict);
	nest_end(n->msg, v);
	nest_end(n->msg, data);
	expr_end(n, x);
}

void nft_tproxy(struct nft *n, uint16_t port)
{
	uint16_t be = htons(port);
	struct expr x = expr_begin(n, "immediate");

	put_be32(n, n->msg, NFTA_IMMEDIATE_DREG, REG);
	put_value(n, NFTA_IMMEDIATE_DATA, &be, sizeof(be));
	expr_end(n, x);
	x = expr_begin(n, "tproxy");
	put_be32(n, n->msg, NFTA_TPROXY_FAMILY, NFPROTO_IPV4);
	put_be32(n, n->msg, NFTA_TPROXY_REG_PORT, REG);
	expr_end(n, x);
}

static void reject(struct nft *n, enum nft_reject_types type, uint8_t code)
{
	struct expr x = expr_begin(n, "reject");

	put_be32(n, n->msg, NFTA_REJECT_TYPE, type);
	if (n->msg && nla_put_u8(n->msg, NFTA_REJECT_ICMP_CODE, code) < 0)
		n->failed = true;
	expr_end(n, x);
}

void nft_reject_tcp(struct nft *n)
{
	reject(n, NFT_REJECT_TCP_RST, 0);
}

void nft_reject_icmp(struct nft *n, uint8_t code)
{
	reject(n, NFT_REJECT_ICMPX_UNREACH, code);
}

void nft_counter(struct nft *n)
{
	struct expr x = expr_begin(n, "counter");

	expr_end(n, x);
}

void nft_masquerade(struct nft *n)
{
	struct expr x = expr_begin(n, "masq");

	expr_end(n, x);
}

/* The acknowledgement is asked of the last request: not every kernel gives one of BATCH_END. */
int nft_commit(struct nft *n, struct nl_sock *sock, struct err *e)
{
	char what[64];
	uint32_t last = n->seq;

	snprintf(what, sizeof(what), "set up the nftables table '%s'", n->table);
	if (!n->failed && !n->batch.failed)
		((struct nlmsghdr *)(n->batch.s + n->last_at))->nlmsg_flags |= NLM_F_ACK;
	batch_mark(n, NFNL_MSG_BATCH_END);
	if (n->failed || n->batch.failed)
		return err_set(e, ENOMEM, "%s", what);
	return netlink_batch(sock, n->batch.s, n->batch.len, last, what, e);
}

static int take_table(struct nlmsghdr *h, void *arg)
{
	struct nlattr *a[NFTA_TABLE_MAX + 1];
	uint32_t *uses = arg;

	if (nlmsg_parse(h, sizeof(struct nfgenmsg), a, NFTA_TABLE_MAX, NULL) == 0 &&
		a[NFTA_TABLE_USE])
		*uses = ntohl(nla_get_u32(a[NFTA_TABLE_USE]));
	return 0;
}

int nft_count_chains(struct nl_sock *sock, uint8_t family, const char *table, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, NLM_F_REQUEST);
	struct nfgenmsg gen = {.nfgen_family = family, .version = NFNETLINK_V0};
	uint32_t chains = 0;
	int r;

	if (!msg || nlmsg_append(msg, &gen, sizeof(gen), NLMSG_ALIGNTO) < 0 ||
		nla_put_string(msg, NFTA_TABLE_NAME, table) < 0)
		return err_set(e, ENOMEM, "look up the nftables table '%s'", table);
	r = netlink_query(sock, msg, take_table, &chains, e);
	return r < 0 ? err_wrap(e, "the nftables table '%s'", table) : (int)chains;
}
