#include "netns/link.h"

#include <linux/netlink.h>

#include "bundle/plan.h"
#include "netns/device.h"
#include "netns/namespace.h"
#include "netns/netlink.h"
#include "netns/policy.h"
#include "netns/route.h"
#include "netns/sysctl.h"

static int run_sysctl_sidecar(void *arg, struct err *e)
{
	(void)arg;
	return sysctl_link_sidecar(e);
}

static int run_sysctl_agent(void *arg, struct err *e)
{
	(void)arg;
	return sysctl_link_agent(e);
}

/* One end: sysctls, address, and only then up. */
static int finish_end(
	struct nl_sock *sock, int netns_fd, const char *device, const char *address, struct err *e)
{
	struct device_change up = {.name = device, .up = true};
	int index = device_index(netns_fd, device, e), r;

	if (index < 0)
		return index;
	r = device_add_address(sock, index, address, PLAN_LINK_PREFIX, e);
	if (r < 0)
		return r;
	r = device_change(sock, &up, e);
	return r < 0 ? r : index;
}

static int finish_agent(int agent_fd, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	struct device_change lo_up = {.name = "lo", .up = true};
	int index, r;

	r = netns_run(agent_fd, run_sysctl_agent, NULL, e);
	if (r < 0)
		return r;
	r = netlink_open(agent_fd, NETLINK_ROUTE, &sock, e);
	if (r < 0)
		return r;
	r = device_change(sock, &lo_up, e);
	if (r < 0)
		return r;
	index = finish_end(sock, agent_fd, PLAN_AGENT_DEVICE, PLAN_AGENT_ADDRESS, e);
	if (index < 0)
		return index;
	return route_add_default(sock, index, PLAN_SIDECAR_ADDRESS, ROUTE_QUICKACK, e);
}

static int finish_sidecar(struct nl_sock *sock, int sidecar_fd, struct err *e)
{
	int r = netns_run(sidecar_fd, run_sysctl_sidecar, NULL, e);

	if (r < 0)
		return r;
	return finish_end(sock, sidecar_fd, PLAN_SIDECAR_DEVICE, PLAN_SIDECAR_ADDRESS, e);
}

int netns_link_make(int sidecar_fd, int agent_fd, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	struct err ignored;
	int r;

	r = netns_policy_check(sidecar_fd, NETNS_POLICY_OPEN_TO_ENGINE, e);
	if (r < 0)
		return err_wrap(e, "make the internal link");
	r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);
	if (r < 0)
		return r;
	r = device_make_pair(sock, PLAN_SIDECAR_DEVICE, PLAN_AGENT_DEVICE, agent_fd, e);
	if (r < 0)
		return r;
	r = finish_sidecar(sock, sidecar_fd, e);
	if (r >= 0)
		r = finish_agent(agent_fd, e);
	if (r < 0)
		device_delete(sock, PLAN_SIDECAR_DEVICE, &ignored);
	return r < 0 ? r : 0;
}

int netns_link_remove(int sidecar_fd, struct err *e)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	int r = netlink_open(sidecar_fd, NETLINK_ROUTE, &sock, e);

	if (r < 0)
		return r;
	return device_delete(sock, PLAN_SIDECAR_DEVICE, e);
}
