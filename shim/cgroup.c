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
	free(cg);
}

static void forget_hiers(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		hier_done(&cg->h[i]);
	cg->n = 0;
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

/* Read only where a relative path asks for it. */
static int find_paths(struct cgroup *cg, const char *cgroups_path, const char *id, struct err *e)
{
	cleanup_free char *own = NULL;
	int r = 0;

	if (cgroups_path && *cgroups_path && cgroups_path[0] != '/')
		r = fd_read_file(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &own, NULL, e);
	return r < 0 ? r : cgroup_path_fill(cg, cgroups_path, id, own, e);
}

/* Who is not root and named no group may not be able to make any: then there is none. */
static bool may_go_without(const char *cgroups_path, int r)
{
	return userns_is_rootless() && (!cgroups_path || !*cgroups_path) &&
	       (r == -EACCES || r == -EPERM || r == -EROFS);
}

/* Without a group. A rule about devices, of which rootless makes none, is no limit that lacks. */
static int check_no_limits(const struct oci_resources *res, struct err *e)
{
	if (!cgroup_asks_limits(res))
		return 0;
	return err_say(e, EPERM,
		"linux.resources: rootless needs no limits, since no cgroup could be made for the "
		"container, or a delegated cgroup (cgroups(7); under systemd Delegate=yes)");
}

static int create_fs(struct cgroup *cg, const char *cgroups_path, const char *id, struct err *e)
{
	/* A user's place is below the group that was delegated to him, and not at the top. */
	bool below_own = (!cgroups_path || !*cgroups_path) && userns_is_rootless();
	int r = find_paths(cg, below_own ? id : cgroups_path, id, e);

	if (r < 0)
		return r;
	r = cgroup_make_groups(cg, e);
	if (r >= 0)
		return 0;
	cgroup_remove_groups(cg);
	if (!may_go_without(cgroups_path, r))
		return r;
	log_debug("running without a cgroup: %s", e->msg);
	forget_hiers(cg);
	return 0;
}

/*
 * No process at all could not start; a limit of one process would be used up by systemd's
 * placeholder, and by the first process where it joins before it clones the second: it waits for
 * cgroup_settle.
 */
static void defer_pids(struct cgroup *cg, struct oci_resources *res)
{
	if (res->pids_limit != 0 && res->pids_limit != 1)
		return;
	cg->pids_deferred = res->pids_limit;
	res->pids_limit = OCI_UNSET;
}

static int create_systemd(struct cgroup *cg, const char *cgroups_path, const char *id,
	const struct oci_resources *res, struct err *e)
{
	struct err ignored;
	int r = cgroup_path_systemd(cgroups_path, id, geteuid() != 0, &cg->slice, &cg->unit, e);

	if (r == 0)
		r = cgroup_systemd_start(cg, res, e);
	if (r < 0)
		return r;
	/* systemd made the group in its own hierarchies only; the others are ours to make. */
	r = cgroup_make_groups(cg, e);
	if (r < 0) {
		cgroup_remove_groups(cg);
		cgroup_systemd_stop(cg, &ignored);
	}
	return r;
}

int cgroup_create(enum cgroup_manager m, const char *cgroups_path, const char *id,
	const struct oci_resources *res, struct cgroup **ret, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = cgroup_new(m);
	struct oci_resources now = *res;
	struct err ignored;
	int r;

	if (!cg)
		return err_set(e, ENOMEM, "create a cgroup");
	r = m == CGROUP_DISABLED ? 0 : cgroup_layout_read(cg, e);
	if (r < 0)
		return r;
	defer_pids(cg, &now);
	if (m == CGROUP_SYSTEMD)
		r = create_systemd(cg, cgroups_path, id, &now, e);
	if (m == CGROUP_FS)
		r = create_fs(cg, cgroups_path, id, e);
	if (r == 0 && m == CGROUP_FS && !cg->n)
		r = check_no_limits(&now, e);
	if (r == 0 && cg->n) {
		r = cgroup_limits_fresh(cg, &now, e);
		if (r < 0)
			cgroup_destroy(cg, &ignored);
	}
	if (r < 0)
		return r;
	*ret = steal_ptr(&cg);
	return 0;
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

int cgroup_apply(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	int r = 0;

	if (cg->manager == CGROUP_SYSTEMD)
		r = cgroup_systemd_update(cg, res, e);
	if (r == 0 && cg->n == 0 && cg->manager == CGROUP_FS)
		return check_no_limits(res, e);
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
