#include "shim/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/userns.h"

static const struct {
	uint64_t flag;
	const char *name; /* in /proc/PID/ns and in config.json */
} kinds[OCI_NS_COUNT] = {
	[OCI_NS_MOUNT] = {CLONE_NEWNS, "mnt"},
	[OCI_NS_PID] = {CLONE_NEWPID, "pid"},
	[OCI_NS_NET] = {CLONE_NEWNET, "net"},
	[OCI_NS_IPC] = {CLONE_NEWIPC, "ipc"},
	[OCI_NS_UTS] = {CLONE_NEWUTS, "uts"},
	[OCI_NS_USER] = {CLONE_NEWUSER, "user"},
	[OCI_NS_CGROUP] = {CLONE_NEWCGROUP, "cgroup"},
	[OCI_NS_TIME] = {CLONE_NEWTIME, "time"},
};

uint64_t namespace_flags(const struct oci *oci, bool path)
{
	uint64_t flags = 0;

	for (int i = 0; i < OCI_NS_COUNT; i++)
		if (oci->ns[i].present && (oci->ns[i].path != NULL) == path)
			flags |= kinds[i].flag;
	return flags;
}

int namespace_enter(int fd, int type, const char *what, struct err *e)
{
	return setns(fd, type) < 0 ? err_set(e, errno, "join the %s namespace", what) : 0;
}

int namespace_join(int pidfd, uint64_t flags, struct err *e)
{
	if (!flags)
		return 0;
	if (setns(pidfd, (int)flags) < 0)
		return err_set(e, errno, "join the container's namespaces");
	return 0;
}

uint64_t namespace_differing(pid_t pid, uint64_t flags)
{
	uint64_t differing = 0;

	for (int i = 0; i < OCI_NS_COUNT; i++) {
		struct stat mine, theirs;
		char path[64];

		if (!(flags & kinds[i].flag))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kinds[i].name);
		/* Of one that ends it cannot be told: joining will fail, staying here must not. */
		if (stat(path, &theirs) < 0) {
			differing |= kinds[i].flag;
			continue;
		}
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i].name);
		if (stat(path, &mine) < 0 || mine.st_ino != theirs.st_ino ||
			mine.st_dev != theirs.st_dev)
			differing |= kinds[i].flag;
	}
	return differing;
}

/* ---- the process in between */

/* Descriptors of the namespaces that have a path, and what of them was joined. */
struct paths {
	int fds[OCI_NS_COUNT]; /* -1: none */
	bool joined[OCI_NS_COUNT];
	const struct namespace_birth *birth;
	bool make_time;
};

/* Shared memory: what the process in between has to say. */
struct report {
	pid_t pid; /* of the wanted process, as the caller sees it */
	struct err error;
};

static int open_paths(struct paths *b, struct err *e)
{
	int netns = b->birth->netns;

	for (int i = 0; i < OCI_NS_COUNT; i++)
		b->fds[i] = -1;
	for (int i = 0; i < OCI_NS_COUNT; i++) {
		const struct oci_namespace *ns = &b->birth->oci->ns[i];

		if (i == OCI_NS_NET && netns >= 0)
			b->fds[i] = fcntl(netns, F_DUPFD_CLOEXEC, 3);
		else if (ns->present && ns->path)
			b->fds[i] = open(ns->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		else
			continue;
		if (b->fds[i] < 0)
			return err_set(e, errno, "open the %s namespace '%s'", kinds[i].name,
				ns->path ? ns->path : "of the sidecar");
	}
	return 0;
}

static int join_one(struct paths *b, int i, struct err *e)
{
	int r;

	if (b->fds[i] < 0 || b->joined[i])
		return 0;
	r = namespace_enter(b->fds[i], (int)kinds[i].flag, kinds[i].name, e);
	b->joined[i] = r == 0;
	return r;
}

/*
 * With the caller's privileges first, so that namespaces of the host's can be joined, then the user
 * namespace, then those that only its owner may join. The mount namespace last: paths end with it.
 */
static int join_all(struct paths *b, struct err *e)
{
	int r = 0;

	for (int i = 0; i < OCI_NS_COUNT; i++)
		if (i != OCI_NS_USER && i != OCI_NS_MOUNT)
			(void)join_one(b, i, e);
	r = b->fds[OCI_NS_USER] < 0 ? join_one(b, OCI_NS_MOUNT, e) : join_one(b, OCI_NS_USER, e);
	for (int i = 0; r == 0 && i < OCI_NS_COUNT; i++)
		r = join_one(b, i, e);
	return r;
}

/* timens_offsets can be written only before the first process is in (time_namespaces(7)). */
static int make_time_namespace(const struct oci *oci, struct err *e)
{
	cleanup_str struct str text = {0};

	if (unshare(CLONE_NEWTIME) < 0)
		return err_set(e, errno, "make a time namespace");
	for (size_t i = 0; i < oci->n_time_offsets; i++)
		str_addf(&text, "%s %lld %u\n", oci->time_offsets[i].clock,
			(long long)oci->time_offsets[i].secs, oci->time_offsets[i].nanosecs);
	if (text.failed)
		return err_set(e, ENOMEM, "time offsets");
	return text.len ? fd_write_file(AT_FDCWD, "/proc/self/timens_offsets", text.s, e) : 0;
}

static void close_paths(struct paths *b)
{
	for (int i = 0; i < OCI_NS_COUNT; i++)
		fd_close(&b->fds[i]);
}

/* By the host's ids and names first. */
static int join_paths(void *arg, struct err *e)
{
	struct paths *b = arg;
	const struct namespace_birth *birth = b->birth;
	int r = birth->cgroup ? cgroup_join_self(birth->cgroup, e) : 0;

	if (r == 0 && b->make_time)
		r = make_time_namespace(birth->oci, e);
	if (r == 0)
		r = join_all(b, e);
	close_paths(b);
	return r < 0 ? r : birth->hide(birth->arg, e);
}

static int refused(uint64_t flags, int code, const char *doing, struct err *e)
{
	return flags & CLONE_NEWUSER ? userns_refused(code, doing, e)
				     : err_set(e, code, "%s", doing);
}

/*
 * The child is the caller's, not ours (CLONE_PARENT). It has the descriptors that are open here
 * when way->join is through: what it must not bring along is closed by then.
 */
static pid_t between_main(const struct namespace_way *way, struct report *report)
{
	struct err *e = &report->error;
	pid_t pid;

	if (way->join(way->arg, e) < 0)
		_exit(1);
	pid = proc_fork(way->flags | CLONE_PARENT, -1, NULL);
	if (pid == 0)
		return 0;
	if (pid < 0) {
		refused(way->flags, (int)-pid, "clone a process of the container", e);
		_exit(1);
	}
	report->pid = pid;
	_exit(0);
}

pid_t namespace_clone_after(const struct namespace_way *way, int *ret_pidfd, struct err *e)
{
	struct report *report = mmap(
		NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t middle, pid;
	int status;

	if (report == MAP_FAILED)
		return err_set(e, errno, "shared memory");
	/*
	 * Before it joins a cgroup namespace: where those bound delegation (nsdelegate, as under
	 * systemd), nobody inside one gets to a group from outside of it.
	 */
	middle = proc_fork(0, way->cgroup_fd, NULL);
	if (middle < 0)
		return err_set(e, -middle, "fork");
	if (middle == 0 && between_main(way, report) == 0)
		return 0;
	while (waitpid(middle, &status, 0) < 0 && errno == EINTR)
		;
	/* Ours to wait for, so that the number is nobody else's meanwhile. */
	*ret_pidfd = report->pid > 0 ? (int)syscall(SYS_pidfd_open, report->pid, 0) : -1;
	pid = report->pid;
	if (pid > 0 && *ret_pidfd < 0) {
		pid = err_set(e, errno, "open the process %d", (int)pid);
	} else if (report->error.code) {
		*e = report->error;
		pid = -e->code;
	} else if (pid == 0) {
		pid = err_say(e, EIO, "a process that joins namespaces died");
	}
	munmap(report, sizeof(*report));
	return pid;
}

static pid_t clone_directly(uint64_t flags, struct cgroup *cgroup, int *ret_pidfd, struct err *e)
{
	pid_t pid = proc_fork(flags, cgroup ? cgroup_clone_fd(cgroup) : -1, ret_pidfd);

	if (pid == 0 && cgroup)
		(void)cgroup_join_self(cgroup, e);
	return pid < 0 ? refused(flags, (int)-pid, "clone the container's init", e) : pid;
}

static pid_t clone_joined(const struct namespace_birth *birth, int *ret_pidfd, struct err *e)
{
	struct cgroup *cgroup = birth->cgroup;
	/* The cgroup namespace is init's business: its root is the group that init has joined. */
	uint64_t flags = namespace_flags(birth->oci, false) & ~(uint64_t)CLONE_NEWCGROUP;
	struct paths b = {.birth = birth, .make_time = flags & CLONE_NEWTIME};
	struct namespace_way way = {.join = join_paths, .arg = &b};
	pid_t pid;
	int r;

	if (birth->netns >= 0)
		flags &= ~(uint64_t)CLONE_NEWNET;
	if (birth->netns < 0 && !namespace_flags(birth->oci, true) && !b.make_time)
		return clone_directly(flags, cgroup, ret_pidfd, e);
	way.flags = flags & ~(uint64_t)CLONE_NEWTIME;
	way.cgroup_fd = cgroup ? cgroup_clone_fd(cgroup) : -1;
	r = open_paths(&b, e);
	pid = r < 0 ? r : namespace_clone_after(&way, ret_pidfd, e);
	if (pid != 0)
		close_paths(&b);
	return pid;
}

pid_t namespace_clone(const struct namespace_birth *b, int *ret_pidfd, struct err *e)
{
	bool to_be_mapped = namespace_flags(b->oci, false) & CLONE_NEWUSER;
	pid_t pid;

	if (to_be_mapped)
		userns_let_map(true);
	pid = clone_joined(b, ret_pidfd, e);
	/* The child's memory is closed again once it has its ids. */
	if (to_be_mapped && pid != 0)
		userns_let_map(false);
	return pid;
}

int namespace_loopback_up(struct err *e)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return err_set(e, errno, "bring up the loopback device");
	return 0;
}

int namespace_net_of_self(struct err *e)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ns;

	/* Through a socket and not /proc, which is no longer ours after a change of ids. */
	ns = fd < 0 ? -1 : ioctl(fd, SIOCGSKNS);
	if (ns < 0)
		return err_set(e, errno, "open the own network namespace");
	return fd_set_cloexec(ns, 1) < 0 ? err_set(e, errno, "set close-on-exec") : ns;
}
