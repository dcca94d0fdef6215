#include "shim/install_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/install_probe_net.h"

static int try_unshare(int flags)
{
	return unshare(flags) < 0 ? -errno : 0;
}

static int try_namespaces(void)
{
	return try_unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET);
}

static int try_user_namespaces(void)
{
	return try_unshare(CLONE_NEWUSER);
}

static int try_clone3(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -errno;
	waitpid((pid_t)pid, NULL, 0);
	return 0;
}

static int try_openat2(void)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	long fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static int try_seccomp(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? -errno : 0;
}

static int try_pidfd(void)
{
	long fd = syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static int try_cgroups(void)
{
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ||
		access("/sys/fs/cgroup/devices", F_OK) == 0 ||
		access("/sys/fs/cgroup/unified", F_OK) == 0)
		return 0;
	return -ENOENT;
}

const struct install_probe install_probes[] = {
	{"namespaces", "CONFIG_NAMESPACES and its kin", try_namespaces},
	{"user namespaces", "CONFIG_USER_NS, and user.max_user_namespaces above 0",
		try_user_namespaces},
	{"system call clone3", "Linux 5.3", try_clone3},
	{"system call openat2", "Linux 5.6", try_openat2},
	{"system call pidfd_open", "Linux 5.3", try_pidfd},
	{"seccomp filters that kill the process", "CONFIG_SECCOMP_FILTER", try_seccomp},
	{"control groups", "a cgroup file system at /sys/fs/cgroup", try_cgroups},
	{"links between namespaces (veth)", "module veth", install_probe_veth},
	{"bridges", "module bridge", install_probe_bridge},
	{"rules that catch every port (nf_tables, tproxy)", "modules nf_tables and nft_tproxy",
		install_probe_tproxy},
	{NULL, NULL, NULL}};

int install_probe_run(const struct install_probe *p)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(-p->try() & 0xff);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EFAULT;
}
