#include "shim/foreground.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

int foreground_signals(struct err *e)
{
	static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS,
		SIGPIPE, SIGTTIN, SIGTTOU, SIGTSTP, SIGURG, SIGCHLD};
	sigset_t set;
	int fd;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(&set, own[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_set(e, errno, "block signals");
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_set(e, errno, "signalfd") : fd;
}

int foreground_wait(struct proc *p, int *ret_status, struct err *e)
{
	cleanup_fd int signals = foreground_signals(e);

	if (signals < 0)
		return signals;
	for (;;) {
		struct pollfd set[] = {
			{.fd = signals, .events = POLLIN}, {.fd = p->pidfd, .events = POLLIN}};
		struct signalfd_siginfo info;

		if (poll(set, 2, -1) < 0 && errno != EINTR)
			return err_set(e, errno, "poll");
		while (set[0].revents &&
			read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
			if (info.ssi_signo != SIGWINCH)
				(void)proc_pidfd_signal(p->pidfd, (int)info.ssi_signo);
		if (set[1].revents) {
			int r = proc_wait(p, -1, ret_status, e);

			return r < 0 ? r : 0;
		}
	}
}

int foreground_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
