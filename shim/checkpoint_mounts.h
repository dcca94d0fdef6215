#ifndef SHIM_CHECKPOINT_MOUNTS_H
#define SHIM_CHECKPOINT_MOUNTS_H

#include "base/err.h"
#include "base/str.h"
#include "bundle/oci.h"
#include "shim/cgroup.h"

/*
 * The mounts of a container that criu does not make itself: what is bound from the host. A dump
 * notes each under a name, its destination in config.json; a restore tells where the name is found
 * on the host by now.
 */

/* Adds them to encoded criu_opts. rootfd: the running container's root. */
int checkpoint_mounts_dump(struct str *opts, const struct oci *oci, const struct cgroup *cg,
	int rootfd, struct err *e);
int checkpoint_mounts_restore(
	struct str *opts, const struct oci *oci, const struct cgroup *cg, struct err *e);

/*
 * Before a restore: makes the targets of config.json's mounts in the root file system, as create
 * does while it mounts; those below a bound directory in that one. What lies in a file system whose
 * content criu brings back is left alone. rootfd: the root on the host.
 */
int checkpoint_mounts_make_targets(const struct oci *oci, int rootfd, struct err *e);

#endif
