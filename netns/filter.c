#include "netns/filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include "base/ptr.h"
#include "bundle/plan.h"
#include "netns/netlink.h"
#include "netns/nft.h"

#define TABLE	 "bottle"
#define N_CHAINS 4

static uint32_t ipv4(const char *text)
{
	struct in_addr in = {0};

	inet_pton(AF_INET, text, &in);
	return in.s_addr;
}

/* What comes over the link; everything else passes this chain. */
static void chain_prerouting(struct nft *n)
{
	static const uint16_t services[] = {
		NETNS_PORT_GATE_GIT, NETNS_PORT_GATE_HTTP, NETNS_PORT_SUPERVISE};
	uint32_t sidecar = ipv4(PLAN_SIDECAR_ADDRESS), agent = ipv4(PLAN_AGENT_ADDRESS);

	nft_chain(n, &(struct nft_chain){"prerouting", "filter", NF_INET_PRE_ROUTING,
			     NF_IP_PRI_MANGLE, NF_DROP});
	nft_rule(n, "prerouting");
	nft_iif(n, PLAN_SIDECAR_DEVICE, false);
	nft_verdict(n, NF_ACCEPT);
	nft_rule_end(n);
	nft_rule(n, "prerouting");
	nft_ipv4(n);
	nft_saddr(n, agent, 32, false);
	nft_verdict(n, NF_DROP);
	nft_rule_end(n);
	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		nft_rule(n, "prerouting");
		nft_ipv4(n);
		nft_daddr(n, sidecar, 32, true);
		nft_proto(n, IPPROTO_TCP);
		nft_dport(n, services[i]);
		nft_verdict(n, NF_ACCEPT);
		nft_rule_end(n);
	}
	nft_rule(n, "prerouting");
	nft_ipv4(n);
	nft_daddr(n, sidecar, 32, true);
	nft_proto(n, IPPROTO_UDP);
	nft_dport(n, NETNS_PORT_DNS);
	nft_verdict(n, NF_ACCEPT);
	nft_rule_end(n);
}

/* Behind chain_prerouting's rules: any TCP port, and the answers to all that is left. */
static void chain_prerouting_rest(struct nft *n)
{
	nft_rule(n, "prerouting");
	nft_ipv4(n);
	nft_proto(n, IPPROTO_TCP);
	nft_tproxy(n, NETNS_PORT_EGRESS);
	nft_verdict(n, NF_ACCEPT);
	nft_rule_end(n);
	/* No listener, no connection: a port that is closed. */
	nft_rule(n, "prerouting");
	nft_ipv4(n);
	nft_proto(n, IPPROTO_TCP);
	nft_reject_tcp(n);
	nft_rule_end(n);
	nft_rule(n, "prerouting");
	nft_ipv4(n);
	nft_proto(n, IPPROTO_UDP);
	nft_reject_icmp(n, NFT_REJECT_ICMPX_PORT_UNREACH);
	nft_rule_end(n);
	nft_rule(n, "prerouting");
	nft_ipv4(n);
	nft_reject_icmp(n, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
	nft_rule_end(n);
}

static void accept_udp_names(struct nft *n, uid_t uid)
{
	nft_rule(n, "output");
	nft_ipv4(n);
	nft_uid(n, uid);
	nft_proto(n, IPPROTO_UDP);
	nft_dport(n, NETNS_PORT_DNS);
	nft_verdict(n, NF_ACCEPT);
	nft_rule_end(n);
}

static void accept_gate_port(struct nft *n, uid_t uid, uint16_t port)
{
	nft_rule(n, "output");
	nft_ipv4(n);
	nft_uid(n, uid);
	nft_proto(n, IPPROTO_TCP);
	nft_dport(n, port);
	nft_verdict(n, NF_ACCEPT);
	nft_rule_end(n);
}

static void chain_output(struct nft *n, const struct netns_policy *p)
{
	static const char *const inside[] = {"lo", PLAN_SIDECAR_DEVICE};

	nft_chain(n, &(struct nft_chain){
			     "output", "filter", NF_INET_LOCAL_OUT, NF_IP_PRI_FILTER, NF_DROP});
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		nft_rule(n, "output");
		nft_oif(n, inside[i], true);
		nft_verdict(n, NF_ACCEPT);
		nft_rule_end(n);
	}
	accept_udp_names(n, p->gate_uid);
	accept_udp_names(n, p->egress_uid);
	accept_udp_names(n, 0); /* an engine's name service */
	accept_gate_port(n, p->gate_uid, NETNS_PORT_DNS);
	for (size_t i = 0; i < p->n_gate_ports; i++)
		accept_gate_port(n, p->gate_uid, p->gate_ports[i]);
	nft_rule(n, "output");
	nft_ipv4(n);
	nft_uid(n, p->egress_uid);
	nft_proto(n, IPPROTO_TCP);
	nft_verdict(n, NF_ACCEPT);
	nft_rule_end(n);
	/* A component that tries elsewhere hears so at once. */
	nft_rule(n, "output");
	nft_reject_icmp(n, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
	nft_rule_end(n);
}

/* From the egress network: the answers to what the components asked. */
static void chain_input(struct nft *n)
{
	static const char *const inside[] = {"lo", PLAN_SIDECAR_DEVICE};
	static const uint8_t icmp[] = {ICMP_DEST_UNREACH, ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB};

	nft_chain(n, &(struct nft_chain){
			     "input", "filter", NF_INET_LOCAL_IN, NF_IP_PRI_FILTER, NF_DROP});
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		nft_rule(n, "input");
		nft_iif(n, inside[i], true);
		nft_verdict(n, NF_ACCEPT);
		nft_rule_end(n);
	}
	nft_rule(n, "input");
	nft_ipv4(n);
	nft_proto(n, IPPROTO_TCP);
	nft_tcp_opens(n);
	nft_verdict(n, NF_DROP);
	nft_rule_end(n);
	nft_rule(n, "input");
	nft_ipv4(n);
	nft_proto(n, IPPROTO_TCP);
	nft_verdict(n, NF_ACCEPT);
	nft_rule_end(n);
	nft_rule(n, "input");
	nft_ipv4(n);
	nft_proto(n, IPPROTO_UDP);
	nft_sport(n, NETNS_PORT_DNS);
	nft_verdict(n, NF_ACCEPT);
	nft_rule_end(n);
	for (size_t i = 0; i < ARRAY_LEN(icmp); i++) {
		nft_rule(n, "input");
		nft_ipv4(n);
		nft_proto(n, IPPROTO_ICMP);
		nft_icmp_type(n, icmp[i]);
		nft_verdict(n, NF_ACCEPT);
		nft_rule_end(n);
	}
}

static int make_table(
	struct nl_sock *sock, const struct netns_policy *p, enum nft_table_mode mode, struct err *e)
{
	cleanup_nft struct nft n;

	nft_begin(&n, NFPROTO_INET, TABLE);
	nft_table_make(&n, mode);
	chain_prerouting(&n);
	chain_prerouting_rest(&n);
	chain_input(&n);
	chain_output(&n, p);
	nft_chain(&n, &(struct nft_chain){
			      "forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER, NF_DROP});
	return nft_commit(&n, sock, e);
}

int filter_apply(int sidecar_fd, const struct netns_policy *p, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	int r = netlink_open(sidecar_fd, NETLINK_NETFILTER, &sock, e);

	if (r < 0)
		return r;
	r = make_table(sock, p, NFT_TABLE_FRESH, e);
	if (r == -EEXIST)
		r = make_table(sock, p, NFT_TABLE_REPLACE, e);
	return r;
}

int filter_check(int sidecar_fd, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	int chains, r = netlink_open(sidecar_fd, NETLINK_NETFILTER, &sock, e);

	if (r < 0)
		return r;
	chains = nft_count_chains(sock, NFPROTO_INET, TABLE, e);
	if (chains >= 0 && chains != N_CHAINS)
		return err_say(e, ENOENT, "the nftables table '" TABLE "' has %d chains of %d",
			chains, N_CHAINS);
	return chains < 0 ? chains : 0;
}
