#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_impl.h"
#include "shim/userns.h"

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

static int create_fs(struct cgroup *cg, const struct cgroup_spec *spec, struct err *e)
{
	/* A user's place is below the group that was delegated to him, and not at the top. */
	bool below_own = (!spec->path || !*spec->path) && userns_is_rootless();
	int r = find_paths(cg, below_own ? spec->id : spec->path, spec->id, e);

	if (r < 0)
		return r;
	r = cgroup_make_groups(cg, e);
	if (r >= 0)
		return 0;
	cgroup_remove_groups(cg);
	if (!may_go_without(spec->path, r))
		return r;
	log_debug("running without a cgroup: %s", e->msg);
	cgroup_forget_hiers(cg);
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

/* ---- groups below systemd's scope */

#define SUBGROUP "run.oci.systemd.subgroup"
#define DELEGATE "run.oci.delegate-cgroup"

/* The value of an annotation that names a group below, or NULL; nothing leads out of the scope. */
static int group_below(
	const struct cgroup_spec *spec, const char *key, const char **ret, struct err *e)
{
	const char *value = env_get(spec->annotations, key);
	cleanup_free char *clean = NULL;

	*ret = NULL;
	if (!value || !*value)
		return 0;
	clean = cgroup_path_clean(value);
	if (!clean)
		return err_set(e, ENOMEM, "annotation %s", key);
	if (value[0] == '/' || strcmp(clean + 1, value) != 0)
		return err_say(e, EINVAL,
			"annotation %s: '%s' is no path below the container's cgroup", key, value);
	*ret = value;
	return 0;
}

static int append_path(struct cgroup *cg, const char *below, struct err *e)
{
	for (size_t i = 0; i < cg->n; i++) {
		char *path = str_format("%s/%s", cg->h[i].path, below);

		if (!path)
			return err_set(e, ENOMEM, "cgroup path");
		free(cg->h[i].path);
		cg->h[i].path = path;
	}
	return 0;
}

/* As in crun: the scope holds SUBGROUP, which has the limits, and that the processes' own group. */
static int place_below(struct cgroup *cg, const struct cgroup_spec *spec, struct err *e)
{
	const char *subgroup, *delegated;
	int r = group_below(spec, SUBGROUP, &subgroup, e);

	if (r == 0)
		r = group_below(spec, DELEGATE, &delegated, e);
	if (r < 0 || !subgroup)
		return r;
	r = append_path(cg, subgroup, e);
	if (r < 0 || !delegated)
		return r;
	if (!cgroup_is_pure_v2(cg))
		return err_say(
			e, EINVAL, "annotation " DELEGATE ": delegation is safe on cgroup v2 only");
	cg->delegated = strdup(delegated);
	return cg->delegated ? 0 : err_set(e, ENOMEM, "cgroup path");
}

static int create_systemd(struct cgroup *cg, const struct cgroup_spec *spec,
	const struct oci_resources *res, struct err *e)
{
	struct err ignored;
	int r = cgroup_path_systemd(spec->path, spec->id, geteuid() != 0, &cg->slice, &cg->unit, e);

	if (r == 0)
		r = cgroup_systemd_start(cg, res, spec->annotations, e);
	if (r < 0)
		return r;
	r = place_below(cg, spec, e);
	/* systemd made the group in its own hierarchies only; the others are ours to make. */
	if (r == 0)
		r = cgroup_make_groups(cg, e);
	if (r < 0) {
		cgroup_remove_groups(cg);
		cgroup_systemd_release(cg);
		cgroup_systemd_stop(cg, &ignored);
	}
	return r;
}

static int make(struct cgroup *cg, const struct cgroup_spec *spec, const struct oci_resources *now,
	struct err *e)
{
	struct err ignored;
	int r = 0;

	if (cg->manager == CGROUP_SYSTEMD)
		r = create_systemd(cg, spec, now, e);
	if (cg->manager == CGROUP_FS)
		r = create_fs(cg, spec, e);
	if (r == 0 && cg->manager == CGROUP_FS && !cg->n)
		r = cgroup_check_no_limits(now, e);
	if (r < 0 || !cg->n)
		return r;
	r = cgroup_is_pure_v2(cg) ? cgroup_v2_check_type(cgroup_find_v2(cg), now, e) : 0;
	if (r == 0)
		r = cgroup_limits_fresh(cg, now, e);
	if (r < 0)
		cgroup_destroy(cg, &ignored);
	return r;
}

int cgroup_create(const struct cgroup_spec *spec, struct cgroup **ret, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = cgroup_new(spec->manager);
	struct oci_resources now = *spec->res;
	int r;

	if (!cg)
		return err_set(e, ENOMEM, "create a cgroup");
	r = spec->manager == CGROUP_DISABLED ? 0 : cgroup_layout_read(cg, e);
	if (r < 0)
		return r;
	defer_pids(cg, &now);
	r = make(cg, spec, &now, e);
	if (r < 0)
		return r;
	*ret = steal_ptr(&cg);
	return 0;
}
