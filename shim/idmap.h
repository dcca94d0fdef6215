#ifndef SHIM_IDMAP_H
#define SHIM_IDMAP_H

#include <sys/types.h>

#include "base/err.h"
#include "bundle/oci.h"

/* User namespaces' id maps (user_namespaces(7)). */

/*
 * Writes the maps of a process that was cloned into a new user namespace. Without privilege a map
 * of more than the caller's own id is written by newuidmap(1) and newgidmap(1).
 */
int idmap_write(pid_t pid, const struct oci *oci, struct err *e);

/*
 * A descriptor of a new user namespace that has the uid_maps and gid_maps of `maps`, for mounts
 * with mapped ids; neither may be empty.
 */
int idmap_namespace(const struct oci *maps, struct err *e);

#endif
