#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci_read.h"
#include "bundle/oci_words.h"

/* The object `linux` of config.json, but for resources and seccomp. */

void oci_free_linux(struct oci *oci)
{
	for (int i = 0; i < OCI_NS_COUNT; i++)
		free(oci->ns[i].path);
	free(oci->uid_maps);
	free(oci->gid_maps);
	for (size_t i = 0; i < oci->n_time_offsets; i++)
		free(oci->time_offsets[i].clock);
	free(oci->time_offsets);
	for (size_t i = 0; i < oci->n_devices; i++)
		free(oci->devices[i].path);
	free(oci->devices);
	free(oci->cgroups_path);
	oci_resources_free(oci->resources);
	strv_free(oci->sysctl);
	oci_seccomp_free(oci->seccomp);
	free(oci->rootfs_propagation);
	strv_free(oci->masked_paths);
	strv_free(oci->readonly_paths);
	free(oci->mount_label);
	free(oci->memory_policy);
	oci_free_net_devices(oci);
	oci_rdt_free(oci->rdt);
}

static const struct oci_word namespace_list[] = {
	{"cgroup", OCI_NS_CGROUP},
	{"ipc", OCI_NS_IPC},
	{"mount", OCI_NS_MOUNT},
	{"network", OCI_NS_NET},
	{"pid", OCI_NS_PID},
	{"time", OCI_NS_TIME},
	{"user", OCI_NS_USER},
	{"uts", OCI_NS_UTS},
};
_Static_assert(ARRAY_LEN(namespace_list) == OCI_NS_COUNT, "a namespace has no name");

json_t *oci_namespace_names(void)
{
	const struct oci_words all = {"namespace", namespace_list, ARRAY_LEN(namespace_list)};

	return oci_words_json(&all);
}

struct named_namespace {
	char *type;
	char *path;
};

static int read_namespace(const struct json_at *at, void *item, struct err *e)
{
	struct named_namespace *n = item;
	int r = json_need_str(at, "type", &n->type, e);

	if (r >= 0)
		r = json_get_str(at, "path", &n->path, e);
	if (r > 0 && *n->path && *n->path != '/')
		return json_err(at, EINVAL, e, "path: '%s' must be absolute", n->path);
	return r;
}

static int take_namespace(
	const struct json_at *at, struct named_namespace *n, struct oci *oci, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(namespace_list); i++) {
		struct oci_namespace *ns = &oci->ns[namespace_list[i].value];

		if (!str_eq(n->type, namespace_list[i].name))
			continue;
		if (ns->present)
			return json_err(at, EINVAL, e,
				"namespaces: malformed spec file: duplicated ns \"%s\"", n->type);
		ns->present = true;
		if (n->path && *n->path)
			ns->path = steal_ptr(&n->path);
		return 0;
	}
	return json_err(at, EINVAL, e, "namespaces: namespace \"%s\" does not exist", n->type);
}

static int read_namespaces(const struct json_at *at, struct oci *oci, struct err *e)
{
	struct named_namespace *list = NULL;
	size_t n = 0;
	const struct json_list how = {&list, &n, sizeof(*list), read_namespace};
	int r = json_get_list(at, "namespaces", &how, e);

	for (size_t i = 0; r >= 0 && i < n; i++)
		r = take_namespace(at, &list[i], oci, e);
	for (size_t i = 0; i < n; i++) {
		free(list[i].type);
		free(list[i].path);
	}
	free(list);
	return r;
}

static int read_device(const struct json_at *at, void *item, struct err *e)
{
	struct oci_device *d = item;
	cleanup_free char *type = NULL;
	int r;

	d->mode = 0666;
	if ((r = json_need_str(at, "path", &d->path, e)) < 0 ||
		(r = json_need_str(at, "type", &type, e)) < 0 ||
		(r = json_get_int(at, "major", 0, UINT32_MAX, &d->major, e)) < 0 ||
		(r = json_get_int(at, "minor", 0, UINT32_MAX, &d->minor, e)) < 0 ||
		(r = oci_read_u32(at, "fileMode", &d->mode, e)) < 0 ||
		(r = oci_read_id(at, "uid", &d->uid, e)) < 0 ||
		(r = oci_read_id(at, "gid", &d->gid, e)) < 0)
		return r;
	if (strlen(type) != 1 || !strchr("cbup", *type))
		return json_err(at, EINVAL, e, "type: '%s' is none of c, b, u, p", type);
	d->type = *type;
	return 0;
}

static int read_personality(const struct json_at *at, struct oci *oci, struct err *e)
{
	cleanup_free char *domain = NULL;
	struct json_at p;
	int r = json_member(at, "personality", JSON_OBJECT, &p, e);

	if (r > 0)
		r = json_need_str(&p, "domain", &domain, e);
	if (r <= 0)
		return r;
	if (str_eq(domain, "LINUX"))
		oci->personality = PER_LINUX;
	else if (str_eq(domain, "LINUX32"))
		oci->personality = PER_LINUX32;
	else
		return json_err(&p, EINVAL, e, "domain: '%s' is neither LINUX nor LINUX32", domain);
	return 0;
}

static int read_time_offset(const struct json_at *at, struct oci_time_offset *o, struct err *e)
{
	/* The kernel wants less than a second here (time_namespaces(7)). */
	int64_t nanosecs = 0;
	int r = json_get_int(at, "secs", INT64_MIN, INT64_MAX, &o->secs, e);

	if (r >= 0)
		r = json_get_int(at, "nanosecs", 0, 999999999, &nanosecs, e);
	o->nanosecs = (uint32_t)nanosecs;
	return r;
}

static int read_time_offsets(const struct json_at *at, struct oci *oci, struct err *e)
{
	struct json_at map, value;
	const char *clock;
	json_t *j;
	int r = json_member(at, "timeOffsets", JSON_OBJECT, &map, e);

	if (r <= 0)
		return r;
	oci->time_offsets = calloc(json_count(&map) + 1, sizeof(*oci->time_offsets));
	if (!oci->time_offsets)
		return err_set(e, ENOMEM, "read timeOffsets");
	json_object_foreach (map.j, clock, j) {
		struct oci_time_offset *o = &oci->time_offsets[oci->n_time_offsets];

		if (!str_eq(clock, "monotonic") && !str_eq(clock, "boottime"))
			return json_err(
				&map, EINVAL, e, "'%s' is neither monotonic nor boottime", clock);
		r = json_member(&map, clock, JSON_OBJECT, &value, e);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		o->clock = strdup(clock);
		if (!o->clock)
			return err_set(e, ENOMEM, "read timeOffsets");
		oci->n_time_offsets++;
		r = read_time_offset(&value, o, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_propagation(const struct json_at *at, struct oci *oci, struct err *e)
{
	static const char *const known[] = {"private", "rprivate", "shared", "rshared", "slave",
		"rslave", "unbindable", "runbindable"};
	int r = json_get_str(at, "rootfsPropagation", &oci->rootfs_propagation, e);

	if (r <= 0)
		return r;
	if (!*oci->rootfs_propagation) {
		free(oci->rootfs_propagation);
		oci->rootfs_propagation = NULL;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(known[i], oci->rootfs_propagation))
			return 1;
	return json_err(
		at, EINVAL, e, "rootfsPropagation=%s is not supported", oci->rootfs_propagation);
}

static int read_resources_of(const struct json_at *at, struct oci *oci, struct err *e)
{
	struct json_at part;
	int r = json_member(at, "resources", JSON_OBJECT, &part, e);

	return r <= 0 ? r : oci_read_resources(&part, oci->resources, e);
}

static int read_seccomp_of(const struct json_at *at, struct oci *oci, struct err *e)
{
	struct json_at part;
	int r = json_member(at, "seccomp", JSON_OBJECT, &part, e);

	if (r <= 0)
		return r;
	oci->seccomp = calloc(1, sizeof(*oci->seccomp));
	if (!oci->seccomp)
		return err_set(e, ENOMEM, "read seccomp");
	return oci_read_seccomp(&part, oci->seccomp, e);
}

int oci_read_linux(const struct json_at *at, struct oci *oci, struct err *e)
{
	const struct json_list devices = {
		&oci->devices, &oci->n_devices, sizeof(*oci->devices), read_device};
	int r;

	if ((r = read_namespaces(at, oci, e)) < 0 ||
		(r = oci_read_id_maps(at, "uidMappings", &oci->uid_maps, &oci->n_uid_maps, e)) <
			0 ||
		(r = oci_read_id_maps(at, "gidMappings", &oci->gid_maps, &oci->n_gid_maps, e)) <
			0 ||
		(r = read_time_offsets(at, oci, e)) < 0 ||
		(r = json_get_list(at, "devices", &devices, e)) < 0 ||
		(r = json_get_str(at, "cgroupsPath", &oci->cgroups_path, e)) < 0 ||
		(r = read_resources_of(at, oci, e)) < 0 ||
		(r = oci_read_map(at, "sysctl", &oci->sysctl, e)) < 0 ||
		(r = read_seccomp_of(at, oci, e)) < 0 || (r = read_propagation(at, oci, e)) < 0 ||
		(r = json_get_strv(at, "maskedPaths", &oci->masked_paths, e)) < 0 ||
		(r = json_get_strv(at, "readonlyPaths", &oci->readonly_paths, e)) < 0 ||
		(r = json_get_str(at, "mountLabel", &oci->mount_label, e)) < 0 ||
		(r = read_personality(at, oci, e)) < 0 ||
		(r = oci_read_memory_policy(at, oci, e)) < 0 ||
		(r = oci_read_net_devices(at, oci, e)) < 0 || (r = oci_read_rdt(at, oci, e)) < 0)
		return r;
	return 0;
}
