#include "shim/mount_copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define COPY_UP_DEPTH 64

struct copy {
	dev_t dev;
	uint64_t left;
	int depth;
};

static int copy_directory(struct copy *c, int from, int to);

static int copy_file(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	cleanup_fd int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_fd int out =
		openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0 || out < 0)
		return -errno;
	if ((uint64_t)st->st_size > c->left)
		return -EFBIG;
	c->left -= (uint64_t)st->st_size;
	while ((n = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	if (n < 0 || fchown(out, st->st_uid, st->st_gid) < 0 ||
		fchmod(out, st->st_mode & 07777) < 0)
		return -errno;
	return 0;
}

static int copy_link(int from, int to, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, to, name) < 0 ||
		fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_below(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	cleanup_fd int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_fd int out = -1;

	if (in < 0)
		return -errno;
	if (st->st_dev != c->dev || ++c->depth > COPY_UP_DEPTH)
		return -EXDEV;
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0 || fchown(out, st->st_uid, st->st_gid) < 0 ||
		fchmod(out, st->st_mode & 07777) < 0)
		return -errno;
	return copy_directory(c, in, out);
}

static int copy_entry(struct copy *c, int from, int to, const char *name)
{
	struct stat st;
	int depth = c->depth, r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		return copy_file(c, from, to, name, &st);
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to, name, &st);
	if (!S_ISDIR(st.st_mode))
		return 0;
	r = copy_below(c, from, to, name, &st);
	c->depth = depth;
	return r;
}

static int copy_directory(struct copy *c, int from, int to)
{
	int own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *d;
	int r = 0;

	if (!dir) {
		r = -errno;
		fd_close(&own);
		return r;
	}
	while (r == 0 && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			r = copy_entry(c, from, to, d->d_name);
	closedir(dir);
	return r;
}

int mount_copy_up(int from, int to, struct err *e)
{
	struct copy c = {.left = COPY_UP_MAX};
	struct stat st;
	int r;

	if (fstat(from, &st) < 0)
		return err_set(e, errno, "copy what is below a tmpfs");
	if (fchownat(to, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0)
		return err_set(e, errno, "copy what is below a tmpfs");
	c.dev = st.st_dev;
	r = copy_directory(&c, from, to);
	return r < 0 ? err_set(e, -r, "copy what is below a tmpfs") : 0;
}
