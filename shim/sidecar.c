#include "shim/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "shim/monitor_plan.h"
#include "shim/sidecar_cgroup.h"
#include "shim/sidecar_impl.h"

/* A monitor that does not end after its answer to STOP: its own grace is 8 s at most. */
#define STOP_TIMEOUT_MS 20000

struct sidecar *sidecar_new(const char *state_dir)
{
	struct sidecar *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->sock = s->netns_fd = s->pidfd = -1;
	s->state_dir = strdup(state_dir);
	if (!s->state_dir) {
		free(s);
		return NULL;
	}
	return s;
}

/* 1 when the monitor has ended. One whose pid is not known has ended with its boot socket. */
static int wait_for_end(const struct sidecar *s, int timeout_ms)
{
	struct pollfd pfd = {.fd = s->pidfd, .events = POLLIN};
	int n;

	if (s->pidfd < 0)
		return 1;
	do {
		n = poll(&pfd, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

void sidecar_free(struct sidecar *s)
{
	struct err e;

	if (!s)
		return;
	fd_close(&s->sock);
	if (s->booted_here &&
		(!wait_for_end(s, STOP_TIMEOUT_MS) || sidecar_cgroup_remove(s->state_dir, &e) < 0))
		log_warning("the monitor (pid %d) of '%s' may have left something behind",
			(int)s->monitor, s->state_dir);
	fd_close(&s->netns_fd);
	fd_close(&s->pidfd);
	free(s->state_dir);
	free(s->ca_pem);
	free(s);
}

/* ---- requests */

int sidecar_receive(const struct sidecar *s, struct msg *ret, struct err *e)
{
	int r = msg_recv(s->sock, ret, e);

	if (r == 0)
		return err_say(e, EPIPE, "the bottle's monitor has died; its log tells why");
	if (r < 0)
		return r;
	if (ret->type == MONITOR_ERROR && ret->len == sizeof(*e)) {
		memcpy(e, ret->body, sizeof(*e));
		e->msg[sizeof(e->msg) - 1] = '\0';
		if (e->code <= 0)
			e->code = EIO;
		return -e->code;
	}
	if (ret->type != MONITOR_OK)
		return err_say(e, EPROTO, "the monitor answered with message %u", ret->type);
	return 0;
}

static int request(const struct sidecar *s, uint32_t type, struct msg *ret, struct err *e)
{
	int r = msg_send(s->sock, type, NULL, 0, NULL, 0, e);

	return r < 0 ? r : sidecar_receive(s, ret, e);
}

static int simple_request(const struct sidecar *s, uint32_t type, struct err *e)
{
	cleanup_msg struct msg m = {0};

	return request(s, type, &m, e);
}

int sidecar_netns_fd(const struct sidecar *s)
{
	return s->netns_fd;
}

const char *sidecar_ca_pem(const struct sidecar *s)
{
	return s->ca_pem;
}

pid_t sidecar_monitor_pid(const struct sidecar *s)
{
	return s->monitor;
}

int sidecar_attach(struct sidecar *s, int agent_netns_fd, int init_pidfd, struct err *e)
{
	const int fds[] = {agent_netns_fd, init_pidfd};

	return msg_send(s->sock, MONITOR_ATTACH, NULL, 0, fds, 2, e);
}

int sidecar_wait_ready(struct sidecar *s, struct err *e)
{
	return simple_request(s, MONITOR_WAIT_READY, e);
}

int sidecar_commit(struct sidecar *s, struct err *e)
{
	int r = simple_request(s, MONITOR_COMMIT, e);

	if (r == 0)
		s->booted_here = false;
	return r;
}

/* ---- later */

/* A state directory's path may be longer than a socket's name: by its descriptor it is short. */
static int connect_in(int dirfd, int sock)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/" MONITOR_SOCKET, dirfd);
	return connect(sock, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
}

/* Whoever made the socket listen: the monitor itself. */
static int take_peer(struct sidecar *s, struct err *e)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(s->sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return err_set(e, errno, "ask for the monitor's pid");
	if (cred.uid != 0 && cred.uid != geteuid())
		return err_say(e, EPERM, "the monitor's socket belongs to uid %u", cred.uid);
	s->monitor = cred.pid;
	s->pidfd = proc_pidfd_open(cred.pid);
	return s->pidfd < 0 ? err_set(e, -s->pidfd, "pidfd of the monitor") : 0;
}

int sidecar_connect(const char *state_dir, struct sidecar **ret, struct err *e)
{
	cleanup_fd int dirfd = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_sidecar struct sidecar *s = sidecar_new(state_dir);
	int r;

	if (!s)
		return err_set(e, ENOMEM, "a sidecar");
	if (dirfd < 0)
		return err_set(e, errno, "open '%s'", state_dir);
	s->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (s->sock < 0)
		return err_set(e, errno, "socket");
	r = connect_in(dirfd, s->sock);
	if (r < 0)
		return err_set(e, -r, "connect to the monitor of '%s'", state_dir);
	r = take_peer(s, e);
	if (r < 0)
		return r;
	*ret = steal_ptr(&s);
	return 0;
}

int sidecar_agent_netns(struct sidecar *s, int *ret_fd, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = request(s, MONITOR_AGENT_NETNS, &m, e);

	if (r < 0)
		return r;
	if (m.n_fds != 1)
		return err_say(e, EPROTO, "the monitor sent no namespace");
	*ret_fd = steal_fd(&m.fds[0]);
	return 0;
}

int sidecar_start(struct sidecar *s, struct err *e)
{
	return simple_request(s, MONITOR_START, e);
}

int sidecar_status(struct sidecar *s, char **ret_json, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = request(s, MONITOR_STATUS, &m, e);

	if (r == 0)
		*ret_json = steal_ptr(&m.body);
	return r;
}

int sidecar_reload(struct sidecar *s, const char *egress_json, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_send(s->sock, MONITOR_RELOAD, egress_json, strlen(egress_json), NULL, 0, e);

	return r < 0 ? r : sidecar_receive(s, &m, e);
}

/* The answer comes before the end: what stays until then is the monitor itself. */
int sidecar_stop(struct sidecar *s, struct err *e)
{
	int r = simple_request(s, MONITOR_STOP, e);

	if (!wait_for_end(s, STOP_TIMEOUT_MS))
		return err_say(e, ETIMEDOUT, "the bottle's monitor (pid %d) does not end",
			(int)s->monitor);
	if (r < 0 && r != -EPIPE)
		return r;
	/* One that ended by itself just then has removed everything; one that was killed has not.
	 */
	return sidecar_cleanup(s->state_dir, e);
}
