#include "netns/bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "netns/address.h"
#include "netns/device.h"
#include "netns/masquerade.h"
#include "netns/namespace.h"
#include "netns/netlink.h"
#include "netns/route.h"
#include "netns/subnet.h"
#include "netns/sysctl.h"

/*
 * State is what the kernel has: the bridge's alias is "bottle-shim UPLINK,…" (the links whose
 * forwarding is ours to switch off), a port's "bottle ADDRESS ID". A monitor that is killed takes
 * its sidecar's namespace, with that the port and its address, with it.
 */
#define PREFIX	     20
#define BRIDGE_ALIAS "bottle-shim "
/* The kernel takes no alias with a link's birth, but a group: between the two its maker may die. */
#define BRIDGE_GROUP 0x62746c31U
#define PORT_ALIAS   "bottle "
#define PORT_NAME    "btl%012llx"
#define PORT_WAIT_MS 500 /* for a port's link to be seen; then go on without */

/* ---- the lock */

static int lock(int *ret_fd, struct err *e)
{
	cleanup_fd int fd = -1;
	cleanup_free char *dir = strdup(NETNS_BRIDGE_LOCK);
	int r;

	if (!dir)
		return err_set(e, ENOMEM, "lock '%s'", NETNS_BRIDGE_LOCK);
	*strrchr(dir, '/') = '\0';
	r = path_mkdir_p(dir, 0700, e);
	if (r < 0)
		return r;
	fd = open(NETNS_BRIDGE_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, errno, "open '%s'", NETNS_BRIDGE_LOCK);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "lock '%s'", NETNS_BRIDGE_LOCK);
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* ---- what is there */

#define PORTS_MAX                                                                                  \
	((1 << (32 - PREFIX)) - 3) /* addresses of the subnet but net, bridge, broadcast */

struct found {
	const char *id;		   /* looked for */
	int bridge;		   /* index; 0: none */
	char alias[256];	   /* the bridge's */
	uint32_t address;	   /* the bridge's, network byte order; 0: none */
	size_t n_ports;		   /* of bottles */
	size_t n_group;		   /* links in BRIDGE_GROUP */
	char port[16];		   /* of this bottle, or "" */
	bool taken[PORTS_MAX + 2]; /* by host part of the address */
};

/* "bottle ADDRESS ID" */
static bool parse_port(const char *alias, uint32_t *ret_address, const char **ret_id)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr in;
	int used = 0;

	if (sscanf(alias, PORT_ALIAS "%15[0-9.] %n", text, &used) != 1 || used == 0 ||
		inet_pton(AF_INET, text, &in) != 1)
		return false;
	*ret_address = in.s_addr;
	*ret_id = alias + used;
	return true;
}

static int see_device(const struct device *d, void *arg)
{
	struct found *f = arg;
	const char *id;
	uint32_t address, host;

	f->n_group += d->group == BRIDGE_GROUP;
	if (str_eq(d->name, NETNS_BRIDGE)) {
		f->bridge = d->index;
		snprintf(f->alias, sizeof(f->alias), "%s",
			!*d->alias && d->group == BRIDGE_GROUP ? BRIDGE_ALIAS : d->alias);
	}
	if (!parse_port(d->alias, &address, &id))
		return 0;
	if (str_eq(id, f->id)) {
		snprintf(f->port, sizeof(f->port), "%s", d->name);
		return 0;
	}
	f->n_ports++;
	host = ntohl(address) & ((1U << (32 - PREFIX)) - 1);
	if (host < ARRAY_LEN(f->taken))
		f->taken[host] = true;
	return 0;
}

static int see_address(const struct address *a, void *arg)
{
	struct found *f = arg;

	if (a->family == AF_INET && a->index == f->bridge)
		f->address = a->addr;
	return 0;
}

/* Someone else's link of our name is not touched. */
static int find(struct nl_sock *sock, struct found *f, struct err *e)
{
	int r = device_each(sock, see_device, f, e);

	if (r < 0)
		return r;
	if (f->bridge && !str_starts(f->alias, BRIDGE_ALIAS))
		return err_say(e, EEXIST,
			"the host has a link named '" NETNS_BRIDGE
			"' that bottle-shim did not make: rename it, or attach the bottle "
			"otherwise");
	return f->bridge ? address_each(sock, see_address, f, e) : 0;
}

/* ---- making the bridge */

static void text_of(uint32_t address, char *buf, size_t size)
{
	struct in_addr in = {.s_addr = address};

	inet_ntop(AF_INET, &in, buf, (socklen_t)size);
}

static int write_alias(const struct masquerade_uplinks *uplinks, char *buf, size_t size)
{
	int len = snprintf(buf, size, "%s", BRIDGE_ALIAS);

	for (size_t i = 0; i < uplinks->n; i++) {
		len += snprintf(buf + len, size - (size_t)len, "%s,", uplinks->names[i]);
		if (len >= (int)size)
			return -E2BIG;
	}
	return 0;
}

static void read_alias(const char *alias, struct masquerade_uplinks *ret)
{
	const char *p = alias + strlen(BRIDGE_ALIAS), *comma;

	for (ret->n = 0; ret->n < MASQUERADE_UPLINKS_MAX && (comma = strchr(p, ',')); p = comma + 1)
		snprintf(ret->names[ret->n++], sizeof(ret->names[0]), "%.*s", (int)(comma - p), p);
}

static int make_bridge(struct nl_sock *sock, struct found *f, struct err *e)
{
	char gateway[INET_ADDRSTRLEN];
	uint32_t subnet;
	int r = subnet_choose(sock, PREFIX, &subnet, e);

	if (r < 0)
		return r;
	r = device_make_bridge(sock, NETNS_BRIDGE, BRIDGE_ALIAS, BRIDGE_GROUP, e);
	if (r < 0)
		return r;
	snprintf(f->alias, sizeof(f->alias), "%s", BRIDGE_ALIAS);
	f->bridge = device_index(-1, NETNS_BRIDGE, e);
	if (f->bridge < 0)
		return f->bridge;
	f->address = htonl(ntohl(subnet) + 1);
	text_of(f->address, gateway, sizeof(gateway));
	r = sysctl_bridge(NETNS_BRIDGE, e);
	if (r < 0)
		return r;
	return device_add_address(sock, f->bridge, gateway, PREFIX, e);
}

/* The alias says what is ours to undo before it is done. */
static int open_ways(struct nl_sock *sock, struct found *f, struct err *e)
{
	struct masquerade_uplinks want, have;
	struct device_change named = {.name = NETNS_BRIDGE, .alias = f->alias};
	uint32_t subnet = htonl(ntohl(f->address) & (~0U << (32 - PREFIX)));
	bool same;
	int r = masquerade_find_uplinks(sock, &want, e);

	if (r < 0)
		return r;
	read_alias(f->alias, &have);
	same = have.n == want.n &&
	       memcmp(have.names, want.names, want.n * sizeof(want.names[0])) == 0;
	if (!same) {
		if (write_alias(&want, f->alias, sizeof(f->alias)) < 0)
			return err_set(e, E2BIG, "note the host's links");
		r = device_change(sock, &named, e);
		if (r < 0)
			return r;
	}
	r = masquerade_apply(subnet, PREFIX, &want, same && f->n_ports > 0, e);
	return r < 0 ? r : masquerade_forward(&want, true, e);
}

/* A bridge without an address is one whose maker was killed: it is made anew. */
static int need_bridge(struct nl_sock *sock, struct found *f, struct err *e)
{
	int r;

	if (f->bridge && !f->address) {
		r = device_delete(sock, NETNS_BRIDGE, e);
		if (r < 0)
			return r;
		f->bridge = 0;
	}
	if (!f->bridge) {
		r = make_bridge(sock, f, e);
		if (r < 0)
			return r;
	}
	return open_ways(sock, f, e);
}

/* ---- a bottle's port */

/* FNV-1a, 48 bits of it: fits a link's name; the alias has the whole id. */
static void name_of(const char *id, char *buf, size_t size)
{
	unsigned long long hash = 0xcbf29ce484222325ULL;

	for (; *id; id++)
		hash = (hash ^ (unsigned char)*id) * 0x100000001b3ULL;
	snprintf(buf, size, PORT_NAME, hash & 0xffffffffffffULL);
}

static int take_address(const struct found *f, struct netns_bridge *ret, struct err *e)
{
	uint32_t net = ntohl(f->address) & (~0U << (32 - PREFIX));

	for (uint32_t host = 2; host < PORTS_MAX + 2; host++) {
		if (f->taken[host])
			continue;
		text_of(htonl(net + host), ret->address, sizeof(ret->address));
		text_of(f->address, ret->gateway, sizeof(ret->gateway));
		ret->prefix = PREFIX;
		return 0;
	}
	return err_say(
		e, EADDRNOTAVAIL, "all addresses of the bridge '" NETNS_BRIDGE "' are taken");
}

/*
 * The kernel opens a new port's queue a moment after it has let the first frame in: the bridge's
 * answer to the sidecar's first ARP request is lost then, and the next would be a second away. So
 * this link asks every 10 ms, for as long.
 */
static int run_sysctl_outside(void *arg, struct err *e)
{
	int r = sysctl_outside_links(e);

	(void)arg;
	if (r >= 0)
		r = sysctl_write("ipv4/neigh/" NETNS_BRIDGE_DEVICE "/retrans_time_ms", "10", e);
	if (r >= 0)
		r = sysctl_write("ipv4/neigh/" NETNS_BRIDGE_DEVICE "/mcast_solicit", "100", e);
	return r;
}

static int finish_sidecar(int sidecar_fd, const struct netns_bridge *b, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	struct device_change up = {.name = NETNS_BRIDGE_DEVICE, .up = true};
	int index, r = netns_run(sidecar_fd, run_sysctl_outside, NULL, e);

	if (r < 0)
		return r;
	r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);
	if (r < 0)
		return r;
	index = device_index(sidecar_fd, NETNS_BRIDGE_DEVICE, e);
	if (index < 0)
		return index;
	r = device_add_address(sock, index, b->address, b->prefix, e);
	if (r >= 0)
		r = device_change(sock, &up, e);
	return r < 0 ? r : route_add_default(sock, index, b->gateway, ROUTE_PLAIN, e);
}

/* The port has its alias before anything else, and is up last: a port without one is never used. */
static int make_port(struct nl_sock *sock, const struct found *f, const char *name, int sidecar_fd,
	const struct netns_bridge *b, struct err *e)
{
	char alias[256];
	struct device_change joined = {.name = name, .alias = alias, .master = (uint32_t)f->bridge};
	struct device_change up = {.name = name, .up = true};
	int r;

	if (snprintf(alias, sizeof(alias), PORT_ALIAS "%s %s", b->address, f->id) >=
		(int)sizeof(alias))
		return err_say(e, ENAMETOOLONG, "the id '%s' is too long for the bridge", f->id);
	r = device_make_pair(sock, name, NETNS_BRIDGE_DEVICE, sidecar_fd, e);
	if (r < 0)
		return r;
	r = device_change(sock, &joined, e);
	if (r >= 0)
		r = sysctl_bridge(name, e);
	if (r >= 0)
		r = device_isolate_port(sock, name, e);
	if (r >= 0)
		r = device_change(sock, &up, e);
	return r < 0 ? r : finish_sidecar(sidecar_fd, b, e);
}

struct running {
	const char *name;
	bool found;
};

static int see_running(const struct device *d, void *arg)
{
	struct running *w = arg;

	w->found |= str_eq(d->name, w->name) && d->running;
	return 0;
}

/*
 * A bridge that comes up without a running port keeps its queue shut, and drops in silence what the
 * host sends (its ARP answers), until the kernel's link watch gets to it, once a second. Brought up
 * behind its first port it is at work at once.
 */
static int raise_bridge(struct nl_sock *sock, const char *port, struct err *e)
{
	struct device_change down = {.name = NETNS_BRIDGE, .down = true};
	struct device_change up = {.name = NETNS_BRIDGE, .up = true};
	int64_t until = proc_now_ms() + PORT_WAIT_MS;
	struct running w = {.name = port};
	int r = device_change(sock, &down, e);

	while (r >= 0 && !w.found && proc_now_ms() < until) {
		r = device_each(sock, see_running, &w, e);
		if (r == -EAGAIN)
			r = 0;
		if (r >= 0 && !w.found)
			poll(NULL, 0, 1);
	}
	return r < 0 ? r : device_change(sock, &up, e);
}

/* Adds what went wrong to what went wrong before; the first number stays. */
static void add_error(struct err *all, int r, const struct err *one)
{
	struct err before = *all;

	if (r >= 0)
		return;
	if (before.code == 0)
		*all = *one;
	else
		err_say(all, before.code, "%.250s; %.250s", before.msg, one->msg);
}

/*
 * The port and the bridge, or what of them there is. Together where nothing else has the bridge's
 * group: two removals one after the other take the kernel nearly twice as long.
 */
static void remove_links(struct nl_sock *sock, const struct found *f, struct err *e)
{
	struct device_change join = {.name = f->port, .group = BRIDGE_GROUP};
	struct err one;

	if (f->bridge && f->port[0] && f->n_group == 1 && device_change(sock, &join, &one) >= 0 &&
		device_delete_group(sock, BRIDGE_GROUP, &one) >= 0)
		return;
	if (f->port[0])
		add_error(e, device_delete(sock, f->port, &one), &one);
	if (f->bridge)
		add_error(e, device_delete(sock, NETNS_BRIDGE, &one), &one);
}

static int remove_bridge(struct nl_sock *sock, const struct found *f, struct err *e)
{
	struct masquerade_uplinks uplinks = {.n = 0};
	cleanup_netlink struct nl_sock *nft = NULL;
	struct err one;
	int r;

	if (!f->bridge)
		return 0;
	read_alias(f->alias, &uplinks);
	add_error(e, masquerade_forward(&uplinks, false, &one), &one);
	/* Its socket stays open meanwhile: closing one waits for what was removed by it. */
	r = netlink_open(-1, NETLINK_NETFILTER, &nft, &one);
	add_error(e, r < 0 ? r : masquerade_remove(nft, &one), &one);
	remove_links(sock, f, e);
	return -e->code;
}

/* Under the lock. */
static int detach(struct nl_sock *sock, const char *id, struct err *e)
{
	struct found f;
	struct err all = {0}, one;
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < NETLINK_TRIES; i++) {
		f = (struct found){.id = id};
		r = find(sock, &f, e);
	}
	if (r < 0)
		return r;
	if (f.n_ports == 0 && f.bridge)
		remove_bridge(sock, &f, &all);
	else if (f.port[0])
		add_error(&all, device_delete(sock, f.port, &one), &one);
	if (all.code)
		*e = all;
	return -all.code;
}

static int attach(struct nl_sock *sock, struct found *f, int sidecar_fd, struct netns_bridge *ret,
	struct err *e)
{
	char name[16];
	int r = find(sock, f, e);

	if (r < 0)
		return r;
	if (f->port[0]) {
		r = device_delete(sock, f->port, e);
		if (r < 0)
			return r;
	}
	r = need_bridge(sock, f, e);
	if (r < 0)
		return r;
	r = take_address(f, ret, e);
	if (r < 0)
		return r;
	name_of(f->id, name, sizeof(name));
	r = device_delete(sock, name, e); /* one without its alias: its maker was killed */
	if (r >= 0)
		r = make_port(sock, f, name, sidecar_fd, ret, e);
	return r < 0 || f->n_ports > 0 ? r : raise_bridge(sock, name, e);
}

int netns_bridge_attach(int sidecar_fd, const char *id, struct netns_bridge *ret, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	cleanup_fd int held = -1;
	cleanup_free struct found *f = calloc(1, sizeof(*f));
	struct err undo;
	int r;

	if (!f)
		return err_set(e, ENOMEM, "attach to the bridge");
	r = lock(&held, e);
	if (r < 0)
		return r;
	r = netlink_open(-1, NETLINK_ROUTE, &sock, e);
	if (r < 0)
		return r;
	r = -EAGAIN; /* the host's links change without us */
	for (int i = 0; r == -EAGAIN && i < NETLINK_TRIES; i++) {
		*f = (struct found){.id = id};
		r = attach(sock, f, sidecar_fd, ret, e);
	}
	if (r < 0 && detach(sock, id, &undo) < 0)
		return err_wrap(e, "%.200s; attach to the bridge", undo.msg);
	return r < 0 ? err_wrap(e, "attach to the bridge '" NETNS_BRIDGE "'") : 0;
}

int netns_bridge_detach(const char *id, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	cleanup_fd int held = -1;
	int r = lock(&held, e);

	if (r < 0)
		return r;
	r = netlink_open(-1, NETLINK_ROUTE, &sock, e);
	return r < 0 ? r : detach(sock, id, e);
}
