/*
 * A hand on shim/sidecar.h for tests of the monitor: plays the runtime and its container.
 *
 *	sidecar create STATE_DIR STATE_HOME SLUG [STEP]
 *		boots, makes an "agent" (a process in a network namespace of its own), attaches,
 *		waits, commits; prints "monitor PID agent PID" and the milliseconds. With STEP
 *		(booted, attached, ready) it prints and then kills itself there, before the commit.
 *		A SLUG with "bridge" or "auto" in it has that egress mode, any other none.
 *	sidecar start|stop|cleanup STATE_DIR
 *	sidecar status STATE_DIR
 *	sidecar reload STATE_DIR JSON		a new egress policy
 *	sidecar agent STATE_DIR COMMAND…	executes in the agent's network namespace
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/bottle_rules.h"
#include "shim/sidecar.h"

struct agent {
	pid_t pid;
	int pidfd, netns_fd;
};

static int make_agent(struct agent *ret, struct err *e)
{
	char path[64], byte;
	int ready[2];

	if (pipe(ready) < 0)
		return err_set(e, errno, "pipe");
	ret->pid = proc_fork(0, -1, &ret->pidfd);
	if (ret->pid == 0) {
		proc_close_from(ready[1] + 1);
		close(ready[0]);
		setsid();
		if (!freopen("/dev/null", "r+", stdin) || !freopen("/dev/null", "w", stdout) ||
			!freopen("/dev/null", "w", stderr) || unshare(CLONE_NEWNET) < 0 ||
			write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (ret->pid < 0 || read(ready[0], &byte, 1) != 1)
		return err_say(e, EIO, "no agent");
	close(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)ret->pid);
	ret->netns_fd = open(path, O_RDONLY | O_CLOEXEC);
	return ret->netns_fd < 0 ? err_set(e, errno, "open '%s'", path) : 0;
}

static void stop_at(const char *step, const char *here, const struct sidecar *s, pid_t agent)
{
	if (!str_eq(step, here))
		return;
	printf("monitor %d agent %d\n", (int)sidecar_monitor_pid(s), (int)agent);
	fflush(stdout);
	if (agent > 0)
		kill(agent, SIGKILL);
	kill(getpid(), SIGKILL);
}

static struct policy_repo repo = {
	.name = (char *)"one",
	.url = (char *)"ssh://git@upstream.test/one.git",
	.user = (char *)"git",
	.host = (char *)"upstream.test",
	.port = 22,
	.path = (char *)"/one.git",
	.host_key = (char *)"ssh-ed25519 AAAA",
	.identity_slot = (char *)"REPO_one_KEY",
	.push = {.force = true, .delete = true, .max_pack = POLICY_PUSH_MAX},
	.lfs = {.max_object = POLICY_LFS_MAX},
};

static struct plan_secret secret_list[] = {
	{.slot = (char *)"REPO_one_KEY", .name = (char *)"key", .is_file = true, .to_gate = true},
	{.slot = (char *)"EGRESS_TOKEN_0",
		.name = (char *)"TOKEN",
		.to_egress = true,
		.to_scan = true},
};

/* A bottle whose name says so gets a network; the others need none. */
static enum plan_egress_mode egress_mode(const char *slug)
{
	return strstr(slug, "bridge") ? PLAN_EGRESS_BRIDGE
	       : strstr(slug, "auto") ? PLAN_EGRESS_AUTO
				      : PLAN_EGRESS_NONE;
}

static void fill(struct plan_bottle *b, char **argv)
{
	static char *names[] = {(char *)"dev", NULL};
	static char cache[256], store[256];

	snprintf(store, sizeof(store), "%s/.store", argv[1]);
	snprintf(cache, sizeof(cache), "%s-cache", argv[1]);
	*b = (struct plan_bottle){
		.slug = argv[2],
		.bottle_names = names,
		.home = argv[1],
		.state_home = argv[1],
		.cache_dir = cache,
		.store_dir = store,
		.gate = {.slug = argv[2],
			.repos = &repo,
			.n_repos = 1,
			.connect_timeout_s = 10,
			.idle_timeout_s = 15,
			.answer_timeout_s = 300,
			.agent_timeout_s = POLICY_AGENT_S,
			.max_disk = POLICY_DISK_MAX},
		.egress = {.slug = argv[2],
			.sidecar_address = (char *)PLAN_SIDECAR_ADDRESS,
			.agent_address = (char *)PLAN_AGENT_ADDRESS},
		.egress_mode = egress_mode(argv[2]),
		.resolv_conf = (char *)"/etc/resolv.conf",
		.secrets = secret_list,
		.n_secrets = ARRAY_LEN(secret_list),
	};
}

/* The container's group is there only as long as it is needed: the sidecar's is beside it. */
static int boot(const struct plan_bottle *b, const struct secret *values, const char *state_dir,
	struct sidecar **ret, struct err *e)
{
	static const struct oci_resources none = {
		.memory_limit = OCI_UNSET,
		.memory_reservation = OCI_UNSET,
		.memory_swap = OCI_UNSET,
		.memory_kernel = OCI_UNSET,
		.memory_kernel_tcp = OCI_UNSET,
		.memory_swappiness = OCI_UNSET,
		.cpu_shares = OCI_UNSET,
		.cpu_quota = OCI_UNSET,
		.cpu_burst = OCI_UNSET,
		.cpu_period = OCI_UNSET,
		.cpu_rt_runtime = OCI_UNSET,
		.cpu_rt_period = OCI_UNSET,
		.cpu_idle = OCI_UNSET,
		.pids_limit = OCI_UNSET,
		.blkio_weight = OCI_UNSET,
		.blkio_leaf_weight = OCI_UNSET,
		.net_class_id = OCI_UNSET,
	};
	struct rules_job rules = RULES_JOB_NONE;
	struct sidecar_place place = {.state_dir = state_dir, .rules = &rules};
	struct cgroup *cg = NULL;
	const char *group = getenv("SIDECAR_CGROUP"); /* the test's own */
	struct err late;
	char path[64];
	int r;

	snprintf(
		path, sizeof(path), "/%s-%d", group ? group : "bottle-monitor-test", (int)getpid());
	r = cgroup_create(
		&(struct cgroup_spec){CGROUP_FS, path, "monitor-test", &none, NULL}, &cg, e);
	place.container = cg;
	if (r == 0)
		r = bottle_rules_start(b, &rules, e);
	if (r == 0)
		r = sidecar_boot(b, values, &place, ret, e);
	rules_job_done(&rules);
	if (cg && cgroup_destroy(cg, &late) < 0 && r == 0) {
		*e = late;
		r = -e->code;
	}
	cgroup_free(cg);
	return r;
}

static int create(char **argv, struct err *e)
{
	struct secret values[ARRAY_LEN(secret_list)] = {0};
	struct agent agent = {.pid = 0, .pidfd = -1, .netns_fd = -1};
	const char *step = argv[3];
	struct sidecar *s = NULL;
	struct plan_bottle b;
	int64_t start = proc_now_ms();
	int r;

	fill(&b, argv);
	mkdir(argv[0], 0700);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (secret_set(&values[i], "a-secret-value", 14, e) < 0)
			return -e->code;
	r = boot(&b, values, argv[0], &s, e);
	if (r < 0)
		return r;
	stop_at(step, "booted", s, 0);
	r = make_agent(&agent, e);
	if (r == 0)
		r = sidecar_attach(s, agent.netns_fd, agent.pidfd, e);
	stop_at(step, "attached", s, agent.pid);
	if (r == 0)
		r = sidecar_wait_ready(s, e);
	stop_at(r == 0 ? step : NULL, "ready", s, agent.pid);
	if (r == 0)
		r = sidecar_commit(s, e);
	if (r == 0)
		printf("monitor %d agent %d\nms %lld\n", (int)sidecar_monitor_pid(s),
			(int)agent.pid, (long long)(proc_now_ms() - start));
	else if (agent.pid > 0)
		kill(agent.pid, SIGKILL);
	sidecar_free(s);
	return r;
}

static int agent(struct sidecar *s, char **argv, struct err *e)
{
	cleanup_fd int fd = -1;
	int r = sidecar_agent_netns(s, &fd, e);

	if (r < 0)
		return r;
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter the agent's namespace");
	execvp(argv[0], argv);
	return err_set(e, errno, "exec '%s'", argv[0]);
}

static int status(struct sidecar *s, struct err *e)
{
	cleanup_free char *json = NULL;
	int r = sidecar_status(s, &json, e);

	if (r == 0)
		puts(json);
	return r;
}

/* This policy, with the secrets that there are. */
static int reload(struct sidecar *s, const char *policy, struct err *e)
{
	cleanup_free char *known = NULL, *text = NULL;
	cleanup_json json_t *egress = json_loads(policy, 0, NULL), *status = NULL, *j = NULL;
	int r = sidecar_status(s, &known, e);

	if (r < 0)
		return r;
	status = json_loads(known, 0, NULL);
	j = json_pack(
		"{s:O?, s:O}", "egress", egress, "secrets", json_object_get(status, "secrets"));
	text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	return text ? sidecar_reload(s, text, e) : err_say(e, EINVAL, "no policy: %s", policy);
}

static int run(int argc, char **argv, struct err *e)
{
	struct sidecar *s = NULL;
	int r;

	if (str_eq(argv[1], "create") && argc >= 5)
		return create(argv + 2, e);
	if (str_eq(argv[1], "cleanup"))
		return sidecar_cleanup(argv[2], e);
	r = sidecar_connect(argv[2], &s, e);
	if (r < 0)
		return r;
	if (str_eq(argv[1], "start"))
		r = sidecar_start(s, e);
	else if (str_eq(argv[1], "stop"))
		r = sidecar_stop(s, e);
	else if (str_eq(argv[1], "status"))
		r = status(s, e);
	else if (str_eq(argv[1], "reload") && argc > 3)
		r = reload(s, argv[3], e);
	else if (str_eq(argv[1], "agent") && argc > 3)
		r = agent(s, argv + 3, e);
	else
		r = err_say(e, EINVAL, "unknown command '%s'", argv[1]);
	sidecar_free(s);
	return r;
}

int main(int argc, char **argv)
{
	struct err e = {0};

	if (argc < 3 || run(argc, argv, &e) < 0) {
		fprintf(stderr, "sidecar: %s\n", argc < 3 ? "no command" : e.msg);
		return 1;
	}
	return 0;
}
