#include "shim/cgroup_oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_impl.h"

static int watch_v1(struct cgroup_hier *h, struct cgroup_oom *w, struct err *e)
{
	int r = cgroup_tree_open(h, e);

	if (r < 0)
		return r;
	w->file = openat(h->dirfd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	if (w->file < 0)
		return err_set(e, errno, "open memory.oom_control of '%s%s'", h->mount, h->path);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0)
		return err_set(e, errno, "eventfd");
	return cgroup_writef(h, "cgroup.event_control", e, "%d %d", w->fd, w->file);
}

/* The eventfd also counts the end of the group; then the file cannot be read any more. */
static bool take_v1(const struct cgroup_oom *w)
{
	uint64_t n;
	char byte;

	if (read(w->fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return false;
	return pread(w->file, &byte, 1, 0) == 1;
}

static uint64_t kills_v2(int file)
{
	char text[512];
	ssize_t n = pread(file, text, sizeof(text) - 1, 0);
	const char *kills;

	if (n < 0)
		return 0;
	text[n] = '\0';
	kills = strstr(text, "oom_kill ");
	return kills ? strtoull(kills + strlen("oom_kill "), NULL, 10) : 0;
}

static int watch_v2(struct cgroup_hier *h, struct cgroup_oom *w, struct err *e)
{
	cleanup_free char *dir = cgroup_hier_dir(h), *path = NULL;

	path = dir ? str_format("%s/memory.events", dir) : NULL;
	if (!path)
		return err_set(e, ENOMEM, "watch a cgroup");
	w->file = open(path, O_RDONLY | O_CLOEXEC);
	if (w->file < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open '%s'", path);
	w->v2 = true;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd < 0 || inotify_add_watch(w->fd, path, IN_MODIFY) < 0)
		return err_set(e, errno, "watch '%s'", path);
	w->seen = kills_v2(w->file);
	return 0;
}

int cgroup_oom_watch(struct cgroup *cg, struct cgroup_oom *ret, struct err *e)
{
	struct cgroup_hier *v1 = cgroup_find_v1(cg, "memory"), *v2 = cgroup_find_v2(cg);
	struct cgroup_oom w = CGROUP_OOM_NONE;
	int r = v1 ? watch_v1(v1, &w, e) : v2 ? watch_v2(v2, &w, e) : 0;

	if (r < 0)
		cgroup_oom_done(&w);
	*ret = w;
	return r;
}

bool cgroup_oom_take(struct cgroup_oom *w)
{
	uint64_t before = w->seen;
	char events[4096];

	if (w->fd < 0)
		return false;
	if (!w->v2)
		return take_v1(w);
	while (read(w->fd, events, sizeof(events)) > 0)
		;
	w->seen = kills_v2(w->file);
	return w->seen > before;
}

void cgroup_oom_done(struct cgroup_oom *w)
{
	fd_close(&w->fd);
	fd_close(&w->file);
}
