#include "shim/cgroup_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

static const char *const manager_names[] = {
	[CGROUP_FS] = "cgroupfs", [CGROUP_SYSTEMD] = "systemd", [CGROUP_DISABLED] = "disabled"};

static json_t *hier_to_json(const struct cgroup_hier *h)
{
	return json_pack("{s:b, s:s, s:s, s:s, s:s, s:i}", "v2", h->v2, "controllers", h->names,
		"mount", h->mount, "root", h->root, "path", h->path, "made", (int)h->made);
}

json_t *cgroup_to_json(const struct cgroup *cg)
{
	cleanup_json json_t *hiers = json_array();

	for (size_t i = 0; hiers && i < cg->n; i++)
		if (json_array_append_new(hiers, hier_to_json(&cg->h[i])) < 0)
			return NULL;
	if (!hiers)
		return NULL;
	return json_pack("{s:s, s:s*, s:s*, s:s*, s:O}", "manager", manager_names[cg->manager],
		"unit", cg->unit, "slice", cg->slice, "delegated", cg->delegated, "hierarchies",
		hiers);
}

static int hier_from_json(const struct json_at *at, struct cgroup *cg, struct err *e)
{
	struct cgroup_hier *h = &cg->h[cg->n];
	int64_t made = 0;
	int r;

	if (cg->n == CGROUP_HIERS_MAX)
		return json_err(at, EINVAL, e, "too many hierarchies");
	*h = (struct cgroup_hier){.dirfd = -1, .join_fd = -1};
	cg->n++;
	r = json_get_bool(at, "v2", &h->v2, e);
	if (r >= 0)
		r = json_need_str(at, "controllers", &h->names, e);
	if (r >= 0)
		r = json_need_str(at, "mount", &h->mount, e);
	if (r >= 0)
		r = json_need_str(at, "root", &h->root, e);
	if (r >= 0)
		r = json_need_str(at, "path", &h->path, e);
	if (r >= 0)
		r = json_get_int(at, "made", 0, 4096, &made, e);
	h->made = (unsigned int)made;
	return r < 0 ? r : 0;
}

static int manager_from_json(const struct json_at *at, enum cgroup_manager *ret, struct err *e)
{
	cleanup_free char *name = NULL;
	int r = json_need_str(at, "manager", &name, e);

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(manager_names); i++) {
		if (strcmp(name, manager_names[i]) == 0) {
			*ret = (enum cgroup_manager)i;
			return 0;
		}
	}
	return r < 0 ? r : json_err(at, EINVAL, e, "unknown cgroup manager '%s'", name);
}

int cgroup_from_json(const struct json_at *at, struct cgroup **ret, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = cgroup_new(CGROUP_FS);
	struct json_at hiers, one;
	int r;

	if (!cg)
		return err_set(e, ENOMEM, "read a cgroup");
	r = manager_from_json(at, &cg->manager, e);
	if (r >= 0)
		r = json_get_str(at, "unit", &cg->unit, e);
	if (r >= 0)
		r = json_get_str(at, "slice", &cg->slice, e);
	if (r >= 0)
		r = json_get_str(at, "delegated", &cg->delegated, e);
	if (r >= 0)
		r = json_member(at, "hierarchies", JSON_ARRAY, &hiers, e);
	if (r == 0)
		r = json_err(at, EINVAL, e, "no hierarchies");
	for (size_t i = 0; r >= 0 && i < json_count(&hiers); i++) {
		r = json_element(&hiers, i, JSON_OBJECT, &one, e);
		if (r >= 0)
			r = hier_from_json(&one, cg, e);
	}
	if (r < 0)
		return r;
	*ret = steal_ptr(&cg);
	return 0;
}

/* "cpu,cpuacct"; "name=systemd" is customarily mounted at "systemd". */
static const char *mount_name(const struct cgroup_hier *h)
{
	return str_starts(h->names, "name=") ? h->names + strlen("name=") : h->names;
}

static int mount_of(struct cgroup_hier *h, struct cgroup_mount *ret)
{
	bool named = str_starts(h->names, "name=");

	if (!h->dir)
		h->dir = cgroup_hier_dir(h);
	if (!h->data)
		h->data = str_format("%s%s", named ? "none," : "", h->names);
	if (!h->dir || !h->data)
		return -ENOMEM;
	*ret = (struct cgroup_mount){
		.v2 = h->v2, .name = mount_name(h), .data = h->data, .dir = h->dir};
	return 0;
}

int cgroup_mounts(const struct cgroup *cg, struct cgroup_mount **ret, size_t *n_ret, struct err *e)
{
	cleanup_free struct cgroup_mount *list = calloc(cg->n + 1, sizeof(*list));
	bool pure = cgroup_is_pure_v2(cg);
	size_t n = 0;

	if (!list)
		return err_set(e, ENOMEM, "cgroup mounts");
	for (size_t i = 0; i < cg->n; i++) {
		if (cg->h[i].v2 && !pure)
			continue;
		if (mount_of((struct cgroup_hier *)&cg->h[i], &list[n++]) < 0)
			return err_set(e, ENOMEM, "cgroup mounts");
	}
	*ret = steal_ptr(&list);
	*n_ret = n;
	return 0;
}
