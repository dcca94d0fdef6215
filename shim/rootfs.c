#include "shim/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/device.h"
#include "shim/mount.h"

/*
 * Whether mounts of the host's are still peers of ours after set_propagation: as they should be
 * where the root is shared; and without an r in front only the mount of "/" was cut off.
 */
static bool has_peers(unsigned long flags)
{
	return flags && ((flags & MS_SHARED) || !(flags & MS_REC));
}

/*
 * pivot_root(2) and a move need a parent that does not propagate, and nothing that is mounted on it
 * may reach the host: the mount that holds the root.
 */
static int let_go_of_parent(const struct rootfs *r, unsigned long flags, struct err *e)
{
	unsigned long type = flags & MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
	const char *path = r->oci->root_path;
	cleanup_free char *at = realpath(path, NULL);

	if (!at && r->sources->root >= 0)
		/* Not to be reached with our ids: it will be attached there. */
		at = strdup("/");
	if (!at)
		return err_set(e, errno, "rootfs '%s'", path);
	while (mount(NULL, at, NULL, type, NULL) < 0) {
		char *slash = strrchr(at, '/');

		/* EINVAL: not the root of a mount. Above "/" there is nothing. */
		if (errno != EINVAL || strcmp(at, "/") == 0 || !slash)
			return err_set(e, errno, "make the mount of '%s' %s", path,
				type == MS_SLAVE ? "a slave" : "private");
		slash[slash == at ? 1 : 0] = '\0';
	}
	return 0;
}

/*
 * Nothing mounted here may reach the host; what the host mounts may arrive, unless told otherwise.
 * What is to be unbindable is private until it is there: the root is made by a bind (runtime-spec,
 * rootfsPropagation: "a private mount that cannot be bind-mounted").
 */
static int set_propagation(const struct rootfs *r, struct err *e)
{
	unsigned long flags;
	int rc = mount_propagation(r->oci->rootfs_propagation, &flags, e);

	if (rc < 0)
		return rc;
	if (!flags)
		flags = MS_SLAVE | MS_REC;
	if (flags & MS_UNBINDABLE)
		flags = MS_PRIVATE | (flags & MS_REC);
	if (mount(NULL, "/", NULL, flags, NULL) < 0)
		return err_set(e, errno, "set the propagation of '/'");
	return has_peers(flags) ? let_go_of_parent(r, flags, e) : 0;
}

int rootfs_attach(struct rootfs *r, struct err *e)
{
	cleanup_fd int tree = -1, target = -1;
	int rc;

	if (!r->own_mounts) {
		r->fd = open(r->oci->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return r->fd < 0 ? err_set(e, errno, "rootfs '%s'", r->oci->root_path) : 0;
	}
	rc = set_propagation(r, e);
	if (rc < 0)
		return rc;
	tree = r->sources->root >= 0 ? fcntl(r->sources->root, F_DUPFD_CLOEXEC, 3)
				     : mount_clone(r->oci->root_path, true, e);
	if (tree < 0)
		return err_wrap(e, "rootfs '%s'", r->oci->root_path);
	target = open(r->oci->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0 && r->sources->root >= 0)
		/* Not to be reached with our ids: any directory will do to pivot from. */
		target = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return err_set(e, errno, "rootfs '%s'", r->oci->root_path);
	rc = mount_attach(tree, target, e);
	if (rc < 0)
		return err_wrap(e, "rootfs '%s'", r->oci->root_path);
	r->fd = steal_fd(&tree);
	return 0;
}

/* The working directory is made where the image lacks it, as runc does. */
static int make_cwd(const struct rootfs *r, struct err *e)
{
	cleanup_fd int fd = -1;

	if (!r->oci->process || !r->oci->process->cwd || strcmp(r->oci->process->cwd, "/") == 0)
		return 0;
	fd = path_mkdir_in_root(r->fd, r->oci->process->cwd, 0755);
	/* A read-only root: chdir will tell, in the user's words. */
	if (fd < 0 && fd != -EROFS && fd != -EACCES && fd != -EPERM)
		return err_set(e, -fd, "make the working directory '%s'", r->oci->process->cwd);
	return 0;
}

int rootfs_mount(struct rootfs *r, struct err *e)
{
	int rc = 0;

	if (!r->own_mounts && r->oci->n_mounts > 0)
		return err_say(e, EINVAL,
			"config.json: mounts need a mount namespace in linux.namespaces");
	rc = rootfs_mount_all(r, e);
	fd_close(&r->dev);
	if (rc == 0) {
		const struct device_place place = {r->fd, r->sources->devices, r->user_namespace};

		rc = device_make_all(&place, r->oci, e);
	}
	return rc < 0 ? rc : make_cwd(r, e);
}

/* Unmounting what has peers would unmount it, and all below it, from the host, too. */
static int let_go_of_peers(int old)
{
	return fchdir(old) < 0 || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 ? -errno : 0;
}

/*
 * The old root is stacked over the new one and let go, without a directory for it in the image:
 * "." is the new root, and what lies over that is looked up (pivot_root(2), NOTES).
 */
static int pivot(const struct rootfs *r, struct err *e)
{
	cleanup_fd int old = -1;
	unsigned long flags = 0;
	int rc = mount_propagation(r->oci->rootfs_propagation, &flags, e);

	if (rc < 0)
		return rc;
	if (has_peers(flags))
		old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fchdir(r->fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_set(e, errno, "pivot_root");
	rc = has_peers(flags) ? let_go_of_peers(old) : 0;
	if (rc < 0 || umount2(".", MNT_DETACH) < 0)
		return err_set(e, rc < 0 ? -rc : errno, "unmount the old root");
	return has_peers(flags) && chdir("/") < 0 ? err_set(e, errno, "chdir to the root") : 0;
}

/* For a host on an initramfs, which cannot be pivoted away. */
static int move_root(int rootfd, struct err *e)
{
	if (fchdir(rootfd) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return err_set(e, errno, "move the root");
	return 0;
}

/* Each way ends in the new root as the working directory. */
int rootfs_enter(struct rootfs *r, bool no_pivot, struct err *e)
{
	unsigned long propagation = 0;
	int rc;

	if (!r->own_mounts)
		rc = fchdir(r->fd) < 0 || chroot(".") < 0 ? err_set(e, errno, "chroot") : 0;
	else
		rc = no_pivot ? move_root(r->fd, e) : pivot(r, e);
	if (rc == 0 && r->own_mounts)
		rc = mount_propagation(r->oci->rootfs_propagation, &propagation, e);
	if (rc == 0 && propagation && mount(NULL, "/", NULL, propagation, NULL) < 0)
		rc = err_set(e, errno, "set the propagation of the container's root");
	return rc;
}
