#ifndef SHIM_MOUNT_IDMAP_H
#define SHIM_MOUNT_IDMAP_H

#include <stddef.h>

#include "base/err.h"
#include "bundle/oci.h"
#include "shim/mount_options.h"

/*
 * Bind mounts with mapped ids (mount_setattr(2), MOUNT_ATTR_IDMAP): by uidMappings and gidMappings
 * of the mount, by those in its option ("idmap=uids=0-1-10#10-50-5;gids=0-1-10", crun's), else by
 * the container's user namespace.
 */

/* Whether the mount is to have its ids mapped. */
bool mount_idmap_wanted(const struct oci_mount *m, const struct mount_options *o);

/*
 * Maps the ids of the detached mount, with "ridmap" also of those below. With the host's
 * privileges. -EINVAL: there is no mapping, half of one, or a file system that cannot be mapped.
 */
int mount_idmap_apply(int mount, const struct oci_mount *m, const struct mount_options *o,
	const struct oci *oci, struct err *e);

/* The list behind "uids=" or "gids=", and the container's own for the ranges that begin with '@'.
 */
struct mount_idmap_list {
	const char *text;
	const struct oci_id_map *own;
	size_t n_own;
};

/* *ret is malloced. -EINVAL with the words that are wrong. */
int mount_idmap_parse(
	const struct mount_idmap_list *list, struct oci_id_map **ret, size_t *ret_n, struct err *e);

#endif
