#include "gate/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/component.h"
#include "base/confine.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "gate/masters.h"
#include "gate/serve.h"

/*
 * Theory of operation. The server holds, for each connection, the process that serves it (leader of
 * a process group), a copy of the socket, by which it sees idleness, and the read end of a pipe on
 * which that process, and the pre-receive hook below it, tell how far they are. A push is busy from
 * the moment it is forwarded until its process ends: then the agent has its answer.
 */
#define CONNECTIONS_MAX 64
#define IDLE_CHECK_MS	10000
/* An agent that holds a served connection and neither sends nor takes a byte, milliseconds. */
#define AGENT_IDLE_MS 300000
/* For the goodbye to all upstreams, milliseconds; it takes a few. */
#define MASTERS_MS 500

struct connection {
	struct proc proc;
	int status_fd, sock;
	bool serving, busy;
};

struct server {
	const struct gate *gate;
	int listener, control;
	bool stopping;
	uint32_t busy; /* as the monitor was told last */
	struct connection list[CONNECTIONS_MAX];
	size_t n;
};

static void forget(struct server *s, size_t i)
{
	struct connection *c = &s->list[i];

	/* The group before the leader is reaped: its number cannot be anybody else's yet. */
	kill(-c->proc.pid, SIGKILL);
	proc_kill(&c->proc);
	fd_close(&c->status_fd);
	fd_close(&c->sock);
	s->list[i] = s->list[--s->n];
}

static void child(const struct server *s, int sock, int status_fd, pid_t gate)
	__attribute__((noreturn));
static void child(const struct server *s, int sock, int status_fd, pid_t gate)
{
	struct err e;

	setpgid(0, 0);
	/* Not even for the time until exec: a copy would hold another agent's connection open. */
	for (size_t i = 0; i < s->n; i++) {
		close(s->list[i].proc.pidfd);
		close(s->list[i].status_fd);
		close(s->list[i].sock);
	}
	close(s->listener);
	close(s->control);
	if (confine_die_with_parent(gate, &e) < 0)
		_exit(1);
	proc_reset_signals();
	signal(SIGPIPE, SIG_IGN);
	serve_connection(s->gate, sock, status_fd);
}

static void start(struct server *s, int sock)
{
	struct connection c = {.proc = PROC_NONE, .sock = sock, .status_fd = -1};
	cleanup_fd int write_end = -1;
	pid_t gate = getpid();
	int pipefd[2];

	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK) < 0) {
		log_error("a connection was dropped: pipe: %s", strerror(errno));
		close(sock);
		return;
	}
	c.status_fd = pipefd[0];
	write_end = pipefd[1];
	c.proc.pid = proc_fork(0, -1, &c.proc.pidfd);
	if (c.proc.pid == 0)
		child(s, sock, write_end, gate);
	if (c.proc.pid < 0) {
		log_error("a connection was dropped: fork: %s", strerror(-c.proc.pid));
		close(sock);
		close(c.status_fd);
		return;
	}
	setpgid(c.proc.pid, c.proc.pid);
	s->list[s->n++] = c;
}

static void accept_one(struct server *s)
{
	int sock = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

	if (sock >= 0)
		start(s, sock);
	else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
		log_error("accept: %s", strerror(errno));
}

static void read_status(struct connection *c)
{
	char words[16];
	ssize_t n = read(c->status_fd, words, sizeof(words));

	for (ssize_t i = 0; i < n; i++) {
		c->serving |= words[i] == GATE_STATUS_SERVING;
		c->busy |= words[i] == GATE_STATUS_BUSY;
	}
	/* Every process that could write has closed it: the end comes by the pidfd. */
	if (n == 0)
		fd_close(&c->status_fd);
}

/* tcp_info(7): both directions' last data. */
static bool is_idle(const struct connection *c)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return c->serving && !c->busy &&
	       getsockopt(c->sock, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	       info.tcpi_last_data_recv > AGENT_IDLE_MS && info.tcpi_last_data_sent > AGENT_IDLE_MS;
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
	fd_close(&s->listener);
	for (size_t i = s->n; i-- > 0;)
		if (!s->list[i].busy)
			forget(s, i);
}

static int obey(struct server *s, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_recv(s->control, &m, e);

	if (r < 0)
		return r;
	if (r == 0)
		return err_say(e, EPIPE, "the monitor is gone");
	if (m.type != COMPONENT_STOP || m.n_fds > 0)
		return err_say(e, EPROTO, "unknown control message %u", m.type);
	stop(s);
	return 0;
}

/* Descriptors: the monitor, the listener, then a pair a connection. */
static size_t watch(const struct server *s, struct pollfd *p)
{
	p[0] = (struct pollfd){.fd = s->control, .events = POLLIN};
	p[1] = (struct pollfd){.fd = s->n < CONNECTIONS_MAX ? s->listener : -1, .events = POLLIN};
	for (size_t i = 0; i < s->n; i++) {
		p[2 + 2 * i] = (struct pollfd){.fd = s->list[i].status_fd, .events = POLLIN};
		p[3 + 2 * i] = (struct pollfd){.fd = s->list[i].proc.pidfd, .events = POLLIN};
	}
	return 2 + 2 * s->n;
}

static int turn(struct server *s, struct err *e)
{
	struct pollfd p[2 + 2 * CONNECTIONS_MAX];
	size_t n = s->n;

	if (poll(p, watch(s, p), IDLE_CHECK_MS) < 0)
		return errno == EINTR ? 0 : err_set(e, errno, "poll");
	/* Backwards: forgetting one moves the last into its place. */
	for (size_t i = n; i-- > 0;) {
		if (p[2 + 2 * i].revents)
			read_status(&s->list[i]);
		if (p[3 + 2 * i].revents || is_idle(&s->list[i]))
			forget(s, i);
	}
	if (p[1].revents)
		accept_one(s);
	if (p[0].revents) {
		int r = obey(s, e);

		if (r < 0)
			return r;
	}
	return tell_busy(s, e);
}

int server_run(const struct gate *g, int listener, int control, struct err *e)
{
	struct server s = {.gate = g, .listener = listener, .control = control};
	int r = fd_set_nonblock(listener, 1) < 0 ? err_set(e, errno, "the listener") : 0;

	while (r == 0 && !(s.stopping && s.n == 0))
		r = turn(&s, e);
	while (s.n > 0)
		forget(&s, s.n - 1);
	fd_close(&s.listener);
	masters_end(g, MASTERS_MS);
	return r;
}
