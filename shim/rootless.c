#include "shim/rootless.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"

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

int rootless_fit(struct oci *oci, struct err *e)
{
	int r = 0;

	if (geteuid() == 0)
		return 0;
	r = check_namespace(oci, e);
	if (r == 0)
		r = check_groups(oci, e);
	for (size_t i = 0; r == 0 && !oci->ns[OCI_NS_USER].path && i < oci->n_mounts; i++)
		if (str_eq(oci->mounts[i].type, "devpts"))
			drop_devpts_group(oci, &oci->mounts[i]);
	return r;
}
