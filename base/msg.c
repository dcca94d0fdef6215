#include "base/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

/* One packet as it came, before anything in it is believed. */
struct packet {
	struct header h;
	size_t len; /* of header and inline body together */
	int flags;
	char *body; /* INLINE_MAX bytes */
	int fds[MSG_FDS_MAX + 1];
	size_t n_fds;
};

static void packet_done(struct packet *p)
{
	for (size_t i = 0; i < p->n_fds; i++)
		fd_close(&p->fds[i]);
	/* It may have held a secret. */
	if (p->body)
		secret_wipe(p->body, p->len < INLINE_MAX ? p->len : INLINE_MAX);
	free(p->body);
}

/* 1, 0 at end of file, or -errno. */
static int receive(int sock, struct packet *p, struct err *e)
{
	struct iovec iov[2] = {
		{.iov_base = &p->h, .iov_len = sizeof(p->h)},
		{.iov_base = p->body, .iov_len = INLINE_MAX},
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
	ssize_t n;

	/*
	 * ECONNRESET, once: the other end has gone and left something of ours unread. What it had
	 * sent before is still to be had.
	 */
	for (int resets = 0;;) {
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
		if (n >= 0 || (errno != EINTR && (errno != ECONNRESET || resets++ > 0)))
			break;
	}
	if (n < 0)
		return errno == ECONNRESET ? 0 : err_set(e, errno, "receive a control message");
	take_fds(&mh, p->fds, &p->n_fds);
	p->len = (size_t)n;
	p->flags = mh.msg_flags;
	return n > 0;
}

static bool is_well_formed(const struct packet *p)
{
	if (p->len < sizeof(p->h) || (p->flags & (MSG_TRUNC | MSG_CTRUNC)))
		return false;
	if (p->h.len > MSG_BODY_MAX || p->h.in_memfd > 1)
		return false;
	if (p->h.in_memfd)
		return p->len == sizeof(p->h) && p->n_fds > 0 && p->n_fds <= MSG_FDS_MAX + 1;
	return p->len == sizeof(p->h) + p->h.len && p->n_fds <= MSG_FDS_MAX;
}

/* The body of a well-formed packet, from where it is; its own descriptor is none of the message. */
static int unpack(struct packet *p, struct msg *m, struct err *e)
{
	size_t first = p->h.in_memfd ? 1 : 0;

	m->body = calloc(1, p->h.len + 1);
	if (!m->body)
		return err_set(e, ENOMEM, "receive a control message");
	m->type = p->h.type;
	m->len = p->h.len;
	if (!p->h.in_memfd)
		memcpy(m->body, p->body, p->h.len);
	else if (read_memfd(p->fds[0], p->h.len, m->body) < 0)
		return err_say(e, EPROTO, "malformed control message");
	for (size_t i = first; i < p->n_fds; i++)
		m->fds[m->n_fds++] = steal_fd(&p->fds[i]);
	return 1;
}

int msg_recv(int sock, struct msg *m, struct err *e)
{
	struct packet p = {.body = malloc(INLINE_MAX)};
	int r;

	*m = (struct msg){0};
	r = p.body ? receive(sock, &p, e) : err_set(e, ENOMEM, "receive a control message");
	if (r > 0 && !is_well_formed(&p))
		r = err_say(e, EPROTO, "malformed control message");
	if (r > 0)
		r = unpack(&p, m, e);
	if (r < 0)
		msg_done(m);
	packet_done(&p);
	return r;
}
