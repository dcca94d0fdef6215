#include "gate/heard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

struct search {
	int family;
	unsigned char address[16];
	size_t address_len;
	uint16_t port;
	bool found, heard;
};

static int ask(int fd, const struct search *s)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} q = {
		.head = {.nlmsg_len = sizeof(q),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = (unsigned char)s->family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = 1 << (INET_DIAG_INFO - 1),
			.idiag_states = ~0U},
	};

	return send(fd, &q, sizeof(q), 0) < 0 ? -errno : 0;
}

/* The kernel's tcp_info may be shorter or longer than the one that this was built with. */
static uint64_t received(const struct inet_diag_msg *m, size_t len)
{
	struct rtattr *a = (struct rtattr *)(void *)(m + 1);
	const size_t at = offsetof(struct tcp_info, tcpi_bytes_received);
	uint64_t n = 0;

	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == INET_DIAG_INFO && RTA_PAYLOAD(a) >= at + sizeof(n))
			memcpy(&n, (char *)RTA_DATA(a) + at, sizeof(n));
	return n;
}

static void look_at(struct search *s, const struct nlmsghdr *h)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || ntohs(m->id.idiag_dport) != s->port ||
		memcmp(m->id.idiag_dst, s->address, s->address_len) != 0)
		return;
	s->found = true;
	s->heard |= received(m, h->nlmsg_len - NLMSG_LENGTH(sizeof(*m))) > 0;
}

/* 1: there is more; 0: the end; -errno. */
static int take(struct search *s, const char *buf, size_t len)
{
	const struct nlmsghdr *h = (const void *)buf;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return -EOPNOTSUPP;
		look_at(s, h);
	}
	return 1;
}

int heard_from(const char *address, uint16_t port)
{
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct search s = {.family = strchr(address, ':') ? AF_INET6 : AF_INET, .port = port};
	_Alignas(struct nlmsghdr) char buf[32768];
	int r;

	s.address_len = s.family == AF_INET ? 4 : 16;
	if (fd < 0)
		return -errno;
	if (inet_pton(s.family, address, s.address) != 1)
		return -EINVAL;
	r = ask(fd, &s);
	for (r = r == 0 ? 1 : r; r > 0;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		r = n < 0 ? -errno : take(&s, buf, (size_t)n);
	}
	return r < 0 ? r : s.heard || !s.found;
}
