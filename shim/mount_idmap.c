#include "shim/mount_idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/idmap.h"

bool mount_idmap_wanted(const struct oci_mount *m, const struct mount_options *o)
{
	return o->idmap || m->n_uid_maps > 0 || m->n_gid_maps > 0;
}

/* A number of 32 bits that ends with `end` or with the text; NULL: it is none. */
static const char *number(const char *text, char end, uint32_t *ret)
{
	char *stop;
	unsigned long long n;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	n = strtoull(text, &stop, 10);
	if (errno || n > UINT32_MAX || (*stop && *stop != end))
		return NULL;
	*ret = (uint32_t)n;
	return *stop ? stop + 1 : stop;
}

/* "0-1000-10": from the file system's ids to the host's, and how many. */
static bool range(const char *text, struct oci_id_map *ret)
{
	const char *p = number(text, '-', &ret->container_id);

	p = p && p[-1] == '-' ? number(p, '-', &ret->host_id) : NULL;
	p = p && p[-1] == '-' ? number(p, '\0', &ret->size) : NULL;
	return p && ret->size > 0;
}

/* '@': the second number is one of the container's user namespace. */
static bool shift(const struct mount_idmap_list *list, struct oci_id_map *map)
{
	for (size_t i = 0; i < list->n_own; i++) {
		const struct oci_id_map *own = &list->own[i];

		if (map->host_id < own->container_id ||
			map->host_id - own->container_id >= own->size)
			continue;
		map->host_id += own->host_id - own->container_id;
		return true;
	}
	return false;
}

static int parse_one(const struct mount_idmap_list *list, const char *text, struct oci_id_map *ret,
	struct err *e)
{
	bool relative = *text == '@';

	if (!range(text + relative, ret))
		return err_say(e, EINVAL,
			"idmap: found '%s', expected ranges such as 0-1000-10, # between them",
			text);
	if (relative && !shift(list, ret))
		return err_say(e, EINVAL,
			"idmap: '%s' is relative to the container's user namespace, which does not "
			"map %u",
			text, ret->host_id);
	return 0;
}

int mount_idmap_parse(
	const struct mount_idmap_list *list, struct oci_id_map **ret, size_t *ret_n, struct err *e)
{
	cleanup_free struct oci_id_map *maps = calloc(strlen(list->text) + 1, sizeof(*maps));
	cleanup_free char *copy = strdup(list->text);
	char *save = NULL;
	size_t n = 0;

	if (!maps || !copy)
		return err_set(e, ENOMEM, "idmap");
	for (char *p = strtok_r(copy, "#", &save); p; p = strtok_r(NULL, "#", &save)) {
		int r = parse_one(list, p, &maps[n++], e);

		if (r < 0)
			return r;
	}
	*ret = steal_ptr(&maps);
	*ret_n = n;
	return 0;
}

/* "uids=…;gids=…" */
static int parse_option(const char *text, const struct oci *oci, struct oci *maps, struct err *e)
{
	cleanup_free char *copy = strdup(text);
	char *save = NULL;
	int r = 0;

	if (!copy)
		return err_set(e, ENOMEM, "idmap");
	for (char *p = strtok_r(copy, ";", &save); r == 0 && p; p = strtok_r(NULL, ";", &save)) {
		struct mount_idmap_list uids = {p + 5, oci->uid_maps, oci->n_uid_maps};
		struct mount_idmap_list gids = {p + 5, oci->gid_maps, oci->n_gid_maps};

		if (str_starts(p, "uids=") && !maps->uid_maps)
			r = mount_idmap_parse(&uids, &maps->uid_maps, &maps->n_uid_maps, e);
		else if (str_starts(p, "gids=") && !maps->gid_maps)
			r = mount_idmap_parse(&gids, &maps->gid_maps, &maps->n_gid_maps, e);
		else
			r = err_say(e, EINVAL, "idmap: found '%s', expected uids=… and gids=…", p);
	}
	if (r == 0 && (maps->n_uid_maps == 0 || maps->n_gid_maps == 0))
		r = err_say(e, EINVAL, "idmap: '%s' must have both uids= and gids=", text);
	return r;
}

static int namespace_of_option(const char *text, const struct oci *oci, struct err *e)
{
	struct oci maps = {0};
	int r = parse_option(text, oci, &maps, e);

	if (r == 0)
		r = idmap_namespace(&maps, e);
	free(maps.uid_maps);
	free(maps.gid_maps);
	return r;
}

static int namespace_of_container(const struct oci *oci, struct err *e)
{
	const struct oci_namespace *ns = &oci->ns[OCI_NS_USER];
	int fd;

	if (!ns->present)
		return err_say(e, EINVAL,
			"idmap needs uidMappings and gidMappings of the mount, or a container with "
			"a "
			"user namespace");
	if (!ns->path)
		return idmap_namespace(oci, e);
	fd = open(ns->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? err_set(e, errno, "open the user namespace '%s'", ns->path) : fd;
}

static int namespace_of_mount(const struct oci_mount *m, struct err *e)
{
	struct oci maps = {
		.uid_maps = m->uid_maps,
		.n_uid_maps = m->n_uid_maps,
		.gid_maps = m->gid_maps,
		.n_gid_maps = m->n_gid_maps,
	};

	if (maps.n_uid_maps == 0 || maps.n_gid_maps == 0)
		return err_say(e, EINVAL,
			"uidMappings and gidMappings go together, %s is missing or empty",
			maps.n_uid_maps ? "gidMappings" : "uidMappings");
	return idmap_namespace(&maps, e);
}

int mount_idmap_apply(int mount, const struct oci_mount *m, const struct mount_options *o,
	const struct oci *oci, struct err *e)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};
	cleanup_fd int ns = -1;

	if (m->n_uid_maps || m->n_gid_maps)
		ns = namespace_of_mount(m, e);
	else if (o->idmap_text)
		ns = namespace_of_option(o->idmap_text, oci, e);
	else
		ns = namespace_of_container(oci, e);
	if (ns < 0)
		return ns;
	attr.userns_fd = (uint64_t)ns;
	if (mount_setattr(mount, "", AT_EMPTY_PATH | (o->idmap_recursive ? AT_RECURSIVE : 0), &attr,
		    sizeof(attr)) == 0)
		return 0;
	if (errno == EINVAL)
		return err_say(e, EINVAL,
			"its ids cannot be mapped: the kernel maps none for this file system");
	return err_set(e, errno, "map its ids");
}
