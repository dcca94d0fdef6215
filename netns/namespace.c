#include "netns/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "netns/device.h"
#include "netns/sysctl.h"

static int open_own(int *ret_fd, struct err *e)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open '/proc/thread-self/ns/net'");
	*ret_fd = fd;
	return 0;
}

/* In the wrong namespace every further step would be done to another network than is meant. */
static void go_back(int home_fd)
{
	if (setns(home_fd, CLONE_NEWNET) < 0)
		abort();
}

int netns_run(int netns_fd, int (*fn)(void *arg, struct err *e), void *arg, struct err *e)
{
	cleanup_fd int home = -1;
	int r = open_own(&home, e);

	if (r < 0)
		return r;
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter a network namespace");
	r = fn(arg, e);
	go_back(home);
	return r;
}

int netns_new(int *ret_fd, struct err *e)
{
	cleanup_fd int home = -1, fd = -1;
	int r = open_own(&home, e);

	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNET) < 0)
		return err_set(e, errno, "make a network namespace");
	r = open_own(&fd, e);
	go_back(home);
	if (r < 0)
		return r;
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
	int r = open_own(&own, e);

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

int netns_same(int a, int b, struct err *e)
{
	struct stat sa, sb;

	if (fstat(a, &sa) < 0 || fstat(b, &sb) < 0)
		return err_set(e, errno, "stat a namespace");
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}
