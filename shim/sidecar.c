#include "shim/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "forge/revoker.h"
#include "forge/wire.h"
#include "shim/libexec.h"
#include "shim/monitor_plan.h"
#include "shim/sidecar_impl.h"

/* How long a monitor that is alive may take. What it knows it tells at once. */
#define ANSWER_MS 10000
/* It gives up waiting for its components, and says which, before the runtime does. */
#define READY_MS 25000
/* Its components' grace is 8 s at most; the answer comes after it, its own end at once. */
#define STOP_MS 15000
#define END_MS	5000

struct sidecar *sidecar_new(const char *state_dir)
{
	struct sidecar *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->sock = s->netns_fd = s->pidfd = -1;
	s->ready_ms = READY_MS;
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

/* One that is stuck or was stopped hears no request, but a signal that cannot be caught. */
static int end_monitor(const struct sidecar *s, int grace_ms, struct err *e)
{
	if (wait_for_end(s, grace_ms))
		return 0;
	log_warning("the bottle's monitor (pid %d) does not end: killed", (int)s->monitor);
	proc_pidfd_signal(s->pidfd, SIGKILL);
	if (!wait_for_end(s, END_MS))
		return err_say(e, ETIMEDOUT, "the bottle's monitor (pid %d) does not end",
			(int)s->monitor);
	return 0;
}

/* The end of a bottle with deploy keys hands over what revokes them. */
static void revoke_keys(const struct msg *stopped)
{
	cleanup_fd int program = -1;
	struct err e;

	if (stopped->n_fds != 1)
		return;
	if (libexec_open(REVOKER_PROGRAM, &program, &e) < 0 ||
		revoker_spawn(program, stopped->fds[0], &e) < 0)
		log_warning("the bottle's deploy keys are not revoked yet: %s", e.msg);
}

/* It hands over what it has at forges. One that says nothing has that recorded. */
static void take_keys_over(const struct sidecar *s)
{
	cleanup_msg struct msg m = {0};
	struct err e;
	int r = msg_send(s->sock, MONITOR_STOP, NULL, 0, NULL, 0, &e);

	if (r == 0)
		r = sidecar_receive(s, STOP_MS, &m, &e);
	if (r == 0)
		revoke_keys(&m);
	else
		log_debug("%s", e.msg);
}

/* The monitor removes everything itself when its boot socket ends; one that had to be killed not.
 */
static int undo_boot(const struct sidecar *s, struct err *e)
{
	int r = end_monitor(s, STOP_MS, e);

	return r < 0 ? r : sidecar_cleanup(s->state_dir, e);
}

void sidecar_free(struct sidecar *s)
{
	struct err e = {.msg = "it does not end"};

	if (!s)
		return;
	if (s->booted_here && s->ready_ms > READY_MS && s->pidfd >= 0)
		take_keys_over(s);
	fd_close(&s->sock);
	/* It takes everything down by itself; where it was killed, its record tells of what. */
	if (s->booted_here && undo_boot(s, &e) < 0)
		log_warning("the monitor (pid %d) of '%s' may have left something behind: %s",
			(int)s->monitor, s->state_dir, e.msg);
	fd_close(&s->netns_fd);
	fd_close(&s->pidfd);
	free(s->state_dir);
	free(s->ca_pem);
	free(s);
}

/* ---- requests */

/* For the first byte of the answer: the rest is one packet with it. */
static int wait_for_answer(const struct sidecar *s, int timeout_ms, struct err *e)
{
	struct pollfd pfd = {.fd = s->sock, .events = POLLIN};
	int n;

	do {
		n = poll(&pfd, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		return 0;
	if (n < 0)
		return err_set(e, errno, "wait for the bottle's monitor");
	/* Before its first answer it has no number here. */
	if (s->monitor <= 0)
		return err_say(e, ETIMEDOUT,
			"the bottle's monitor has not answered for %d s: it is stopped or stuck",
			timeout_ms / 1000);
	return err_say(e, ETIMEDOUT,
		"the bottle's monitor (pid %d) has not answered for %d s: it is stopped or stuck",
		(int)s->monitor, timeout_ms / 1000);
}

int sidecar_receive(const struct sidecar *s, int timeout_ms, struct msg *ret, struct err *e)
{
	int r = wait_for_answer(s, timeout_ms, e);

	if (r < 0)
		return r;
	r = msg_recv(s->sock, ret, e);
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

static int request(
	const struct sidecar *s, uint32_t type, int timeout_ms, struct msg *ret, struct err *e)
{
	int r = msg_send(s->sock, type, NULL, 0, NULL, 0, e);

	return r < 0 ? r : sidecar_receive(s, timeout_ms, ret, e);
}

static int simple_request(const struct sidecar *s, uint32_t type, int timeout_ms, struct err *e)
{
	cleanup_msg struct msg m = {0};

	return request(s, type, timeout_ms, &m, e);
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
	return simple_request(s, MONITOR_WAIT_READY, s->ready_ms, e);
}

int sidecar_commit(struct sidecar *s, struct err *e)
{
	int r = simple_request(s, MONITOR_COMMIT, ANSWER_MS, e);

	if (r == 0)
		s->booted_here = false;
	return r;
}

/* ---- later */

/* A state directory's path may be longer than a socket's name: by its descriptor it is short. */
static int connect_in(int dirfd, int sock)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = ANSWER_MS / 1000};

	/* One that accepts nothing any more lets its queue fill up; connect waits as send does. */
	if (setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
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
	if (r == -EAGAIN)
		return err_say(e, ETIMEDOUT,
			"the bottle's monitor in '%s' takes no requests: it is stopped or stuck",
			state_dir);
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
	int r = request(s, MONITOR_AGENT_NETNS, ANSWER_MS, &m, e);

	if (r < 0)
		return r;
	if (m.n_fds != 1)
		return err_say(e, EPROTO, "the monitor sent no namespace");
	*ret_fd = steal_fd(&m.fds[0]);
	return 0;
}

int sidecar_start(struct sidecar *s, struct err *e)
{
	return simple_request(s, MONITOR_START, READY_MS, e);
}

int sidecar_status(struct sidecar *s, char **ret_json, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = request(s, MONITOR_STATUS, ANSWER_MS, &m, e);

	if (r == 0)
		*ret_json = steal_ptr(&m.body);
	return r;
}

int sidecar_offer(struct sidecar *s, const char *slot, const struct secret *value, struct err *e)
{
	size_t slot_len = strlen(slot) + 1, len = slot_len + value->len;
	char *body = malloc(len);
	int r;

	if (!body)
		return err_set(e, ENOMEM, "hand over secret '%s'", slot);
	memcpy(body, slot, slot_len);
	memcpy(body + slot_len, value->bytes, value->len);
	r = msg_send(s->sock, MONITOR_SECRET, body, len, NULL, 0, e);
	secret_wipe(body, len);
	free(body);
	return r;
}

int sidecar_reload(struct sidecar *s, const char *json, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_send(s->sock, MONITOR_RELOAD, json, strlen(json), NULL, 0, e);

	return r < 0 ? r : sidecar_receive(s, READY_MS, &m, e);
}

/* The answer comes before the end: what stays until then is the monitor itself. */
int sidecar_stop(struct sidecar *s, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = request(s, MONITOR_STOP, STOP_MS, &m, e);

	if (r < 0 && r != -EPIPE && r != -ETIMEDOUT)
		return r;
	if (r == 0)
		revoke_keys(&m);
	r = end_monitor(s, r == -ETIMEDOUT ? 0 : STOP_MS, e);
	if (r < 0)
		return r;
	/* One that ended by itself just then has removed everything; one that was killed has not.
	 */
	return sidecar_cleanup(s->state_dir, e);
}
