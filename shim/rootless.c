#include "shim/rootless.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "base/subid.h"
#include "shim/userns.h"

static bool is_mapped(const struct oci_id_map *map, size_t n, unsigned long id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= map[i].container_id && id - map[i].container_id < map[i].size)
			return true;
	return false;
}

static int check_namespace(const struct oci *oci, struct err *e)
{
	const struct oci_namespace *ns = &oci->ns[OCI_NS_USER];

	if (!ns->present)
		return err_say(e, EPERM,
			"rootless container requires user namespaces: config.json needs "
			"{\"type\": \"user\"} in linux.namespaces, linux.uidMappings and "
			"linux.gidMappings (see `bottle-shim spec --rootless`)");
	if (ns->path)
		return 0;
	if (oci->n_uid_maps == 0)
		return err_say(e, EINVAL,
			"rootless containers requires at least one UID mapping: "
			"linux.uidMappings, for example containerID 0, hostID %u, size 1",
			(unsigned)geteuid());
	if (oci->n_gid_maps == 0)
		return err_say(e, EINVAL,
			"rootless containers requires at least one GID mapping: "
			"linux.gidMappings, for example containerID 0, hostID %u, size 1",
			(unsigned)getegid());
	return 0;
}

/* A single mapping is written by the user, which takes setgroups(2) away (user_namespaces(7)). */
static int check_groups(const struct oci *oci, struct err *e)
{
	bool single = oci->n_gid_maps == 1 && oci->gid_maps[0].size == 1;

	if (!single || !oci->process || oci->process->n_additional_gids == 0)
		return 0;
	return err_say(e, EINVAL,
		"cannot set any additional groups in a rootless container with a single group: "
		"process.user.additionalGids needs more in linux.gidMappings");
}

/* "gid=5", which every engine writes: without it the terminals have the group of their user. */
static void drop_devpts_group(const struct oci *oci, struct oci_mount *m)
{
	size_t kept = 0;

	for (size_t i = 0; m->options && m->options[i]; i++) {
		char *option = m->options[i];

		if (str_starts(option, "gid=") &&
			!is_mapped(oci->gid_maps, oci->n_gid_maps,
				strtoul(option + strlen("gid="), NULL, 10))) {
			log_debug("mount on '%s': '%s' has no mapping", m->destination, option);
			free(option);
		} else {
			m->options[kept++] = option;
		}
	}
	if (m->options)
		m->options[kept] = NULL;
}

/* ---- a bottle's ids: within the user namespace that is made around it, or is the caller's own */

struct half {
	struct oci_id_map **map;
	size_t *n;
	const struct oci_id_map *outer;
	size_t n_outer;
};

/* What plan_build gives to a container without maps. */
static bool is_identity(const struct oci_id_map *map, size_t n)
{
	return n > 0 && map[0].container_id == 0 && map[0].host_id == 0 &&
	       map[0].size == PLAN_COMPONENT_UID_FIRST;
}

/* The kernel takes no range that lies in two of the namespace around it. */
static int set_identity(const struct half *h, uint32_t end, struct err *e)
{
	struct oci_id_map *all = calloc(h->n_outer + 1, sizeof(*all));
	size_t n = 0;

	if (!all)
		return err_set(e, ENOMEM, "map ids");
	for (size_t i = 0; i < h->n_outer && h->outer[i].container_id < end; i++) {
		uint32_t first = h->outer[i].container_id, left = end - first;

		all[n++] = (struct oci_id_map){
			first, first, h->outer[i].size < left ? h->outer[i].size : left};
	}
	free(*h->map);
	*h->map = all;
	*h->n = n;
	return 0;
}

/* Ids of the caller's become those of the new namespace; one range may lie in several of its. */
static int translate_one(const struct oci_id_map *m, const struct half *h, struct oci_id_map *ret)
{
	const struct oci_id_map *outer = h->outer;

	uint64_t end = (uint64_t)m->host_id + m->size;

	for (size_t i = 0; i < h->n_outer; i++) {
		uint64_t outer_end = (uint64_t)outer[i].host_id + outer[i].size;

		if (m->host_id < outer[i].host_id || m->host_id >= outer_end)
			continue;
		*ret = (struct oci_id_map){.container_id = m->container_id,
			.host_id = outer[i].container_id + (m->host_id - outer[i].host_id),
			.size = (uint32_t)((end < outer_end ? end : outer_end) - m->host_id)};
		return 0;
	}
	return -ENOENT;
}

static int translate(const struct half *h, struct err *e)
{
	/* Each range is cut at most where one of the outer ones ends. */
	size_t n_out = 0, room = *h->n * h->n_outer;
	struct oci_id_map *out = calloc(room + 1, sizeof(*out));

	if (!out)
		return err_set(e, ENOMEM, "map ids");
	for (size_t i = 0; i < *h->n; i++) {
		struct oci_id_map left = (*h->map)[i];

		while (left.size > 0 && n_out < room && translate_one(&left, h, &out[n_out]) == 0) {
			left.container_id += out[n_out].size;
			left.host_id += out[n_out].size;
			left.size -= out[n_out++].size;
		}
		if (left.size > 0) {
			free(out);
			return err_say(e, EPERM,
				"linux.uidMappings, linux.gidMappings: id %u is neither the "
				"user's own nor among those that " SUBID_UIDS " and " SUBID_GIDS
				" give him",
				left.host_id);
		}
	}
	free(*h->map);
	*h->map = out;
	*h->n = n_out;
	return 0;
}

static int keep_sidecars_out(const struct oci_id_map *map, size_t n, uint32_t first, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if ((uint64_t)map[i].host_id + map[i].size > first)
			return err_say(e, EPERM,
				"linux.uidMappings, linux.gidMappings: a bottle keeps the last of "
				"the user's ids for its sidecar; container ids %u to %u reach into "
				"them: map %u fewer",
				map[i].container_id, map[i].container_id + (map[i].size - 1),
				(unsigned)((uint64_t)map[i].host_id + map[i].size - first));
	return 0;
}

static int fit_half(const struct half *h, uint32_t first, struct err *e)
{
	int r = 0;

	if (is_identity(*h->map, *h->n))
		return set_identity(h, first, e);
	if (geteuid() != 0)
		r = translate(h, e);
	return r < 0 ? r : keep_sidecars_out(*h->map, *h->n, first, e);
}

static int fit_bottle(struct oci *oci, struct err *e)
{
	struct userns_ids ids;
	uint32_t first = 0, count;
	int r = userns_ids_read(&ids, e);

	if (r == 0)
		r = userns_sidecar_ids(&ids, &first, &count, e);
	if (r < 0 || first >= PLAN_COMPONENT_UID_FIRST)
		return r;
	r = fit_half(
		&(struct half){&oci->uid_maps, &oci->n_uid_maps, ids.uids, ids.n_uids}, first, e);
	if (r == 0)
		r = fit_half(&(struct half){&oci->gid_maps, &oci->n_gid_maps, ids.gids, ids.n_gids},
			first, e);
	if (r == 0 && plan_clamp_ping_groups(oci->sysctl, first) < 0)
		r = err_set(e, ENOMEM, "map ids");
	return r;
}

int rootless_fit(const struct plan *plan, struct err *e)
{
	struct oci *oci = plan->oci;
	int r = 0;

	if (plan->bottle && userns_is_rootless())
		r = fit_bottle(oci, e);
	if (r < 0 || geteuid() == 0)
		return r;
	r = check_namespace(oci, e);
	if (r == 0)
		r = check_groups(oci, e);
	for (size_t i = 0; r == 0 && !oci->ns[OCI_NS_USER].path && i < oci->n_mounts; i++)
		if (str_eq(oci->mounts[i].type, "devpts"))
			drop_devpts_group(oci, &oci->mounts[i]);
	return r;
}
