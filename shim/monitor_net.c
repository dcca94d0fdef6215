#include "shim/monitor_net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "netns/bridge.h"
#include "netns/link.h"
#include "netns/namespace.h"
#include "netns/outside.h"
#include "netns/policy.h"
#include "shim/monitor_pasta.h"
#include "shim/userns.h"

#define HTTPS_PORT 443

static bool has_port(const struct netns_policy *p, uint16_t port)
{
	for (size_t i = 0; i < p->n_gate_ports; i++)
		if (p->gate_ports[i] == port)
			return true;
	return false;
}

static int add_port(struct netns_policy *p, uint16_t port, struct err *e)
{
	if (has_port(p, port))
		return 0;
	if (p->n_gate_ports == NETNS_GATE_PORTS_MAX)
		return err_say(e, E2BIG, "more than %d different ports of upstreams",
			NETNS_GATE_PORTS_MAX);
	p->gate_ports[p->n_gate_ports++] = port;
	return 0;
}

/* "HOST[:PORT]", IPv6 in brackets; the gate itself reads it strictly (gate/lfs_host.h). */
static uint16_t port_of(const char *authority)
{
	const char *colon = strrchr(authority, ':'), *bracket = strrchr(authority, ']');
	long port = HTTPS_PORT;

	if (colon && (!bracket || colon > bracket))
		str_to_long(colon + 1, 1, UINT16_MAX, &port);
	return (uint16_t)port;
}

/* Large files come over https, whatever the repository itself does. */
static int add_lfs_ports(struct netns_policy *p, const struct policy_repo *repo, struct err *e)
{
	const char *after = repo->lfs.url ? strstr(repo->lfs.url, "://") : NULL;
	cleanup_free char *service = after ? strndup(after + 3, strcspn(after + 3, "/")) : NULL;
	int r;

	if (repo->lfs.off)
		return 0;
	r = repo->transport == POLICY_SSH ? add_port(p, HTTPS_PORT, e) : 0;
	if (r == 0 && service)
		r = add_port(p, port_of(service), e);
	for (char **host = repo->lfs.hosts; r == 0 && host && *host; host++)
		r = add_port(p, port_of(*host), e);
	return r;
}

static int fill_policy(const struct monitor *m, struct netns_policy *p, struct err *e)
{
	int r = 0;

	*p = (struct netns_policy){
		.gate_uid = monitor_uid(m, COMPONENT_GATE),
		.egress_uid = monitor_uid(m, COMPONENT_EGRESS),
	};
	for (size_t i = 0; r == 0 && i < m->gate.n_repos; i++) {
		r = add_port(p, m->gate.repos[i].port, e);
		if (r == 0)
			r = add_lfs_ports(p, &m->gate.repos[i], e);
	}
	return r;
}

/* Before there is a link: nothing ever passes without it. */
static int apply_policy(const struct monitor *m, struct err *e)
{
	struct netns_policy policy;
	int r = fill_policy(m, &policy, e);

	return r < 0 ? r : netns_policy_apply(m->netns_fd, &policy, e);
}

static int open_namespace(struct monitor *m, struct err *e)
{
	if (!m->plan.netns_path)
		return netns_new(&m->netns_fd, e);
	m->netns_fd = open(m->plan.netns_path, O_RDONLY | O_CLOEXEC);
	if (m->netns_fd < 0)
		return err_set(
			e, errno, "open the engine's network namespace '%s'", m->plan.netns_path);
	return netns_sidecar_prepare(m->netns_fd, e);
}

/* Already at create: at start it would be late to hear of it. */
static int check_mode(const struct monitor *m, struct err *e)
{
	if (m->plan.egress_mode == PLAN_EGRESS_BRIDGE && userns_is_rootless() &&
		!netns_is_administered())
		return err_say(e, EPERM,
			"--egress=bridge needs root: an ordinary user's bottle goes out through "
			"pasta, with --egress=auto");
	return monitor_pasta_wanted(m) ? monitor_pasta_check(e) : 0;
}

int monitor_net_open(struct monitor *m, struct err *e)
{
	int r = check_mode(m, e);

	if (r == 0)
		r = open_namespace(m, e);
	return r < 0 ? r : apply_policy(m, e);
}

int monitor_net_link(struct monitor *m, struct err *e)
{
	int r = netns_link_make(m->netns_fd, m->agent_netns_fd, e);

	for (size_t i = 0; r == 0 && i < MONITOR_SOCKETS; i++)
		r = netns_listen(m->netns_fd, &monitor_sockets[i].listener, &m->sockets[i], e);
	return r;
}

/* ---- the egress network */

static int find_engine(struct monitor *m, struct err *e)
{
	bool foreign = false;
	int r = netns_outside_foreign(m->netns_fd, &foreign, e);

	if (r < 0)
		return r;
	m->engine_network = m->plan.egress_mode == PLAN_EGRESS_ENGINE || m->plan.engine_network ||
			    m->plan.netns_path || foreign;
	if (m->plan.egress_mode == PLAN_EGRESS_NONE && foreign)
		return err_say(e, EINVAL,
			"--egress=none, but the engine has attached a network: use "
			"--egress=engine");
	if (m->plan.egress_mode == PLAN_EGRESS_BRIDGE && foreign)
		return err_say(e, EINVAL,
			"--egress=bridge, but the engine has attached a network: use "
			"--egress=engine, or give the container no network");
	if (m->engine_network && !foreign)
		log_warning("the engine has attached no network: nothing outside can be reached");
	return 0;
}

/* A host without a route out is no error: it may get one. A firewall that drops is. */
static int make_bridge(struct monitor *m, struct err *e)
{
	struct netns_bridge bridge;
	int r;

	/* Never again the same: a record that outlived its monitor must not name another's port. */
	m->record.bridge_id = str_format("%s.%u.%d", m->plan.slug, m->uids.first, (int)getpid());
	if (!m->record.bridge_id)
		return err_set(e, ENOMEM, "the bridge");
	r = monitor_remember(m, e);
	if (r == 0)
		r = netns_bridge_attach(m->netns_fd, m->record.bridge_id, &bridge, e);
	if (r < 0)
		return r;
	r = netns_bridge_check(m->netns_fd, &bridge, monitor_uid(m, COMPONENT_EGRESS), e);
	if (r == -ENETUNREACH) {
		log_warning("%s", e->msg);
		return 0;
	}
	return r;
}

int monitor_net_start(struct monitor *m, struct err *e)
{
	int r = find_engine(m, e);

	if (r == 0 && monitor_pasta_wanted(m))
		r = monitor_pasta_start(m, e);
	else if (r == 0 && !m->engine_network && m->plan.egress_mode != PLAN_EGRESS_NONE)
		r = make_bridge(m, e);
	if (r == 0)
		r = netns_sidecar_prepare(m->netns_fd, e);
	if (r == 0)
		r = netns_outside_check_clash(m->netns_fd, e);
	return r == 0 ? netns_policy_seal(m->netns_fd, e) : r;
}

static bool may_be_kept(const struct monitor *m)
{
	return m->netns_fd >= 0 && m->agent_netns_fd >= 0 &&
	       (m->plan.netns_path || m->plan.engine_network || m->engine_network);
}

int monitor_net_undo(struct monitor *m, struct err *e)
{
	struct err one;
	int r = 0;

	for (size_t i = 0; i < MONITOR_SOCKETS; i++)
		fd_close(&m->sockets[i]);
	monitor_pasta_stop(m);
	if (m->record.bridge_id) {
		r = netns_bridge_detach(m->record.bridge_id, e);
		if (r < 0)
			log_error("%s", e->msg);
	}
	/* In a namespace that the engine keeps the link would stay; ours ends with us, link and
	 * all. */
	if (may_be_kept(m) && netns_link_remove(m->netns_fd, &one) < 0) {
		log_error("%s", one.msg);
		if (r == 0) {
			*e = one;
			r = -one.code;
		}
	}
	fd_close(&m->netns_fd);
	fd_close(&m->agent_netns_fd);
	return r;
}
