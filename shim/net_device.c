#include "shim/net_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/namespace.h"
#include "shim/rtnl.h"

#define ADDRESSES_MAX 256

/* What an address keeps of its flags: the rest is its state. */
#define KEPT_FLAGS                                                                                 \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |            \
		IFA_F_MCAUTOJOIN | IFA_F_PERMANENT)

struct move {
	int host;   /* rtnetlink of where the devices are */
	int target; /* rtnetlink of where they go */
	int netns;
};

/* ---- what is there */

struct links {
	const char *name; /* wanted */
	int found;	  /* its index; 0: none has that name */
	int last;	  /* the highest index */
};

static const struct nlattr *find_attr(const struct nlmsghdr *m, size_t header, int type)
{
	size_t at = NLMSG_SPACE(header);

	while (at + NLA_HDRLEN <= m->nlmsg_len) {
		const struct nlattr *a = (const void *)((const char *)m + at);

		if (a->nla_len < NLA_HDRLEN || at + a->nla_len > m->nlmsg_len)
			break;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

static int note_link(const struct nlmsghdr *m, void *arg, struct err *e)
{
	const struct ifinfomsg *link = NLMSG_DATA(m);
	const struct nlattr *name = find_attr(m, sizeof(*link), IFLA_IFNAME);
	struct links *l = arg;

	(void)e;
	if (link->ifi_index > l->last)
		l->last = link->ifi_index;
	if (name && strncmp((const char *)name + NLA_HDRLEN, l->name, IFNAMSIZ) == 0)
		l->found = link->ifi_index;
	return 0;
}

static int look(int fd, const char *name, struct links *ret, struct err *e)
{
	struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
	struct rtnl_request q;

	*ret = (struct links){.name = name};
	rtnl_begin(&q, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
	return rtnl_talk(fd, &q, note_link, ret, e);
}

/* ---- addresses */

struct addresses {
	int index;
	struct rtnl_request list[ADDRESSES_MAX]; /* each adds one */
	size_t n;
};

static unsigned int flags_of(const struct nlmsghdr *m, const struct ifaddrmsg *a)
{
	const struct nlattr *wide = find_attr(m, sizeof(*a), IFA_FLAGS);
	__u32 flags = a->ifa_flags;

	if (wide && wide->nla_len >= NLA_HDRLEN + sizeof(flags))
		memcpy(&flags, (const char *)wide + NLA_HDRLEN, sizeof(flags));
	return flags;
}

/* The label holds the old name, the lifetimes of a permanent address say nothing. */
static void keep_address(struct rtnl_request *q, const struct nlmsghdr *m, unsigned int flags)
{
	static const int kept[] = {
		IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_ANYCAST, IFA_RT_PRIORITY};
	struct ifaddrmsg head = *(const struct ifaddrmsg *)NLMSG_DATA(m);
	__u32 wide = flags & KEPT_FLAGS;

	head.ifa_flags = (unsigned char)wide;
	rtnl_begin(q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		const struct nlattr *a = find_attr(m, sizeof(head), kept[i]);

		if (a)
			rtnl_put(q, kept[i], (const char *)a + NLA_HDRLEN, a->nla_len - NLA_HDRLEN);
	}
	rtnl_put(q, IFA_FLAGS, &wide, sizeof(wide));
}

static int note_address(const struct nlmsghdr *m, void *arg, struct err *e)
{
	const struct ifaddrmsg *a = NLMSG_DATA(m);
	struct addresses *all = arg;
	unsigned int flags = flags_of(m, a);

	if ((int)a->ifa_index != all->index || a->ifa_scope != RT_SCOPE_UNIVERSE ||
		!(flags & IFA_F_PERMANENT))
		return 0;
	if (all->n == ARRAY_LEN(all->list))
		return err_say(e, E2BIG, "it has more than %d addresses", ADDRESSES_MAX);
	keep_address(&all->list[all->n++], m, flags);
	return 0;
}

static int read_addresses(int fd, struct addresses *ret, struct err *e)
{
	struct ifaddrmsg any = {.ifa_family = AF_UNSPEC};
	struct rtnl_request q;

	rtnl_begin(&q, RTM_GETADDR, NLM_F_DUMP, &any, sizeof(any));
	return rtnl_talk(fd, &q, note_address, ret, e);
}

static int add_addresses(int fd, struct addresses *all, int index, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n; i++) {
		struct ifaddrmsg *head = NLMSG_DATA(&all->list[i].h);

		head->ifa_index = (unsigned int)index;
		r = rtnl_talk(fd, &all->list[i], NULL, NULL, e);
	}
	return r < 0 ? err_wrap(e, "give it its addresses back") : 0;
}

/* ---- the move */

static int find_both(const struct move *m, const struct oci_net_device *d, struct links *host,
	struct links *target, struct err *e)
{
	int r = look(m->host, d->host, host, e);

	if (r == 0)
		r = look(m->target, d->name, target, e);
	if (r < 0)
		return r;
	if (!host->found)
		return err_say(e, ENODEV, "the host has no such network device");
	if (target->found)
		return err_say(e, EEXIST,
			"the container's network namespace already has a device '%s'", d->name);
	return 0;
}

/* With an index of our choice it can be found again, whatever name the kernel makes of "eth%d". */
static int send_link(
	const struct move *m, const struct oci_net_device *d, int from, int to, struct err *e)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = from};
	struct rtnl_request q;
	int r;

	rtnl_begin(&q, RTM_NEWLINK, 0, &link, sizeof(link));
	rtnl_put(&q, IFLA_NET_NS_FD, &m->netns, sizeof(m->netns));
	rtnl_put(&q, IFLA_NEW_IFINDEX, &to, sizeof(to));
	rtnl_put(&q, IFLA_IFNAME, d->name, strlen(d->name) + 1);
	r = rtnl_talk(m->host, &q, NULL, NULL, e);
	return r < 0 ? err_wrap(e, "move it as '%s'", d->name) : 0;
}

static int bring_up(int fd, int index, struct err *e)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP};
	struct rtnl_request q;
	int r;

	rtnl_begin(&q, RTM_NEWLINK, 0, &link, sizeof(link));
	r = rtnl_talk(fd, &q, NULL, NULL, e);
	return r < 0 ? err_wrap(e, "set it up") : 0;
}

static int move_one(const struct move *m, const struct oci_net_device *d, struct err *e)
{
	cleanup_free struct addresses *all = calloc(1, sizeof(*all));
	struct links host, target;
	int r = all ? find_both(m, d, &host, &target, e) : err_set(e, ENOMEM, "addresses");
	int index;

	if (r < 0)
		return r;
	all->index = host.found;
	index = target.last + 1;
	r = read_addresses(m->host, all, e);
	if (r == 0)
		r = send_link(m, d, host.found, index, e);
	if (r == 0)
		r = add_addresses(m->target, all, index, e);
	return r < 0 ? r : bring_up(m->target, index, e);
}

static int check_one(const struct move *m, const struct oci_net_device *d, struct err *e)
{
	struct links host, target;

	return find_both(m, d, &host, &target, e);
}

/* A socket belongs to the namespace in which it was made, whoever uses it. */
static int open_target(struct move *m, struct err *e)
{
	cleanup_fd int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct err back;
	int r;

	if (own < 0)
		return err_set(e, errno, "open '/proc/self/ns/net'");
	r = namespace_enter(m->netns, CLONE_NEWNET, "container's network", e);
	if (r < 0)
		return r;
	m->target = rtnl_open(e);
	if (namespace_enter(own, CLONE_NEWNET, "own network", &back) < 0) {
		*e = back;
		return -e->code;
	}
	return m->target < 0 ? m->target : 0;
}

static int open_all(struct move *m, pid_t pid, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	m->netns = open(path, O_RDONLY | O_CLOEXEC);
	if (m->netns < 0)
		return err_set(e, errno, "open '%s'", path);
	m->host = rtnl_open(e);
	return m->host < 0 ? m->host : open_target(m, e);
}

static int each(const struct oci *oci, const struct move *m,
	int (*what)(const struct move *, const struct oci_net_device *, struct err *),
	struct err *e)
{
	for (size_t i = 0; i < oci->n_net_devices; i++)
		if (what(m, &oci->net_devices[i], e) < 0)
			return err_wrap(e, "linux.netDevices: '%s'", oci->net_devices[i].host);
	return 0;
}

int net_device_move_all(const struct oci *oci, pid_t pid, struct err *e)
{
	struct move m = {.host = -1, .target = -1, .netns = -1};
	int r;

	if (oci->n_net_devices == 0)
		return 0;
	r = open_all(&m, pid, e);
	if (r == 0)
		r = each(oci, &m, check_one, e);
	if (r == 0)
		r = each(oci, &m, move_one, e);
	fd_close(&m.netns);
	fd_close(&m.host);
	fd_close(&m.target);
	return r;
}
