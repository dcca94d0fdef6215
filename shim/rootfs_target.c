#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/rootfs.h"

static int make_file(int rootfd, const char *path, struct err *e)
{
	cleanup_free char *copy = strdup(path);
	cleanup_fd int parent = -1, fd = -1;
	char *slash = copy ? strrchr(copy, '/') : NULL;

	if (!copy)
		return err_set(e, ENOMEM, "make '%s'", path);
	if (slash && slash != copy) {
		*slash = '\0';
		parent = path_mkdir_in_root(rootfd, copy, 0755);
		if (parent < 0)
			return err_set(e, -parent, "make '%s' in the container's root", copy);
	}
	fd = path_open_in_root(
		rootfd, path, O_CREAT | O_WRONLY | O_NONBLOCK | O_NOCTTY | O_EXCL, 0644);
	/* A dangling symlink cannot be made with O_EXCL; without it the target is made inside. */
	if (fd == -EEXIST)
		fd = path_open_in_root(
			rootfd, path, O_CREAT | O_WRONLY | O_NONBLOCK | O_NOCTTY, 0644);
	return fd < 0 ? err_set(e, -fd, "make '%s' in the container's root", path) : 0;
}

/* Where the symlink `path` leads, as a path inside the root; NULL: it is none. Caller frees. */
static char *link_target(int rootfd, const char *path)
{
	cleanup_fd int fd = path_open_in_root(rootfd, path, O_PATH | O_NOFOLLOW, 0);
	char to[PATH_MAX];
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", to, sizeof(to) - 1);
	const char *slash = strrchr(path, '/');

	if (n <= 0)
		return NULL;
	to[n] = '\0';
	return to[0] == '/' || !slash ? strdup(to)
				      : str_format("%.*s/%s", (int)(slash - path), path, to);
}

/* `path` with its first symlink that leads to nothing replaced by where it leads; NULL: none. */
static char *follow_dangling(int rootfd, const char *path)
{
	for (const char *end = path; *end;) {
		cleanup_free char *prefix = NULL, *to = NULL;
		cleanup_fd int fd = -1;

		end = strchrnul(end + 1, '/');
		prefix = strndup(path, (size_t)(end - path));
		fd = prefix ? path_open_in_root(rootfd, prefix, O_PATH, 0) : -ENOMEM;
		if (fd >= 0)
			continue;
		to = fd == -ENOENT ? link_target(rootfd, prefix) : NULL;
		return to ? str_format("%s%s", to, end) : NULL;
	}
	return NULL;
}

/*
 * Images have symlinks to what only a running system makes (/etc/resolv.conf to /run/…): the target
 * is made then, with its directories, wherever in the root that is.
 */
static int make_target(int rootfd, const char *path, bool directory, struct err *e)
{
	cleanup_free char *real = strdup(path);
	int fd, r;

	for (int depth = 0; real && depth < 40; depth++) {
		char *next = follow_dangling(rootfd, real);

		if (!next)
			break;
		free(real);
		real = next;
	}
	if (!real)
		return err_set(e, ENOMEM, "make '%s'", path);
	if (directory) {
		fd = path_mkdir_in_root(rootfd, real, 0755);
	} else {
		r = make_file(rootfd, real, e);
		if (r < 0)
			return r;
		fd = path_open_in_root(rootfd, real, O_PATH, 0);
	}
	return fd < 0 ? err_set(e, -fd, "make '%s' in the container's root", path) : fd;
}

/*
 * The ordinary case: all but the last part is there, and nothing has its name, as making it shows.
 * -errno: it is not, and what it is was left as it is.
 */
static int make_last(int rootfd, const char *path, bool directory)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	cleanup_free char *above = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("/");
	cleanup_fd int parent = -1, file = -1;
	int fd;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	parent = above ? path_open_in_root(rootfd, above, O_PATH | O_DIRECTORY, 0) : -ENOMEM;
	if (parent < 0)
		return parent;
	if (!directory)
		file = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (directory ? mkdirat(parent, name, 0755) < 0 : file < 0)
		return -errno;
	/* In the directory that it was made in: what somebody puts there instead is not followed.
	 */
	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (directory ? O_DIRECTORY : 0));
	return fd < 0 ? -errno : fd;
}

int rootfs_target(int rootfd, const char *path, bool directory, bool *ret_made, struct err *e)
{
	int fd = path_open_in_root(rootfd, path, O_PATH, 0);

	if (ret_made)
		*ret_made = fd == -ENOENT;
	if (fd >= 0)
		return fd;
	if (fd != -ENOENT)
		return err_set(e, -fd, "open '%s' in the container's root", path);
	fd = make_last(rootfd, path, directory);
	return fd >= 0 ? fd : make_target(rootfd, path, directory, e);
}

/* The last part of a path, in a directory that is open. */
static int open_plain(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd;
}

int rootfs_target_plain(int rootfd, const char *path, struct err *e)
{
	cleanup_free char *copy = strdup(path);
	cleanup_fd int dir = -1, fd = -1;
	struct stat st;
	char *slash;

	if (!copy)
		return err_set(e, ENOMEM, "open '%s'", path);
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	slash = strrchr(copy, '/');
	if (!slash || !slash[1])
		return err_say(e, EINVAL, "'%s' is not the absolute path of a file", path);
	*slash = '\0';
	dir = path_mkdir_in_root(rootfd, *copy ? copy : "/", 0755);
	if (dir < 0)
		return err_set(e, -dir, "make '%s' in the container's root", copy);
	fd = open_plain(dir, slash + 1);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "make '%s' in the container's root", path);
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return err_say(e, S_ISDIR(st.st_mode) ? EISDIR : ELOOP,
			"'%s' in the container's root is a %s, expected a file or nothing", path,
			S_ISDIR(st.st_mode) ? "directory" : "symbolic link");
	return steal_fd(&fd);
}
