#include "netns/rules.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "netns/netlink.h"

bool rule_equal(const struct rule *a, const struct rule *b)
{
	return a->priority == b->priority && a->action == b->action && a->table == b->table &&
	       strcmp(a->iif, b->iif) == 0 && a->has_uid == b->has_uid &&
	       a->uid_first == b->uid_first && a->uid_last == b->uid_last &&
	       a->ip_proto == b->ip_proto && a->dport == b->dport && a->to == b->to &&
	       a->to_prefix == b->to_prefix && a->other == b->other;
}

static int put_rule(struct nl_msg *msg, const struct rule *r)
{
	struct fib_rule_hdr hdr = {
		.family = AF_INET,
		.dst_len = r->to_prefix,
		.table = RT_TABLE_UNSPEC,
		.action = r->action,
	};
	struct fib_rule_uid_range uids = {.start = r->uid_first, .end = r->uid_last};
	struct fib_rule_port_range ports = {.start = r->dport, .end = r->dport};

	if (nlmsg_append(msg, &hdr, sizeof(hdr), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(msg, FRA_PRIORITY, r->priority) < 0 ||
		(r->table && nla_put_u32(msg, FRA_TABLE, r->table) < 0) ||
		(r->iif[0] && nla_put_string(msg, FRA_IIFNAME, r->iif) < 0) ||
		(r->has_uid && nla_put(msg, FRA_UID_RANGE, sizeof(uids), &uids) < 0) ||
		(r->ip_proto && nla_put_u8(msg, FRA_IP_PROTO, r->ip_proto) < 0) ||
		(r->dport && nla_put(msg, FRA_DPORT_RANGE, sizeof(ports), &ports) < 0) ||
		(r->to_prefix && nla_put(msg, FRA_DST, sizeof(r->to), &r->to) < 0))
		return -ENOMEM;
	return 0;
}

static int request(struct nl_sock *sock, const struct rule *r, int type, int flags, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);
	char what[64];

	snprintf(what, sizeof(what), "%s routing rule %u", type == RTM_NEWRULE ? "add" : "remove",
		(unsigned int)r->priority);
	if (!msg || put_rule(msg, r) < 0)
		return err_set(e, ENOMEM, "%s", what);
	return netlink_request(sock, msg, what, e);
}

int rule_add(struct nl_sock *sock, const struct rule *r, struct err *e)
{
	return request(sock, r, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, e);
}

int rule_delete(struct nl_sock *sock, const struct rule *r, struct err *e)
{
	return request(sock, r, RTM_DELRULE, 0, e);
}

struct list {
	struct rule *rules;
	size_t n, max;
};

/* Attributes that say nothing of what a rule matches or does. */
static bool is_neutral(int attr)
{
	return attr == FRA_SUPPRESS_PREFIXLEN || attr == FRA_PROTOCOL || attr == FRA_PAD;
}

static bool is_known(int attr)
{
	switch (attr) {
	case FRA_PRIORITY:
	case FRA_TABLE:
	case FRA_IIFNAME:
	case FRA_UID_RANGE:
	case FRA_IP_PROTO:
	case FRA_DPORT_RANGE:
	case FRA_DST:
		return true;
	default:
		return is_neutral(attr);
	}
}

static void read_ranges(struct nlattr **a, struct rule *r)
{
	if (a[FRA_UID_RANGE]) {
		const struct fib_rule_uid_range *uids = nla_data(a[FRA_UID_RANGE]);

		r->has_uid = true;
		r->uid_first = uids->start;
		r->uid_last = uids->end;
	}
	if (a[FRA_DPORT_RANGE]) {
		const struct fib_rule_port_range *ports = nla_data(a[FRA_DPORT_RANGE]);

		r->dport = ports->start;
		r->other |= ports->start != ports->end;
	}
}

static void read_rule(struct nlattr **a, const struct fib_rule_hdr *hdr, struct rule *r)
{
	*r = (struct rule){.action = hdr->action, .to_prefix = hdr->dst_len, .table = hdr->table};
	if (a[FRA_TABLE])
		r->table = nla_get_u32(a[FRA_TABLE]);
	if (a[FRA_PRIORITY])
		r->priority = nla_get_u32(a[FRA_PRIORITY]);
	if (a[FRA_IIFNAME])
		nla_strlcpy(r->iif, a[FRA_IIFNAME], sizeof(r->iif));
	if (a[FRA_IP_PROTO])
		r->ip_proto = nla_get_u8(a[FRA_IP_PROTO]);
	if (a[FRA_DST])
		memcpy(&r->to, nla_data(a[FRA_DST]), sizeof(r->to));
	read_ranges(a, r);
	r->other |= hdr->src_len || hdr->tos || (hdr->flags & FIB_RULE_INVERT);
	for (int i = 1; i <= FRA_MAX; i++)
		r->other |= a[i] && !is_known(i);
}

static int take_rule(struct nlmsghdr *h, void *arg)
{
	struct list *l = arg;
	struct nlattr *a[FRA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWRULE ||
		nlmsg_parse(h, sizeof(struct fib_rule_hdr), a, FRA_MAX, NULL) < 0)
		return 0;
	if (l->n == l->max)
		return -E2BIG;
	read_rule(a, nlmsg_data(h), &l->rules[l->n++]);
	return 0;
}

static int list_once(struct nl_sock *sock, struct list *l, struct err *e)
{
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP);
	struct fib_rule_hdr hdr = {.family = AF_INET};

	if (!msg || nlmsg_append(msg, &hdr, sizeof(hdr), NLMSG_ALIGNTO) < 0)
		return err_set(e, ENOMEM, "list routing rules");
	return netlink_query(sock, msg, take_rule, l, e);
}

int rule_list(struct nl_sock *sock, struct rule *ret, size_t max, struct err *e)
{
	struct list l = {.rules = ret, .max = max};
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < NETLINK_TRIES; i++) {
		l.n = 0;
		r = list_once(sock, &l, e);
	}
	if (r == -E2BIG)
		return err_say(e, E2BIG, "more than %zu routing rules in this namespace", max);
	return r < 0 ? r : (int)l.n;
}
