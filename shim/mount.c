#include "shim/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

/* The kernel tells on the descriptor which parameter it did not like (fsopen(2)). */
static int fs_error(int fs, int errnum, const char *type, const char *what, struct err *e)
{
	char line[256];
	ssize_t n = read(fs, line, sizeof(line) - 1);

	if (n <= 2)
		return err_set(e, errnum, "mount of type %s: %s", type, what);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	/* "e message": the level is in front. */
	return err_set(e, errnum, "mount of type %s: %s: %s", type, what, line + 2);
}

static int set_one(int fs, const char *type, char *option, struct err *e)
{
	char *equals = strchr(option, '=');
	int r;

	if (equals) {
		*equals = '\0';
		r = fsconfig(fs, FSCONFIG_SET_STRING, option, equals + 1, 0);
		*equals = '=';
	} else {
		r = fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	}
	return r < 0 ? fs_error(fs, errno, type, option, e) : 0;
}

/* One entry may hold several options; commas inside quotes belong to SELinux contexts. */
static int set_data(int fs, const char *type, const char *entry, struct err *e)
{
	cleanup_free char *copy = strdup(entry);
	char *next = copy;

	if (!copy)
		return err_set(e, ENOMEM, "mount options");
	while (next) {
		char *option = next, *p = next;
		bool quoted = false;
		int r;

		while (*p && (quoted || *p != ','))
			quoted ^= *p++ == '"';
		next = *p ? p + 1 : NULL;
		*p = '\0';
		if (!*option)
			continue;
		r = set_one(fs, type, option, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* These share one superblock with the host: its flags are not the container's to set. */
bool mount_type_is_own(const char *type)
{
	static const char *const types[] = {
		"proc", "sysfs", "cgroup", "cgroup2", "mqueue", "devpts", NULL};

	for (int i = 0; types[i]; i++)
		if (strcmp(type, types[i]) == 0)
			return false;
	return true;
}

static int set_superblock(int fs, const char *type, const struct mount_options *o, struct err *e)
{
	for (size_t i = 0; o->data && o->data[i]; i++) {
		int r = set_data(fs, type, o->data[i], e);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; o->sb_flags && o->sb_flags[i]; i++)
		if (fsconfig(fs, FSCONFIG_SET_FLAG, o->sb_flags[i], NULL, 0) < 0)
			return fs_error(fs, errno, type, o->sb_flags[i], e);
	if (o->sb_readonly && !o->copy_up && mount_type_is_own(type) &&
		fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return fs_error(fs, errno, type, "ro", e);
	return 0;
}

int mount_new(const char *type, const char *source, const struct mount_options *o,
	const char *label, struct err *e)
{
	cleanup_fd int fs = fsopen(type, FSOPEN_CLOEXEC);
	cleanup_fd int mount = -1;
	int r;

	if (fs < 0)
		return err_set(e, errno, "mount of type %s", type);
	if (source && *source && fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_error(fs, errno, type, "source", e);
	r = set_superblock(fs, type, o, e);
	if (r < 0)
		return r;
	if (label && *label && mount_type_is_own(type) &&
		fsconfig(fs, FSCONFIG_SET_STRING, "context", label, 0) < 0)
		return fs_error(fs, errno, type, "linux.mountLabel", e);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_error(fs, errno, type, "create", e);
	mount = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)o->set);
	if (mount < 0)
		return fs_error(fs, errno, type, "mount", e);
	return steal_fd(&mount);
}

static int clone_tree(int dirfd, const char *path, unsigned int flags)
{
	int fd = open_tree(dirfd, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int mount_clone(const char *path, bool recursive, struct err *e)
{
	int fd = clone_tree(AT_FDCWD, path, recursive ? AT_RECURSIVE : 0);

	return fd < 0 ? err_set(e, -fd, "bind mount of '%s'", path) : fd;
}

int mount_clone_source(const char *path, const struct mount_options *o, struct err *e)
{
	int fd = clone_tree(AT_FDCWD, path,
		(o->recursive ? AT_RECURSIVE : 0) | (o->src_nofollow ? AT_SYMLINK_NOFOLLOW : 0));

	return fd < 0 ? err_set(e, -fd, "bind mount of '%s'", path) : fd;
}

int mount_clone_fd(int fd, bool recursive, struct err *e)
{
	int r = clone_tree(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0));

	return r < 0 ? err_set(e, -r, "bind mount of a descriptor") : r;
}

/* Since Linux 6.15: open_tree(2) that gives the copy its attributes at birth. */
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

static int set_attr(int mount, const struct mount_attr *attr, bool recursive)
{
	unsigned int flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	if (!attr->attr_set && !attr->attr_clr && !attr->propagation)
		return 0;
	return mount_setattr(mount, "", flags, (struct mount_attr *)attr, sizeof(*attr)) < 0
		       ? -errno
		       : 0;
}

/* glibc has it not yet. */
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

#define FLAGS                                                                                      \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |            \
		MOUNT_ATTR_NOSYMFOLLOW)

/* Of MOUNT_ATTR_…, without the access time's. */
static uint64_t flags_of(int mount)
{
	static const struct {
		unsigned long st;
		uint64_t attr;
	} known[] = {
		{ST_RDONLY, MOUNT_ATTR_RDONLY},
		{ST_NOSUID, MOUNT_ATTR_NOSUID},
		{ST_NODEV, MOUNT_ATTR_NODEV},
		{ST_NOEXEC, MOUNT_ATTR_NOEXEC},
		{ST_NODIRATIME, MOUNT_ATTR_NODIRATIME},
		{ST_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
	};
	struct statvfs s;
	uint64_t flags = 0;

	for (size_t i = 0; fstatvfs(mount, &s) == 0 && i < ARRAY_LEN(known); i++)
		if (s.f_flag & known[i].st)
			flags |= known[i].attr;
	return flags;
}

int mount_replace_flags(int mount, const struct mount_options *o, bool keep_others, struct err *e)
{
	struct mount_attr attr = {.attr_set = o->set, .attr_clr = o->clear};
	int r;

	if (!o->flags_given)
		return 0;
	if (keep_others && (o->clear & FLAGS & flags_of(mount)))
		return err_say(e, EPERM,
			"its source has a flag that the options clear (rw, suid, dev, exec or "
			"symfollow), which is locked in a user namespace");
	if (!keep_others)
		attr.attr_clr |= FLAGS & ~o->set;
	/* mount(2) knows the flag of directories among those of the access time. */
	if (!keep_others && (o->clear & MOUNT_ATTR__ATIME || o->set & MOUNT_ATTR_NODIRATIME))
		attr.attr_clr |= MOUNT_ATTR__ATIME | (MOUNT_ATTR_NODIRATIME & ~o->set);
	r = set_attr(mount, &attr, false);
	return r < 0 ? err_set(e, -r, "set the flags of a mount") : 0;
}

int mount_configure(int mount, const struct mount_options *o, struct err *e)
{
	struct mount_attr all = {.attr_set = o->rec_set, .attr_clr = o->rec_clear};
	struct mount_attr propagation = {.propagation = o->propagation};
	int r = set_attr(mount, &all, true);

	if (r == 0)
		r = set_attr(mount, &propagation, o->propagation_recursive);
	return r < 0 ? err_set(e, -r, "set the flags of a mount") : 0;
}

int mount_reconfigure(int mount, const char *type, const struct mount_options *o, struct err *e)
{
	cleanup_fd int fs = fspick(mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
	int r;

	if (fs < 0)
		return err_set(e, errno, "mount of type %s: remount", type);
	r = set_superblock(fs, type, o, e);
	if (r == 0 && !o->sb_readonly && fsconfig(fs, FSCONFIG_SET_FLAG, "rw", NULL, 0) < 0)
		r = fs_error(fs, errno, type, "rw", e);
	if (r == 0 && fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		r = fs_error(fs, errno, type, "remount", e);
	return r;
}

int mount_set_attributes(int mount, uint64_t set, bool recursive, struct err *e)
{
	struct mount_attr attr = {.attr_set = set};
	int r = set_attr(mount, &attr, recursive);

	return r < 0 ? err_set(e, -r, "set the flags of a mount") : 0;
}

int mount_clone_readonly(int fd, struct err *e)
{
	const unsigned int flags =
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	cleanup_fd int copy = (int)syscall(SYS_open_tree_attr, fd, "", flags, &attr, sizeof(attr));

	if (copy >= 0)
		return steal_fd(&copy);
	/* The kernel is older, or tells by the two what it did not like. */
	copy = mount_clone_fd(fd, true, e);
	if (copy < 0 || mount_set_attributes(copy, MOUNT_ATTR_RDONLY, true, e) < 0)
		return -e->code;
	return steal_fd(&copy);
}

int mount_attach(int mount, int target, struct err *e)
{
	if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
		0)
		return err_set(e, errno, "attach a mount");
	return 0;
}

int mount_is_directory(int mount)
{
	struct stat st;

	if (fstat(mount, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode);
}
