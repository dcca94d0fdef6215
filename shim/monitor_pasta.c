#include "shim/monitor_pasta.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "netns/bridge.h"
#include "netns/namespace.h"
#include "netns/outside.h"
#include "netns/policy.h"
#include "shim/monitor_home.h"
#include "shim/userns.h"

#define PASTA	     "/usr/bin/pasta"
#define PASTA_LOG    "logs/pasta.log"
#define NETNS_FILE   "egress.netns" /* of the state directory: the namespace, for pasta to open */
#define UP_MS	     5000
#define UP_STEP_MS   2
#define AGAIN_MS     1000
#define LOG_READ_MAX 65536

bool monitor_pasta_wanted(const struct monitor *m)
{
	return m->plan.egress_mode == PLAN_EGRESS_AUTO && !m->plan.engine_network &&
	       !m->plan.netns_path && !m->engine_network && userns_is_rootless() &&
	       !netns_is_administered();
}

int monitor_pasta_check(struct err *e)
{
	if (access(PASTA, X_OK) < 0)
		return err_set(e, errno,
			"'" PASTA "' connects a bottle that root has no part in (Debian's package "
			"passt; --egress=none does without)");
	return 0;
}

/* ---- start */

/* In the mount namespace that goes with the bottle: no other process sees it there. */
static int show_namespace(const struct monitor *m, char **ret_path, struct err *e)
{
	cleanup_free char *path = str_format("%s/" NETNS_FILE, m->plan.state_dir);
	char source[32];
	cleanup_fd int fd = -1;

	if (!path)
		return err_set(e, ENOMEM, "start pasta");
	fd = openat(m->state_dirfd, NETNS_FILE, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, errno, "make '%s'", path);
	if (mount(path_of_fd(m->netns_fd, source, sizeof(source)), path, NULL, MS_BIND, NULL) < 0)
		return err_set(e, errno, "mount the sidecar's namespace on '%s'", path);
	*ret_path = steal_ptr(&path);
	return 0;
}

static void hide_namespace(const struct monitor *m)
{
	cleanup_free char *path = str_format("%s/" NETNS_FILE, m->plan.state_dir);

	if (path && m->state_dirfd >= 0 && umount2(path, MNT_DETACH) < 0 && errno != EINVAL &&
		errno != ENOENT)
		log_error("unmount '%s': %s", path, strerror(errno));
	if (m->state_dirfd >= 0)
		(void)unlinkat(m->state_dirfd, NETNS_FILE, 0);
}

/* Whatever ends the monitor ends the way out: also when it ends just now. */
static int die_with_monitor(void *monitor, struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	return getppid() == *(pid_t *)monitor ? 0 : err_say(e, ESRCH, "the monitor has died");
}

static int spawn(struct monitor *m, const char *netns, struct err *e)
{
	char *const argv[] = {(char *)"pasta", (char *)"--foreground", (char *)"--quiet",
		(char *)"--ipv4-only", (char *)"--config-net", (char *)"--no-map-gw",
		(char *)"--tcp-ports", (char *)"none", (char *)"--udp-ports", (char *)"none",
		(char *)"--tcp-ns", (char *)"none", (char *)"--udp-ns", (char *)"none",
		(char *)"--no-dhcp", (char *)"--no-netns-quit", (char *)"--netns-only",
		(char *)"--ns-ifname", (char *)NETNS_BRIDGE_DEVICE, (char *)"--netns",
		(char *)netns, NULL};
	char *const envp[] = {(char *)"PATH=/usr/bin:/bin", (char *)"LC_ALL=C", NULL};
	pid_t self = getpid();
	cleanup_fd int log = -1;
	struct proc_fd fds[] = {{-1, STDERR_FILENO}};
	const struct proc_spec spec = {.path = PASTA,
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.n_fds = ARRAY_LEN(fds),
		.new_session = 1,
		.in_child = die_with_monitor,
		.arg = &self};
	int r = monitor_home_log(m, "pasta", &log, e);

	if (r < 0)
		return r;
	fds[0].from = log;
	r = proc_spawn(&spec, &m->pasta, e);
	if (r == 0)
		r = monitor_process_of(m->pasta.pid, &m->record.pasta, e);
	return r < 0 ? r : monitor_remember(m, e);
}

/* What it said last. It also tells that there is no syslog. Into e, with its own code. */
static int why_it_ended(const struct monitor *m, struct err *e)
{
	cleanup_free char *text = NULL;
	const char *last = "";
	char *save = NULL;

	if (fd_read_file(m->home_dirfd, PASTA_LOG, LOG_READ_MAX, &text, NULL, e) < 0)
		return -e->code;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (!str_starts(l, "Failed to send "))
			last = l;
	return err_say(e, EIO,
		"pasta ended before the bottle was connected: %s (%s/%s/" PASTA_LOG ")", last,
		m->plan.state_home, m->plan.slug);
}

static int wait_for_way(struct monitor *m, bool whole, struct netns_way *way, struct err *e)
{
	int64_t until = proc_now_ms() + UP_MS;
	struct pollfd pfd = {.fd = m->pasta.pidfd, .events = POLLIN};

	do {
		int r = netns_outside_way(m->netns_fd, way, e);

		if (r < 0 || way->routed || (way->addressed && !whole))
			return r;
		if (poll(&pfd, 1, UP_STEP_MS) > 0)
			return why_it_ended(m, e);
	} while (proc_now_ms() < until);
	return err_say(e, ETIMEDOUT, "pasta has not connected the bottle in %d ms", UP_MS);
}

/* Into a sealed namespace it can bring an address only: the route is the one that it had before. */
static int wait_until_up(struct monitor *m, struct err *e)
{
	bool first = !*m->gateway;
	struct netns_way way;
	int r = wait_for_way(m, first, &way, e);

	if (r < 0)
		return r;
	if (first)
		memcpy(m->gateway, way.gateway, sizeof(m->gateway));
	return way.routed ? 0 : netns_outside_lead(m->netns_fd, NETNS_BRIDGE_DEVICE, m->gateway, e);
}

int monitor_pasta_start(struct monitor *m, struct err *e)
{
	cleanup_free char *netns = NULL;
	struct netns_way host;
	int r = netns_outside_host_way(&host, e);

	if (r == 0 && !host.routed) {
		log_warning("the host has no default route: nothing outside can be reached");
		return 0;
	}
	if (r == 0)
		r = show_namespace(m, &netns, e);
	if (r == 0)
		r = spawn(m, netns, e);
	if (r == 0)
		r = wait_until_up(m, e);
	/* It has it open. */
	hide_namespace(m);
	if (r < 0)
		monitor_pasta_stop(m);
	return r;
}

/* ---- later */

void monitor_pasta_ended(struct monitor *m)
{
	monitor_pasta_stop(m);
	log_error("pasta ended: nothing outside can be reached; starting it again in %d ms",
		AGAIN_MS);
	m->pasta_due = proc_now_ms() + AGAIN_MS;
}

void monitor_pasta_tick(struct monitor *m, int64_t now)
{
	struct err e;
	int r;

	if (m->pasta_due == 0 || m->pasta_due > now || m->phase != MONITOR_STARTED)
		return;
	m->pasta_due = 0;
	r = monitor_pasta_start(m, &e);
	if (r == 0 && m->pasta.pid == 0)
		r = err_say(&e, ENETUNREACH, "the host has no default route");
	if (r == 0)
		r = netns_sidecar_prepare(m->netns_fd, &e);
	if (r == 0)
		r = netns_policy_seal(m->netns_fd, &e);
	if (r == 0)
		return;
	log_error("%s", e.msg);
	monitor_pasta_stop(m);
	m->pasta_due = proc_now_ms() + AGAIN_MS;
}

void monitor_pasta_stop(struct monitor *m)
{
	proc_kill(&m->pasta);
	m->record.pasta.pid = 0;
}
