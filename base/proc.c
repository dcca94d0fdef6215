#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"

int proc_pidfd_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int proc_pidfd_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

/* clone(2) with CLONE_PIDFD, where a filter keeps clone3 away; it has no cgroup to be born in. */
static long fork_without_clone3(uint64_t clone_flags, int *ret_pidfd)
{
	unsigned long flags = (unsigned long)clone_flags | SIGCHLD;

#if defined(__x86_64__) || defined(__aarch64__)
	return syscall(SYS_clone, flags, NULL, ret_pidfd, NULL, NULL);
#else
#error "the order of clone(2)'s arguments on this architecture"
#endif
}

pid_t proc_fork(uint64_t clone_flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = clone_flags,
		/* A sibling's end is told as the caller's own would be: clone3 wants no signal. */
		.exit_signal = clone_flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	long pid;

	if (ret_pidfd) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	if (cgroup_fd > 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0 && errno == ENOSYS && cgroup_fd <= 0)
		pid = fork_without_clone3(args.flags, &pidfd);
	if (pid < 0)
		return -errno;
	if (pid > 0 && ret_pidfd)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

int proc_cloexec_from(unsigned int first)
{
	return syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

int proc_close_from(unsigned int first)
{
	return syscall(SYS_close_range, first, ~0U, 0) < 0 ? -errno : 0;
}

static int compare_fd(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int proc_close_but(unsigned int first, int *keep, size_t n)
{
	int next = (int)first;

	qsort(keep, n, sizeof(*keep), compare_fd);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < next)
			continue;
		if (keep[i] > next && syscall(SYS_close_range, next, keep[i] - 1, 0) < 0)
			return -errno;
		next = keep[i] + 1;
	}
	return proc_close_from((unsigned int)next);
}

/* A bit a signal, lowest first, in a line of /proc/self/status (proc(5)). */
static uint64_t signal_set(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? strtoull(line + strlen(name), NULL, 16) : 0;
}

/* Most often none or one: asking costs three system calls, setting all of them 64. */
static uint64_t changed_signals(void)
{
	char status[4096];

	if (fd_read_short(AT_FDCWD, "/proc/self/status", status, sizeof(status)) <= 0 ||
		!strstr(status, "\nSigCgt:"))
		return UINT64_MAX;
	return signal_set(status, "\nSigIgn:") | signal_set(status, "\nSigCgt:");
}

void proc_reset_signals(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	uint64_t changed = changed_signals();
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (changed & UINT64_C(1) << (sig - 1))
			sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool is_target(const struct proc_spec *spec, int n)
{
	for (size_t i = 0; i < spec->n_fds; i++)
		if (spec->fds[i].to == n)
			return true;
	return false;
}

static int null_at(int n, struct err *e)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return err_set(e, errno, "open '/dev/null'");
	if (dup2(null, n) < 0)
		return err_set(e, errno, "duplicate a descriptor");
	if (null > 2)
		close(null);
	return 0;
}

/*
 * Puts the table's descriptors at their numbers: first all of them out of the way, above every
 * target, then down; what is not named among 0, 1, 2 becomes /dev/null; the rest is closed at exec.
 */
static int arrange_fds(const struct proc_spec *spec, int *err_fd, int *exec_fd, struct err *e)
{
	int high[32], top = 3;

	if (spec->n_fds > ARRAY_LEN(high))
		return err_say(e, EINVAL, "too many descriptors for a child");
	for (size_t i = 0; i < spec->n_fds; i++)
		if (spec->fds[i].to >= top)
			top = spec->fds[i].to + 1;
	for (size_t i = 0; i < spec->n_fds; i++) {
		high[i] = fcntl(spec->fds[i].from, F_DUPFD_CLOEXEC, top);
		if (high[i] < 0)
			return err_set(e, errno, "duplicate descriptor %d", spec->fds[i].from);
	}
	*err_fd = fcntl(*err_fd, F_DUPFD_CLOEXEC, top);
	if (*err_fd < 0)
		return err_set(e, errno, "duplicate a descriptor");
	if (*exec_fd >= 0) {
		*exec_fd = fcntl(*exec_fd, F_DUPFD_CLOEXEC, top);
		if (*exec_fd < 0)
			return err_set(e, errno, "duplicate a descriptor");
	}
	for (int n = 0; n < 3; n++)
		if (!is_target(spec, n) && null_at(n, e) < 0)
			return -e->code;
	proc_cloexec_from(3);
	for (size_t i = 0; i < spec->n_fds; i++)
		if (dup2(high[i], spec->fds[i].to) < 0)
			return err_set(e, errno, "duplicate a descriptor");
	return 0;
}

static void child(const struct proc_spec *spec, int err_fd) __attribute__((noreturn));
static void child(const struct proc_spec *spec, int err_fd)
{
	static char *const no_env[] = {NULL};
	char *const *envp = spec->envp ? spec->envp : no_env;
	int exec_fd = spec->path ? -1 : spec->exec_fd;
	struct err e = {0};

	proc_reset_signals();
	if (spec->new_session)
		setsid();
	if (arrange_fds(spec, &err_fd, &exec_fd, &e) < 0)
		goto fail;
	if (spec->in_child && spec->in_child(spec->arg, &e) < 0)
		goto fail;
	if (spec->path)
		execve(spec->path, spec->argv, envp);
	else
		syscall(SYS_execveat, exec_fd, "", spec->argv, envp, AT_EMPTY_PATH);
	err_set(&e, errno, "exec '%s'", spec->path ? spec->path : spec->argv[0]);
fail:
	if (fd_write_all(err_fd, &e, sizeof(e)) < 0)
		_exit(126);
	_exit(127);
}

int proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *e)
{
	int pipefd[2];
	cleanup_fd int read_end = -1, write_end = -1;
	cleanup_proc struct proc p = PROC_NONE;
	struct err child_err;
	pid_t pid;
	ssize_t n;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	read_end = pipefd[0];
	write_end = pipefd[1];
	pid = proc_fork(spec->clone_flags, spec->cgroup_fd, &p.pidfd);
	if (pid < 0)
		return err_set(e, -pid, "clone for '%s'", spec->argv[0]);
	if (pid == 0)
		child(spec, write_end);
	p.pid = pid;
	fd_close(&write_end);
	n = fd_read_full(read_end, &child_err, sizeof(child_err));
	if (n == (ssize_t)sizeof(child_err)) {
		child_err.msg[sizeof(child_err.msg) - 1] = '\0';
		*e = child_err;
		return -(e->code ? e->code : (e->code = EINVAL));
	}
	if (n != 0)
		return err_say(e, EIO, "'%s' died before it was started", spec->argv[0]);
	*ret = p;
	p = PROC_NONE;
	return 0;
}

int proc_wait(struct proc *p, int timeout_ms, int *ret_status, struct err *e)
{
	struct pollfd pfd = {.fd = p->pidfd, .events = POLLIN};
	int status, r = 1;

	if (p->pid <= 0)
		return err_say(e, ECHILD, "no such child");
	/* Without a limit waiting for it is enough. */
	if (timeout_ms >= 0)
		do {
			r = poll(&pfd, 1, timeout_ms);
		} while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_set(e, errno, "poll a pidfd");
	if (r == 0)
		return 0;
	do {
		r = waitpid(p->pid, &status, __WALL);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_set(e, errno, "wait for pid %d", (int)p->pid);
	fd_close(&p->pidfd);
	p->pid = 0;
	if (ret_status)
		*ret_status = status;
	return 1;
}

void proc_kill(struct proc *p)
{
	int saved = errno;
	struct err ignored;

	if (p->pid > 0) {
		proc_pidfd_signal(p->pidfd, SIGKILL);
		proc_wait(p, -1, NULL, &ignored);
	}
	fd_close(&p->pidfd);
	*p = PROC_NONE;
	errno = saved;
}

int proc_start_time(pid_t pid, unsigned long long *ret_ticks, char *ret_state, struct err *e)
{
	char path[32], text[2048];
	unsigned long long ticks;
	char *end, state;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = fd_read_short(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return err_set(e, n == -ENOENT ? ESRCH : (int)-n, "read '%s'", path);
	/* The name may hold blanks and parentheses: count from the last one. */
	end = strrchr(text, ')');
	if (!end || sscanf(end + 1,
			    " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%*d %*d %llu",
			    &state, &ticks) != 2)
		return err_say(e, EINVAL, "'%s' is not as proc(5) tells", path);
	*ret_ticks = ticks;
	if (ret_state)
		*ret_state = state;
	return 0;
}

int64_t proc_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
