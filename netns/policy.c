#include "netns/policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/plan.h"
#include "netns/filter.h"
#include "netns/namespace.h"
#include "netns/netlink.h"
#include "netns/route.h"
#include "netns/rules.h"
#include "netns/sysctl.h"

/*
 * Theory of operation
 *
 * In:	rule 5 makes every address local for what comes over the link; the tproxy rule gives every
 *	TCP port to one listener; the reject rules answer the rest. Rejecting at prerouting needs
 *	those routing rules, and rejecting at input does not work for addresses that are not ours.
 * Out:	rules 10 to 20 let only the components' sockets, and an engine's name service, look up the
 *	egress network; what the kernel itself says (ICMP errors, resets, echo replies: uid 0) finds
 *	the link (20) or nothing (30). Without that an agent that forges its source address has the
 *	kernel carry its bytes to any address. The kernel's own last rules (main, default) are
 *	removed, so that a rule that is missing closes a way and never opens one.
 * The nftables table says the same once more, by socket and by link.
 */

#define TABLE_LINK  5198 /* routing table of rule 5 */
#define PRIO_LOCAL  0
#define PRIO_LINK   5
#define PRIO_UIDS   10
#define PRIO_NAMES  15
#define PRIO_PEER   20
#define PRIO_ENGINE 25
#define PRIO_CLOSED 30

static uint32_t ipv4(const char *text)
{
	struct in_addr in = {0};

	inet_pton(AF_INET, text, &in);
	return in.s_addr;
}

#define RULES_MAX 8

static struct rule lookup_main(uint32_t priority)
{
	return (struct rule){.priority = priority, .action = FR_ACT_TO_TBL, .table = RT_TABLE_MAIN};
}

static struct rule for_uid(uid_t uid)
{
	struct rule r = lookup_main(PRIO_UIDS);

	r.has_uid = true;
	r.uid_first = r.uid_last = uid;
	return r;
}

/* All rules, in order; rule 0 is the kernel's own. Returns their number. */
static size_t wanted_rules(
	const struct netns_policy *p, enum netns_policy_state state, struct rule *ret)
{
	size_t n = 0;

	ret[n++] = (struct rule){
		.priority = PRIO_LOCAL, .action = FR_ACT_TO_TBL, .table = RT_TABLE_LOCAL};
	ret[n++] = (struct rule){.priority = PRIO_LINK,
		.action = FR_ACT_TO_TBL,
		.table = TABLE_LINK,
		.iif = PLAN_SIDECAR_DEVICE};
	ret[n++] = for_uid(p->gate_uid);
	ret[n++] = for_uid(p->egress_uid);
	ret[n] = lookup_main(PRIO_NAMES);
	ret[n].ip_proto = IPPROTO_UDP; /* the kernel itself never answers by UDP */
	ret[n++].dport = NETNS_PORT_DNS;
	ret[n] = lookup_main(PRIO_PEER);
	ret[n].to = ipv4(PLAN_SIDECAR_ADDRESS) & htonl(~0U << (32 - PLAN_LINK_PREFIX));
	ret[n++].to_prefix = PLAN_LINK_PREFIX;
	if (state == NETNS_POLICY_OPEN_TO_ENGINE)
		ret[n++] = lookup_main(PRIO_ENGINE);
	ret[n++] = (struct rule){.priority = PRIO_CLOSED, .action = FR_ACT_UNREACHABLE};
	return n;
}

static bool in_rules(const struct rule *r, const struct rule *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rule_equal(r, &list[i]))
			return true;
	return false;
}

/* What is there and not wanted goes: the kernel's last two, and ours of an earlier call. An
 * engine's own rules are not touched, and found by netns_policy_check. */
static bool is_replaced(const struct rule *r)
{
	return r->priority == 32766 || r->priority == 32767 ||
	       (r->priority >= PRIO_LINK && r->priority <= PRIO_CLOSED);
}

static int apply_rules(struct nl_sock *sock, const struct netns_policy *p, struct err *e)
{
	struct rule want[RULES_MAX], have[64];
	size_t n_want = wanted_rules(p, NETNS_POLICY_OPEN_TO_ENGINE, want);
	int n_have = rule_list(sock, have, ARRAY_LEN(have), e), r;

	if (n_have < 0)
		return n_have;
	/* The closing rule (the last) first: in between, too, nothing stands open. */
	for (size_t i = n_want; i-- > 0;) {
		if (in_rules(&want[i], have, (size_t)n_have))
			continue;
		r = rule_add(sock, &want[i], e);
		if (r < 0)
			return r;
	}
	for (int i = 0; i < n_have; i++) {
		if (in_rules(&have[i], want, n_want) || !is_replaced(&have[i]))
			continue;
		r = rule_delete(sock, &have[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

int netns_policy_apply(int sidecar_fd, const struct netns_policy *p, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	int r;

	if (p->n_gate_ports > NETNS_GATE_PORTS_MAX || p->gate_uid == 0 || p->egress_uid == 0)
		return err_set(e, EINVAL, "network policy of the sidecar");
	r = filter_apply(sidecar_fd, p, e);
	if (r < 0)
		return r;
	r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);
	if (r < 0)
		return r;
	r = route_add_anyip(sock, TABLE_LINK, e);
	if (r < 0)
		return r;
	return apply_rules(sock, p, e);
}

/* The uids are the caller's choice: what stands there is taken for them. */
static int check_rules(struct nl_sock *sock, enum netns_policy_state state, struct err *e)
{
	struct rule want[RULES_MAX], have[64];
	struct netns_policy p = {0};
	int n_have = rule_list(sock, have, ARRAY_LEN(have), e);
	size_t n_want;

	if (n_have < 0)
		return n_have;
	for (int i = 0, uids = 0; i < n_have; i++)
		if (have[i].has_uid && have[i].priority == PRIO_UIDS)
			*(uids++ == 0 ? &p.gate_uid : &p.egress_uid) = have[i].uid_first;
	n_want = wanted_rules(&p, state, want);
	for (size_t i = 0; i < n_want; i++)
		if (!in_rules(&want[i], have, (size_t)n_have))
			return err_say(e, ENOENT,
				"the sidecar's network has lost its routing rule %u",
				(unsigned int)want[i].priority);
	for (int i = 0; i < n_have; i++)
		if (!in_rules(&have[i], want, n_want))
			return err_say(e, EEXIST,
				"the sidecar's network has a routing rule %u that is not ours: it "
				"could lead around the sidecar",
				(unsigned int)have[i].priority);
	return 0;
}

static int run_check_forwarding(void *arg, struct err *e)
{
	(void)arg;
	return sysctl_check_no_forwarding(e);
}

int netns_policy_check(int sidecar_fd, enum netns_policy_state state, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	int r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);

	if (r < 0)
		return r;
	r = check_rules(sock, state, e);
	if (r < 0)
		return r;
	r = filter_check(sidecar_fd, e);
	if (r < 0)
		return r;
	return netns_run(sidecar_fd, run_check_forwarding, NULL, e);
}

static int run_outside_links(void *arg, struct err *e)
{
	(void)arg;
	return sysctl_outside_links(e);
}

int netns_policy_seal(int sidecar_fd, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	struct rule engine = lookup_main(PRIO_ENGINE);
	int r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);

	if (r < 0)
		return r;
	r = rule_delete(sock, &engine, e);
	if (r < 0 && r != -ENOENT)
		return r;
	r = netns_run(sidecar_fd, run_outside_links, NULL, e);
	if (r < 0)
		return r;
	return netns_policy_check(sidecar_fd, NETNS_POLICY_SEALED, e);
}
