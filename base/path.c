#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"

int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	/* EAGAIN: a rename happened meanwhile; an agent can provoke it, so not for ever. */
	for (int tries = 0; tries < 128; tries++) {
		long fd = syscall(SYS_openat2, rootfd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

int path_mkdir_in_root(int rootfd, const char *path, mode_t mode)
{
	cleanup_free char *copy = strdup(path);
	cleanup_fd int dir = -1;
	char *rest = copy, *part;

	if (!copy)
		return -ENOMEM;
	/* Most often it is all there. */
	dir = path_open_in_root(rootfd, path, O_PATH | O_DIRECTORY, 0);
	if (dir >= 0 || dir != -ENOENT)
		return steal_fd(&dir);
	/*
	 * Prefix by prefix from the root, so that a symlink in the middle resolves inside the root,
	 * and "..", too.
	 */
	for (part = rest; part;) {
		char *slash = strchr(part, '/'), *base;
		cleanup_fd int parent = -1;
		cleanup_free char *head = NULL;

		if (slash == part) {
			part++;
			continue;
		}
		if (slash)
			*slash = '\0';
		if (*part) {
			fd_close(&dir);
			dir = path_open_in_root(rootfd, copy, O_PATH | O_DIRECTORY, 0);
		}
		if (*part && dir == -ENOENT) {
			base = part;
			head = strndup(copy, (size_t)(base - copy));
			if (!head)
				return -ENOMEM;
			parent = path_open_in_root(
				rootfd, *head ? head : "/", O_PATH | O_DIRECTORY, 0);
			if (parent < 0)
				return parent;
			if (mkdirat(parent, base, mode) < 0 && errno != EEXIST)
				return -errno;
			dir = path_open_in_root(rootfd, copy, O_PATH | O_DIRECTORY, 0);
		}
		if (*part && dir < 0)
			return dir;
		if (slash)
			*slash = '/';
		part = slash ? slash + 1 : NULL;
	}
	if (dir < 0)
		dir = path_open_in_root(rootfd, "/", O_PATH | O_DIRECTORY, 0);
	return steal_fd(&dir);
}

int path_read_in_root(
	int rootfd, const char *path, size_t max, char **ret_data, size_t *ret_len, struct err *e)
{
	cleanup_fd int fd = path_open_in_root(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return err_set(e, -fd, "open '%s' in the container's root", path);
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "stat '%s' in the container's root", path);
	if (!S_ISREG(st.st_mode))
		return err_say(
			e, EINVAL, "'%s' in the container's root is not a regular file", path);
	return fd_read_all(fd, path, max, ret_data, ret_len, e);
}

int path_mkdir_p(const char *path, mode_t mode, struct err *e)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return err_set(e, ENOMEM, "mkdir '%s'", path);
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_set(e, errno, "mkdir '%s'", copy);
		*p = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return err_set(e, errno, "mkdir '%s'", path);
	return 0;
}

int path_write_file(
	int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *e)
{
	char tmp[512];
	cleanup_fd int fd = -1;
	int r;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp%d", name, (int)getpid()) >= sizeof(tmp))
		return err_set(e, ENAMETOOLONG, "write '%s'", name);
	unlinkat(dirfd, tmp, 0);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_set(e, errno, "create '%s'", tmp);
	r = fd_write_all(fd, data, len);
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, tmp, 0);
		return err_set(e, -r, "write '%s'", name);
	}
	return 0;
}

static int remove_below(int dirfd, dev_t dev, const char *name)
{
	struct stat st;
	struct dirent *d;
	int fd, r = 0;
	DIR *dir;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (st.st_dev != dev)
		return -EXDEV;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (r == 0 && (d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		r = remove_below(fd, dev, d->d_name);
	}
	closedir(dir);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

int path_remove_tree(int dirfd, const char *name, struct err *e)
{
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "stat '%s'", name);
	r = remove_below(dirfd, st.st_dev, name);
	return r < 0 ? err_set(e, -r, "remove '%s'", name) : 0;
}

static int check_one(const char *path, uid_t uid, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(e, errno, "stat '%s'", path);
	if (st.st_uid != 0 && st.st_uid != uid)
		return err_say(e, EPERM, "'%s' belongs to uid %u; it must belong to root or uid %u",
			path, (unsigned)st.st_uid, (unsigned)uid);
	if ((st.st_mode & 022) && !(S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX)))
		return err_say(e, EPERM, "'%s' can be written by others (mode %04o); chmod go-w it",
			path, (unsigned)st.st_mode & 07777);
	return 0;
}

int path_check_strict(const char *path, uid_t uid, struct err *e)
{
	cleanup_free char *real = realpath(path, NULL);
	int r;

	if (!real)
		return err_set(e, errno, "resolve '%s'", path);
	for (;;) {
		char *slash;

		r = check_one(*real ? real : "/", uid, e);
		if (r < 0)
			return r;
		slash = strrchr(real, '/');
		if (!slash || !*real)
			return 0;
		*slash = '\0';
	}
}

const char *path_of_fd(int fd, char *buf, size_t size)
{
	snprintf(buf, size, "/proc/self/fd/%d", fd);
	return buf;
}
