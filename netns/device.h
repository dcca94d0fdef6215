#ifndef NETNS_DEVICE_H
#define NETNS_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct nl_sock;

/* Network devices, one request each, in the namespace of a socket of netns/netlink.h. */

struct device_change {
	const char *name;
	bool up;	   /* bring it up; false: let it be */
	bool down;	   /* take it down */
	const char *alias; /* NULL: let it be */
	uint32_t master;   /* index of its bridge; 0: let it be */
	uint32_t group;	   /* 0: let it be */
};

/* A veth pair: one end here, the other born in peer_fd. */
int device_make_pair(
	struct nl_sock *sock, const char *name, const char *peer, int peer_fd, struct err *e);

/*
 * A bridge, down, with this alias: that comes a moment after its birth, the group is there from it.
 * Its hardware address does not depend on its ports.
 */
int device_make_bridge(
	struct nl_sock *sock, const char *name, const char *alias, uint32_t group, struct err *e);

/* A bridge's port that exchanges frames with the bridge itself only, not with other such ports. */
int device_isolate_port(struct nl_sock *sock, const char *name, struct err *e);

struct device {
	int index;
	uint32_t master; /* 0: none */
	uint32_t group;
	bool running; /* up, and its queue is at work (IFF_RUNNING) */
	char name[16];
	char alias[256]; /* "": none */
};

/* Calls each for every link of the namespace; an error of it ends the walk. */
int device_each(struct nl_sock *sock, int (*each)(const struct device *d, void *arg), void *arg,
	struct err *e);

int device_change(struct nl_sock *sock, const struct device_change *c, struct err *e);
int device_delete(struct nl_sock *sock, const char *name, struct err *e); /* missing is success */

/* All links of a group at once: the kernel waits for its readers once, not for each link anew. */
int device_delete_group(struct nl_sock *sock, uint32_t group, struct err *e);

int device_add_address(
	struct nl_sock *sock, int index, const char *address, int prefix, struct err *e);

/* Index of a link by name; netns_fd -1: in the caller's namespace. -ENODEV when there is none. */
int device_index(int netns_fd, const char *name, struct err *e);

/* Brings one link of a namespace up. */
int device_set_up(int netns_fd, const char *name, struct err *e);

#endif
