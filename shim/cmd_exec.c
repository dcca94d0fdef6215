#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/plan.h"
#include "shim/annotations.h"
#include "shim/cmd.h"
#include "shim/console.h"
#include "shim/container.h"
#include "shim/exec.h"
#include "shim/exec_options.h"
#include "shim/foreground.h"
#include "shim/latch.h"
#include "shim/namespace.h"
#include "shim/options.h"
#include "shim/scm.h"
#include "shim/seccomp_agent.h"
#include "shim/sidecar.h"

#define SECCOMP_CACHE "/run/bottle-shim.cache"

/* A bottle's network is that of its agent, as its living monitor tells, or there is no exec. */
static int agent_network(const struct state *s, int *ret_fd, struct err *e)
{
	struct sidecar *sidecar = NULL;
	int r;

	if (!s->in_bottle)
		return 0;
	r = container_sidecar(s, "nothing more is executed in it", &sidecar, e);
	if (r < 0)
		return r;
	r = sidecar_agent_netns(sidecar, ret_fd, e);
	sidecar_free(sidecar);
	return r;
}

static int check_running(const struct state *s, const struct exec_options *o, struct err *e)
{
	enum state_status status = state_status(s);

	/* init still waits in the sidecar's network, and /proc/1/net shows it to everybody. */
	if (s->in_bottle && latch_present(s->dirfd))
		return err_say(e, EINVAL,
			"container '%s' is in a bottle and not started yet; start it first", s->id);
	if (status == STATE_RUNNING || status == STATE_CREATED)
		return 0;
	if (status == STATE_PAUSED && o->ignore_paused)
		return 0;
	return err_say(e, EINVAL, "cannot exec in a %s container", state_status_name(status));
}

static int open_console(
	struct exec *x, const struct exec_options *o, int *ret_master, struct err *e)
{
	bool terminal = x->process.process->terminal;
	int pair[2];

	if (!terminal && o->console_socket)
		return err_say(e, EINVAL, "--console-socket is for a process with a terminal");
	if (!terminal)
		return 0;
	if (o->console_socket) {
		x->console = scm_connect(o->console_socket, e);
		return x->console < 0 ? err_wrap(e, "--console-socket") : 0;
	}
	if (o->detach)
		return err_say(e, EINVAL,
			"cannot allocate tty if runc will detach without setting console socket");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	*ret_master = pair[0];
	x->console = pair[1];
	return 0;
}

static int find_cgroup(struct exec *x, const char *below, struct err *e)
{
	int r = state_cgroup(x->state, &x->cgroup, e);

	if (r < 0)
		return r;
	return below ? cgroup_select(x->cgroup, below, e)
		     : cgroup_follow(x->cgroup, x->state->pid, e);
}

static int prepare(const struct globals *g, struct exec *x, const struct oci *oci,
	struct seccomp_program *filter, struct err *e)
{
	const struct oci_process *p = x->process.process;
	uint64_t net = x->state->in_bottle ? CLONE_NEWNET : 0;
	int r = caps_resolve(p, &x->process.caps, e);

	x->personality = oci->personality;
	x->process.seccomp = filter;
	x->process.memory_policy = oci->memory_policy;
	if (r == 0)
		r = seccomp_compile(oci->seccomp, g->rootless ? NULL : SECCOMP_CACHE, filter, e);
	x->seccomp = oci->seccomp;
	if (r == 0)
		r = seccomp_agent_connect(oci->seccomp, filter, &x->process.seccomp_agent, e);
	if (r == 0)
		r = lsm_prepare(p, &x->process.lsm, e);
	if (r < 0)
		return r;
	x->init_pidfd = state_init_pidfd(x->state);
	if (x->init_pidfd < 0)
		return err_say(e, ESRCH, "container not running");
	x->namespaces =
		namespace_differing(x->state->pid, x->state->namespaces & ~(unsigned long)net);
	/* A pid that was another's meanwhile, even one of ours, has not been believed. */
	if (proc_pidfd_signal(x->init_pidfd, 0) == -ESRCH)
		return err_say(e, ESRCH, "container not running");
	return agent_network(x->state, &x->netns, e);
}

static int wait_for(struct proc *p, int master_sock, struct err *e)
{
	cleanup_fd int master = -1;
	int status = 0, r;

	if (master_sock >= 0) {
		master = scm_receive(master_sock, e);
		r = master < 0 ? master : console_relay(master, p, &status, e);
	} else {
		r = foreground_wait(p, &status, e);
	}
	return r < 0 ? r : foreground_status(status);
}

static int execute(const struct globals *g, const struct exec_options *o, const struct state *s,
	const struct oci *oci, struct oci_process *process, struct err *e)
{
	struct exec x = {
		.state = s,
		.process = {.process = process,
			.lsm = LSM_NONE,
			.seccomp_agent = -1,
			.in_bottle = s->in_bottle,
			.keep_groups = annotations_on(
				s->annotations, s->in_bottle, "run.oci.keep_original_groups"),
			.preserve_fds = o->preserve_fds},
		.init_pidfd = -1,
		.netns = -1,
		.console = -1,
		.new_keyring = true,
		.pid_file = o->pid_file,
	};
	struct seccomp_program filter = {0};
	struct proc p = PROC_NONE;
	cleanup_fd int master = -1;
	int r = find_cgroup(&x, o->cgroup, e);

	if (r == 0)
		r = prepare(g, &x, oci, &filter, e);
	if (r == 0)
		r = open_console(&x, o, &master, e);
	if (r == 0)
		r = exec_start(&x, &p, e);
	fd_close(&x.console);
	fd_close(&x.init_pidfd);
	fd_close(&x.netns);
	lsm_done(&x.process.lsm);
	fd_close(&x.process.seccomp_agent);
	cgroup_free(x.cgroup);
	seccomp_program_done(&filter);
	if (r == 0 && !o->detach)
		r = wait_for(&p, master, e);
	fd_close(&p.pidfd);
	return r;
}

static int run_in(const struct globals *g, const struct exec_options *o, const char *id,
	char *const *args, struct err *e)
{
	cleanup_state struct state *s = NULL;
	cleanup_oci struct oci *oci = NULL;
	struct oci_process *own = NULL, *process;
	int r = state_load(g->root, id, &s, e);

	if (r == 0)
		r = check_running(s, o, e);
	if (r == 0)
		r = state_config(s, &oci, e);
	if (r == 0 && o->process)
		r = exec_options_load(o, &own, e);
	else if (r == 0 && !*args)
		r = err_say(
			e, EINVAL, "process args cannot be empty: name a command, or --process");
	if (r < 0)
		return r;
	process = own ? own : oci->process;
	if (own)
		exec_options_complete(o, oci->process, own);
	else
		r = exec_options_apply(o, args, process, e);
	if (r == 0 && s->in_bottle)
		r = plan_exec_check(process, s->bottle_env, e);
	if (r == 0)
		r = execute(g, o, s, oci, process, e);
	oci_process_free(own);
	return r;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct exec_options o = {0};
	const struct option_def defs[] = {EXEC_OPTIONS(&o)};
	const struct options options = {
		.program = "bottle-shim exec",
		.usage = cmd_exec.usage,
		.help = cmd_exec.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
		.stop_at_operand = true,
	};
	int r = options_parse(&options, argc, argv, e);

	if (r >= 0)
		r = options_need(&options, r, 1, INT_MAX, e);
	if (r == 0)
		r = run_in(g, &o, argv[1], &argv[2], e);
	exec_options_done(&o);
	if (r < 0 && r != OPTIONS_HELP && r != OPTIONS_WRONG)
		err_wrap(e, "exec failed");
	return r;
}

const struct command cmd_exec = {
	.name = "exec",
	.usage = "[options] ID COMMAND [ARGUMENT…]",
	.help = "Execute another process in a running container.",
	.run = run,
	.enters_container = true,
	.failure_status = 255,
};
