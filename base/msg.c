#include "base/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/secret.h"

#define INLINE_MAX (32U << 10)

struct header {
	uint32_t type;
	uint32_t len;
	uint32_t in_memfd; /* 1: the body is in the first descriptor */
	uint32_t reserved;
};

void msg_done(struct msg *m)
{
	if (m->body)
		secret_wipe(m->body, m->len);
	free(m->body);
	for (size_t i = 0; i < m->n_fds; i++)
		fd_close(&m->fds[i]);
	*m = (struct msg){0};
}

int msg_pair(int ret[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
		return err_set(e, errno, "socketpair");
	return 0;
}

static int send_packet(int sock, const struct header *h, const void *body, const int *fds,
	size_t n_fds, struct err *e)
{
	struct iovec iov[2] = {
		{.iov_base = (void *)h, .iov_len = sizeof(*h)},
		{.iov_base = (void *)body, .iov_len = h->in_memfd ? 0 : h->len},
	};
	union {
		char buf[CMSG_SPACE((MSG_FDS_MAX + 1) * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t n;

	if (n_fds > 0) {
		struct cmsghdr *c;

		mh.msg_control = control.buf;
		mh.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do {
		n = sendmsg(sock, &mh, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? err_set(e, errno, "send a control message") : 0;
}

int msg_send(int sock, uint32_t type, const void *body, size_t len, const int *fds, size_t n_fds,
	struct err *e)
{
	struct header h = {.type = type, .len = (uint32_t)len, .in_memfd = len > INLINE_MAX};
	int all[MSG_FDS_MAX + 1];
	cleanup_fd int memfd = -1;
	size_t n = 0;

	if (len > MSG_BODY_MAX || n_fds > MSG_FDS_MAX)
		return err_say(e, EMSGSIZE, "a control message of %zu bytes is too long", len);
	if (h.in_memfd) {
		memfd = fd_memfd("message", body, len, e);
		if (memfd < 0)
			return memfd;
		all[n++] = memfd;
	}
	for (size_t i = 0; i < n_fds; i++)
		all[n++] = fds[i];
	return send_packet(sock, &h, body, all, n, e);
}

static void take_fds(struct msghdr *mh, int *fds, size_t *n_fds)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (*n_fds < MSG_FDS_MAX + 1)
				fds[(*n_fds)++] = fd;
			else
				close(fd);
		}
	}
}

static int read_memfd(int fd, size_t len, char *body)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != (off_t)len)
		return -EPROTO;
	return pread(fd, body, len, 0) == (ssize_t)len ? 0 : -EPROTO;
}

int msg_recv(int sock, struct msg *m, struct err *e)
{
	cleanup_free char *inline_body = malloc(INLINE_MAX);
	struct header h;
	struct iovec iov[2] = {
		{.iov_base = &h, .iov_len = sizeof(h)},
		{.iov_base = inline_body, .iov_len = INLINE_MAX},
	};
	union {
		char buf[CMSG_SPACE((MSG_FDS_MAX + 1) * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct msghdr mh = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	int fds[MSG_FDS_MAX + 1];
	size_t n_fds = 0, skip = 0;
	ssize_t n;
	int bad = 0;

	*m = (struct msg){0};
	if (!inline_body)
		return err_set(e, ENOMEM, "receive a control message");
	do {
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : err_set(e, errno, "receive a control message");
	take_fds(&mh, fds, &n_fds);
	if (n == 0)
		return 0;
	m->body = calloc(1, (size_t)n >= sizeof(h) && h.len <= MSG_BODY_MAX ? h.len + 1 : 1);
	if (!m->body || (size_t)n < sizeof(h) || h.len > MSG_BODY_MAX ||
		(mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || h.in_memfd > 1)
		bad = 1;
	else if (h.in_memfd)
		bad = n_fds < 1 || read_memfd(fds[0], h.len, m->body) < 0;
	else
		bad = (size_t)n != sizeof(h) + h.len;
	if (!bad && h.in_memfd) {
		close(fds[0]);
		skip = 1;
	}
	for (size_t i = skip; i < n_fds; i++) {
		if (bad || m->n_fds >= MSG_FDS_MAX)
			close(fds[i]);
		else
			m->fds[m->n_fds++] = fds[i];
	}
	if (bad) {
		msg_done(m);
		return err_say(e, EPROTO, "malformed control message");
	}
	if (!h.in_memfd)
		memcpy(m->body, inline_body, h.len);
	secret_wipe(inline_body, INLINE_MAX < h.len ? INLINE_MAX : h.len);
	m->type = h.type;
	m->len = h.len;
	return 1;
}
