#include "netns/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "netns/namespace.h"

#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK 11
#endif

struct open_args {
	int protocol;
	struct nl_sock *sock;
};

static int open_here(void *arg, struct err *e)
{
	struct open_args *a = arg;
	cleanup_netlink struct nl_sock *s = nl_socket_alloc();
	int r, on = 1;

	if (!s)
		return err_set(e, ENOMEM, "netlink socket");
	r = nl_connect(s, a->protocol);
	if (r < 0)
		return err_say(e, EIO, "open a netlink socket: %s", nl_geterror(r));
	nl_socket_disable_seq_check(s);
	/* Both are comforts: clearer errors, and none that repeats our whole request. */
	if (setsockopt(nl_socket_get_fd(s), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) < 0 ||
		setsockopt(nl_socket_get_fd(s), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) < 0)
		return err_set(e, errno, "set up a netlink socket");
	a->sock = steal_ptr(&s);
	return 0;
}

int netlink_open(int netns_fd, int protocol, struct nl_sock **ret, struct err *e)
{
	struct open_args a = {.protocol = protocol};
	int r = netns_fd < 0 ? open_here(&a, e) : netns_run(netns_fd, open_here, &a, e);

	if (r < 0)
		return r;
	*ret = a.sock;
	return 0;
}

/* The answer to one request or batch, as it comes in. */
struct answer {
	int (*each)(struct nlmsghdr *h, void *arg);
	void *arg;
	uint32_t last_seq; /* its acknowledgement ends the answer */
	int error;	   /* first errno that the kernel told */
	char text[128];	   /* and its words, or "" */
	int each_error;
	bool interrupted; /* the tables changed during the dump */
	bool done;
};

static void take_words(struct answer *a, const struct nlmsghdr *h)
{
	const struct nlmsgerr *err = nlmsg_data(h);
	size_t fixed = NLMSG_ALIGN(sizeof(*err));
	const struct nlattr *words;

	/* With NETLINK_CAP_ACK the request is not repeated: attributes follow at once. */
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || (size_t)nlmsg_datalen(h) <= fixed)
		return;
	words = nla_find((const struct nlattr *)((const char *)err + fixed),
		nlmsg_datalen(h) - (int)fixed, NLMSGERR_ATTR_MSG);
	if (words)
		nla_strlcpy(a->text, words, sizeof(a->text));
}

static void take_error(struct answer *a, const struct nlmsghdr *h)
{
	const struct nlmsgerr *err = nlmsg_data(h);

	if (err->error != 0 && a->error == 0) {
		a->error = -err->error;
		take_words(a, h);
	}
	if (h->nlmsg_seq == a->last_seq)
		a->done = true;
}

static void take(struct answer *a, struct nlmsghdr *h)
{
	a->interrupted |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	if (h->nlmsg_type == NLMSG_ERROR) {
		take_error(a, h);
	} else if (h->nlmsg_type == NLMSG_DONE) {
		a->done = true;
	} else if (a->each && a->each_error == 0) {
		int r = a->each(h, a->arg);

		if (r < 0)
			a->each_error = r;
		if (!(h->nlmsg_flags & NLM_F_MULTI))
			a->done = true;
	}
}

static int receive(struct nl_sock *s, struct answer *a, const char *what, struct err *e)
{
	while (!a->done) {
		struct sockaddr_nl from;
		cleanup_free unsigned char *buf = NULL;
		int n = nl_recv(s, &from, &buf, NULL);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (n <= 0)
			return err_say(e, EIO, "%s: %s", what,
				n ? nl_geterror(n) : "the kernel did not answer");
		for (; nlmsg_ok(h, n); h = nlmsg_next(h, &n))
			take(a, h);
	}
	if (a->error && a->text[0])
		return err_set(e, a->error, "%s (%s)", what, a->text);
	if (a->error)
		return err_set(e, a->error, "%s", what);
	return 0;
}

int netlink_request(struct nl_sock *s, struct nl_msg *msg, const char *what, struct err *e)
{
	struct answer a = {0};
	int r;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	r = nl_send_auto(s, msg);
	if (r < 0)
		return err_say(e, EIO, "%s: %s", what, nl_geterror(r));
	a.last_seq = nlmsg_hdr(msg)->nlmsg_seq;
	return receive(s, &a, what, e);
}

int netlink_request_take(
	struct nl_sock *s, int built, struct nl_msg *msg, const char *what, struct err *e)
{
	cleanup_nlmsg struct nl_msg *own = built < 0 ? NULL : msg;

	if (built < 0)
		return err_say(e, EINVAL, "%s: %s", what, nl_geterror(built));
	return netlink_request(s, own, what, e);
}

int netlink_query(struct nl_sock *s, struct nl_msg *msg, int (*each)(struct nlmsghdr *h, void *arg),
	void *arg, struct err *e)
{
	struct answer a = {.each = each, .arg = arg};
	int r = nl_send_auto(s, msg);

	if (r < 0)
		return err_say(e, EIO, "ask the kernel: %s", nl_geterror(r));
	a.last_seq = nlmsg_hdr(msg)->nlmsg_seq;
	r = receive(s, &a, "ask the kernel", e);
	if (r < 0)
		return r;
	if (a.each_error == 0 && a.interrupted)
		return err_set(e, EAGAIN, "the kernel's tables changed while they were listed");
	return a.each_error;
}

int netlink_batch(struct nl_sock *s, const void *data, size_t len, uint32_t last_seq,
	const char *what, struct err *e)
{
	struct answer a = {.last_seq = last_seq};
	int r = nl_sendto(s, (void *)data, len);

	if (r < 0)
		return err_say(e, EIO, "%s: %s", what, nl_geterror(r));
	return receive(s, &a, what, e);
}
