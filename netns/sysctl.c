#include "netns/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/plan.h"

#define ROOT "/proc/sys/net/"

struct setting {
	const char *name, *value;
};

/* ip_forward comes first: the kernel resets the links' own values when it changes. */
static const struct setting of_namespace[] = {
	{"ipv4/ip_forward", "0"},
	{"ipv4/ip_nonlocal_bind", "0"},
	{"ipv4/fwmark_reflect", "0"},
	{"ipv4/icmp_echo_ignore_broadcasts", "1"},
	/* Refusals are answered at once, however many: the limit is one a second and peer. */
	{"ipv4/icmp_ratelimit", "0"},
	{"ipv4/ping_group_range", "1\t0"},
};

/*
 * ipv4/conf. rp_filter is the greater of all and link, so `all` must be 0: 2 there would loosen the
 * link's 1, and the world's answers, to whose senders the kernel itself has no route, would be
 * dropped. arp_ignore: the agent learns no address of the other side.
 */
static const struct setting of_link4[] = {
	{"forwarding", "0"},
	{"route_localnet", "0"},
	{"accept_local", "0"},
	{"accept_source_route", "0"},
	{"accept_redirects", "0"},
	{"secure_redirects", "0"},
	{"send_redirects", "0"},
	{"proxy_arp", "0"},
	{"proxy_arp_pvlan", "0"},
	{"src_valid_mark", "0"},
	{"arp_ignore", "1"},
	{"arp_announce", "2"},
	{"rp_filter", "0"},
};

/* ipv6/conf; a kernel without IPv6 has none of these. */
static const struct setting of_link6[] = {
	{"forwarding", "0"},
	{"accept_ra", "0"},
	{"autoconf", "0"},
	{"accept_redirects", "0"},
	{"accept_source_route", "0"},
	{"proxy_ndp", "0"},
};

int sysctl_write(const char *name, const char *value, struct err *e)
{
	cleanup_free char *path = str_format(ROOT "%s", name);

	if (!path)
		return err_set(e, ENOMEM, "sysctl net/%s", name);
	return fd_write_file(AT_FDCWD, path, value, e);
}

int sysctl_read_int(const char *name, int *ret, struct err *e)
{
	cleanup_free char *path = str_format(ROOT "%s", name), *text = NULL;
	int r;

	if (!path)
		return err_set(e, ENOMEM, "sysctl net/%s", name);
	r = fd_read_file(AT_FDCWD, path, 64, &text, NULL, e);
	if (r < 0)
		return r;
	*ret = (int)strtol(text, NULL, 10);
	return 0;
}

static int write_conf(
	const char *family, const char *link, const struct setting *s, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *name = str_format("%s/conf/%s/%s", family, link, s[i].name);
		int r = name ? sysctl_write(name, s[i].value, e) : err_set(e, ENOMEM, "sysctl");

		/* IPv6 may be missing from the kernel: then there is nothing to switch off. */
		if (r == -ENOENT && str_eq(family, "ipv6"))
			return 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Everything of one link (or `all`, `default`). IPv6 that is configured already is let be. */
static int harden(const char *link, struct err *e)
{
	int r = write_conf("ipv4", link, of_link4, ARRAY_LEN(of_link4), e);

	if (r < 0)
		return r;
	return write_conf("ipv6", link, of_link6, ARRAY_LEN(of_link6), e);
}

static int disable_ipv6(const char *link, struct err *e)
{
	static const struct setting off = {"disable_ipv6", "1"};

	return write_conf("ipv6", link, &off, 1, e);
}

/* Calls fn for each link of the namespace; `all` and `default` are not links. */
static int each_link(int (*fn)(const char *link, struct err *e), struct err *e)
{
	DIR *d = opendir(ROOT "ipv4/conf");
	struct dirent *entry;
	int r = 0;

	if (!d)
		return err_set(e, errno, "open '" ROOT "ipv4/conf'");
	while (r >= 0 && (entry = readdir(d)))
		if (entry->d_name[0] != '.' && !str_eq(entry->d_name, "all") &&
			!str_eq(entry->d_name, "default"))
			r = fn(entry->d_name, e);
	closedir(d);
	return r < 0 ? r : 0;
}

/* Our own link has stricter values than these (sysctl_link_sidecar). */
static int harden_outside(const char *link, struct err *e)
{
	return str_eq(link, PLAN_SIDECAR_DEVICE) ? 0 : harden(link, e);
}

int sysctl_outside_links(struct err *e)
{
	return each_link(harden_outside, e);
}

int sysctl_sidecar(struct err *e)
{
	static const char *const both[] = {"all", "default"};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(of_namespace); i++) {
		r = sysctl_write(of_namespace[i].name, of_namespace[i].value, e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		r = harden(both[i], e);
		if (r < 0)
			return r;
	}
	/* `default` only: `all` would take an engine's addresses away. */
	r = disable_ipv6("default", e);
	if (r < 0)
		return r;
	return sysctl_outside_links(e);
}

int sysctl_link_sidecar(struct err *e)
{
	int r = harden(PLAN_SIDECAR_DEVICE, e);

	if (r < 0)
		return r;
	r = disable_ipv6(PLAN_SIDECAR_DEVICE, e);
	if (r < 0)
		return r;
	return sysctl_write("ipv4/conf/" PLAN_SIDECAR_DEVICE "/rp_filter", "1", e);
}

int sysctl_link_agent(struct err *e)
{
	int r = write_conf("ipv6", PLAN_AGENT_DEVICE, of_link6, ARRAY_LEN(of_link6), e);

	if (r < 0)
		return r;
	return disable_ipv6(PLAN_AGENT_DEVICE, e);
}

int sysctl_bridge(const char *link, struct err *e)
{
	int r = write_conf("ipv6", link, of_link6, ARRAY_LEN(of_link6), e);

	return r < 0 ? r : disable_ipv6(link, e);
}

static int check_link(const char *link, struct err *e)
{
	cleanup_free char *name = str_format("ipv4/conf/%s/forwarding", link);
	int r, value = 0;

	if (!name)
		return err_set(e, ENOMEM, "sysctl");
	r = sysctl_read_int(name, &value, e);
	if (r < 0)
		return r;
	if (value)
		return err_say(e, EINVAL,
			"the sidecar's link '%s' forwards packets: something has switched it on",
			link);
	return 0;
}

int sysctl_check_no_forwarding(struct err *e)
{
	int r = check_link("all", e);

	if (r < 0)
		return r;
	return each_link(check_link, e);
}
