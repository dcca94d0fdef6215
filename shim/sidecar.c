#include "shim/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/libexec.h"
#include "shim/monitor_plan.h"
#include "shim/monitor_record.h"
#include "shim/sidecar_cgroup.h"

/* A monitor that does not end after its answer to STOP: its own grace is 8 s at most. */
#define STOP_TIMEOUT_MS 20000

struct sidecar {
	int sock;      /* boot socket, or a connection to monitor.sock */
	int netns_fd;  /* the sidecar's; -1 when connected later */
	int pidfd;     /* the monitor's */
	pid_t monitor; /* for people */
	char *ca_pem;
	char *state_dir;
	bool booted_here; /* and not committed yet: the end of `sock` is the end of the bottle */
};

static struct sidecar *sidecar_new(const char *state_dir)
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

static void sidecar_cleanup_ptr(struct sidecar **s)
{
	sidecar_free(*s);
}
#define cleanup_sidecar __attribute__((cleanup(sidecar_cleanup_ptr)))

/* ---- requests */

/* The answer to what was sent before: OK into *ret, or the monitor's error as ours. */
static int receive(const struct sidecar *s, struct msg *ret, struct err *e)
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

	return r < 0 ? r : receive(s, ret, e);
}

static int simple_request(const struct sidecar *s, uint32_t type, struct err *e)
{
	cleanup_msg struct msg m = {0};

	return request(s, type, &m, e);
}

/* ---- boot */

/*
 * The second fork: the monitor is nobody's child, and cannot get a terminal. Before it, while this
 * is the child that was cloned for it, the cgroup (NULL: none).
 */
static int become_nobodys_child(void *cgroup, struct err *e)
{
	int r = cgroup ? cgroup_join_self(cgroup, e) : 0;
	pid_t pid;

	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return err_set(e, errno, "fork for the monitor");
	if (pid > 0)
		_exit(0);
	umask(077);
	if (chdir("/") < 0)
		return err_set(e, errno, "chdir '/'");
	return 0;
}

/* verb: its only argument, or NULL. cg: where it is born, or NULL. */
static int spawn_monitor(int boot, const char *verb, struct cgroup *cg, struct err *e)
{
	char *const argv[] = {(char *)"bottle-monitor", (char *)verb, NULL};
	cleanup_fd int program = -1;
	cleanup_proc struct proc p = PROC_NONE;
	const struct proc_fd fds[] = {{boot, MONITOR_BOOT_FD}};
	struct proc_spec spec = {
		.argv = argv,
		.fds = fds,
		.n_fds = 1,
		.cgroup_fd = cg ? cgroup_clone_fd(cg) : -1,
		.new_session = 1,
		.in_child = become_nobodys_child,
		.arg = cg,
	};
	int r = libexec_open("bottle-monitor", &program, e);

	if (r < 0)
		return r;
	spec.exec_fd = program;
	r = proc_spawn(&spec, &p, e);
	if (r == 0)
		r = proc_wait(&p, -1, NULL, e);
	return r >= 0 && cg ? cgroup_settle(cg, e) : r;
}

static int send_secret(int sock, const char *slot, const struct secret *value, struct err *e)
{
	size_t name = strlen(slot) + 1, len = name + value->len;
	char *body = malloc(len);
	int r;

	if (!body)
		return err_set(e, ENOMEM, "hand over secret '%s'", slot);
	memcpy(body, slot, name);
	memcpy(body + name, value->bytes, value->len);
	r = msg_send(sock, MONITOR_SECRET, body, len, NULL, 0, e);
	secret_wipe(body, len);
	free(body);
	return r;
}

static int send_all(const struct sidecar *s, const struct plan_bottle *b,
	const struct secret *secrets, const char *state_dir, struct err *e)
{
	cleanup_free char *plan = monitor_plan_encode(b, state_dir);
	int r;

	if (!plan)
		return err_set(e, ENOMEM, "the monitor's plan");
	r = msg_send(s->sock, MONITOR_PLAN, plan, strlen(plan), NULL, 0, e);
	for (size_t i = 0; r >= 0 && i < b->n_secrets; i++)
		r = send_secret(s->sock, b->secrets[i].slot, &secrets[i], e);
	return r < 0 ? r : msg_send(s->sock, MONITOR_BEGIN, NULL, 0, NULL, 0, e);
}

static int take_booted(struct sidecar *s, struct err *e)
{
	cleanup_msg struct msg m = {0};
	cleanup_json json_t *j = NULL;
	struct json_at root;
	int64_t pid;
	int r = receive(s, &m, e);

	if (r < 0)
		return r;
	r = json_parse(m.body, m.len, "the monitor's answer", &j, e);
	if (r < 0)
		return r;
	root = json_root(j, "the monitor's answer");
	r = json_need_str(&root, "ca", &s->ca_pem, e);
	if (r >= 0)
		r = json_get_int(&root, "pid", 1, INT32_MAX, &pid, e);
	if (r < 0)
		return r;
	if (r == 0 || m.n_fds != 1)
		return err_say(e, EPROTO, "the monitor's answer is incomplete");
	s->netns_fd = steal_fd(&m.fds[0]);
	s->monitor = (pid_t)pid;
	s->pidfd = proc_pidfd_open(s->monitor);
	return s->pidfd < 0 ? err_set(e, -s->pidfd, "pidfd of the monitor") : 0;
}

/* An earlier bottle of the same directory, dead or alive, makes way. */
static int clear_the_way(const char *state_dir, struct err *e)
{
	struct sidecar *old = NULL;
	int r = sidecar_connect(state_dir, &old, e);

	if (r == 0) {
		r = sidecar_stop(old, e);
		sidecar_free(old);
		if (r < 0)
			return err_wrap(e, "end the earlier monitor");
	}
	return sidecar_cleanup(state_dir, e);
}

/* Starts the monitor in its groups, connected to s->sock. */
static int start_monitor(struct sidecar *s, const struct cgroup *container, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	cleanup_fd int theirs = -1;
	int pair[2], r = 0;

	if (container)
		r = sidecar_cgroup_make(s->state_dir, container, &cg, e);
	if (r == 0)
		r = msg_pair(pair, e);
	if (r < 0)
		return r;
	s->sock = pair[0];
	theirs = pair[1];
	return spawn_monitor(theirs, NULL, cg, e);
}

int sidecar_boot(const struct plan_bottle *bottle, const struct secret *secrets,
	const struct sidecar_place *place, struct sidecar **ret, struct err *e)
{
	cleanup_sidecar struct sidecar *s = sidecar_new(place->state_dir);
	int r;

	if (!s)
		return err_set(e, ENOMEM, "a sidecar");
	r = clear_the_way(place->state_dir, e);
	if (r < 0)
		return r;
	s->booted_here = true;
	r = start_monitor(s, place->container, e);
	if (r >= 0)
		r = send_all(s, bottle, secrets, place->state_dir, e);
	if (r >= 0)
		r = take_booted(s, e);
	if (r < 0)
		return err_wrap(e, "start the bottle's monitor");
	*ret = steal_ptr(&s);
	return 0;
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

/* The answer comes before the end: what stays until then is the monitor itself. */
int sidecar_stop(struct sidecar *s, struct err *e)
{
	int r = simple_request(s, MONITOR_STOP, e);

	if (!wait_for_end(s, STOP_TIMEOUT_MS))
		return err_say(e, ETIMEDOUT, "the bottle's monitor (pid %d) does not end",
			(int)s->monitor);
	/* One that ended by itself just then has removed everything, or sidecar_cleanup will. */
	if (r < 0 && r != -EPIPE)
		return r;
	return sidecar_cgroup_remove(s->state_dir, e);
}

/*
 * The networks are taken down with libraries that this program does not link: the monitor's program
 * does it, and tells over the same kind of socket.
 */
static int clean_networks(const char *state_dir, struct err *e)
{
	cleanup_sidecar struct sidecar *s = sidecar_new(state_dir);
	cleanup_fd int theirs = -1;
	cleanup_msg struct msg m = {0};
	int pair[2], r;

	if (!s)
		return err_set(e, ENOMEM, "a sidecar");
	r = msg_pair(pair, e);
	if (r < 0)
		return r;
	s->sock = pair[0];
	theirs = pair[1];
	r = spawn_monitor(theirs, "cleanup", NULL, e);
	fd_close(&theirs);
	if (r >= 0)
		r = msg_send(s->sock, MONITOR_PLAN, state_dir, strlen(state_dir), NULL, 0, e);
	if (r >= 0)
		r = receive(s, &m, e);
	return r < 0 ? err_wrap(e, "clean up after the bottle's monitor") : 0;
}

bool sidecar_present(const char *state_dir)
{
	return monitor_record_exists(state_dir) || sidecar_cgroup_exists(state_dir);
}

/* Its processes first, all of them, whatever the record knows. */
int sidecar_cleanup(const char *state_dir, struct err *e)
{
	int r = sidecar_cgroup_remove(state_dir, e);

	return r == 0 && monitor_record_exists(state_dir) ? clean_networks(state_dir, e) : r;
}
