#ifndef SHIM_ROOTFS_H
#define SHIM_ROOTFS_H

#include <stdbool.h>

#include "base/err.h"
#include "bundle/oci.h"
#include "shim/cgroup.h"
#include "shim/mount_source.h"

/*
 * The container's root, as init builds it in its own mount namespace, in this order:
 *
 *	rootfs_attach	the root is a mount; the host's are slaves
 *	rootfs_mount	config.json's mounts in their order, /dev, links
 *	(createContainer hooks)
 *	rootfs_seal	masked and read-only paths, read-only root
 *	rootfs_enter	pivot_root: the host's tree is gone
 *
 * Every path of the container is opened below `fd` with RESOLVE_IN_ROOT. What it owns goes with
 * init's memory and close-on-exec descriptors, when the user's process is executed.
 */
struct rootfs {
	const struct oci *oci;
	const struct mount_sources *sources;
	struct cgroup *cgroup; /* for mounts of type cgroup */
	int fd;		       /* the root's mount; -1 before rootfs_attach; owned */
	int sysfs;	       /* a detached sysfs to use for type sysfs, or -1; borrowed */
	bool sysfs_used;
	char **placeholders; /* the mount targets to be noted when made, or NULL */
	char **made;	     /* those of them that were made; owned */
	int *sealed;	     /* mounts that become read-only when all is made; owned, as n_sealed */
	size_t n_sealed;
	int dev;	     /* the tmpfs that was just mounted on "/dev", or -1; owned */
	bool proc_mounted;   /* procfs covers "/proc" */
	bool own_mounts;     /* there is a mount namespace of its own */
	bool in_bottle;	     /* nothing of the host's is shown that nobody asked for by name */
	bool user_namespace; /* no mknod, the flags of the host's mounts are locked */
};

int rootfs_attach(struct rootfs *r, struct err *e);
int rootfs_mount(struct rootfs *r, struct err *e);
int rootfs_seal(struct rootfs *r, struct err *e);
int rootfs_enter(struct rootfs *r, bool no_pivot, struct err *e);

/*
 * Opens (and makes where it is missing) what a mount is to cover: a directory or an empty file.
 * An O_PATH descriptor, the caller's. *ret_made when not NULL: whether the last part was made.
 */
int rootfs_target(int rootfd, const char *path, bool directory, bool *ret_made, struct err *e);

/*
 * As rootfs_target for a file that must not be a symlink (a device, the console): links of the
 * image on the way are followed inside the root, one in its place is -ELOOP.
 */
int rootfs_target_plain(int rootfd, const char *path, struct err *e);

/* ---- the parts of rootfs_mount */

/* config.json's mounts. */
int rootfs_mount_all(struct rootfs *r, struct err *e);

/*
 * Whether what is detached at `mount` may cover `target`: procfs is left as it is (nothing in it is
 * covered but a few statistics), and only procfs goes on "/proc". By descriptor, whatever path led
 * there. 0 or -EPERM.
 */
int rootfs_check_proc(
	struct rootfs *r, const struct oci_mount *m, int mount, int target, struct err *e);

#endif
