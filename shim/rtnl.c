#include "shim/rtnl.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

/* Of what the kernel sends at once in a dump (netlink(7), NLMSG_GOODSIZE at most). */
#define ANSWER_MAX 32768

#define TOO_LONG (sizeof(struct rtnl_request) + 1)

void rtnl_begin(struct rtnl_request *q, int type, int flags, const void *header, size_t len)
{
	memset(q, 0, sizeof(*q));
	q->h.nlmsg_type = (__u16)type;
	q->h.nlmsg_flags = (__u16)(NLM_F_REQUEST | flags);
	q->h.nlmsg_len = (__u32)NLMSG_LENGTH(len);
	memcpy(NLMSG_DATA(&q->h), header, len);
}

void rtnl_put(struct rtnl_request *q, int type, const void *data, size_t len)
{
	struct nlattr a = {.nla_len = (__u16)(NLA_HDRLEN + len), .nla_type = (__u16)type};
	size_t at = NLMSG_ALIGN(q->h.nlmsg_len);

	if (at + NLA_HDRLEN > sizeof(q->buf) || len > sizeof(q->buf) - at - NLA_HDRLEN) {
		q->h.nlmsg_len = TOO_LONG;
		return;
	}
	memcpy(q->buf + at, &a, sizeof(a));
	memcpy(q->buf + at + NLA_HDRLEN, data, len);
	q->h.nlmsg_len = (__u32)(at + NLA_HDRLEN + len);
}

int rtnl_open(struct err *e)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? err_set(e, errno, "open an rtnetlink socket") : fd;
}

/* 1: that was the last one. */
static int take(const struct nlmsghdr *m, rtnl_each *each, void *arg, struct err *e)
{
	const struct nlmsgerr *answer = NLMSG_DATA(m);

	if (m->nlmsg_type == NLMSG_DONE)
		return 1;
	if (m->nlmsg_type != NLMSG_ERROR)
		return each ? each(m, arg, e) : 0;
	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*answer)))
		return err_say(e, EPROTO, "a malformed answer of rtnetlink");
	return answer->error ? err_set(e, -answer->error, "rtnetlink") : 1;
}

static int receive(int fd, rtnl_each *each, void *arg, struct err *e)
{
	_Alignas(struct nlmsghdr) char buf[ANSWER_MAX];
	const struct nlmsghdr *m = (const void *)buf;
	ssize_t got = recv(fd, buf, sizeof(buf), MSG_TRUNC);
	size_t left = got > 0 ? (size_t)got : 0;
	int r = 0;

	if (got < 0)
		return errno == EINTR ? 0 : err_set(e, errno, "read from rtnetlink");
	if (left > sizeof(buf))
		return err_say(e, EMSGSIZE, "an answer of rtnetlink of %zu bytes", left);
	for (; r == 0 && NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
		r = take(m, each, arg, e);
	return r;
}

int rtnl_talk(int fd, struct rtnl_request *q, rtnl_each *each, void *arg, struct err *e)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	bool dump = (q->h.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int r = 0;

	if (q->h.nlmsg_len > sizeof(q->buf))
		return err_say(e, EMSGSIZE, "a request to rtnetlink is too long");
	if (!dump)
		q->h.nlmsg_flags |= NLM_F_ACK;
	if (sendto(fd, q, q->h.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return err_set(e, errno, "write to rtnetlink");
	while (r == 0)
		r = receive(fd, each, arg, e);
	return r < 0 ? r : 0;
}
