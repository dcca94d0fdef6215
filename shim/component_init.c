#include "shim/component_init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "shim/component_root.h"

/*
 * Theory of operation. The child of the monitor holds copies of all its descriptors (other
 * components' control sockets, the boot socket): the first thing is to keep those below and close
 * the rest, or an end of file would not be seen elsewhere. The monitor's secrets are not mapped
 * here (secret_hide_from_children).
 */
enum {
	KEEP_LOG = 2,
	KEEP_CONTROL = 3,
	KEEP_PROGRAM,
	KEEP_NETNS,
	KEEP_MONITOR,
	KEEP_CREDS,
	KEEP_END
};

/* The kernel kills the component before anything else of the bottle or the host. */
#define OOM_SCORE_ADJ "500"

static int keep_fds(const struct component_start *s, int control, int monitor, struct err *e)
{
	const int from[KEEP_END] = {
		[KEEP_LOG] = s->log_fd,
		[KEEP_CONTROL] = control,
		[KEEP_PROGRAM] = s->program_fd,
		[KEEP_NETNS] = s->kind->with_network ? s->netns_fd : -1,
		[KEEP_MONITOR] = monitor,
		[KEEP_CREDS] = s->creds_fd,
	};
	int high[KEEP_END];

	for (int i = KEEP_LOG; i < KEEP_END; i++) {
		high[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, KEEP_END);
		if (from[i] >= 0 && high[i] < 0)
			return err_set(e, errno, "duplicate a descriptor");
	}
	for (int i = KEEP_LOG; i < KEEP_END; i++) {
		if (high[i] >= 0 && dup3(high[i], i, O_CLOEXEC) < 0)
			return err_set(e, errno, "duplicate a descriptor");
		if (high[i] < 0)
			close(i);
	}
	return proc_close_from(KEEP_END);
}

static int use_null_for_stdio(struct err *e)
{
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return err_set(e, errno, "use '/dev/null'");
	return 0;
}

/*
 * SIGKILL when the monitor dies. Its pid is not to be seen in this namespace (getppid(2) is 0
 * either way): whether it died before the call is asked of its pidfd.
 */
static int die_with_monitor(int monitor, struct err *e)
{
	struct pollfd pfd = {.fd = monitor, .events = POLLIN};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	if (poll(&pfd, 1, 0) != 0)
		return err_say(e, ESRCH, "the monitor has died");
	return 0;
}

static int set_limits(const struct component_kind *k, struct err *e)
{
	const struct {
		int which;
		rlim_t value;
	} limits[] = {
		{RLIMIT_NOFILE, k->files},
		{RLIMIT_NPROC, k->processes},
		{RLIMIT_FSIZE, k->file_size},
		{RLIMIT_CORE, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct rlimit now, want = {limits[i].value, limits[i].value};

		/* What the host allows less of stays less: raising takes CAP_SYS_RESOURCE. */
		if (getrlimit(limits[i].which, &now) < 0)
			return err_set(e, errno, "getrlimit");
		if (now.rlim_max < want.rlim_max)
			want.rlim_cur = want.rlim_max = now.rlim_max;
		if (setrlimit(limits[i].which, &want) < 0)
			return err_set(e, errno, "setrlimit of the %s", k->name);
	}
	return 0;
}

/* Uid and gid last of the privileges: the bounding set needs CAP_SETPCAP. */
int component_drop_to(uint32_t uid, struct err *e)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_set(e, errno, "drop capability %d from the bounding set", cap);
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_set(e, errno, "become uid %u", uid);
	return confine_privileges(e);
}

static void __attribute__((noreturn)) fail(const struct err *e)
{
	component_failed(KEEP_CONTROL, e);
	_exit(126);
}

/* ---- the component: pid 1's only child of ours */

static void __attribute__((noreturn)) run_component(const struct component_start *s, int go)
{
	/* execve(2) takes no constants, but changes nothing. */
	char *const argv[] = {(char *)s->kind->program, NULL};
	char *const envp[] = {(char *)"PATH=/usr/bin:/usr/sbin:/bin:/sbin", (char *)"HOME=/tmp",
		(char *)"LC_ALL=C.UTF-8", NULL};
	struct err e = {0};
	char byte;

	/* Its pidfd goes out first: READY means nothing before. */
	if (read(go, &byte, 1) != 1)
		_exit(126);
	if (set_limits(s->kind, &e) < 0 || component_drop_to(s->uid, &e) < 0)
		fail(&e);
	/* A change of credentials clears it, so it comes after. */
	if (confine_die_with_parent(1, &e) < 0)
		fail(&e);
	umask(077);
	setsid();
	fd_set_cloexec(KEEP_CONTROL, 0);
	fd_set_cloexec(KEEP_LOG, 0);
	syscall(SYS_execveat, KEEP_PROGRAM, "", argv, envp, AT_EMPTY_PATH);
	err_set(&e, errno, "exec '%s'", s->kind->program);
	fail(&e);
}

static pid_t start_component(const struct component_start *s, struct err *e)
{
	cleanup_fd int go_read = -1, go_write = -1, pidfd = -1;
	int go[2], r;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	go_read = go[0];
	go_write = go[1];
	pid = proc_fork(0, -1, &pidfd);
	if (pid < 0)
		return err_set(e, -pid, "fork the %s", s->kind->name);
	if (pid == 0) {
		fd_close(&go_write);
		run_component(s, go_read);
	}
	r = msg_send(KEEP_CONTROL, COMPONENT_STARTED, NULL, 0, &pidfd, 1, e);
	if (r == 0)
		r = fd_write_all(go_write, "", 1);
	return r < 0 ? r : pid;
}

/* ---- pid 1 */

static const struct confine_row reaper_calls[] = {
	{"wait4", "reap", CONFINE_ANY},
	{"waitid", "reap, where the C library prefers it", CONFINE_ANY},
	{"exit_group", "end", CONFINE_ANY},
	{"exit", "end", CONFINE_ANY},
	{"restart_syscall", "a wait that was stopped and continued", CONFINE_ANY},
	{"rt_sigreturn", "the kernel's way back", CONFINE_ANY},
};

static void __attribute__((noreturn)) reap_until_end_of(pid_t component)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, 0);

		if (pid == component)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		if (pid < 0 && errno != EINTR)
			_exit(126);
	}
}

/* Everything that needs root, in the order that DESIGN's lock-down has it. */
static int prepare(const struct component_start *s, struct err *e)
{
	const struct component_root root = {
		.name = s->kind->name,
		.uid = s->uid,
		.resolv_conf = s->resolv_conf,
		.bare = s->kind->bare,
		.with_proc = s->kind->with_proc,
		.git_dir = s->kind->with_git ? s->git_dir : NULL,
		.gate = s->gate,
		.creds_fd = s->kind->with_git && s->creds_fd >= 0 ? KEEP_CREDS : -1,
		.binds = s->binds,
		.n_binds = s->n_binds,
	};
	int r = die_with_monitor(KEEP_MONITOR, e);

	if (r == 0)
		r = fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", OOM_SCORE_ADJ, e);
	if (r == 0 && s->kind->with_network && setns(KEEP_NETNS, CLONE_NEWNET) < 0)
		r = err_set(e, errno, "enter the sidecar's network namespace");
	if (r == 0)
		r = use_null_for_stdio(e);
	return r == 0 ? component_root_enter(&root, e) : r;
}

void component_init(const struct component_start *s, int control, int monitor)
{
	struct err e = {0};
	pid_t component;

	proc_reset_signals();
	prctl(PR_SET_NAME, "bottle-init", 0, 0, 0);
	/* The monitor's is 077; the component's root is made here, for another uid. */
	umask(022);
	if (keep_fds(s, control, monitor, &e) < 0 || prepare(s, &e) < 0)
		fail(&e);
	component = start_component(s, &e);
	if (component < 0)
		fail(&e);
	if (component_drop_to(s->uid, &e) < 0 || die_with_monitor(KEEP_MONITOR, &e) < 0)
		fail(&e);
	proc_close_from(0);
	if (confine_syscalls(reaper_calls, ARRAY_LEN(reaper_calls), &e) < 0)
		_exit(126);
	reap_until_end_of(component);
}
