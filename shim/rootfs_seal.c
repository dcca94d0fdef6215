#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "shim/mount.h"
#include "shim/mount_long.h"
#include "shim/rootfs.h"

/* The one file that swallows everything: checked, since it is bound over secrets of the kernel. */
static int open_null(struct err *e)
{
	cleanup_fd int fd = mount_clone("/dev/null", false, e);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_say(e, EINVAL, "the host's '/dev/null' is not the null device");
	/* Nor may the container's root change the host's inode through it. */
	if (mount_set_attributes(fd, MOUNT_ATTR_RDONLY, false, e) < 0)
		return -e->code;
	return steal_fd(&fd);
}

/* In one call, and where that is refused by those that tell why. */
static int hide_directory(const struct rootfs *r, int target, struct err *e)
{
	struct mount_options o = {.set = MOUNT_ATTR_RDONLY, .sb_readonly = true};
	const struct mount_long empty = {"tmpfs", "tmpfs", r->oci->mount_label, &o};
	char size[] = "size=0k";
	char *data[] = {size, NULL};
	cleanup_fd int fd = -1;

	o.data = data;
	if (mount_long_attach(&empty, target, e) == 0)
		return 0;
	fd = mount_new("tmpfs", "tmpfs", &o, r->oci->mount_label, e);
	if (fd < 0 || mount_configure(fd, &o, e) < 0)
		return -e->code;
	return mount_attach(fd, target, e);
}

static int hide_file(int target, int *null, struct err *e)
{
	cleanup_fd int copy = -1;

	/* Linux 6.1 copies only what is attached: the first one is used itself. */
	if (*null >= 0) {
		copy = mount_clone_fd(*null, false, e);
		return copy < 0 ? copy : mount_attach(copy, target, e);
	}
	*null = open_null(e);
	return *null < 0 ? *null : mount_attach(*null, target, e);
}

static int mask(const struct rootfs *r, const char *path, int *null, struct err *e)
{
	cleanup_fd int target = path_open_in_root(r->fd, path, O_PATH, 0);
	int rc;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_set(e, -target, "mask '%s'", path);
	rc = mount_is_directory(target) > 0 ? hide_directory(r, target, e)
					    : hide_file(target, null, e);
	return rc < 0 ? err_wrap(e, "mask '%s'", path) : 0;
}

static int make_readonly(const struct rootfs *r, const char *path, struct err *e)
{
	cleanup_fd int target = path_open_in_root(r->fd, path, O_PATH, 0);
	cleanup_fd int copy = -1;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_set(e, -target, "make '%s' read-only", path);
	copy = mount_clone_readonly(target, e);
	if (copy < 0 || mount_attach(copy, target, e) < 0)
		return err_wrap(e, "make '%s' read-only", path);
	return 0;
}

int rootfs_seal(struct rootfs *r, struct err *e)
{
	cleanup_fd int null = -1;
	int rc = 0;

	if (!r->own_mounts)
		return 0;
	for (size_t i = 0; rc == 0 && r->oci->readonly_paths && r->oci->readonly_paths[i]; i++)
		rc = make_readonly(r, r->oci->readonly_paths[i], e);
	for (size_t i = 0; rc == 0 && r->oci->masked_paths && r->oci->masked_paths[i]; i++)
		rc = mask(r, r->oci->masked_paths[i], &null, e);
	for (size_t i = 0; rc == 0 && i < r->n_sealed; i++)
		rc = mount_set_attributes(r->sealed[i], MOUNT_ATTR_RDONLY, false, e);
	if (rc == 0 && r->oci->root_readonly)
		rc = mount_set_attributes(r->fd, MOUNT_ATTR_RDONLY, false, e);
	return rc;
}
