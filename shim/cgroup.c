#include "shim/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_impl.h"
#include "shim/userns.h"

/* How long a group whose processes have all ended may go on saying that it is busy. */
#define REMOVE_MS 2000

struct cgroup *cgroup_new(enum cgroup_manager m)
{
	struct cgroup *cg = calloc(1, sizeof(*cg));

	if (!cg)
		return NULL;
	cg->manager = m;
	cg->helper = PROC_NONE;
	cg->helper_in = -1;
	cg->pids_deferred = OCI_UNSET;
	return cg;
}

static void hier_done(struct cgroup_hier *h)
{
	fd_close(&h->dirfd);
	fd_close(&h->join_fd);
	free(h->dir);
	free(h->data);
	free(h->names);
	free(h->mount);
	free(h->root);
	free(h->path);
}

void cgroup_free(struct cgroup *cg)
{
	if (!cg)
		return;
	cgroup_systemd_release(cg);
	for (size_t i = 0; i < cg->n; i++)
		hier_done(&cg->h[i]);
	free(cg->unit);
	free(cg->slice);
	free(cg->delegated);
	free(cg);
}

void cgroup_forget_hiers(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		hier_done(&cg->h[i]);
	cg->n = 0;
}

/* Nothing that starts there would run. */
static bool is_frozen(const struct cgroup *cg, struct cgroup_hier *h)
{
	struct err ignored;

	if (cgroup_find_v1(cg, "freezer") == h)
		return cgroup_v1_frozen(h, &ignored) > 0;
	return h->v2 && cgroup_v2_frozen(h, &ignored) > 0;
}

/*
 * A group that was there before: an empty one is what a killed create left, and becomes ours; one
 * with processes is somebody's, and freezing or killing it would hit them.
 */
static int adopt(const struct cgroup *cg, struct cgroup_hier *h, struct err *e)
{
	cleanup_free pid_t *pids = NULL;
	size_t n = 0;
	int r;

	/* What systemd made is systemd's to remove, and holds the placeholder. */
	if (h->made > 0 || strcmp(h->path, "/") == 0 || cg->manager == CGROUP_SYSTEMD)
		return 0;
	r = cgroup_tree_pids(h, &pids, &n, e);
	if (r < 0)
		return r;
	if (n > 0)
		return err_say(e, EBUSY,
			"container's cgroup '%s%s' is not empty: %zu process(es) found", h->mount,
			h->path, n);
	if (is_frozen(cg, h))
		return err_say(e, EBUSY, "container's cgroup unexpectedly frozen: '%s%s'", h->mount,
			h->path);
	h->made = 1;
	return 0;
}

int cgroup_open_join(struct cgroup_hier *h, struct err *e)
{
	cleanup_free char *file = NULL;

	if (h->v2)
		return 0;
	if (h->dirfd >= 0) {
		h->join_fd = openat(h->dirfd, "tasks", O_WRONLY | O_CLOEXEC);
	} else {
		file = str_format("%s%s/tasks", h->mount, h->path);
		h->join_fd = file ? open(file, O_WRONLY | O_CLOEXEC) : -1;
	}
	if (h->join_fd < 0)
		return err_set(e, errno, "open '%s%s/tasks'", h->mount, h->path);
	return 0;
}

int cgroup_make_groups(struct cgroup *cg, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cg->n; i++) {
		struct cgroup_hier *h = &cg->h[i];

		r = cgroup_tree_make(h, e);
		if (r == 0)
			r = adopt(cg, h, e);
		/* A group with processes has no controllers to give to the one below it. */
		if (r == 0 && h->v2 && cg->placeholder > 0 && h->made > 0)
			r = cgroup_writef(h, "cgroup.procs", e, "%d", (int)cg->placeholder);
		/* Before the limits, so that each file of a controller is there. */
		if (r == 0 && h->v2 && cgroup_is_pure_v2(cg))
			r = cgroup_v2_enable(h, NULL, e);
	}
	return r;
}

void cgroup_remove_groups(struct cgroup *cg)
{
	struct err e;

	for (size_t i = 0; i < cg->n; i++)
		if (cgroup_tree_remove(&cg->h[i], &e) < 0)
			log_warning("%s", e.msg);
}

bool cgroup_is_none(const struct cgroup *cg)
{
	return cg->n == 0;
}

int cgroup_add_pid(struct cgroup *cg, pid_t pid, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cg->n; i++)
		r = cgroup_writef(&cg->h[i], "cgroup.procs", e, "%d", (int)pid);
	return r;
}

int cgroup_settle(struct cgroup *cg, struct err *e)
{
	struct oci_resources res = cgroup_no_limits;

	cgroup_systemd_release(cg);
	if (cg->pids_deferred == OCI_UNSET)
		return 0;
	res.pids_limit = cg->pids_deferred;
	cg->pids_deferred = OCI_UNSET;
	return cgroup_apply(cg, &res, e);
}

/* Without a group. A rule about devices, of which rootless makes none, is no limit that lacks. */
int cgroup_check_no_limits(const struct oci_resources *res, struct err *e)
{
	if (!cgroup_asks_limits(res))
		return 0;
	return err_say(e, EPERM,
		"linux.resources: rootless needs no limits, since no cgroup could be made for the "
		"container, or a delegated cgroup (cgroups(7); under systemd Delegate=yes)");
}

int cgroup_apply(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	int r = cgroup_check_usage(cg, res, e);

	if (r == 0 && cg->manager == CGROUP_SYSTEMD)
		r = cgroup_systemd_update(cg, res, e);
	if (r == 0 && cg->n == 0 && cg->manager == CGROUP_FS)
		return cgroup_check_no_limits(res, e);
	return r < 0 || cg->n == 0 ? r : cgroup_limits_apply(cg, res, e);
}

int cgroup_freeze(struct cgroup *cg, bool on, struct err *e)
{
	struct cgroup_hier *v1 = cgroup_find_v1(cg, "freezer"), *v2 = cgroup_find_v2(cg);

	if (v1)
		return cgroup_v1_freeze(v1, on, e);
	if (v2)
		return cgroup_v2_freeze(v2, on, e);
	return err_say(e, ENOTSUP, "the container has no cgroup that can be frozen");
}

int cgroup_frozen(const struct cgroup *cg, struct err *e)
{
	struct cgroup_hier *v1 = cgroup_find_v1(cg, "freezer"), *v2 = cgroup_find_v2(cg);
	int r = v1 ? cgroup_v1_frozen(v1, e) : v2 ? cgroup_v2_frozen(v2, e) : 0;

	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

/* A group can stay busy for a moment after its last process was seen to end. */
static int remove_hier(struct cgroup_hier *h, struct err *e)
{
	int64_t deadline = proc_now_ms() + REMOVE_MS;
	struct timespec pause = {.tv_nsec = 200000};
	int r;

	while ((r = cgroup_tree_remove(h, e)) == -EBUSY && proc_now_ms() < deadline) {
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec *= 2;
	}
	return r;
}

static void keep_first(struct err *first, int r, const struct err *e)
{
	if (r < 0 && !first->code)
		*first = *e;
}

int cgroup_destroy(struct cgroup *cg, struct err *e)
{
	bool systemd = cg->manager == CGROUP_SYSTEMD;
	struct err first = {0};
	size_t i = 0;

	cgroup_systemd_release(cg);
	/* Most often all processes have ended, and that is all there is to do. */
	while (!systemd && i < cg->n && cgroup_tree_remove(&cg->h[i], e) == 0)
		i++;
	if (i < cg->n)
		keep_first(&first, cgroup_kill_all(cg, e), e);
	for (; i < cg->n; i++)
		keep_first(&first, remove_hier(&cg->h[i], e), e);
	if (systemd && cg->unit)
		keep_first(&first, cgroup_systemd_stop(cg, e), e);
	*e = first;
	return -first.code;
}
