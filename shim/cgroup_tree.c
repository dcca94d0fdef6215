#include "shim/cgroup_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

#define FILE_MAX (1U << 20)

static int open_dir(struct cgroup_hier *h, const char *dir)
{
	h->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return h->dirfd < 0 ? -errno : 0;
}

int cgroup_tree_open(struct cgroup_hier *h, struct err *e)
{
	cleanup_free char *dir = NULL;
	int r;

	if (h->dirfd >= 0)
		return 0;
	dir = cgroup_hier_dir(h);
	r = dir ? open_dir(h, dir) : -ENOMEM;
	return r < 0 ? err_set(e, -r, "open cgroup '%s'", dir ? dir : h->path) : 0;
}

/*
 * A new cpuset has no CPUs and no memory nodes (where its parent does not say otherwise), and
 * nothing can join it until it has.
 */
static int inherit_cpuset(int parent, int dir)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		cleanup_fd int fd = -1;
		char list[4096];
		ssize_t n = fd_read_short(parent, files[i], list, sizeof(list));
		int r;

		/* The parent was left unfilled. */
		if (n >= 0 && n <= 1)
			return -ENODATA;
		fd = n < 0 ? -1 : openat(dir, files[i], O_WRONLY | O_CLOEXEC);
		r = n < 0 ? (int)n : fd < 0 ? -errno : fd_write_all(fd, list, (size_t)n);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Made by a command that was killed before it filled it, or that is just about to. */
static bool is_unfilled(int dir)
{
	char list[3];

	return fd_read_short(dir, "cpuset.cpus", list, sizeof(list)) <= 1 ||
	       fd_read_short(dir, "cpuset.mems", list, sizeof(list)) <= 1;
}

/* One step down: *fd becomes the directory `name` below it, made if it is missing. */
static int step(struct cgroup_hier *h, int *fd, const char *name)
{
	cleanup_fd int dir = -1;
	bool made = mkdirat(*fd, name, 0755) == 0;
	int r;

	if (!made && errno != EEXIST)
		return -errno;
	dir = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	/* Parents count only together with all that is below them. */
	h->made = made ? h->made + 1 : 0;
	if (cgroup_names_has(h->names, "cpuset") && (made || is_unfilled(dir))) {
		r = inherit_cpuset(*fd, dir);
		if (r < 0)
			return r;
	}
	fd_close(fd);
	*fd = steal_fd(&dir);
	return 0;
}

static int make_once(struct cgroup_hier *h)
{
	cleanup_fd int fd = open(h->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *copy = strdup(h->path);
	char *save = NULL;
	int r = fd < 0 ? -errno : copy ? 0 : -ENOMEM;

	h->made = 0;
	for (char *part = r < 0 ? NULL : strtok_r(copy, "/", &save); r == 0 && part;
		part = strtok_r(NULL, "/", &save))
		r = step(h, &fd, part);
	/* Counted down to the last part all the same, so that what was made is found again. */
	for (bool more = r < 0 && h->made; more; more = strtok_r(NULL, "/", &save) != NULL)
		h->made++;
	if (r == 0)
		h->dirfd = steal_fd(&fd);
	return r;
}

/* A cpuset takes from what it lies in, which may have to be filled itself: then -ENOENT. */
static int fill_last(struct cgroup_hier *h, const char *dir)
{
	cleanup_free char *above = strndup(dir, (size_t)(strrchr(dir, '/') - dir));
	cleanup_fd int parent = above ? open(above, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	int r = open_dir(h, dir);

	if (r == 0)
		r = !above ? -ENOMEM : parent < 0 ? -errno : inherit_cpuset(parent, h->dirfd);
	if (r < 0) {
		fd_close(&h->dirfd);
		rmdir(dir);
	}
	return r == -ENODATA ? -ENOENT : r;
}

/* The ordinary case in one call: the group is new and what it lies in is there. */
static int make_last(struct cgroup_hier *h, const char *dir)
{
	int r;

	if (mkdir(dir, 0755) < 0)
		return -errno;
	r = cgroup_names_has(h->names, "cpuset") ? fill_last(h, dir) : 0;
	h->made = r == 0;
	return r;
}

int cgroup_tree_make(struct cgroup_hier *h, struct err *e)
{
	cleanup_free char *dir = cgroup_hier_dir(h);
	int r = dir ? make_last(h, dir) : -ENOMEM;

	if (r == -EEXIST)
		r = -ENOENT;
	/* Another container's delete can remove an empty parent under our feet. */
	for (int tries = 0; tries < 16 && (r == -ENOENT || r == -ENODEV); tries++)
		r = make_once(h);
	if (r < 0)
		return err_set(e, -r, "create cgroup '%s'", dir);
	return 0;
}

int cgroup_tree_make_below(struct cgroup_hier *h, const char *path, int *ret, struct err *e)
{
	cleanup_free char *copy = strdup(path);
	cleanup_fd int fd = dup(h->dirfd);
	unsigned int made = h->made;
	char *save = NULL;
	int r = copy && fd >= 0 ? 0 : -ENOMEM;

	for (char *part = r == 0 ? strtok_r(copy, "/", &save) : NULL; r == 0 && part;
		part = strtok_r(NULL, "/", &save))
		r = step(h, &fd, part);
	/* They go with the group that they are in. */
	h->made = made;
	if (r < 0)
		return err_set(e, -r, "create cgroup '%s' below '%s'", path, h->path);
	*ret = steal_fd(&fd);
	return 0;
}

static bool is_dir(int dirfd, const struct dirent *d)
{
	struct stat st;

	if (d->d_name[0] == '.')
		return false;
	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(dirfd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Calls visit for each group below dirfd (which it takes), children first, then for itself. */
static int walk(int dirfd, int (*visit)(int parent, const char *name, void *arg), void *arg)
{
	struct dirent *d;
	DIR *dir = fdopendir(dirfd);
	int r = 0;

	if (!dir) {
		close(dirfd);
		return -ENOMEM;
	}
	while (r == 0 && (d = readdir(dir))) {
		int sub;

		if (!is_dir(dirfd, d))
			continue;
		sub = openat(dirfd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0 && errno == ENOENT)
			continue;
		r = sub < 0 ? -errno : walk(sub, visit, arg);
		if (r == 0)
			r = visit(dirfd, d->d_name, arg);
	}
	closedir(dir);
	return r;
}

int cgroup_tree_walk(const struct cgroup_hier *h,
	int (*visit)(int parent, const char *name, void *arg), void *arg)
{
	cleanup_free char *dir = cgroup_hier_dir(h);
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0)
		return !dir ? -ENOMEM : errno == ENOENT ? 0 : -errno;
	return walk(fd, visit, arg);
}

static int remove_one(int parent, const char *name, void *arg)
{
	(void)arg;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_group(const char *dir)
{
	int fd, r;

	/* Most often there is nothing below. */
	if (rmdir(dir) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = walk(fd, remove_one, NULL);
	if (r == 0 && rmdir(dir) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

int cgroup_tree_remove(struct cgroup_hier *h, struct err *e)
{
	cleanup_free char *dir = cgroup_hier_dir(h);
	int r;

	if (!dir)
		return err_set(e, ENOMEM, "remove a cgroup");
	fd_close(&h->dirfd);
	fd_close(&h->join_fd);
	if (h->made == 0)
		return 0;
	r = remove_group(dir);
	if (r < 0)
		return err_set(e, -r, "remove cgroup '%s'", dir);
	/* Parents that were made for this group: others may use them by now. */
	for (; h->made > 1; h->made--) {
		*strrchr(dir, '/') = '\0';
		if (rmdir(dir) < 0 && errno != ENOENT)
			break;
	}
	return 0;
}

struct pid_list {
	pid_t *pids;
	size_t n;
};

static int add_pids(int dirfd, struct pid_list *list)
{
	cleanup_free char *text = NULL;
	struct err ignored;
	int r = fd_read_file(dirfd, "cgroup.procs", FILE_MAX, &text, NULL, &ignored);
	char *save = NULL;

	/* Gone, or a threaded group (its processes stand in the group above). */
	if (r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP)
		return 0;
	for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		long pid;
		pid_t *more = realloc(list->pids, (list->n + 1) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->pids = more;
		/* 0: a process of another pid namespace, which no number here names. */
		if (str_to_long(line, 1, INT32_MAX, &pid))
			list->pids[list->n++] = (pid_t)pid;
	}
	return r;
}

static int visit_pids(int parent, const char *name, void *arg)
{
	cleanup_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return add_pids(fd, arg);
}

int cgroup_tree_pids(const struct cgroup_hier *h, pid_t **pids, size_t *n, struct err *e)
{
	cleanup_free char *dir = cgroup_hier_dir(h);
	struct pid_list list = {*pids, *n};
	int fd, r;

	if (!dir)
		return err_set(e, ENOMEM, "list a cgroup's processes");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open cgroup '%s'", dir);
	r = add_pids(fd, &list);
	if (r == 0)
		r = walk(fd, visit_pids, &list);
	else
		close(fd);
	*pids = list.pids;
	*n = list.n;
	return r < 0 ? err_set(e, -r, "list the processes of cgroup '%s'", dir) : 0;
}

int cgroup_write(struct cgroup_hier *h, const char *file, const char *text, struct err *e)
{
	cleanup_fd int fd = -1;
	int r = cgroup_tree_open(h, e);

	if (r < 0)
		return r;
	fd = openat(h->dirfd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
	if (r < 0)
		return err_set(e, -r, "failed to write \"%s\" to '%s%s/%s'", text, h->mount,
			h->path, file);
	return 0;
}

int cgroup_writef(struct cgroup_hier *h, const char *file, struct err *e, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return err_say(e, E2BIG, "the value for '%s' is too long", file);
	return cgroup_write(h, file, text, e);
}

int cgroup_read(struct cgroup_hier *h, const char *file, char **ret, struct err *e)
{
	int r = cgroup_tree_open(h, e);

	if (r < 0)
		return r;
	r = fd_read_file(h->dirfd, file, FILE_MAX, ret, NULL, e);
	return r < 0 ? err_wrap(e, "cgroup '%s%s'", h->mount, h->path) : 0;
}

bool cgroup_has_file(struct cgroup_hier *h, const char *file)
{
	struct err ignored;

	return cgroup_tree_open(h, &ignored) == 0 && faccessat(h->dirfd, file, F_OK, 0) == 0;
}
