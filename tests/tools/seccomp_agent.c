#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * A seccomp agent: seccomp_agent SOCKET DIR ERRNO. Writes what the runtime sends with the n-th
 * listener to DIR/n.json (one byte at a time would do as well: the descriptor comes with the
 * first), then answers every system call with ERRNO and writes "NUMBER PID" of it to DIR/n.calls.
 */

static int receive(int c, const char *dir, int n)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char text[65536], path[256];
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	ssize_t got = recvmsg(c, &m, 0), more;
	struct cmsghdr *cmsg = got > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	FILE *f;
	int fd = -1;

	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	snprintf(path, sizeof(path), "%s/%d.json.new", dir, n);
	f = fopen(path, "we");
	/* To the end: the runtime closes the connection. */
	for (; f && got > 0; got = more) {
		fwrite(text, 1, (size_t)got, f);
		more = read(c, text, sizeof(text));
	}
	if (f)
		fclose(f);
	snprintf(text, sizeof(text), "%s/%d.json", dir, n);
	return rename(path, text) < 0 ? -1 : fd;
}

static void answer(int fd, const char *dir, int n, int error)
{
	struct seccomp_notif req;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d.calls", dir, n);
	f = fopen(path, "we");
	while (f) {
		struct seccomp_notif_resp resp = {0};

		memset(&req, 0, sizeof(req));
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			break;
		}
		fprintf(f, "%d %d\n", req.data.nr, (int)req.pid);
		fflush(f);
		resp.id = req.id;
		resp.error = -error;
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 && errno != ENOENT)
			break;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 4 || s < 0 || strlen(argv[1]) + sizeof(".new") > sizeof(a.sun_path))
		return 2;
	/* Under its name it listens already. */
	snprintf(a.sun_path, sizeof(a.sun_path), "%s.new", argv[1]);
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 8) < 0 ||
		rename(a.sun_path, argv[1]) < 0)
		return 1;
	for (int n = 1;; n++) {
		int c = accept(s, NULL, NULL);

		if (c < 0)
			return 1;
		if (fork() == 0) {
			int fd;

			close(s);
			fd = receive(c, argv[2], n);
			if (fd >= 0)
				answer(fd, argv[2], n, (int)strtol(argv[3], NULL, 10));
			return 0;
		}
		close(c);
	}
}
