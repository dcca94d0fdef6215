#include "shim/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/device_nodes.h"
#include "shim/mount.h"
#include "shim/rootfs.h"

static const struct oci_device defaults[] = {
	{.path = (char *)"/dev/null", .type = 'c', .major = 1, .minor = 3, .mode = 0666},
	{.path = (char *)"/dev/zero", .type = 'c', .major = 1, .minor = 5, .mode = 0666},
	{.path = (char *)"/dev/full", .type = 'c', .major = 1, .minor = 7, .mode = 0666},
	{.path = (char *)"/dev/random", .type = 'c', .major = 1, .minor = 8, .mode = 0666},
	{.path = (char *)"/dev/urandom", .type = 'c', .major = 1, .minor = 9, .mode = 0666},
	{.path = (char *)"/dev/tty", .type = 'c', .major = 5, .minor = 0, .mode = 0666},
};

static const struct {
	const char *name, *to;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"ptmx", "pts/ptmx"},
};

/* "//dev/." is "/dev"; one with ".." in it is taken for another place. */
static bool is_dev(const char *path)
{
	static const char *const parts[] = {"dev", NULL};
	int n = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len > 0 && !(len == 1 && *path == '.')) {
			if (!parts[n] || strlen(parts[n]) != len ||
				memcmp(path, parts[n], len) != 0)
				return false;
			n++;
		}
		path += len + (path[len] == '/');
	}
	return n == 1;
}

static bool binds_dev(const struct oci *oci)
{
	for (size_t i = 0; i < oci->n_mounts; i++) {
		const struct oci_mount *m = &oci->mounts[i];

		if ((str_eq(m->type, "bind") || strv_has(m->options, "bind") ||
			    strv_has(m->options, "rbind")) &&
			is_dev(m->destination))
			return true;
	}
	return false;
}

/* One that config.json tells about is made as it tells. */
static bool configured(const struct oci *oci, const char *path)
{
	for (size_t i = 0; i < oci->n_devices; i++)
		if (strcmp(oci->devices[i].path, path) == 0)
			return true;
	return false;
}

const struct oci_device *device_at(const struct oci *oci, size_t n)
{
	if (binds_dev(oci))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		if (!configured(oci, defaults[i].path) && n-- == 0)
			return &defaults[i];
	for (size_t i = 0; i < oci->n_devices; i++)
		/* The link to the container's own instance has this name. */
		if (strcmp(oci->devices[i].path, "/dev/ptmx") != 0 && n-- == 0)
			return &oci->devices[i];
	return NULL;
}

mode_t device_file_type(const struct oci_device *d)
{
	switch (d->type) {
	case 'b':
		return S_IFBLK;
	case 'p':
		return S_IFIFO;
	default: /* 'c' and its old name 'u' */
		return S_IFCHR;
	}
}

static bool is_device(const struct stat *st, const struct oci_device *d)
{
	return (st->st_mode & S_IFMT) == device_file_type(d) &&
	       (d->type == 'p' || st->st_rdev == makedev((unsigned)d->major, (unsigned)d->minor));
}

/*
 * The host's node. The inode is the host's, and so may be the uid of the container's root: a
 * read-only mount lets a device be written, but not its mode and owner.
 */
static int clone_hosts(const struct oci_device *d, struct err *e)
{
	cleanup_fd int node = mount_clone(d->path, false, e);
	struct stat st;

	if (node < 0)
		return node;
	if (fstat(node, &st) < 0 || !is_device(&st, d))
		return err_say(e, EINVAL, "device '%s': the host has something else of that name",
			d->path);
	if (mount_set_attributes(
		    node, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false, e) < 0)
		return -e->code;
	return steal_fd(&node);
}

/* A node laid over an empty file; where there is a link nothing is covered. */
static int bind_node(
	const struct device_place *p, size_t n, const struct oci_device *d, struct err *e)
{
	cleanup_fd int node = p->nodes >= 0 ? device_nodes_open(p->nodes, n, e) : clone_hosts(d, e);
	cleanup_fd int target = -1;

	if (node < 0)
		return err_wrap(e, "device '%s'", d->path);
	target = rootfs_target_plain(p->rootfd, d->path, e);
	return target < 0 ? target : mount_attach(node, target, e);
}

/* One that is there already is right only when it is the same device. */
static int check_existing(int dir, const char *name, const struct oci_device *d, struct err *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "device '%s'", d->path);
	if (!is_device(&st, d))
		return err_say(e, EEXIST, "device '%s': the image has something else of that name",
			d->path);
	return 0;
}

/* Where nodes are made: most are in one directory, which is looked up once. */
struct place {
	int rootfd, dir;
	char *path; /* of dir; NULL: none yet */
};

static void place_done(struct place *p)
{
	fd_close(&p->dir);
	free(p->path);
}

static int place_enter(struct place *p, const char *path, struct err *e)
{
	if (p->path && strcmp(p->path, path) == 0)
		return 0;
	place_done(p);
	p->path = NULL;
	p->dir = path_mkdir_in_root(p->rootfd, *path ? path : "/", 0755);
	if (p->dir < 0)
		return err_set(e, -p->dir, "make '%s' in the container's root", path);
	p->path = strdup(path);
	return p->path ? 0 : err_set(e, ENOMEM, "make '%s'", path);
}

static int make_node(struct place *p, const struct oci_device *d, struct err *e)
{
	cleanup_free char *copy = strdup(d->path);
	char *slash = copy ? strrchr(copy, '/') : NULL;
	const char *name = slash ? slash + 1 : copy;
	int r;

	if (!copy)
		return err_set(e, ENOMEM, "device '%s'", d->path);
	while (slash && slash > copy && !slash[1]) { /* "/dev/x/" */
		*slash = '\0';
		slash = strrchr(copy, '/');
		name = slash ? slash + 1 : copy;
	}
	if (!slash || !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_say(e, EINVAL, "device '%s': expected an absolute path", d->path);
	*slash = '\0';
	r = place_enter(p, copy, e);
	if (r < 0)
		return r;
	if (mknodat(p->dir, name, device_file_type(d) | d->mode,
		    makedev((unsigned)d->major, (unsigned)d->minor)) < 0) {
		if (errno == EEXIST)
			return check_existing(p->dir, name, d, e);
		return err_set(e, errno, "make device '%s'", d->path);
	}
	if ((d->uid || d->gid) && fchownat(p->dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "give device '%s' to %u:%u", d->path, d->uid, d->gid);
	return 0;
}

static int make_device(const struct device_place *where, struct place *p, size_t n,
	const struct oci_device *d, struct err *e)
{
	int r;

	if (where->user_namespace && d->type != 'p')
		return bind_node(where, n, d, e);
	r = make_node(p, d, e);
	/* A host that withholds CAP_MKNOD. */
	return r == -EPERM ? bind_node(where, n, d, e) : r;
}

static int make_links(struct place *p, struct err *e)
{
	int r = place_enter(p, "/dev", e), dev = p->dir;

	if (r < 0)
		return r;
	/* An image's own ptmx would be that of the host's instance. */
	if (unlinkat(dev, "ptmx", 0) < 0 && errno != ENOENT && errno != EROFS && errno != EBUSY)
		return err_set(e, errno, "remove '/dev/ptmx'");
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (symlinkat(links[i].to, dev, links[i].name) < 0 && errno != EEXIST)
			return err_set(e, errno, "link '/dev/%s'", links[i].name);
	/* Where the kernel has it. */
	if (faccessat(AT_FDCWD, "/proc/kcore", F_OK, 0) == 0 &&
		symlinkat("/proc/kcore", dev, "core") < 0 && errno != EEXIST)
		return err_set(e, errno, "link '/dev/core'");
	return 0;
}

static int make_each(
	const struct device_place *where, const struct oci *oci, struct place *place, struct err *e)
{
	const struct oci_device *d;
	int r = 0;

	for (size_t n = 0; r == 0 && (d = device_at(oci, n)); n++)
		r = make_device(where, place, n, d, e);
	return r;
}

int device_make_all(const struct device_place *p, const struct oci *oci, struct err *e)
{
	struct place place = {.rootfd = p->rootfd, .dir = -1};
	struct err ignored;
	int r;

	if (binds_dev(oci))
		return 0;
	r = p->nodes >= 0 ? device_nodes_attach(p->nodes, p->rootfd, e) : 0;
	if (r < 0)
		return r;
	r = make_each(p, oci, &place, e);
	if (p->nodes >= 0 && device_nodes_detach(p->nodes, r < 0 ? &ignored : e) < 0 && r == 0)
		r = -e->code;
	if (r == 0)
		r = make_links(&place, e);
	place_done(&place);
	return r;
}
