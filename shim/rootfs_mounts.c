#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/mount.h"
#include "shim/mount_cgroup.h"
#include "shim/mount_copyup.h"
#include "shim/mount_kernel.h"
#include "shim/mount_long.h"
#include "shim/rootfs.h"

/* One mount on its way. */
struct mounting {
	struct rootfs *r;
	const struct oci_mount *m;
	struct mount_options o;
	int source; /* of r->sources, or -1; borrowed */
	bool bind;
	bool seal; /* a tmpfs is read-only only when everything in it was made */
};

static int make_mount(const struct mounting *g, struct err *e)
{
	const struct oci_mount *m = g->m;
	cleanup_fd int fd = -1;
	int rc;

	if (!m->type && !g->bind)
		return err_say(e, EINVAL, "it has neither a type nor bind among its options");
	if (!g->bind)
		return mount_kernel(g->r, m, &g->o, e);
	fd = g->source >= 0 ? fcntl(g->source, F_DUPFD_CLOEXEC, 3)
			    : mount_clone_source(m->source, &g->o, e);
	if (fd < 0)
		return g->source >= 0 ? err_set(e, errno, "its source") : fd;
	rc = mount_replace_flags(fd, &g->o, g->r->user_namespace, e);
	return rc < 0 ? rc : steal_fd(&fd);
}

/* procfs and sysfs must be where the name says, not where a symlink of the image leads. */
static int kernel_target(const struct mounting *g, bool *ret_made, struct err *e)
{
	int fd = path_open_in_root(
		g->r->fd, g->m->destination, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0);

	if (fd == -ENOENT)
		return rootfs_target(g->r->fd, g->m->destination, true, ret_made, e);
	if (fd >= 0)
		return fd;
	if (fd != -ENOTDIR && fd != -ELOOP)
		return err_set(e, -fd, "open '%s' in the container's root", g->m->destination);
	return err_say(e, ENOTDIR,
		"filesystem '%s' must be mounted on an ordinary directory, '%s' is none",
		g->m->type, g->m->destination);
}

/* Nothing but the root has only such parts in its path. */
static bool is_root(const char *path)
{
	for (size_t len; *path; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (len > 2 || strspn(path, ".") < len)
			return false;
	}
	return true;
}

/*
 * A directory of the tmpfs on "/dev", which was empty and which nobody else has seen: making it
 * shows that nothing has its name. -errno: there is no such tmpfs, or no such name.
 */
static int make_in_dev(const struct mounting *g)
{
	const char *name = str_starts(g->m->destination, "/dev/") ? g->m->destination + 5 : "";
	int fd;

	if (g->r->dev < 0 || !*name || strchr(name, '/') || is_root(name))
		return -EINVAL;
	if (mkdirat(g->r->dev, name, 0755) < 0)
		return -errno;
	fd = openat(g->r->dev, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_target(const struct mounting *g, bool directory, bool *ret_made, struct err *e)
{
	int fd = directory && !g->o.dest_nofollow ? make_in_dev(g) : -EINVAL;

	*ret_made = fd >= 0;
	if (fd >= 0)
		return fd;
	if (str_eq(g->m->type, "proc") || (str_eq(g->m->type, "sysfs") && !g->bind))
		return kernel_target(g, ret_made, e);
	if (!g->o.dest_nofollow)
		return rootfs_target(g->r->fd, g->m->destination, directory, ret_made, e);
	fd = path_open_in_root(g->r->fd, g->m->destination, O_PATH | O_NOFOLLOW, 0);
	return fd < 0 ? err_set(e, -fd, "open '%s' in the container's root", g->m->destination)
		      : fd;
}

static int note_made(struct rootfs *r, const char *path, struct err *e)
{
	if (!strv_has(r->placeholders, path))
		return 0;
	return strv_add(&r->made, path) < 0 ? err_set(e, ENOMEM, "note '%s'", path) : 0;
}

/* What follows is mounted in it, and it is what will be pivoted to. */
static int replace_root(struct rootfs *r, int mount, struct err *e)
{
	int fd = fcntl(mount, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err_set(e, errno, "the root");
	fd_close(&r->fd);
	fd_close(&r->dev);
	r->fd = fd;
	r->proc_mounted = false;
	return 0;
}

static int note_sealed(struct rootfs *r, int mount, struct err *e)
{
	int *more = reallocarray(r->sealed, r->n_sealed + 1, sizeof(*more));

	if (!more)
		return err_set(e, ENOMEM, "mounts");
	r->sealed = more;
	more[r->n_sealed] = fcntl(mount, F_DUPFD_CLOEXEC, 3);
	if (more[r->n_sealed] < 0)
		return err_set(e, errno, "mounts");
	r->n_sealed++;
	return 0;
}

static int attach(const struct mounting *g, int mount, int target, struct err *e)
{
	int rc = mount_attach(mount, target, e);

	if (strcmp(g->m->destination, "/dev") == 0)
		fd_close(&g->r->dev);
	if (rc == 0 && g->seal)
		rc = note_sealed(g->r, mount, e);
	if (rc == 0 && is_root(g->m->destination))
		rc = replace_root(g->r, mount, e);
	return rc;
}

static int copy_up(const struct mounting *g, int target, int mount, struct err *e)
{
	if (!g->o.copy_up)
		return 0;
	if (!str_eq(g->m->type, "tmpfs"))
		return err_say(e, EINVAL, "tmpcopyup is for a tmpfs only");
	if (is_root(g->m->destination))
		return err_say(e, EINVAL, "tmpcopyup on \"/\" is not supported");
	return mount_copy_up(target, mount, e);
}

static int mount_over(const struct mounting *g, struct err *e)
{
	cleanup_fd int mount = make_mount(g, e), target = -1;
	bool made;
	int rc;

	if (mount < 0)
		return mount;
	target = open_target(g, mount_is_directory(mount) > 0, &made, e);
	if (target < 0)
		return target;
	/* Nothing can be made in procfs. */
	rc = made ? note_made(g->r, g->m->destination, e)
		  : rootfs_check_proc(g->r, g->m, mount, target, e);
	if (rc == 0)
		rc = copy_up(g, target, mount, e);
	if (rc == 0)
		rc = mount_configure(mount, &g->o, e);
	return rc < 0 ? rc : attach(g, mount, target, e);
}

/* Made in its place: nobody but us is there yet to see it before its flags are set. */
static int mount_in_place(const struct mounting *g, struct err *e)
{
	const struct oci_mount *m = g->m;
	const struct mount_long wanted = {m->type, m->source, g->r->oci->mount_label, &g->o};
	cleanup_fd int target = rootfs_target(g->r->fd, m->destination, true, NULL, e);
	cleanup_fd int mounted = -1;
	int rc;

	if (target < 0)
		return target;
	rc = rootfs_check_proc(g->r, m, -1, target, e);
	if (rc == 0)
		rc = mount_long_attach(&wanted, target, e);
	if (rc < 0)
		return rc;
	/* The target is what lies below; by its name it is what was mounted. */
	mounted = path_open_in_root(g->r->fd, m->destination, O_PATH, 0);
	if (mounted < 0)
		return err_set(e, -mounted, "open it in the container's root");
	rc = mount_replace_flags(mounted, &g->o, false, e);
	return rc < 0 ? rc : mount_configure(mounted, &g->o, e);
}

/* procfs at its own place, for the first time, is what rootfs_check_proc need not look at. */
static bool is_first_proc(const struct mounting *g)
{
	return !g->r->proc_mounted && strcmp(g->m->type, "proc") == 0 &&
	       strcmp(g->m->destination, "/proc") == 0;
}

static bool is_plain(const struct mounting *g)
{
	return g->m->type && !g->bind && !g->seal && !is_root(g->m->destination) &&
	       mount_is_plain(g->m->type, &g->o) &&
	       (strcmp(g->m->type, "proc") != 0 || is_first_proc(g));
}

/* What is mounted over "/dev" later, by its own or another name, is not looked for here. */
static void note_dev(const struct mounting *g)
{
	if (strcmp(g->m->destination, "/dev") != 0)
		return;
	fd_close(&g->r->dev);
	if (strcmp(g->m->type, "tmpfs") == 0)
		g->r->dev = path_open_in_root(g->r->fd, "/dev", O_PATH | O_DIRECTORY, 0);
}

/* In place as well, and whole at once. */
static int mount_plainly(const struct mounting *g, struct err *e)
{
	const struct oci_mount *m = g->m;
	const char *label = strcmp(m->type, "tmpfs") == 0 ? g->r->oci->mount_label : NULL;
	const struct mount_long wanted = {m->type, m->source, label, &g->o};
	bool made, first_proc = is_first_proc(g);
	cleanup_fd int target = open_target(g, true, &made, e);
	int rc;

	if (target < 0)
		return target;
	if (made)
		rc = note_made(g->r, m->destination, e);
	else
		rc = first_proc ? 0 : rootfs_check_proc(g->r, m, -1, target, e);
	if (rc == 0)
		rc = mount_long_attach(&wanted, target, e);
	g->r->proc_mounted |= rc == 0 && first_proc;
	if (rc == 0)
		note_dev(g);
	return rc;
}

static int remount(const struct mounting *g, struct err *e)
{
	cleanup_fd int target = path_open_in_root(g->r->fd, g->m->destination, O_PATH, 0);
	int rc;

	if (target < 0)
		return err_set(e, -target, "open it in the container's root");
	/* The flags of a superblock that the host shares are not the container's to set. */
	if (!g->bind && g->m->type && mount_type_is_own(g->m->type)) {
		rc = mount_reconfigure(target, g->m->type, &g->o, e);
		if (rc < 0)
			return rc;
	}
	rc = mount_replace_flags(target, &g->o, g->r->user_namespace && g->bind, e);
	return rc < 0 ? rc : mount_configure(target, &g->o, e);
}

/* A tmpfs without a mode has that of the directory it covers, as runc does. */
static int take_mode(struct mounting *g, struct err *e)
{
	cleanup_fd int fd = -1;
	struct stat st;

	for (char *const *d = g->o.data; d && *d; d++)
		if (str_starts(*d, "mode="))
			return 0;
	fd = path_open_in_root(g->r->fd, g->m->destination, O_PATH | O_DIRECTORY, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (strv_push(&g->o.data, str_format("mode=%o", (unsigned)st.st_mode & 07777)) < 0)
		return err_set(e, ENOMEM, "mode of '%s'", g->m->destination);
	return 0;
}

static int prepare_tmpfs(struct mounting *g, struct err *e)
{
	if (!str_eq(g->m->type, "tmpfs") || g->bind || g->o.remount)
		return 0;
	g->seal = g->o.set & MOUNT_ATTR_RDONLY;
	g->o.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	g->o.sb_readonly = false;
	return take_mode(g, e);
}

/* 1: the source is a link, and was made again; 0: it is none. */
static int copy_symlink(const struct mounting *g, struct err *e)
{
	char link[PATH_MAX], there[PATH_MAX];
	ssize_t n = g->bind ? readlink(g->m->source, link, sizeof(link) - 1) : -1, have;
	cleanup_free char *parent = strdup(g->m->destination);
	cleanup_fd int dir = -1;
	char *slash = parent ? strrchr(parent, '/') : NULL;

	if (n < 0)
		return 0;
	link[n] = '\0';
	if (!slash || !slash[1])
		return err_say(e, EINVAL, "copy-symlink: the destination must be an absolute path");
	*slash = '\0';
	dir = path_mkdir_in_root(g->r->fd, *parent ? parent : "/", 0755);
	if (dir < 0)
		return err_set(e, -dir, "make '%s' in the container's root", parent);
	if (symlinkat(link, dir, slash + 1) == 0)
		return 1;
	if (errno != EEXIST)
		return err_set(e, errno, "link '%s'", g->m->destination);
	have = readlinkat(dir, slash + 1, there, sizeof(there));
	if (have == n && memcmp(there, link, (size_t)n) == 0)
		return 1;
	return err_say(e, EEXIST, "copy-symlink: '%s' exists and is no link to '%s'",
		g->m->destination, link);
}

static int carry_out(struct mounting *g, struct err *e)
{
	int rc = g->o.copy_symlink ? copy_symlink(g, e) : 0;

	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = prepare_tmpfs(g, e);
	if (rc < 0)
		return rc;
	if (g->o.remount)
		return remount(g, e);
	if (str_eq(g->m->type, "cgroup") && !g->bind)
		return mount_cgroup(g->r->fd, g->m, &g->o, g->r, e);
	if (g->m->type && !g->bind && mount_is_long(&g->o))
		return mount_in_place(g, e);
	/* What mount(2) refuses without a reason is tried again by the calls that tell it. */
	if (is_plain(g) && mount_plainly(g, e) == 0)
		return 0;
	return mount_over(g, e);
}

static int mount_one(struct rootfs *r, size_t i, struct err *e)
{
	const struct oci_mount *m = &r->oci->mounts[i];
	struct mounting g = {.r = r, .m = m, .source = r->sources->mounts[i]};
	int rc = mount_options_parse(m->options, &g.o, e);

	if (rc < 0)
		return rc;
	g.bind = g.o.bind || str_eq(m->type, "bind");
	rc = carry_out(&g, e);
	mount_options_done(&g.o);
	return rc < 0 ? err_wrap(e, "error mounting \"%s\" to rootfs at \"%s\"",
				m->source ? m->source : (m->type ? m->type : ""), m->destination)
		      : 0;
}

int rootfs_mount_all(struct rootfs *r, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->oci->n_mounts; i++)
		rc = mount_one(r, i, e);
	return rc;
}
