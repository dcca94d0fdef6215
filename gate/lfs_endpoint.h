#ifndef GATE_LFS_ENDPOINT_H
#define GATE_LFS_ENDPOINT_H

#include <stdbool.h>

#include "base/err.h"
#include "gate/lfs_link.h"
#include "gate/upstream.h"

/*
 * Where an upstream's LFS is and what it takes to be let in, as git-lfs finds it out (its
 * docs/api/server-discovery.md): over ssh `git-lfs-authenticate PATH upload|download` tells, over
 * https it is URL/info/lfs with the repository's own token. The manifest's lfs.url goes before.
 *
 * -ENOENT when the upstream has none. Owner: the caller (lfs_link_done).
 */
int lfs_endpoint_find(const struct upstream *u, bool upload, struct lfs_link *ret, struct err *e);

/*
 * Adds what an address of the endpoint's own host wants besides: a batch answer leaves out what
 * the client is known to have.
 */
int lfs_endpoint_lend(const struct upstream *u, const struct lfs_link *endpoint,
	struct lfs_link *link, struct err *e);

/* The command for an upstream's ssh, quoted for its shell. NULL when memory ran out. */
char *lfs_endpoint_command(const char *path, bool upload);

#endif
