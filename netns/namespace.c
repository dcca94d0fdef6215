#include "netns/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "netns/device.h"
#include "netns/sysctl.h"

int netns_open_own(int *ret_fd, struct err *e)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open '/proc/thread-self/ns/net'");
	*ret_fd = fd;
	return 0;
}

/* EPERM: the owner is outside of our own user namespace (ioctl_ns(2)). */
static bool is_administered(int netns_fd)
{
	cleanup_fd int owner = ioctl(netns_fd, NS_GET_USERNS);

	return owner >= 0;
}

/* In the wrong namespace every further step would be done to another network than is meant. */
static void go_back(int home_fd)
{
	if (setns(home_fd, CLONE_NEWNET) < 0)
		abort();
}

/* ---- in a child that shares everything but the namespace */

/* Enough for netlink's buffers, which are on the heap, and the calls above them. */
#define CHILD_STACK (256 * 1024)

struct visit {
	int netns_fd; /* -1: a new namespace */
	int (*fn)(void *arg, struct err *e);
	void *arg;
	struct err *e;
	int result;
};

static int visit_child(void *arg)
{
	struct visit *v = arg;

	if (v->netns_fd < 0 ? unshare(CLONE_NEWNET) < 0 : setns(v->netns_fd, CLONE_NEWNET) < 0)
		v->result = err_set(
			v->e, errno, "%s a network namespace", v->netns_fd < 0 ? "make" : "enter");
	else
		v->result = v->fn(v->arg, v->e);
	return 0;
}

/* As vfork(2): the caller stands still until the child has ended, so nothing is done twice. */
static int visit(struct visit *v)
{
	const int flags = CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD;
	char *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pid_t pid;

	if (stack == MAP_FAILED)
		return err_set(v->e, errno, "a stack");
	pid = clone(visit_child, stack + CHILD_STACK, flags, v);
	if (pid < 0)
		v->result = err_set(v->e, errno, "clone for a network namespace");
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(stack, CHILD_STACK);
	return v->result;
}

int netns_run(int netns_fd, int (*fn)(void *arg, struct err *e), void *arg, struct err *e)
{
	struct visit v = {netns_fd, fn, arg, e, -EIO};
	cleanup_fd int home = -1;
	int r = netns_open_own(&home, e);

	if (r < 0)
		return r;
	if (!is_administered(home))
		return netns_same(home, netns_fd, e) > 0 ? fn(arg, e) : visit(&v);
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter a network namespace");
	r = fn(arg, e);
	go_back(home);
	return r;
}

static int open_here(void *ret_fd, struct err *e)
{
	return netns_open_own(ret_fd, e);
}

static int make_new(int *ret_fd, struct err *e)
{
	struct visit v = {-1, open_here, ret_fd, e, -EIO};
	cleanup_fd int home = -1;
	int r = netns_open_own(&home, e);

	if (r < 0)
		return r;
	if (!is_administered(home))
		return visit(&v);
	if (unshare(CLONE_NEWNET) < 0)
		return err_set(e, errno, "make a network namespace");
	r = netns_open_own(ret_fd, e);
	go_back(home);
	return r;
}

int netns_new(int *ret_fd, struct err *e)
{
	cleanup_fd int fd = -1;
	int r = make_new(&fd, e);

	if (r == 0)
		r = netns_sidecar_prepare(fd, e);
	if (r < 0)
		return r;
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int prepare(void *arg, struct err *e)
{
	(void)arg;
	return sysctl_sidecar(e);
}

/* The rules of a sidecar would cut the host off. */
static int refuse_own(int sidecar_fd, struct err *e)
{
	cleanup_fd int own = -1;
	int r = netns_open_own(&own, e);

	if (r >= 0)
		r = netns_same(own, sidecar_fd, e);
	if (r > 0)
		return err_say(e, EPERM,
			"the host's own network namespace cannot be a sidecar's: give the "
			"container a "
			"network (not --network=host)");
	return r;
}

int netns_sidecar_prepare(int sidecar_fd, struct err *e)
{
	int r = refuse_own(sidecar_fd, e);

	if (r < 0)
		return r;
	r = netns_run(sidecar_fd, prepare, NULL, e);
	if (r < 0)
		return r;
	return device_set_up(sidecar_fd, "lo", e);
}

struct socket_args {
	int domain, type, fd;
};

static int socket_here(void *arg, struct err *e)
{
	struct socket_args *a = arg;

	a->fd = socket(a->domain, a->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return a->fd < 0 ? err_set(e, errno, "make a socket") : 0;
}

int netns_socket(int netns_fd, int domain, int type, int *ret_fd, struct err *e)
{
	struct socket_args a = {.domain = domain, .type = type, .fd = -1};
	int r = netns_run(netns_fd, socket_here, &a, e);

	if (r < 0)
		return r;
	*ret_fd = a.fd;
	return 0;
}

bool netns_is_administered(void)
{
	cleanup_fd int own = -1;
	struct err ignored;

	return netns_open_own(&own, &ignored) == 0 && is_administered(own);
}

int netns_same(int a, int b, struct err *e)
{
	struct stat sa, sb;

	if (fstat(a, &sa) < 0 || fstat(b, &sb) < 0)
		return err_set(e, errno, "stat a namespace");
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}
