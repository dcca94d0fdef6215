#include "shim/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "shim/foreground.h"
#include "shim/mount.h"
#include "shim/rootfs.h"
#include "shim/scm.h"

static int open_master(int rootfd, struct err *e)
{
	int flags = O_RDWR | O_NOCTTY | O_NONBLOCK;
	cleanup_fd int fd = path_open_in_root(rootfd, "/dev/pts/ptmx", flags, 0);
	struct stat st;

	if (fd == -ENOENT)
		fd = path_open_in_root(rootfd, "/dev/ptmx", flags, 0);
	if (fd < 0)
		return err_set(e, -fd, "open a terminal: '/dev/pts/ptmx' in the container's root");
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return err_say(e, ENOTTY, "'/dev/pts/ptmx' in the container's root is no devpts");
	return fd_set_nonblock(fd, 0) < 0 ? err_set(e, errno, "a terminal") : steal_fd(&fd);
}

int console_make(int rootfd, const struct oci_process *p, int sock, int *ret_slave, struct err *e)
{
	cleanup_fd int master = open_master(rootfd, e), slave = -1;
	struct winsize size = {.ws_row = p->console_height, .ws_col = p->console_width};
	int unlock = 0;

	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_set(e, errno, "unlock a terminal");
	/* By descriptor: no path of the container is trusted for the slave. */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_set(e, errno, "open the slave of a terminal");
	if (p->has_console_size && ioctl(master, TIOCSWINSZ, &size) < 0)
		return err_set(e, errno, "set the size of a terminal");
	if (fchown(slave, p->uid, (gid_t)-1) < 0 && errno != EPERM && errno != EINVAL)
		return err_set(e, errno, "give the terminal to uid %u", p->uid);
	if (scm_send(sock, "/dev/pts/ptmx", master, e) < 0)
		return err_wrap(e, "console socket");
	*ret_slave = steal_fd(&slave);
	return 0;
}

int console_mount(int rootfd, int slave, struct err *e)
{
	cleanup_fd int target = rootfs_target_plain(rootfd, "/dev/console", e);
	cleanup_fd int mount = target < 0 ? -1 : mount_clone_fd(slave, false, e);

	if (target < 0 || mount < 0 || mount_attach(mount, target, e) < 0)
		return err_wrap(e, "mount the terminal on '/dev/console'");
	return 0;
}

int console_take(int slave, struct err *e)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_set(e, errno, "take the controlling terminal");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return err_set(e, errno, "duplicate the terminal");
	return 0;
}

/* ---- the relay */

static void copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0)
		(void)ioctl(to, TIOCSWINSZ, &size);
}

/* 1: something was copied; 0: the source has ended. */
static int pump(int from, int to)
{
	char buf[8192];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	/* EIO: all slaves are closed. */
	if (n <= 0)
		return 0;
	return fd_write_all(to, buf, (size_t)n) == 0;
}

struct relay {
	int master, signals;
	struct proc *process;
	bool input, ended;
};

static int relay_signals(struct relay *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			copy_size(STDIN_FILENO, r->master);
		else if (info.ssi_signo != SIGCHLD)
			(void)proc_pidfd_signal(r->process->pidfd, (int)info.ssi_signo);
	}
	return 0;
}

static int relay_once(struct relay *r)
{
	struct pollfd p[] = {
		{.fd = r->input ? STDIN_FILENO : -1, .events = POLLIN},
		{.fd = r->master, .events = POLLIN},
		{.fd = r->signals, .events = POLLIN},
		{.fd = r->process->pidfd, .events = POLLIN},
	};

	if (poll(p, 4, -1) < 0)
		return errno == EINTR ? 1 : 0;
	if (p[2].revents)
		relay_signals(r);
	if (p[0].revents)
		r->input = pump(STDIN_FILENO, r->master);
	if (p[1].revents)
		return pump(r->master, STDOUT_FILENO);
	/* What the process wrote last is read before its end counts. */
	return p[3].revents == 0;
}

int console_relay(int master, struct proc *p, int *ret_status, struct err *e)
{
	struct termios old, raw;
	bool tty = tcgetattr(STDIN_FILENO, &old) == 0;
	struct relay r = {.master = master, .process = p, .input = true};
	cleanup_fd int signals = foreground_signals(e);
	int rc;

	if (signals < 0)
		return signals;
	r.signals = signals;
	if (tty) {
		raw = old;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
		copy_size(STDIN_FILENO, master);
	}
	while (relay_once(&r))
		;
	rc = proc_wait(p, -1, ret_status, e);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &old);
	return rc < 0 ? rc : 0;
}
