#include "shim/cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

int cgroup_clone_fd(const struct cgroup *cg)
{
	const struct cgroup_hier *v2 = cgroup_find_v2(cg);
	struct err ignored;

	if (v2)
		cgroup_tree_open((struct cgroup_hier *)v2, &ignored);
	return v2 ? v2->dirfd : -1;
}

int cgroup_join_self(struct cgroup *cg, struct err *e)
{
	for (size_t i = 0; i < cg->n; i++) {
		struct cgroup_hier *h = &cg->h[i];
		int r;

		if (h->v2)
			continue;
		r = h->join_fd < 0 ? cgroup_open_join(h, e) : 0;
		if (r < 0)
			return r;
		/* 0 is the writer; `tasks` moves one thread, and needs no lock over all processes.
		 */
		r = fd_write_all(h->join_fd, "0", 1);
		if (r < 0)
			return err_set(e, -r, "join cgroup '%s%s'", h->mount, h->path);
	}
	return 0;
}

int cgroup_follow(struct cgroup *cg, pid_t init, struct err *e)
{
	struct cgroup_hier *h = cgroup_find_v2(cg);
	cleanup_free char *file = NULL, *text = NULL, *enabled = NULL, *path = NULL, *dir = NULL;
	int fd, r;

	if (!h)
		return 0;
	/* A group with controllers for those below it can hold no process itself. */
	if (!cg->delegated &&
		(cgroup_read(h, "cgroup.subtree_control", &enabled, e) < 0 || strlen(enabled) < 2))
		return 0;
	file = str_format("/proc/%d/cgroup", (int)init);
	r = file ? fd_read_file(AT_FDCWD, file, 1 << 16, &text, NULL, e) : -ENOMEM;
	if (r < 0)
		return r;
	path = cgroup_path_in(h, text);
	dir = path ? str_format("%s%s", h->mount, path) : NULL;
	if (!dir)
		return err_set(e, ENOMEM, "cgroup path");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open the cgroup '%s' of init", path);
	fd_close(&h->dirfd);
	h->dirfd = fd;
	return 0;
}

/* No path of a container's leads out of its group, nor through a symlink. */
static int open_below(struct cgroup_hier *h, const char *path, struct err *e)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
	int r = cgroup_tree_open(h, e);
	long fd;

	if (r < 0)
		return r;
	fd = syscall(SYS_openat2, h->dirfd, path, &how, sizeof(how));
	if (fd < 0 && errno == EXDEV)
		return err_say(e, EINVAL, "the cgroup '%s' is not below the container's", path);
	if (fd < 0)
		return err_set(e, errno, "open the cgroup '%s' of the container", path);
	fd_close(&h->dirfd);
	fd_close(&h->join_fd);
	h->dirfd = (int)fd;
	return h->v2 ? 0 : cgroup_open_join(h, e);
}

static bool is_named(const struct cgroup_hier *h, const char *controllers)
{
	char *save = NULL;
	cleanup_free char *copy = strdup(controllers);

	for (char *c = copy ? strtok_r(copy, ",", &save) : NULL; c; c = strtok_r(NULL, ",", &save))
		if (!h->v2 && cgroup_names_has(h->names, c))
			return true;
	return false;
}

static bool has_dotdot(const char *path)
{
	for (const char *p = path; *p; p += strcspn(p, "/"), p += strspn(p, "/"))
		if (strcspn(p, "/") == 2 && p[0] == '.' && p[1] == '.')
			return true;
	return false;
}

int cgroup_select(struct cgroup *cg, const char *path, struct err *e)
{
	const char *colon = strchr(path, ':'), *below = colon ? colon + 1 : path;
	cleanup_free char *controllers = colon ? strndup(path, (size_t)(colon - path)) : NULL;
	size_t found = 0;

	if (has_dotdot(below))
		return err_say(e, EINVAL, "cgroup '%s': `..` components are not allowed", path);
	while (*below == '/')
		below++;
	for (size_t i = 0; i < cg->n; i++) {
		struct cgroup_hier *h = &cg->h[i];
		int r;

		if (controllers && !is_named(h, controllers))
			continue;
		r = *below ? open_below(h, below, e) : 0;
		/* Without a controller's name: wherever there is one. */
		if (r == -ENOENT && !controllers)
			continue;
		if (r < 0)
			return r;
		found++;
	}
	return found ? 0 : err_say(e, ENOENT, "the container has no cgroup '%s'", path);
}
