#ifndef GATE_UPSTREAM_H
#define GATE_UPSTREAM_H

#include <netinet/in.h>

#include "base/err.h"
#include "gate/gate.h"
#include "gate/refs.h"

/* A repository's upstream, for the length of one connection: its name is resolved once. */
struct upstream {
	const struct gate *gate;
	const struct policy_repo *repo;
	char address[INET6_ADDRSTRLEN]; /* the one that is dialled */
};

/*
 * Finds the address: extra_hosts', or the host itself when it is an address, or the name service's
 * first that is neither private, loopback, link-local nor otherwise special (those the manifest
 * must name). -EHOSTUNREACH otherwise.
 */
int upstream_resolve(
	const struct gate *g, const struct policy_repo *repo, struct upstream *ret, struct err *e);

/* A name's first ordinary address, in figures. -EHOSTUNREACH when there is none. */
int upstream_resolve_name(const char *host, char ret[INET6_ADDRSTRLEN], struct err *e);

/* Whether this is an address in figures. */
int upstream_is_address(const char *text);

/* Whether a name of the outside may stand for this address. */
int upstream_address_ok(const struct sockaddr *address);

/* The upstream's refs as they are now. Owner: the caller (refs_done). */
int upstream_refs(const struct upstream *u, struct refs *ret, struct err *e);

#endif
