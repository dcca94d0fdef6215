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

static int empty_directory(const char *label, struct err *e)
{
	struct mount_options o = {.set = MOUNT_ATTR_RDONLY, .sb_readonly = true};
	char size[] = "size=0k";
	char *data[] = {size, NULL};
	cleanup_fd int fd = -1;

	o.data = data;
	fd = mount_new("tmpfs", "tmpfs", &o, label, e);
	if (fd >= 0 && mount_configure(fd, &o, e) < 0)
		return -e->code;
	return steal_fd(&fd);
}

static int mask(const struct rootfs *r, const char *path, int *null, int *empty, struct err *e)
{
	cleanup_fd int target = path_open_in_root(r->fd, path, O_PATH, 0);
	cleanup_fd int copy = -1;
	int directory, *from;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_set(e, -target, "mask '%s'", path);
	e->code = 0;
	directory = mount_is_directory(target);
	from = directory > 0 ? empty : null;
	/* Linux 6.1 copies only what is attached: the first one is used itself. */
	if (*from >= 0)
		copy = mount_clone_fd(*from, false, e);
	else
		*from = directory > 0 ? empty_directory(r->oci->mount_label, e) : open_null(e);
	if (*from < 0 || e->code || mount_attach(copy >= 0 ? copy : *from, target, e) < 0)
		return err_wrap(e, "mask '%s'", path);
	return 0;
}

static int make_readonly(const struct rootfs *r, const char *path, struct err *e)
{
	cleanup_fd int target = path_open_in_root(r->fd, path, O_PATH, 0);
	cleanup_fd int copy = -1;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return err_set(e, -target, "make '%s' read-only", path);
	copy = mount_clone_fd(target, true, e);
	if (copy < 0 || mount_set_attributes(copy, MOUNT_ATTR_RDONLY, true, e) < 0 ||
		mount_attach(copy, target, e) < 0)
		return err_wrap(e, "make '%s' read-only", path);
	return 0;
}

int rootfs_seal(struct rootfs *r, struct err *e)
{
	cleanup_fd int null = -1, empty = -1;
	int rc = 0;

	if (!r->own_mounts)
		return 0;
	for (size_t i = 0; rc == 0 && r->oci->readonly_paths && r->oci->readonly_paths[i]; i++)
		rc = make_readonly(r, r->oci->readonly_paths[i], e);
	for (size_t i = 0; rc == 0 && r->oci->masked_paths && r->oci->masked_paths[i]; i++)
		rc = mask(r, r->oci->masked_paths[i], &null, &empty, e);
	for (size_t i = 0; rc == 0 && i < r->n_sealed; i++)
		rc = mount_set_attributes(r->sealed[i], MOUNT_ATTR_RDONLY, false, e);
	if (rc == 0 && r->oci->root_readonly)
		rc = mount_set_attributes(r->fd, MOUNT_ATTR_RDONLY, false, e);
	return rc;
}
