#include "shim/cgroup_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

static bool has_limit_files(const struct cgroup_hier *h)
{
	return h->v2 || cgroup_names_has(h->names, "memory") || cgroup_names_has(h->names, "pids");
}

/* The hierarchies that have one of the two limits, with the sibling's path. */
static int copy_hiers(const struct cgroup *from, const char *suffix, struct cgroup *to)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct cgroup_hier *f = &from->h[i];
		struct cgroup_hier *h = &to->h[to->n];

		if (!has_limit_files(f))
			continue;
		*h = (struct cgroup_hier){.v2 = f->v2, .dirfd = -1, .join_fd = -1};
		to->n++;
		h->names = strdup(f->names);
		h->mount = strdup(f->mount);
		h->root = strdup(f->root);
		h->path =
			str_format("%s%s", strcmp(f->path, "/") == 0 ? "/bottle" : f->path, suffix);
		if (!h->names || !h->mount || !h->root || !h->path)
			return -ENOMEM;
	}
	return 0;
}

/* What a machine without one of the two controllers cannot limit stays without a limit. */
static void drop_unavailable(const struct cgroup *cg, struct oci_resources *res)
{
	const struct cgroup_hier *v2 = cgroup_find_v2(cg);

	if (!cgroup_find_v1(cg, "memory") && !(v2 && cgroup_v2_offers(v2, "memory")))
		res->memory_limit = OCI_UNSET;
	if (!cgroup_find_v1(cg, "pids") && !(v2 && cgroup_v2_offers(v2, "pids")))
		res->pids_limit = OCI_UNSET;
}

static char *unit_beside(const char *unit, const char *suffix)
{
	size_t n = strlen(unit) - (str_ends(unit, ".scope") ? strlen(".scope") : 0);

	return str_format("%.*s%s.scope", (int)n, unit, suffix);
}

static int name_beside(const struct cgroup *container, const char *suffix, struct cgroup *cg)
{
	int r = copy_hiers(container, suffix, cg);

	if (r < 0 || cg->manager != CGROUP_SYSTEMD)
		return r;
	cg->slice = strdup(container->slice);
	cg->unit = unit_beside(container->unit, suffix);
	return cg->slice && cg->unit ? 0 : -ENOMEM;
}

/*
 * The parents that were made for the container are shared with this group: whichever of the two
 * goes last takes them along.
 */
static void share_parents(const struct cgroup *container, struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++) {
		struct cgroup_hier *h = &cg->h[i];

		for (size_t k = 0; k < container->n; k++) {
			const struct cgroup_hier *f = &container->h[k];

			if (h->made > 0 && f->made > h->made && strcmp(h->mount, f->mount) == 0)
				h->made = f->made;
		}
	}
}

int cgroup_name_beside(
	const struct cgroup *container, const char *suffix, struct cgroup **ret, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = cgroup_new(container->manager);

	if (!cg || name_beside(container, suffix, cg) < 0)
		return err_set(e, ENOMEM, "name a cgroup");
	for (size_t i = 0; i < cg->n; i++)
		cg->h[i].made = 1;
	share_parents(container, cg);
	*ret = steal_ptr(&cg);
	return 0;
}

int cgroup_create_beside(const struct cgroup *container, const char *suffix, int64_t memory_max,
	int64_t pids_max, struct cgroup **ret, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = cgroup_new(container->manager);
	struct oci_resources res = cgroup_no_limits;
	int r;

	if (!cg || name_beside(container, suffix, cg) < 0)
		return err_set(e, ENOMEM, "create a cgroup");
	if (memory_max > 0)
		res.memory_limit = memory_max;
	if (pids_max > 0)
		res.pids_limit = pids_max;
	drop_unavailable(cg, &res);
	r = cg->manager == CGROUP_SYSTEMD ? cgroup_systemd_start(cg, &res, NULL, e) : 0;
	if (r == 0)
		r = cgroup_make_groups(cg, e);
	if (r == 0 && cg->n)
		r = cgroup_limits_apply(cg, &res, e);
	if (r < 0) {
		cgroup_remove_groups(cg);
		return r;
	}
	share_parents(container, cg);
	*ret = steal_ptr(&cg);
	return 0;
}
