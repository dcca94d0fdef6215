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
#include "shim/mount_cgroup.h"
#include "shim/mount_copyup.h"
#include "shim/mount_long.h"

/* pivot_root(2) and a move need a parent that does not propagate: the mount that holds the root. */
static int make_parent_private(const char *path, struct err *e)
{
	cleanup_free char *at = realpath(path, NULL);

	if (!at)
		return err_set(e, errno, "rootfs '%s'", path);
	while (mount(NULL, at, NULL, MS_PRIVATE, NULL) < 0) {
		char *slash = strrchr(at, '/');

		/* EINVAL: not the root of a mount. Above "/" there is nothing. */
		if (errno != EINVAL || strcmp(at, "/") == 0 || !slash)
			return err_set(e, errno, "make the mount of '%s' private", path);
		slash[slash == at ? 1 : 0] = '\0';
	}
	return 0;
}

/* Nothing mounted here may reach the host; what the host mounts may arrive, unless told otherwise.
 */
static int set_propagation(const struct oci *oci, struct err *e)
{
	unsigned long flags;
	int r = mount_propagation(oci->rootfs_propagation, &flags, e);

	if (r < 0)
		return r;
	if (!flags)
		flags = MS_SLAVE | MS_REC;
	if (mount(NULL, "/", NULL, flags, NULL) < 0)
		return err_set(e, errno, "set the propagation of '/'");
	return flags & MS_SHARED ? make_parent_private(oci->root_path, e) : 0;
}

int rootfs_attach(struct rootfs *r, struct err *e)
{
	cleanup_fd int tree = -1, target = -1;
	int rc;

	if (!r->own_mounts) {
		r->fd = open(r->oci->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return r->fd < 0 ? err_set(e, errno, "rootfs '%s'", r->oci->root_path) : 0;
	}
	rc = set_propagation(r->oci, e);
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

void rootfs_done(struct rootfs *r)
{
	fd_close(&r->fd);
	strv_free(r->made);
	r->made = NULL;
}

/* procfs and sysfs must be where the name says, not where a symlink of the image leads. */
static int check_kernel_target(const struct rootfs *r, const struct oci_mount *m, struct err *e)
{
	cleanup_fd int fd = path_open_in_root(r->fd, m->destination, O_PATH | O_NOFOLLOW, 0);
	struct stat st;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, fd < 0 ? -fd : errno, "open '%s' in the container's root",
			m->destination);
	if (!S_ISDIR(st.st_mode))
		return err_say(e, ENOTDIR,
			"filesystem '%s' must be mounted on an ordinary directory, '%s' is none",
			m->type, m->destination);
	return 0;
}

/* Over procfs only single files of statistics may be laid (lxcfs). */
static int check_below_proc(const struct oci_mount *m, struct err *e)
{
	static const char *const allowed[] = {"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",
		"/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo",
		"/proc/net/dev", "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
		NULL};

	if (!str_starts(m->destination, "/proc/") || str_eq(m->type, "proc"))
		return 0;
	for (int i = 0; allowed[i]; i++)
		if (strcmp(m->destination, allowed[i]) == 0)
			return 0;
	/* An empty directory over a part of it hides, as a masked path does. */
	if (str_eq(m->type, "tmpfs"))
		return 0;
	return err_say(e, EPERM, "mount on '%s': it cannot be mounted because it is inside /proc",
		m->destination);
}

/* sysfs belongs to a network namespace; where that is not ours, the host's view is all there is. */
static int make_sysfs(
	struct rootfs *r, const struct oci_mount *m, const struct mount_options *o, struct err *e)
{
	int fd;

	/* Linux 6.1 copies no mount that is attached nowhere: the first use is the thing itself. */
	if (r->sysfs >= 0 && r->sysfs_used)
		return mount_clone_fd(r->sysfs, false, e);
	if (r->sysfs >= 0) {
		r->sysfs_used = true;
		return fcntl(r->sysfs, F_DUPFD_CLOEXEC, 3);
	}
	fd = mount_new("sysfs", m->source, o, NULL, e);
	if (fd != -EPERM)
		return fd;
	fd = mount_clone("/sys", true, e);
	if (fd >= 0 && mount_set_attributes(fd, MOUNT_ATTR_RDONLY, true, e) < 0)
		fd_close(&fd);
	return fd;
}

static int make_mount(struct rootfs *r, size_t i, const struct mount_options *o, struct err *e)
{
	const struct oci_mount *m = &r->oci->mounts[i];

	if (r->sources->mounts[i] >= 0)
		return fcntl(r->sources->mounts[i], F_DUPFD_CLOEXEC, 3);
	if (o->bind || str_eq(m->type, "bind"))
		return mount_clone(m->source, o->recursive, e);
	if (!m->type)
		return err_say(e, EINVAL, "it has neither a type nor bind among its options");
	if (str_eq(m->type, "sysfs"))
		return make_sysfs(r, m, o, e);
	return mount_new(m->type, m->source, o, r->oci->mount_label, e);
}

static int note_made(struct rootfs *r, const char *path, struct err *e)
{
	if (!strv_has(r->placeholders, path))
		return 0;
	return strv_add(&r->made, path) < 0 ? err_set(e, ENOMEM, "note '%s'", path) : 0;
}

/* Made in its place: nobody but us is there yet to see it before its flags are set. */
static int mount_in_place(struct rootfs *r, size_t i, const struct mount_options *o, struct err *e)
{
	const struct oci_mount *m = &r->oci->mounts[i];
	const struct mount_long wanted = {m->type, m->source, r->oci->mount_label, o};
	bool made = false;
	cleanup_fd int target = rootfs_target(r->fd, m->destination, true, &made, e);
	cleanup_fd int mounted = -1;
	int rc;

	if (target < 0)
		return target;
	rc = mount_long_attach(&wanted, target, e);
	if (rc < 0)
		return rc;
	/* The target is what lies below; by its name it is what was mounted. */
	mounted = path_open_in_root(r->fd, m->destination, O_PATH, 0);
	return mounted < 0 ? err_set(e, -mounted, "open it in the container's root")
			   : mount_configure(mounted, o, e);
}

static int mount_over(struct rootfs *r, size_t i, const struct mount_options *o, struct err *e)
{
	const struct oci_mount *m = &r->oci->mounts[i];
	cleanup_fd int mount = make_mount(r, i, o, e);
	cleanup_fd int target = -1;
	bool made = false;
	int rc;

	if (mount < 0)
		return mount;
	rc = mount_is_directory(mount);
	target = rootfs_target(r->fd, m->destination, rc > 0, &made, e);
	if (target < 0)
		return target;
	rc = made ? note_made(r, m->destination, e) : 0;
	if (rc == 0 && o->copy_up)
		rc = mount_copy_up(target, mount, e);
	if (rc == 0)
		rc = mount_configure(mount, o, e);
	return rc < 0 ? rc : mount_attach(mount, target, e);
}

static int remount(const struct rootfs *r, const struct oci_mount *m, const struct mount_options *o,
	struct err *e)
{
	cleanup_fd int target = path_open_in_root(r->fd, m->destination, O_PATH, 0);

	if (target < 0)
		return err_set(e, -target, "open it in the container's root");
	return mount_configure(target, o, e);
}

/* A tmpfs without a mode has that of the directory it covers, as runc does. */
static int take_mode(
	const struct rootfs *r, const struct oci_mount *m, struct mount_options *o, struct err *e)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (!str_eq(m->type, "tmpfs") || o->bind)
		return 0;
	for (char *const *d = o->data; d && *d; d++)
		if (str_starts(*d, "mode="))
			return 0;
	fd = path_open_in_root(r->fd, m->destination, O_PATH | O_DIRECTORY, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (strv_push(&o->data, str_format("mode=%o", (unsigned)st.st_mode & 07777)) < 0)
		return err_set(e, ENOMEM, "mode of '%s'", m->destination);
	return 0;
}

static bool is_too_long(const struct rootfs *r, size_t i, const struct mount_options *o)
{
	const struct oci_mount *m = &r->oci->mounts[i];

	return mount_is_long(o) && m->type && !o->bind && !str_eq(m->type, "bind") &&
	       r->sources->mounts[i] < 0;
}

static int mount_one(struct rootfs *r, size_t i, struct err *e)
{
	const struct oci_mount *m = &r->oci->mounts[i];
	struct mount_options o;
	int rc = mount_options_parse(m->options, &o, e);

	if (rc < 0)
		return rc;
	rc = check_below_proc(m, e);
	if (rc == 0 && (str_eq(m->type, "proc") || str_eq(m->type, "sysfs")))
		rc = check_kernel_target(r, m, e);
	if (rc == 0)
		rc = take_mode(r, m, &o, e);
	if (rc == 0 && o.remount)
		rc = remount(r, m, &o, e);
	else if (rc == 0 && str_eq(m->type, "cgroup"))
		rc = mount_cgroup(r->fd, m, &o, r, e);
	else if (rc == 0 && is_too_long(r, i, &o))
		rc = mount_in_place(r, i, &o, e);
	else if (rc == 0)
		rc = mount_over(r, i, &o, e);
	mount_options_done(&o);
	return rc < 0 ? err_wrap(e, "error mounting \"%s\" to rootfs at \"%s\"",
				m->source ? m->source : (m->type ? m->type : ""), m->destination)
		      : 0;
}

/* The working directory is made where the image lacks it, as runc does. */
static int make_cwd(const struct rootfs *r, struct err *e)
{
	cleanup_fd int fd = -1;

	if (!r->oci->process || !r->oci->process->cwd)
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
	for (size_t i = 0; rc == 0 && i < r->oci->n_mounts; i++)
		rc = mount_one(r, i, e);
	if (rc == 0)
		rc = device_make_all(r->fd, r->oci, r->user_namespace, e);
	return rc < 0 ? rc : make_cwd(r, e);
}

/* The old root is stacked over the new one and let go, without a directory for it in the image. */
static int pivot(int rootfd, struct err *e)
{
	cleanup_fd int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old < 0)
		return err_set(e, errno, "open '/'");
	if (fchdir(rootfd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_set(e, errno, "pivot_root");
	if (fchdir(old) < 0)
		return err_set(e, errno, "chdir to the old root");
	/* Its unmounting must not reach the host. */
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 || umount2(".", MNT_DETACH) < 0)
		return err_set(e, errno, "unmount the old root");
	return 0;
}

/* For a host on an initramfs, which cannot be pivoted away. */
static int move_root(int rootfd, struct err *e)
{
	if (fchdir(rootfd) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return err_set(e, errno, "move the root");
	return 0;
}

int rootfs_enter(struct rootfs *r, bool no_pivot, struct err *e)
{
	unsigned long propagation = 0;
	int rc;

	if (!r->own_mounts)
		rc = fchdir(r->fd) < 0 || chroot(".") < 0 ? err_set(e, errno, "chroot") : 0;
	else
		rc = no_pivot ? move_root(r->fd, e) : pivot(r->fd, e);
	if (rc == 0 && chdir("/") < 0)
		rc = err_set(e, errno, "chdir to the container's root");
	if (rc == 0 && r->own_mounts)
		rc = mount_propagation(r->oci->rootfs_propagation, &propagation, e);
	if (rc == 0 && propagation && mount(NULL, "/", NULL, propagation, NULL) < 0)
		rc = err_set(e, errno, "set the propagation of the container's root");
	return rc;
}
