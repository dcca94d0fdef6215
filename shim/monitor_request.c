#include "shim/monitor_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "forge/wire.h"
#include "shim/monitor_net.h"
#include "shim/monitor_part.h"
#include "shim/monitor_reload.h"

/* Longer than any component's own way to READY and through its probes. */
#define WAIT_MAX_MS (MONITOR_START_MAX_MS + MONITOR_PROBE_MAX_MS + 2000)

static const char *const phase_names[] = {
	[MONITOR_BOOTING] = "booting",
	[MONITOR_BOOTED] = "booted",
	[MONITOR_ATTACHED] = "attached",
	[MONITOR_READY] = "ready",
	[MONITOR_STARTED] = "started",
	[MONITOR_STOPPING] = "stopping",
};

/* One who does not take the answer is one who has gone away. */
static void reply(struct monitor_peer *peer, const char *body, const int *fd)
{
	struct err e;

	peer->wait = WAIT_NONE;
	if (peer->fd >= 0 && msg_send(peer->fd, MONITOR_OK, body, body ? strlen(body) : 0, fd,
				     fd ? 1 : 0, &e) < 0)
		log_warning("answer a request: %s", e.msg);
}

static void reply_error(struct monitor_peer *peer, const struct err *why)
{
	struct err e;

	peer->wait = WAIT_NONE;
	if (peer->fd >= 0 && msg_send(peer->fd, MONITOR_ERROR, why, sizeof(*why), NULL, 0, &e) < 0)
		log_warning("answer a request: %s", e.msg);
}

/* Keys that are still being made may take a forge's time before components' own. */
static void wait_for(const struct monitor *m, struct monitor_peer *peer, enum monitor_wait what)
{
	int64_t keys = m->plan.n_deploy_keys ? FORGE_JOB_MS : 0;

	peer->wait = what;
	peer->due = what == WAIT_STOP ? INT64_MAX : proc_now_ms() + WAIT_MAX_MS + keys;
}

/* ---- handlers; an error that one returns is the answer */

/* No answer of its own: the runtime goes on meanwhile, and WAIT_READY tells what fails now. */
static int do_rules(struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	(void)peer;
	if (msg->n_fds != 1 || m->rules_fd >= 0)
		return err_say(e, EPROTO, "rules are one descriptor, once");
	m->rules_fd = steal_fd(&msg->fds[0]);
	monitor_parts_advance(m);
	return 0;
}

/* No answer of its own: WAIT_READY follows. */
static int do_attach(struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	int r;

	(void)peer;
	if (msg->n_fds != 2 || m->rules_fd < 0)
		return err_say(e, EPROTO, "attach takes two descriptors, after the rules");
	m->agent_netns_fd = steal_fd(&msg->fds[0]);
	m->agent_pidfd = steal_fd(&msg->fds[1]);
	m->phase = MONITOR_ATTACHED;
	r = monitor_net_link(m, e);
	if (r < 0) {
		monitor_fail(m, e);
		return 0;
	}
	monitor_parts_advance(m);
	log_info("attached (%lld ms)", (long long)(proc_now_ms() - m->born));
	return 0;
}

static int do_wait_ready(
	struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	(void)msg;
	(void)e;
	wait_for(m, peer, WAIT_READY);
	return 0;
}

static int do_commit(struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	(void)msg;
	if (m->agent_pidfd < 0)
		return err_say(e, ESRCH, "the container's init has ended already");
	m->committed = true;
	reply(peer, NULL, NULL);
	return 0;
}

static int do_agent_netns(
	struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	(void)msg;
	if (m->agent_netns_fd < 0)
		return err_say(e, ENOENT, "there is no network namespace of the agent yet");
	reply(peer, NULL, &m->agent_netns_fd);
	return 0;
}

static int do_start(struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	(void)msg;
	(void)e;
	wait_for(m, peer, WAIT_START);
	return 0;
}

static int do_stop(struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	(void)msg;
	(void)e;
	wait_for(m, peer, WAIT_STOP);
	monitor_stop(m, peer == &m->boot && !m->committed, "the runtime asked for it");
	return 0;
}

/* As in the plan: their names, for who brings a new policy. */
static json_t *secret_list(const struct monitor *m)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < m->plan.n_secrets; i++) {
		const struct monitor_secret *s = &m->plan.secrets[i];

		if (json_array_append_new(
			    list, json_pack("{s:s, s:s, s:b, s:b, s:b, s:b}", "slot", s->slot,
					  "name", s->name, "is_file", (int)s->is_file, "is_login",
					  (int)s->is_login, "egress", (int)s->to_egress, "scan",
					  (int)s->to_scan)) < 0)
			return NULL;
	}
	return steal_ptr(&list);
}

static int do_status(struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	json_t *parts = json_object();
	cleanup_json json_t *j = NULL;
	cleanup_free char *text = NULL;

	(void)msg;
	for (size_t i = 0; parts && i < COMPONENT_COUNT; i++)
		json_object_set_new(parts, m->parts[i].kind->name,
			json_pack("{s:b, s:i}", "up", m->parts[i].state == PART_UP, "pid",
				(int)m->parts[i].c.init.pid));
	j = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:O, s:o}", "slug", m->plan.slug, "phase",
		phase_names[m->phase], "ca_sha256", m->ca.fingerprint, "home", m->plan.home,
		"bottles", json_from_strv(m->plan.bottle_names), "components", parts, "egress",
		m->plan.egress, "secrets", secret_list(m));
	text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	if (!text)
		return err_set(e, ENOMEM, "status");
	reply(peer, text, NULL);
	return 0;
}

/* No answer of its own: RELOAD follows. */
static int do_secret(struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	return monitor_reload_secret(m, peer, msg, e);
}

static int do_reload(struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	int r = monitor_reload_begin(m, peer, msg, e);

	if (r == 0)
		wait_for(m, peer, WAIT_RELOAD);
	return r;
}

/* ---- the table */

enum { FROM_BOOT = 1, FROM_SOCKET = 2 };

#define IN(phase) (1U << (phase))
#define ALIVE	  (IN(MONITOR_ATTACHED) | IN(MONITOR_READY) | IN(MONITOR_STARTED))
#define ANY	  (~0U)

static const struct request {
	enum monitor_msg type;
	const char *name;
	unsigned int from, phases;
	int (*handle)(struct monitor *, struct monitor_peer *, struct msg *, struct err *);
} requests[] = {
	{MONITOR_RULES, "rules", FROM_BOOT, IN(MONITOR_BOOTED), do_rules},
	{MONITOR_ATTACH, "attach", FROM_BOOT, IN(MONITOR_BOOTED), do_attach},
	{MONITOR_WAIT_READY, "wait-ready", FROM_BOOT, ALIVE | IN(MONITOR_BOOTED), do_wait_ready},
	{MONITOR_COMMIT, "commit", FROM_BOOT, IN(MONITOR_READY), do_commit},
	{MONITOR_AGENT_NETNS, "agent-netns", FROM_SOCKET, ALIVE, do_agent_netns},
	{MONITOR_START, "start", FROM_SOCKET, IN(MONITOR_READY) | IN(MONITOR_STARTED), do_start},
	{MONITOR_STOP, "stop", FROM_BOOT | FROM_SOCKET, ANY, do_stop},
	{MONITOR_STATUS, "status", FROM_SOCKET, ANY, do_status},
	{MONITOR_SECRET, "secret", FROM_SOCKET, IN(MONITOR_STARTED), do_secret},
	{MONITOR_RELOAD, "reload", FROM_SOCKET, IN(MONITOR_STARTED), do_reload},
};

static int dispatch(struct monitor *m, struct monitor_peer *peer, struct msg *msg, struct err *e)
{
	unsigned int from = peer == &m->boot ? FROM_BOOT : FROM_SOCKET;

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		const struct request *q = &requests[i];

		if (q->type != msg->type || !(q->from & from))
			continue;
		if (!(q->phases & IN(m->phase)))
			return err_say(e, EBUSY, "'%s' cannot be asked of a monitor that is %s",
				q->name, phase_names[m->phase]);
		return q->handle(m, peer, msg, e);
	}
	return err_say(e, EPROTO, "unknown request %u", msg->type);
}

static void peer_gone(struct monitor *m, struct monitor_peer *peer)
{
	fd_close(&peer->fd);
	peer->wait = WAIT_NONE;
	monitor_reload_gone(m, peer);
	if (peer == &m->boot && !m->committed)
		monitor_stop(m, true, "the runtime ended before the bottle was whole");
}

void monitor_request_hear(struct monitor *m, struct monitor_peer *peer)
{
	cleanup_msg struct msg msg = {0};
	struct err e;
	int r = msg_recv(peer->fd, &msg, &e);

	if (r <= 0) {
		peer_gone(m, peer);
		return;
	}
	if (peer->wait != WAIT_NONE)
		r = err_say(&e, EBUSY, "the request before is not answered yet");
	else
		r = dispatch(m, peer, &msg, &e);
	if (r < 0)
		reply_error(peer, &e);
}

void monitor_request_accept(struct monitor *m)
{
	cleanup_fd int fd = accept4(m->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ||
		(cred.uid != 0 && cred.uid != geteuid())) {
		log_warning("a request of another user was refused");
		return;
	}
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++) {
		if (m->peers[i].fd >= 0)
			continue;
		m->peers[i] = (struct monitor_peer){.fd = steal_fd(&fd)};
		return;
	}
	log_warning("too many requests at once: one was refused");
}

/* ---- deferred answers */

static bool all_up(const struct monitor *m)
{
	for (size_t i = 0; i < COMPONENT_COUNT; i++)
		if (m->parts[i].state != PART_UP)
			return false;
	return true;
}

static void answer_start(struct monitor *m, struct monitor_peer *peer)
{
	struct err e;

	if (m->phase == MONITOR_READY) {
		if (monitor_net_start(m, &e) < 0) {
			log_error("%s", e.msg);
			reply_error(peer, &e);
			return;
		}
		m->phase = MONITOR_STARTED;
		log_info("started, egress by %s", m->engine_network	? "the engine's network"
						  : m->record.bridge_id ? "our bridge"
						  : m->pasta.pid > 0	? "pasta"
									: "nothing");
	}
	reply(peer, NULL, NULL);
}

static void answer_peer(struct monitor *m, struct monitor_peer *peer, int64_t now)
{
	struct err late;

	if (peer->wait == WAIT_NONE || peer->wait == WAIT_STOP)
		return;
	if (m->phase == MONITOR_STOPPING) {
		err_say(&late, ESRCH, "the bottle is stopping");
		reply_error(peer, m->failure.code ? &m->failure : &late);
	} else if (m->failure.code) {
		reply_error(peer, &m->failure);
	} else if (peer->wait == WAIT_READY && m->phase >= MONITOR_READY) {
		reply(peer, NULL, NULL);
	} else if (peer->wait == WAIT_START && all_up(m)) {
		answer_start(m, peer);
	} else if (now >= peer->due) {
		err_say(&late, ETIMEDOUT, "the sidecar %s; see %s/%s/logs",
			peer->wait == WAIT_RELOAD ? "has not answered" : "is not ready",
			m->plan.state_home, m->plan.slug);
		reply_error(peer, &late);
	}
}

void monitor_request_answer(struct monitor *m, int64_t now)
{
	if (m->phase == MONITOR_ATTACHED && all_up(m)) {
		m->phase = MONITOR_READY;
		log_info("ready (%lld ms)", (long long)(now - m->born));
	}
	answer_peer(m, &m->boot, now);
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		answer_peer(m, &m->peers[i], now);
}

void monitor_request_reloaded(struct monitor *m, const struct err *result)
{
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++) {
		if (m->peers[i].wait != WAIT_RELOAD)
			continue;
		if (result->code)
			reply_error(&m->peers[i], result);
		else
			reply(&m->peers[i], NULL, NULL);
	}
}

/* What is to be handed over goes to the first one. */
static void tell_stopped(struct monitor_peer *peer, const struct err *result, int *theirs)
{
	if (peer->wait != WAIT_STOP)
		return;
	if (result->code) {
		reply_error(peer, result);
	} else {
		reply(peer, NULL, *theirs >= 0 ? theirs : NULL);
		fd_close(theirs);
	}
}

void monitor_request_stopped(struct monitor *m, const struct err *result, int *theirs)
{
	tell_stopped(&m->boot, result, theirs);
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		tell_stopped(&m->peers[i], result, theirs);
}
