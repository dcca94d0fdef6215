#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "forge/wire.h"
#include "shim/libexec.h"
#include "shim/monitor_plan.h"
#include "scan/rules_job.h"
#include "shim/sidecar_cgroup.h"
#include "shim/sidecar_impl.h"
#include "shim/uids.h"
#include "shim/userns.h"

/* Until the namespace and the CA are there; it may wait some seconds for an earlier bottle's end.
 */
#define BOOT_MS 15000

/*
 * The second fork: the monitor is nobody's child, and cannot get a terminal. Before it, while this
 * is the child that was cloned for it, the cgroup (NULL: none).
 */
static int become_nobodys_child(void *cgroup, struct err *e)
{
	int r = cgroup ? cgroup_join_self(cgroup, e) : 0;
	pid_t pid;

	/* To clean up after a user's bottle takes the rights over its files that it had. */
	if (r == 0)
		r = userns_enter(e);
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

int sidecar_spawn(struct sidecar *s, const char *verb, struct cgroup *cg, struct err *e)
{
	cleanup_fd int theirs = -1;
	int pair[2];
	int r = msg_pair(pair, e);

	if (r < 0)
		return r;
	s->sock = pair[0];
	theirs = pair[1];
	return spawn_monitor(theirs, verb, cg, e);
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
	cleanup_free char *uids = uids_directory();
	cleanup_free char *plan = uids ? monitor_plan_encode(b, state_dir, uids) : NULL;
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
	int r = sidecar_receive(s, BOOT_MS, &m, e);

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

/* They are there by now, as a rule, and nothing waits for the first ones but this. */
static int send_rules(const struct sidecar *s, struct rules_job *job, struct err *e)
{
	cleanup_fd int fd = -1;
	int r = rules_job_finish(job, &fd, e);

	return r < 0 ? r : msg_send(s->sock, MONITOR_RULES, NULL, 0, &fd, 1, e);
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

/* Starts the monitor in groups of its own. */
static int start_monitor(struct sidecar *s, const struct cgroup *container, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	int r = container ? sidecar_cgroup_make(s->state_dir, container, &cg, e) : 0;

	return r < 0 ? r : sidecar_spawn(s, NULL, cg, e);
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
	if (bottle->n_deploy_keys)
		s->ready_ms += FORGE_JOB_MS;
	r = start_monitor(s, place->container, e);
	if (r >= 0)
		r = send_all(s, bottle, secrets, place->state_dir, e);
	if (r >= 0)
		r = take_booted(s, e);
	if (r >= 0)
		r = send_rules(s, place->rules, e);
	if (r < 0)
		return err_wrap(e, "start the bottle's monitor");
	*ret = steal_ptr(&s);
	return 0;
}
