#ifndef SHIM_RTNL_H
#define SHIM_RTNL_H

#include <linux/netlink.h>
#include <stddef.h>

#include "base/err.h"

/*
 * rtnetlink(7), one request at a time: what little bottle-shim does with devices itself. It is
 * static and small, so libnl stays with the monitor.
 */
struct rtnl_request {
	union {
		struct nlmsghdr h;
		char buf[1024];
	};
};

/* header: struct ifinfomsg or ifaddrmsg. flags: beside NLM_F_REQUEST (NLM_F_DUMP, …). */
void rtnl_begin(struct rtnl_request *q, int type, int flags, const void *header, size_t len);

/* Adds an attribute; one that does not fit makes rtnl_talk fail. */
void rtnl_put(struct rtnl_request *q, int type, const void *data, size_t len);

/* A socket of the network namespace that the caller is in. */
int rtnl_open(struct err *e);

/* Called for each message that answers. An error ends rtnl_talk, which returns it. */
typedef int rtnl_each(const struct nlmsghdr *m, void *arg, struct err *e);

/* Sends, and takes all that answers. each may be NULL. The caller wraps the kernel's reason. */
int rtnl_talk(int fd, struct rtnl_request *q, rtnl_each *each, void *arg, struct err *e);

#endif
