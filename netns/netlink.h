#ifndef NETNS_NETLINK_H
#define NETNS_NETLINK_H

#include <stdint.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/err.h"

/*
 * Netlink sockets and requests over libnl, with the kernel's own error numbers (libnl's are
 * coarser) and its own words where it has any (extended acknowledgements).
 */

#define NETLINK_TRIES 16

static inline void netlink_cleanup(struct nl_sock **s)
{
	nl_socket_free(*s);
}
#define cleanup_netlink __attribute__((cleanup(netlink_cleanup)))

static inline void netlink_msg_cleanup(struct nl_msg **m)
{
	nlmsg_free(*m);
}
#define cleanup_nlmsg __attribute__((cleanup(netlink_msg_cleanup)))

/*
 * A socket of `protocol` (NETLINK_ROUTE, NETLINK_NETFILTER) in a namespace; netns_fd -1: in the
 * caller's. Owned by the caller (nl_socket_free).
 */
int netlink_open(int netns_fd, int protocol, struct nl_sock **ret, struct err *e);

/* Sends a request and waits for its acknowledgement. what: for the error ("add link 'x'"). */
int netlink_request(struct nl_sock *s, struct nl_msg *msg, const char *what, struct err *e);

/* As netlink_request, for a message ready made by libnl-route, which it takes. */
int netlink_request_take(
	struct nl_sock *s, int built, struct nl_msg *msg, const char *what, struct err *e);

/*
 * Sends a request and calls `each` for every message of the answer: a dump, or one message. An
 * error of `each` (negative) ends it and is returned. -EAGAIN: the tables changed meanwhile, what
 * `each` saw may be wrong: start again, NETLINK_TRIES times at most.
 */
int netlink_query(struct nl_sock *s, struct nl_msg *msg, int (*each)(struct nlmsghdr *h, void *arg),
	void *arg, struct err *e);

/*
 * Sends `len` bytes that hold several requests, the last numbered last_seq with NLM_F_ACK, and
 * waits for that one; the first error of any of them is returned.
 */
int netlink_batch(struct nl_sock *s, const void *data, size_t len, uint32_t last_seq,
	const char *what, struct err *e);

#endif
