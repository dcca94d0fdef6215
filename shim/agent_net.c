#include "shim/agent_net.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "shim/mount.h"
#include "shim/namespace.h"
#include "shim/sysctl.h"

/* Shared memory between init and the child that makes the namespace. */
struct report {
	struct agent_net net; /* numbers in the shared descriptor table */
	struct err error;
};

static int make(char *const *sysctl, struct agent_net *ret, struct err *e)
{
	struct mount_options plain = {0};
	int r;

	if (unshare(CLONE_NEWNET) < 0)
		return err_set(e, errno, "make the agent's network namespace");
	ret->netns = namespace_net_of_self(e);
	if (ret->netns < 0)
		return ret->netns;
	r = sysctl_apply(sysctl, SYSCTL_NET, e);
	if (r == 0)
		r = namespace_loopback_up(e);
	if (r < 0)
		return r;
	ret->sysfs = mount_new("sysfs", "sysfs", &plain, NULL, e);
	return ret->sysfs < 0 ? err_wrap(e, "the agent's /sys") : 0;
}

static int run_child(char *const *sysctl, struct report *report, struct err *e)
{
	int status;
	pid_t pid = proc_fork(CLONE_FILES, -1, NULL);

	if (pid < 0)
		return err_set(e, -pid, "fork");
	if (pid == 0)
		_exit(make(sysctl, &report->net, &report->error) < 0);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "wait for a child");
	if (report->error.code) {
		*e = report->error;
		return -e->code;
	}
	return status == 0 ? 0 : err_say(e, EIO, "the child that makes the agent's network died");
}

int agent_net_make(char *const *sysctl, struct agent_net *ret, struct err *e)
{
	struct report *report = mmap(
		NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r;

	if (report == MAP_FAILED)
		return err_set(e, errno, "shared memory");
	*report = (struct report){.net = AGENT_NET_NONE};
	r = run_child(sysctl, report, e);
	if (r == 0)
		*ret = report->net;
	else
		agent_net_done(&report->net);
	munmap(report, sizeof(*report));
	return r;
}

int agent_net_enter(int netns, struct err *e)
{
	cleanup_fd int now = -1;
	struct stat want, is;
	int r = namespace_enter(netns, CLONE_NEWNET, "agent's network", e);

	if (r < 0)
		return r;
	now = namespace_net_of_self(e);
	if (now < 0)
		return now;
	if (fstat(netns, &want) < 0 || fstat(now, &is) < 0)
		return err_set(e, errno, "stat a network namespace");
	if (want.st_dev != is.st_dev || want.st_ino != is.st_ino)
		return err_say(e, EPERM,
			"the process is not in the agent's network namespace: refused to go on");
	return 0;
}

void agent_net_done(struct agent_net *n)
{
	fd_close(&n->netns);
	fd_close(&n->sysfs);
}
