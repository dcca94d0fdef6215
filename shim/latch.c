#include "shim/latch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

/* Through the descriptor, so that a long ROOT does not exceed sun_path. */
static struct sockaddr_un address(int dirfd)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/" LATCH_FILE, dirfd);
	return a;
}

int latch_make(int dirfd, struct err *e)
{
	struct sockaddr_un a = address(dirfd);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
		return err_set(e, errno, "make the socket that start will connect to");
	return steal_fd(&fd);
}

int latch_wait(int listener, struct err *e)
{
	cleanup_fd int owned = listener;

	for (;;) {
		cleanup_fd int c = accept4(owned, NULL, NULL, SOCK_CLOEXEC);
		char go;
		ssize_t n;

		if (c < 0 && errno == EINTR)
			continue;
		if (c < 0)
			return err_set(e, errno, "wait for start");
		/* A start that was killed before it said go: the next one may come. */
		n = fd_read_full(c, &go, 1);
		if (n == 1)
			return steal_fd(&c);
	}
}

void latch_fail(int connection, const struct err *why)
{
	send(connection, why, sizeof(*why), MSG_NOSIGNAL);
}

bool latch_present(int dirfd)
{
	struct stat st;

	return fstatat(dirfd, LATCH_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int latch_connect(int dirfd, struct err *e)
{
	struct sockaddr_un a = address(dirfd);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return err_set(e, errno, "connect to the container's init");
	return steal_fd(&fd);
}

int latch_outcome(int connection, struct err *e)
{
	struct err theirs;

	if (fd_read_full(connection, &theirs, sizeof(theirs)) != (ssize_t)sizeof(theirs))
		return 0;
	theirs.msg[sizeof(theirs.msg) - 1] = '\0';
	if (theirs.code <= 0)
		theirs.code = EIO;
	*e = theirs;
	return -e->code;
}

int latch_release(int dirfd, int connection, struct err *e)
{
	cleanup_fd int c = connection;
	int r;

	if (send(c, "", 1, MSG_NOSIGNAL) != 1)
		return err_set(e, errno, "release the container's init");
	r = latch_outcome(c, e);
	if (r == 0)
		unlinkat(dirfd, LATCH_FILE, 0);
	return r;
}
