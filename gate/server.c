#include "gate/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/component.h"
#include "base/confine.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "gate/channel.h"
#include "gate/masters.h"
#include "gate/quota.h"
#include "gate/serve.h"
#include "gate/store.h"

/*
 * Theory of operation. The server holds, for each connection, the process that serves it (leader of
 * a process group), a copy of the socket, by which it sees idleness, and the channel on which that
 * process, and the pre-receive hook below it, tell how far they are (gate/channel.h). A push is
 * busy from the moment it is forwarded until its process ends: then the agent has its answer. An
 * agent that goes away in between takes that process with it, but not the hook below it: a push is
 * forwarded, or put back, to its end, which is the end of file on the channel.
 */
#define CONNECTIONS_MAX 64
#define IDLE_CHECK_MS	10000
/* For the goodbye to all upstreams, milliseconds; it takes a few. */
#define MASTERS_MS 500

struct connection {
	struct proc proc;
	const struct server_door *door;	 /* by which an agent came in; NULL: it serves none */
	const struct policy_repo *offer; /* NULL: it serves an agent */
	int channel, sock;
	uint32_t id; /* of what it proposes to the operator */
	bool serving, busy;
	bool ended; /* its process; the hook that forwards still lives */
};

struct server {
	const struct gate *gate;
	struct server_door doors[SERVER_DOORS];
	int control;
	bool stopping;
	uint32_t busy; /* as the monitor was told last */
	uint32_t last_id;
	bool *fetched; /* which repositories have got something new; as in the policy */
	struct connection list[CONNECTIONS_MAX];
	size_t n;
};

static void forget(struct server *s, size_t i)
{
	struct connection *c = &s->list[i];

	/* The group before the leader is reaped: its number cannot be anybody else's yet. */
	kill(-c->proc.pid, SIGKILL);
	proc_kill(&c->proc);
	fd_close(&c->channel);
	fd_close(&c->sock);
	s->list[i] = s->list[--s->n];
}

/* c: what the new process is for; its proc is not known yet. */
static void child(const struct server *s, const struct connection *c, int channel, pid_t gate)
	__attribute__((noreturn));
static void child(const struct server *s, const struct connection *c, int channel, pid_t gate)
{
	struct err e;

	setpgid(0, 0);
	/* Not even for the time until exec: a copy would hold another agent's connection open. */
	for (size_t i = 0; i < s->n; i++) {
		close(s->list[i].proc.pidfd);
		close(s->list[i].channel);
		close(s->list[i].sock);
	}
	for (size_t i = 0; i < SERVER_DOORS; i++)
		close(s->doors[i].listener);
	close(s->control);
	if (confine_die_with_parent(gate, &e) < 0 || quota_limit_memory(&e) < 0)
		_exit(1);
	proc_reset_signals();
	signal(SIGPIPE, SIG_IGN);
	if (c->offer)
		store_offer(s->gate, c->offer, channel);
	c->door->serve(s->gate, c->sock, channel);
}

/* Either an agent has come in by a door, or something of a repository is offered to the store. */
static void start(
	struct server *s, const struct server_door *door, int sock, const struct policy_repo *offer)
{
	struct connection c = {
		.proc = PROC_NONE, .sock = sock, .channel = -1, .door = door, .offer = offer};
	cleanup_fd int theirs = -1;
	pid_t gate = getpid();
	int pair[2];
	struct err e;

	if (msg_pair(pair, &e) < 0) {
		log_error("a connection was dropped: %s", e.msg);
		close(sock);
		return;
	}
	c.channel = pair[0];
	theirs = pair[1];
	c.id = ++s->last_id;
	c.proc.pid = proc_fork(0, -1, &c.proc.pidfd);
	if (c.proc.pid == 0)
		child(s, &c, theirs, gate);
	if (c.proc.pid < 0) {
		log_error("a connection was dropped: fork: %s", strerror(-c.proc.pid));
		close(sock);
		close(c.channel);
		return;
	}
	setpgid(c.proc.pid, c.proc.pid);
	s->list[s->n++] = c;
}

static void accept_one(struct server *s, const struct server_door *door)
{
	int sock = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC);

	if (sock >= 0)
		start(s, door, sock, NULL);
	else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
		log_error("accept: %s", strerror(errno));
}

/* What is proposed goes to the monitor with the connection's number in it. */
static int pass_proposal(
	const struct server *s, const struct connection *c, const struct msg *m, struct err *e)
{
	cleanup_json json_t *j = NULL;
	cleanup_free char *text = NULL;
	int r = json_parse(m->body, m->len, "a proposal", &j, e);

	if (r < 0)
		return r;
	if (json_object_set_new(j, "id", json_integer(c->id)) < 0 ||
		!(text = json_dumps(j, JSON_COMPACT)))
		return err_set(e, ENOMEM, "pass a proposal on");
	return msg_send(s->control, COMPONENT_PROPOSE, text, strlen(text), NULL, 0, e);
}

static int note_fetched(const struct server *s, const struct msg *m, struct err *e)
{
	const struct policy_repo *repo = gate_repo(s->gate, m->body);

	if (!repo || !repo->store)
		return err_say(e, EPROTO, "something new of '%s', which has no store", m->body);
	s->fetched[repo - s->gate->policy.repos] = true;
	return 0;
}

/* One at a time; what comes while it packs is in the next one. */
static void start_offer(struct server *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].offer)
			return;
	for (size_t i = 0; i < s->gate->policy.n_repos; i++) {
		if (!s->fetched[i] || s->stopping || s->n >= CONNECTIONS_MAX)
			continue;
		s->fetched[i] = false;
		start(s, NULL, -1, &s->gate->policy.repos[i]);
		return;
	}
}

static int hear(const struct server *s, struct connection *c, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_recv(c->channel, &m, e);

	if (r <= 0)
		return r < 0 ? r : err_say(e, EPIPE, "it was closed");
	switch (m.type) {
	case CHANNEL_SERVING:
		c->serving = true;
		return 0;
	case CHANNEL_BUSY:
		c->busy = true;
		return 0;
	case CHANNEL_DONE:
		c->busy = false;
		return 0;
	case CHANNEL_PROPOSE:
		return pass_proposal(s, c, &m, e);
	case CHANNEL_STORE:
		return msg_send(s->control, COMPONENT_STORE, m.body, m.len, m.fds, m.n_fds, e);
	case CHANNEL_FETCHED:
		return note_fetched(s, &m, e);
	default:
		return err_say(e, EPROTO, "unknown message %u", m.type);
	}
}

/* Every process that could write may have closed it: the end comes by the pidfd. */
static void read_channel(const struct server *s, struct connection *c)
{
	struct err e;

	if (hear(s, c, &e) == 0)
		return;
	if (e.code != EPIPE)
		log_error("a connection's channel: %s", e.msg);
	fd_close(&c->channel);
}

/*
 * tcp_info(7): both directions' last data. One that is to take something ends by itself before
 * that (gate/serve.c), and cleans up behind itself.
 */
static bool is_idle(const struct server *s, const struct connection *c)
{
	int64_t limit_ms = s->gate->policy.agent_timeout_s * 1000LL + IDLE_CHECK_MS;
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return c->serving && !c->busy &&
	       getsockopt(c->sock, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	       info.tcpi_last_data_recv > limit_ms && info.tcpi_last_data_sent > limit_ms;
}

static int tell_busy(struct server *s, struct err *e)
{
	uint32_t busy = 0;

	for (size_t i = 0; i < s->n; i++)
		busy += s->list[i].busy;
	if (busy == s->busy)
		return 0;
	s->busy = busy;
	return msg_send(s->control, COMPONENT_BUSY, &busy, sizeof(busy), NULL, 0, e);
}

static void stop(struct server *s)
{
	s->stopping = true;
	for (size_t i = 0; i < SERVER_DOORS; i++)
		fd_close(&s->doors[i].listener);
	for (size_t i = s->n; i-- > 0;)
		if (!s->list[i].busy)
			forget(s, i);
}

/* The operator's answer, or that there is none; whose connection has ended needs it no more. */
static int pass_answer(const struct server *s, const struct msg *m, struct err *e)
{
	cleanup_json json_t *j = NULL;
	int64_t id = 0;
	struct json_at at;
	struct err gone;
	int r = json_parse(m->body, m->len, "an answer", &j, e);

	if (r < 0)
		return r;
	at = json_root(j, "an answer");
	if (json_get_int(&at, "id", 1, UINT32_MAX, &id, e) < 0)
		return -e->code;
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].id == id && s->list[i].channel >= 0 &&
			msg_send(s->list[i].channel, CHANNEL_ANSWER, m->body, m->len, NULL, 0,
				&gone) < 0)
			log_debug("an answer: %s", gone.msg);
	return 0;
}

static int obey(struct server *s, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_recv(s->control, &m, e);

	if (r < 0)
		return r;
	if (r == 0)
		return err_say(e, EPIPE, "the monitor is gone");
	if (m.type == COMPONENT_ANSWER && m.n_fds == 0)
		return pass_answer(s, &m, e);
	if (m.type != COMPONENT_STOP || m.n_fds > 0)
		return err_say(e, EPROTO, "unknown control message %u", m.type);
	stop(s);
	return 0;
}

/* Descriptors: the monitor, the doors, then a pair a connection. */
#define WATCH_FIXED (1 + SERVER_DOORS)

static size_t watch(const struct server *s, struct pollfd *p)
{
	p[0] = (struct pollfd){.fd = s->control, .events = POLLIN};
	for (size_t i = 0; i < SERVER_DOORS; i++)
		p[1 + i] = (struct pollfd){
			.fd = s->n < CONNECTIONS_MAX ? s->doors[i].listener : -1, .events = POLLIN};
	for (size_t i = 0; i < s->n; i++) {
		struct pollfd *pair = p + WATCH_FIXED + 2 * i;
		const struct connection *c = &s->list[i];

		pair[0] = (struct pollfd){.fd = c->channel, .events = POLLIN};
		pair[1] = (struct pollfd){.fd = c->ended ? -1 : c->proc.pidfd, .events = POLLIN};
	}
	return WATCH_FIXED + 2 * s->n;
}

/* Whether a connection has nothing more to do here. */
static bool is_over(const struct server *s, const struct connection *c)
{
	bool forwards = c->busy && c->channel >= 0;

	return (c->ended && !forwards) || is_idle(s, c) || (s->stopping && !c->busy);
}

static int turn(struct server *s, struct err *e)
{
	struct pollfd p[WATCH_FIXED + 2 * CONNECTIONS_MAX];
	size_t n = s->n;

	if (poll(p, watch(s, p), IDLE_CHECK_MS) < 0)
		return errno == EINTR ? 0 : err_set(e, errno, "poll");
	/* Backwards: forgetting one moves the last into its place. */
	for (size_t i = n; i-- > 0;) {
		const struct pollfd *pair = p + WATCH_FIXED + 2 * i;

		if (pair[0].revents)
			read_channel(s, &s->list[i]);
		s->list[i].ended |= pair[1].revents != 0;
		if (is_over(s, &s->list[i]))
			forget(s, i);
	}
	for (size_t i = 0; i < SERVER_DOORS; i++)
		if (p[1 + i].revents && s->n < CONNECTIONS_MAX)
			accept_one(s, &s->doors[i]);
	start_offer(s);
	if (p[0].revents) {
		int r = obey(s, e);

		if (r < 0)
			return r;
	}
	return tell_busy(s, e);
}

int server_run(const struct gate *g, const struct server_door doors[SERVER_DOORS], int control,
	struct err *e)
{
	struct server s = {.gate = g,
		.control = control,
		.fetched = calloc(g->policy.n_repos + 1, sizeof(bool))};
	int r = s.fetched ? 0 : err_set(e, ENOMEM, "serve");

	for (size_t i = 0; i < SERVER_DOORS; i++) {
		s.doors[i] = doors[i];
		if (fd_set_nonblock(doors[i].listener, 1) < 0)
			r = err_set(e, errno, "a listener");
	}
	while (r == 0 && !(s.stopping && s.n == 0))
		r = turn(&s, e);
	while (s.n > 0)
		forget(&s, s.n - 1);
	for (size_t i = 0; i < SERVER_DOORS; i++)
		fd_close(&s.doors[i].listener);
	free(s.fetched);
	masters_end(g, MASTERS_MS);
	return r;
}
