#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
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

/*
 * Images have symlinks to what only a running system makes (/etc/resolv.conf to /run/…): the target
 * is made then, with its directories, wherever in the root that is.
 */
static int make_target(int rootfd, const char *path, bool directory, struct err *e)
{
	cleanup_free char *real = strdup(path);
	int fd, r;

	for (int depth = 0; real && depth < 40; depth++) {
		char *next = link_target(rootfd, real);

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

int rootfs_target(int rootfd, const char *path, bool directory, bool *ret_made, struct err *e)
{
	int fd = path_open_in_root(rootfd, path, O_PATH, 0);

	if (ret_made)
		*ret_made = fd == -ENOENT;
	if (fd >= 0)
		return fd;
	if (fd != -ENOENT)
		return err_set(e, -fd, "open '%s' in the container's root", path);
	return make_target(rootfd, path, directory, e);
}
