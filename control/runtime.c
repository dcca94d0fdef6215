#include "control/runtime.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

extern char **environ;

char *runtime_find(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	return slash ? str_format("%.*s/bottle-shim", (int)(slash - self), self) : NULL;
}

static int in_runtime(void *arg, struct err *e)
{
	(void)arg;
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return err_set(e, errno, "prctl");
	return 0;
}

int runtime_spawn(const char *path, char **argv, struct proc *ret, struct err *e)
{
	static const struct proc_fd stdio[] = {{0, 0}, {1, 1}, {2, 2}};
	struct proc_spec spec = {.path = path,
		.argv = argv,
		.envp = environ,
		.fds = stdio,
		.n_fds = ARRAY_LEN(stdio),
		.in_child = in_runtime};

	return proc_spawn(&spec, ret, e);
}

int runtime_catch_signals(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_set(e, errno, "block signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_set(e, errno, "signalfd") : fd;
}

int runtime_delete(const char *path, char *id, struct err *e)
{
	char delete[] = "delete", force[] = "--force", name[] = "bottle-shim";
	char *argv[] = {name, delete, force, id, NULL};
	struct proc_spec spec = {.path = path, .argv = argv, .envp = environ};
	cleanup_proc struct proc p = PROC_NONE;
	int status, r = proc_spawn(&spec, &p, e);

	return r < 0 ? r : proc_wait(&p, -1, &status, e);
}

/* What the terminal sent it sent to the runtime, too. Whether a signal had arrived. */
static bool forward_signal(int signals, const struct proc *runtime)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_code != SI_KERNEL)
		proc_pidfd_signal(runtime->pidfd, (int)info.ssi_signo);
	return true;
}

/* Until the runtime's end, or until the time that a first signal left is over. 1, 0, -errno. */
static int wait_end(int signals, const struct proc *runtime, struct err *e)
{
	struct pollfd fds[] = {
		{.fd = signals, .events = POLLIN}, {.fd = runtime->pidfd, .events = POLLIN}};
	int64_t until = 0;

	while (!fds[1].revents) {
		int64_t left = until ? until - proc_now_ms() : -1;

		if (until && left <= 0)
			return 0;
		if (poll(fds, ARRAY_LEN(fds), (int)left) < 0 && errno != EINTR)
			return err_set(e, errno, "poll");
		if (fds[0].revents && forward_signal(signals, runtime) && !until)
			until = proc_now_ms() + RUNTIME_GRACE_MS;
	}
	return 1;
}

int runtime_watch(int signals, struct proc *runtime, const char *path, char *id, struct err *e)
{
	int status, r = wait_end(signals, runtime, e);

	/* A program that is pid 1 of its container does not hear what it has no handler for. */
	if (r == 0)
		r = runtime_delete(path, id, e);
	if (r >= 0)
		r = proc_wait(runtime, -1, &status, e);
	if (r < 0)
		return r;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
