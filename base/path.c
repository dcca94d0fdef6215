#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
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

/* Makes NAME in the directory `parent` of the root, if it is not there. */
static int make_one(int rootfd, const char *parent, const char *name, mode_t mode)
{
	cleanup_fd int fd =
		path_open_in_root(rootfd, *parent ? parent : "/", O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	return mkdirat(fd, name, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* Opens `path`, whose last component begins at `last`, and makes it where it is missing. */
static int open_or_make(int rootfd, const char *path, const char *last, mode_t mode)
{
	cleanup_free char *parent = NULL;
	int r, fd = path_open_in_root(rootfd, path, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd;
	parent = strndup(path, (size_t)(last - path));
	r = parent ? make_one(rootfd, parent, last, mode) : -ENOMEM;
	return r < 0 ? r : path_open_in_root(rootfd, path, O_PATH | O_DIRECTORY, 0);
}

/* -ENOENT: more is missing, or the last is a symlink to what is not there. */
static int make_last(int rootfd, const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	cleanup_free char *parent = strndup(path, (size_t)(last - path));
	int r;

	if (!parent)
		return -ENOMEM;
	if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return -ENOENT;
	r = make_one(rootfd, parent, last, mode);
	return r < 0 ? r : path_open_in_root(rootfd, path, O_PATH | O_DIRECTORY, 0);
}

int path_mkdir_in_root(int rootfd, const char *path, mode_t mode)
{
	cleanup_free char *copy = strdup(path);
	cleanup_fd int dir = -1;
	size_t at = 0;

	if (!copy)
		return -ENOMEM;
	/* Most often it is all there. */
	dir = path_open_in_root(rootfd, *path ? path : "/", O_PATH | O_DIRECTORY, 0);
	if (dir >= 0 || dir != -ENOENT)
		return steal_fd(&dir);
	/* Or all but the last. */
	dir = make_last(rootfd, path, mode);
	if (dir != -ENOENT)
		return steal_fd(&dir);
	/*
	 * Prefix by prefix from the root, so that a symlink in the middle resolves inside the root,
	 * and "..", too.
	 */
	for (;;) {
		size_t start = at + strspn(path + at, "/");

		if (!path[start])
			return steal_fd(&dir);
		at = start + strcspn(path + start, "/");
		copy[at] = '\0';
		fd_close(&dir);
		dir = open_or_make(rootfd, copy, copy + start, mode);
		copy[at] = path[at];
		if (dir < 0)
			return dir;
	}
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

/*
 * A file that is not there yet gets its name with all its content, so that a sudden end of ours
 * leaves nothing. Not everywhere possible: false, and nothing is done.
 */
static bool write_new(int dirfd, const char *name, const void *data, size_t len, mode_t mode)
{
	const char *slash = strrchr(name, '/');
	cleanup_free char *dir = slash ? strndup(name, (size_t)(slash - name) + 1) : strdup(".");
	cleanup_fd int fd = -1;
	char self[32];

	if (!dir || faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return false;
	fd = openat(dirfd, dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	return fd >= 0 && fd_write_all(fd, data, len) == 0 &&
	       linkat(AT_FDCWD, path_of_fd(fd, self, sizeof(self)), dirfd, name,
		       AT_SYMLINK_FOLLOW) == 0;
}

/* From a descriptor of `tmp` to a whole file of that name. Takes fd; -1: errno tells. */
static int fill_and_rename(int dirfd, int fd, const char *tmp, const char *name, const void *data,
	size_t len, struct err *e)
{
	cleanup_fd int owned = fd;
	int r;

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

int path_replace_file(
	int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *e)
{
	char tmp[NAME_MAX + 1];
	int fd;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.new", name) >= sizeof(tmp))
		return err_set(e, ENAMETOOLONG, "write '%s'", name);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	return fill_and_rename(dirfd, fd, tmp, name, data, len, e);
}

int path_write_file(
	int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	char tmp[512];
	int fd;

	if (write_new(dirfd, name, data, len, mode))
		return 0;
	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp%d", name, (int)getpid()) >= sizeof(tmp))
		return err_set(e, ENAMETOOLONG, "write '%s'", name);
	fd = openat(dirfd, tmp, flags, mode);
	/* One of that pid, dead long ago. */
	if (fd < 0 && errno == EEXIST && unlinkat(dirfd, tmp, 0) == 0)
		fd = openat(dirfd, tmp, flags, mode);
	return fill_and_rename(dirfd, fd, tmp, name, data, len, e);
}

/*
 * Who made the tree may have made it deeper than there are descriptors, or room on the stack: what
 * lies deeper than this is moved up and removed in a further round.
 */
#define REMOVE_DEPTH 64

struct removal {
	dev_t dev;
	int rootfd;		  /* of the tree */
	unsigned int moved, last; /* in this round; the name of the last */
};

static int move_up(struct removal *rm, int dirfd, const char *name)
{
	char to[32];
	int r;

	do {
		snprintf(to, sizeof(to), ".deep-%u", rm->last++);
		r = renameat(dirfd, name, rm->rootfd, to) < 0 ? -errno : 0;
		/* Somebody has thought of that name. */
	} while (r == -EEXIST || r == -ENOTEMPTY || r == -ENOTDIR);
	rm->moved += r == 0;
	return r;
}

static int remove_below(struct removal *rm, int dirfd, const char *name, int depth)
{
	struct stat st;
	struct dirent *d;
	int fd, r = 0;
	DIR *dir;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (st.st_dev != rm->dev)
		return -EXDEV;
	if (depth == REMOVE_DEPTH)
		return move_up(rm, dirfd, name);
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
		r = remove_below(rm, fd, d->d_name, depth + 1);
	}
	closedir(dir);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

int path_remove_tree(int dirfd, const char *name, struct err *e)
{
	struct removal rm = {.rootfd = -1};
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "stat '%s'", name);
	rm.dev = st.st_dev;
	/* No directory: nothing can lie below it. */
	rm.rootfd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	do {
		rm.moved = 0;
		r = remove_below(&rm, dirfd, name, 0);
	} while (r == -ENOTEMPTY && rm.moved > 0);
	fd_close(&rm.rootfd);
	return r < 0 ? err_set(e, -r, "remove '%s'", name) : 0;
}

/* ---- StrictModes */

#define SYMLINKS_MAX 40

static int check_one(const char *path, const struct stat *st, uid_t uid, struct err *e)
{
	if (st->st_uid != 0 && st->st_uid != uid)
		return err_say(e, EPERM, "'%s' belongs to uid %u; it must belong to root or uid %u",
			path, (unsigned)st->st_uid, (unsigned)uid);
	if (S_ISLNK(st->st_mode))
		return 0;
	if ((st->st_mode & 022) && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX)))
		return err_say(e, EPERM, "'%s' can be written by others (mode %04o); chmod go-w it",
			path, (unsigned)st->st_mode & 07777);
	return 0;
}

/* Where the walk stands: everything in `done` was checked, `rest` is still to go. */
struct walk {
	char done[PATH_MAX];
	char rest[PATH_MAX];
	int symlinks;
};

static int follow(struct walk *w, const char *name, struct err *e)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t n = readlink(w->done, target, sizeof(target) - 1);

	if (n < 0)
		return err_set(e, errno, "read the link '%s'", w->done);
	target[n] = '\0';
	if (++w->symlinks > SYMLINKS_MAX)
		return err_set(e, ELOOP, "resolve '%s'", w->done);
	if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", target, w->rest) >= sizeof(joined))
		return err_set(e, ENAMETOOLONG, "resolve '%s'", w->done);
	memcpy(w->rest, joined, sizeof(joined));
	/* Back to the directory that the link is in, or to the root. */
	w->done[*target == '/' ? 0 : strlen(w->done) - strlen(name) - 1] = '\0';
	return 0;
}

/* Takes the next component of rest. 1: there was one; 0: the end. */
static int step(struct walk *w, uid_t uid, struct err *e)
{
	char name[NAME_MAX + 1];
	size_t skip = strspn(w->rest, "/"), len = strcspn(w->rest + skip, "/");
	size_t end = strlen(w->done);
	struct stat st;
	int r;

	if (len == 0)
		return 0;
	if (len > NAME_MAX || end + len + 2 > sizeof(w->done))
		return err_set(e, ENAMETOOLONG, "resolve '%s'", w->done);
	memcpy(name, w->rest + skip, len);
	name[len] = '\0';
	memmove(w->rest, w->rest + skip + len, strlen(w->rest + skip + len) + 1);
	if (strcmp(name, ".") == 0)
		return 1;
	if (strcmp(name, "..") == 0) {
		*(end ? strrchr(w->done, '/') : w->done) = '\0';
		return 1;
	}
	snprintf(w->done + end, sizeof(w->done) - end, "/%s", name);
	if (lstat(w->done, &st) < 0)
		return err_set(e, errno, "stat '%s'", w->done);
	r = check_one(w->done, &st, uid, e);
	if (r == 0 && S_ISLNK(st.st_mode))
		r = follow(w, name, e);
	return r < 0 ? r : 1;
}

/* Component by component, since a link is as good as the directory in which it can be replaced. */
int path_check_strict(const char *path, uid_t uid, struct err *e)
{
	char cwd[PATH_MAX] = "";
	struct walk w = {.symlinks = 0};
	struct stat st;
	int r;

	if (*path != '/' && !getcwd(cwd, sizeof(cwd)))
		return err_set(e, errno, "resolve '%s'", path);
	if ((size_t)snprintf(w.rest, sizeof(w.rest), "%s/%s", cwd, path) >= sizeof(w.rest))
		return err_set(e, ENAMETOOLONG, "resolve '%s'", path);
	if (stat("/", &st) < 0)
		return err_set(e, errno, "stat '/'");
	r = check_one("/", &st, uid, e);
	while (r >= 0) {
		r = step(&w, uid, e);
		if (r == 0)
			return 0;
	}
	return r;
}

const char *path_of_fd(int fd, char *buf, size_t size)
{
	snprintf(buf, size, "/proc/self/fd/%d", fd);
	return buf;
}
