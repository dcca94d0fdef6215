#ifndef SHIM_MOUNT_CGROUP_H
#define SHIM_MOUNT_CGROUP_H

#include "shim/mount_options.h"
#include "shim/rootfs.h"

/*
 * A mount of type "cgroup": the unified tree, or on v1 a tmpfs with a directory for each hierarchy.
 * In a cgroup namespace each is a mount of its own, else the container's group is bound. A
 * container that has no group is shown the host's; in a bottle nothing is mounted then.
 */
int mount_cgroup(int rootfd, const struct oci_mount *m, const struct mount_options *o,
	struct rootfs *r, struct err *e);

#endif
