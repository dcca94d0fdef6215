#ifndef SHIM_MOUNT_H
#define SHIM_MOUNT_H

#include <stdbool.h>

#include "base/err.h"
#include "bundle/oci.h"
#include "shim/mount_options.h"

/*
 * One mount, with the descriptor-based calls (fsopen(2), open_tree(2), mount_setattr(2),
 * move_mount(2)): it is made complete while it is attached nowhere, and attached to a target that
 * was opened inside the root. So no path of the container is ever resolved by the kernel on its
 * own, and nothing is visible half-configured. All return a descriptor or 0, or -errno.
 */

/* A new file system instance with the options' flags. label: linux.mountLabel or NULL. */
int mount_new(const char *type, const char *source, const struct mount_options *o,
	const char *label, struct err *e);

/* A copy of a mount tree of the host (bind). Follows symlinks: host paths only. */
int mount_clone(const char *path, bool recursive, struct err *e);

/* What the options make of a bind mount's source: recursive, a symlink itself ("src-nofollow"). */
int mount_clone_source(const char *path, const struct mount_options *o, struct err *e);

/* A copy of the tree at an open O_PATH descriptor. */
int mount_clone_fd(int fd, bool recursive, struct err *e);

/* The same, with all that is mounted below, read-only. */
int mount_clone_readonly(int fd, struct err *e);

/*
 * The options' flags for a mount that was not made with them (a bind mount): when there are any
 * they replace its own, as remounting it with mount(2) would (access times stay unless given). With
 * keep_others those that the options do not name stay, and one that they clear must not be set:
 * flags of the host's mounts are locked in a user namespace (mount_namespaces(7)). -EPERM.
 */
int mount_replace_flags(int mount, const struct mount_options *o, bool keep_others, struct err *e);

/* Recursive flags and propagation as the options say, of a detached mount or of one at its root. */
int mount_configure(int mount, const struct mount_options *o, struct err *e);

/* Changes the file system at the mount's root as "remount" without "bind" asks for. */
int mount_reconfigure(int mount, const char *type, const struct mount_options *o, struct err *e);

/* One attribute set of MOUNT_ATTR_…, recursively or not. */
int mount_set_attributes(int mount, uint64_t set, bool recursive, struct err *e);

/* A new instance of the type has a superblock of its own, not one that is shared with the host. */
bool mount_type_is_own(const char *type);

/* Attaches a detached mount over `target` (an O_PATH descriptor). Both stay the caller's. */
int mount_attach(int mount, int target, struct err *e);

/* Whether the mount's root is a directory: 1, 0, or -errno. */
int mount_is_directory(int mount);

#endif
