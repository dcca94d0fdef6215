#include "shim/monitor_boot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/monitor_home.h"
#include "shim/monitor_keys.h"
#include "shim/monitor_metrics.h"
#include "shim/monitor_net.h"
#include "shim/monitor_part.h"
#include "shim/monitor_store.h"
#include "shim/userns.h"

/* ---- harden */

static const struct {
	cap_value_t cap;
	const char *why;
} kept_caps[] = {
	{CAP_SYS_ADMIN, "namespaces and mounts of components, entering network namespaces"},
	{CAP_NET_ADMIN, "links, addresses, rules, transparent listeners"},
	{CAP_NET_RAW, "listeners bound to a device"},
	{CAP_NET_BIND_SERVICE, "port 53"},
	{CAP_SETUID, "components' uids"},
	{CAP_SETGID, "components' gids and groups"},
	{CAP_SETPCAP, "components' bounding set"},
	{CAP_KILL, "components have other uids"},
	{CAP_CHOWN, "the gate's directory and credentials"},
	{CAP_DAC_OVERRIDE, "removing what the gate wrote; an operator's state directory"},
	{CAP_FOWNER, "the same"},
	{CAP_SYS_RESOURCE, "limits above a low hard limit; an oom score below an engine's"},
};

static bool is_kept(cap_value_t cap)
{
	for (size_t i = 0; i < ARRAY_LEN(kept_caps); i++)
		if (kept_caps[i].cap == cap)
			return true;
	return false;
}

static int keep_caps(struct err *e)
{
	cap_t all = cap_get_proc();
	int r = all ? 0 : -errno;

	for (cap_value_t cap = 0; r == 0 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (is_kept(cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 ||
			cap_set_flag(all, CAP_EFFECTIVE, 1, &cap, CAP_CLEAR) < 0 ||
			cap_set_flag(all, CAP_PERMITTED, 1, &cap, CAP_CLEAR) < 0)
			r = -errno;
	}
	if (r == 0 && (cap_clear_flag(all, CAP_INHERITABLE) < 0 || cap_set_proc(all) < 0))
		r = -errno;
	cap_free(all);
	return r < 0 ? err_set(e, -r, "drop the monitor's capabilities") : 0;
}

int monitor_boot_harden(struct err *e)
{
	const struct rlimit none = {0, 0};
	struct err lower;

	/* Before the drop of dumpable: /proc/self belongs to us yet. Engines run at -500 and less.
	 */
	if (fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", "0", &lower) < 0)
		log_debug("%s", lower.msg);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return err_set(e, errno, "forbid core dumps of the monitor");
	return keep_caps(e);
}

/* ---- receive */

static int take_plan(struct monitor *m, struct msg *msg, struct err *e)
{
	cleanup_free char *gate = NULL;
	int r;

	if (m->plan.slug)
		return err_say(e, EPROTO, "a second plan");
	r = monitor_plan_parse(msg->body, msg->len, &m->plan, e);
	if (r < 0)
		return r;
	gate = json_dumps(m->plan.gate, JSON_COMPACT);
	return gate ? policy_gate_parse(gate, &m->gate, e)
		    : err_set(e, ENOMEM, "the gate's policy");
}

static int take_secret(struct monitor *m, const struct msg *msg, size_t *n, struct err *e)
{
	size_t name = strnlen(msg->body, msg->len);
	struct monitor_secret *s;

	if (*n >= m->plan.n_secrets || name == msg->len)
		return err_say(e, EPROTO, "an unexpected secret");
	s = &m->plan.secrets[(*n)++];
	if (!str_eq(s->slot, msg->body))
		return err_say(
			e, EPROTO, "secret '%s' came where '%s' was to come", msg->body, s->slot);
	if (secret_set(&s->value, msg->body + name + 1, msg->len - name - 1, e) < 0)
		return -e->code;
	secret_hide_from_children(&s->value);
	return 0;
}

int monitor_boot_receive(struct monitor *m, struct err *e)
{
	size_t n_secrets = 0;

	for (;;) {
		cleanup_msg struct msg msg = {0};
		int r = msg_recv(m->boot.fd, &msg, e);

		if (r == 0)
			r = err_say(e, EPIPE, "the runtime is gone");
		else if (r > 0 && msg.type == MONITOR_PLAN)
			r = take_plan(m, &msg, e);
		else if (r > 0 && msg.type == MONITOR_SECRET)
			r = take_secret(m, &msg, &n_secrets, e);
		else if (r > 0 && msg.type == MONITOR_BEGIN && m->plan.slug)
			return n_secrets == m->plan.n_secrets
				       ? 0
				       : err_say(e, EPROTO, "a secret is missing");
		else if (r > 0)
			r = err_say(e, EPROTO, "unexpected message %u", msg.type);
		if (r < 0)
			return r;
	}
}

/* ---- make */

/* The state directory's path may be longer than a socket's name: by its descriptor it is short. */
static int listen_for_requests(struct monitor *m, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int r;

	m->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->listen_fd < 0)
		return err_set(e, errno, "socket");
	if (unlinkat(m->state_dirfd, MONITOR_SOCKET, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove an old '%s'", MONITOR_SOCKET);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/" MONITOR_SOCKET,
		m->state_dirfd);
	/* 0600 from birth; everything else of ours is 0700 or less. */
	umask(0177);
	r = bind(m->listen_fd, (const struct sockaddr *)&sa, sizeof(sa));
	umask(077);
	if (r < 0 || listen(m->listen_fd, MONITOR_PEERS_MAX) < 0)
		return err_set(e, errno, "listen on '%s/%s'", m->plan.state_dir, MONITOR_SOCKET);
	return 0;
}

static int watch_signals(struct monitor *m, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return m->signal_fd < 0 ? err_set(e, errno, "signalfd") : 0;
}

/* From here on a killed monitor is found by what stands in the state directory. */
static int open_state(struct monitor *m, struct err *e)
{
	int r;

	m->state_dirfd = open(m->plan.state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->state_dirfd < 0)
		return err_set(e, errno, "open '%s'", m->plan.state_dir);
	r = monitor_process_of(getpid(), &m->record.monitor, e);
	if (r == 0)
		r = monitor_remember(m, e);
	if (r == 0)
		r = listen_for_requests(m, e);
	return r < 0 ? r : monitor_metrics_open(m, e);
}

static int make_home(struct monitor *m, struct err *e)
{
	int r = monitor_home_open(m, e);

	if (r == 0)
		r = monitor_home_metadata(m, e);
	return r == 0 ? monitor_home_resolv(m, e) : r;
}

static int make_ca(struct monitor *m, struct err *e)
{
	int r = ca_make(m->plan.slug, &m->ca, e);

	if (r < 0)
		return r;
	secret_hide_from_children(&m->ca.key);
	log_info("bottle '%s' of container '%s': CA fingerprint SHA-256 %s", m->plan.slug,
		m->plan.id, m->ca.fingerprint);
	return 0;
}

static int answer(struct monitor *m, struct err *e)
{
	cleanup_json json_t *j =
		json_pack("{s:i, s:s}", "pid", (int)getpid(), "ca", m->ca.cert_pem);
	cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	if (!text)
		return err_set(e, ENOMEM, "answer the runtime");
	return msg_send(m->boot.fd, MONITOR_OK, text, strlen(text), &m->netns_fd, 1, e);
}

/* Kept whole until the end: who knocks while one side is down is heard by its next life. */
static int make_door(struct monitor *m, struct err *e)
{
	return msg_pair(m->door, e);
}

static int spawn_parts(struct monitor *m, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < COMPONENT_COUNT; i++) {
		r = monitor_part_open(m, &m->parts[i], e);
		if (r == 0 && !monitor_part_hold(m, &m->parts[i]))
			r = monitor_part_spawn(m, &m->parts[i], e);
	}
	return r;
}

/* The machine's own range, or the last ids of the user namespace that all this is in. */
static int take_uids(struct monitor *m, struct err *e)
{
	struct userns_ids ids;
	uint32_t first = 0, n = 0;
	int r = userns_ids_read(&ids, e);

	if (r == 0)
		r = userns_sidecar_ids(&ids, &first, &n, e);
	if (r == 0)
		r = uids_take(m->plan.uids_dir, first, n, &m->uids, e);
	if (r == -EACCES && userns_is_rootless())
		return err_wrap(e, "set XDG_RUNTIME_DIR to a directory of your own");
	return r;
}

int monitor_boot_make(struct monitor *m, struct err *e)
{
	int r = take_uids(m, e);

	if (r == 0)
		r = watch_signals(m, e);
	if (r == 0)
		r = make_home(m, e);
	if (r == 0)
		r = open_state(m, e);
	if (r == 0)
		r = monitor_home_mirrors(m, e);
	if (r == 0)
		monitor_store_open(m);
	if (r == 0)
		r = monitor_net_open(m, e);
	if (r == 0)
		r = make_door(m, e);
	/* They make their file systems and load while the CA is made, and the runtime makes init.
	 */
	if (r == 0)
		r = spawn_parts(m, e);
	if (r == 0)
		r = make_ca(m, e);
	if (r == 0)
		r = answer(m, e);
	/* Last: until here what fails has made nothing at any forge. */
	if (r == 0)
		r = monitor_keys_start(m, e);
	if (r < 0)
		return r;
	m->phase = MONITOR_BOOTED;
	return 0;
}
