#ifndef GATE_LFS_HOST_H
#define GATE_LFS_HOST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gate/upstream.h"

/*
 * Whom bottle-lfs may talk to. An upstream's answers name other hosts at will (stores of objects):
 * used is the upstream's own host, that of the manifest's lfs.url, and those of lfs.hosts, each at
 * its port and over TLS; no other, whatever the upstream says.
 */
struct lfs_host {
	char name[256]; /* as it stands in the address; IPv6 in brackets */
	uint16_t port;
	char address[INET6_ADDRSTRLEN]; /* the one that is dialled; "" before lfs_host_resolve */
	bool is_upstream;		/* its own host, whose roots the manifest may name */
};

/*
 * The host of an address. -EPROTO when this is no https address, or one with a user in it;
 * -EACCES, with what to write into the manifest, for a host that it does not name.
 */
int lfs_host_of(const struct upstream *u, const char *href, struct lfs_host *ret, struct err *e);

/* Resolves the name, once, and checks the address as that of any upstream. */
int lfs_host_resolve(const struct upstream *u, struct lfs_host *h, struct err *e);

/* Whether two addresses have one host and port. */
bool lfs_host_same(const char *a, const char *b);

#endif
