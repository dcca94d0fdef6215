#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_impl.h"

#define FILE_MAX (1U << 16)

/* Thawing is done when the write returns; a frozen group above keeps it frozen, and is next. */
static int thaw_one(int parent, const char *name, void *arg)
{
	cleanup_free char *file = str_format("%s/freezer.state", name);
	cleanup_fd int fd = file ? openat(parent, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	int r = fd < 0 ? -errno : fd_write_all(fd, "THAWED", 6);

	(void)arg;
	if (r < 0 && r != -ENOENT && r != -ENODEV)
		log_warning("thaw the cgroup '%s': %s", name, strerror(-r));
	return 0;
}

/* A frozen process takes no signal on v1, and on v2 a frozen group is not told of its end. */
void cgroup_thaw(struct cgroup *cg)
{
	struct cgroup_hier *v1 = cgroup_find_v1(cg, "freezer"), *v2 = cgroup_find_v2(cg);
	struct err e;

	/* A container that has a cgroup tree of its own can have frozen a part of it. */
	if (v1 && cgroup_tree_walk(v1, thaw_one, NULL) < 0)
		log_warning("thaw what is below '%s%s'", v1->mount, v1->path);
	if (v1 && cgroup_write(v1, "freezer.state", "THAWED", &e) < 0 && e.code != ENOENT &&
		e.code != ENODEV)
		log_warning("%s", e.msg);
	if (!v1 && v2 && cgroup_tree_open(v2, &e) == 0 && cgroup_v2_frozen(v2, &e) > 0 &&
		cgroup_v2_freeze(v2, false, &e) < 0)
		log_warning("%s", e.msg);
}

static bool is_within(const char *path, const char *group)
{
	size_t n = strlen(group);

	return strncmp(path, group, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

int cgroup_check_mortal(const struct cgroup *cg, pid_t pid, struct err *e)
{
	const struct cgroup_hier *h = cgroup_find_v1(cg, "freezer");
	cleanup_free char *text = NULL, *path = NULL, *file = NULL, *state = NULL;
	char name[64];
	struct err gone;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	if (!h || fd_read_file(AT_FDCWD, name, FILE_MAX, &text, NULL, &gone) < 0)
		return 0;
	path = cgroup_path_in(h, text);
	file = path ? str_format("%s%s/freezer.state", h->mount, path) : NULL;
	if (!file)
		return err_set(e, ENOMEM, "look for a frozen cgroup");
	/* FROZEN or FREEZING. */
	if (fd_read_file(AT_FDCWD, file, FILE_MAX, &state, NULL, &gone) < 0 ||
		!str_starts(state, "FR"))
		return 0;
	return err_say(e, EBUSY,
		"the container's init (pid %d) sits in the frozen cgroup '%s', %s: it cannot be "
		"killed until that is thawed",
		(int)pid, path,
		is_within(path, h->path) ? "which one above the container's keeps frozen"
					 : "which is not the container's");
}
