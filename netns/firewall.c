#include "netns/bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "netns/masquerade.h"
#include "netns/namespace.h"
#include "netns/netlink.h"
#include "netns/policy.h"

/* A port that comes up late costs a second, and a second more until ARP asks again. */
#define WAIT_MS 2500
#define STEP_MS 5

/* ---- what stands in the way, for the error */

static void add_found(struct str *found, const char *text)
{
	if (strstr(found->s ? found->s : "", text))
		return;
	str_add(found, found->len ? ", " : "");
	str_add(found, text);
}

static bool drops_forwarded(struct nlattr **a)
{
	struct nlattr *h[NFTA_HOOK_MAX + 1];

	return a[NFTA_CHAIN_HOOK] && a[NFTA_CHAIN_POLICY] &&
	       nla_parse_nested(h, NFTA_HOOK_MAX, a[NFTA_CHAIN_HOOK], NULL) == 0 &&
	       h[NFTA_HOOK_HOOKNUM] &&
	       ntohl(nla_get_u32(h[NFTA_HOOK_HOOKNUM])) == NF_INET_FORWARD &&
	       ntohl(nla_get_u32(a[NFTA_CHAIN_POLICY])) == NF_DROP;
}

static int see_chain(struct nlmsghdr *h, void *arg)
{
	struct nlattr *a[NFTA_CHAIN_MAX + 1];
	const char *table, *chain;
	char text[160];

	if (nlmsg_parse(h, sizeof(struct nfgenmsg), a, NFTA_CHAIN_MAX, NULL) < 0 ||
		!a[NFTA_CHAIN_TABLE] || !a[NFTA_CHAIN_NAME])
		return 0;
	table = nla_get_string(a[NFTA_CHAIN_TABLE]);
	chain = nla_get_string(a[NFTA_CHAIN_NAME]);
	if (str_eq(table, "firewalld"))
		add_found(arg, "firewalld");
	if (str_starts(chain, "ufw-"))
		add_found(arg, "ufw");
	if (drops_forwarded(a)) {
		snprintf(text, sizeof(text), "policy DROP of chain %.40s in table %.40s", chain,
			table);
		add_found(arg, text);
	}
	return 0;
}

/* Comforts for a message: what cannot be read is not named. */
static void find_firewalls(struct str *found)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	cleanup_nlmsg struct nl_msg *msg = nlmsg_alloc_simple(
		(NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN, NLM_F_REQUEST | NLM_F_DUMP);
	struct nfgenmsg gen = {.nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0};
	cleanup_free char *legacy = NULL;
	struct err ignored;

	if (msg && nlmsg_append(msg, &gen, sizeof(gen), NLMSG_ALIGNTO) == 0 &&
		netlink_open(-1, NETLINK_NETFILTER, &sock, &ignored) == 0)
		netlink_query(sock, msg, see_chain, found, &ignored);
	if (fd_read_file(AT_FDCWD, "/proc/net/ip_tables_names", 4096, &legacy, NULL, &ignored) >=
			0 &&
		strstr(legacy, "filter"))
		add_found(found, "rules of iptables-legacy");
}

static int say_firewall(const char *address, struct err *e)
{
	cleanup_str struct str found = {0};

	find_firewalls(&found);
	return err_say(e, EACCES,
		"the host's firewall does not forward what the bottle's "
		"address %s sends (found: %s): allow it from "
		"and to '" NETNS_BRIDGE "', for example by `iptables -I FORWARD -i " NETNS_BRIDGE
		" -j ACCEPT` and `iptables -I FORWARD -o " NETNS_BRIDGE " -j ACCEPT`",
		address, found.len && !found.failed ? found.s : "nothing that could be named");
}

/* ---- the probe */

static int connect_probe(int fd)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(NETNS_PORT_DNS)};

	inet_pton(AF_INET, MASQUERADE_PROBE, &to.sin_addr);
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

/* Connecting a datagram socket looks the route up and sends nothing. */
static int check_route(struct err *e)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(e, errno, "make a socket");
	if (connect_probe(fd) < 0)
		return err_say(e, ENETUNREACH,
			"the host has no default route: bottles reach only what the host's other "
			"routes lead to");
	return 0;
}

/* A socket keeps its maker's uid, and the policy lets only the components' pass. */
static int send_probe(int sidecar_fd, uid_t uid, struct err *e)
{
	cleanup_fd int fd = -1;
	int r, ttl = 2; /* one for the host, one for the next hop: no further */
	int before = setfsuid(uid);

	r = netns_socket(sidecar_fd, AF_INET, SOCK_DGRAM, &fd, e);
	setfsuid((uid_t)before);
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_IP, IP_TTL, &ttl, sizeof(ttl)) < 0)
		return err_set(e, errno, "set a packet's life");
	r = connect_probe(fd);
	if (r < 0)
		return err_set(e, -r, "the sidecar has no way to the bridge");
	if (send(fd, "", 1, 0) < 0)
		return err_set(e, errno, "send a probe from the sidecar");
	return 0;
}

static int wait_counted(uint64_t before, const char *address, struct err *e)
{
	int64_t until = proc_now_ms() + WAIT_MS;

	for (;;) {
		uint64_t now;
		int r = masquerade_count(&now, e);

		if (r < 0)
			return r;
		if (now > before)
			return 0;
		if (proc_now_ms() >= until)
			return say_firewall(address, e);
		poll(NULL, 0, STEP_MS);
	}
}

int netns_bridge_check(
	int sidecar_fd, const struct netns_bridge *b, uid_t egress_uid, struct err *e)
{
	uint64_t before;
	int r = check_route(e);

	if (r < 0)
		return r;
	r = masquerade_count(&before, e);
	if (r < 0)
		return r;
	r = send_probe(sidecar_fd, egress_uid, e);
	if (r < 0)
		return r;
	return wait_counted(before, b->address, e);
}
