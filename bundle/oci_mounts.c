#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "bundle/oci_read.h"

void oci_free_mounts(struct oci *oci)
{
	for (size_t i = 0; i < oci->n_mounts; i++) {
		struct oci_mount *m = &oci->mounts[i];

		free(m->destination);
		free(m->type);
		free(m->source);
		strv_free(m->options);
		free(m->uid_maps);
		free(m->gid_maps);
	}
	free(oci->mounts);
}

static bool is_bind(const struct oci_mount *m)
{
	return str_eq(m->type, "bind") || strv_has(m->options, "bind") ||
	       strv_has(m->options, "rbind");
}

/* A relative destination is an error of the spec's since 1.0, but is taken as runc takes it. */
static int read_destination(const struct json_at *at, struct oci_mount *m, struct err *e)
{
	int r = json_need_str(at, "destination", &m->destination, e);
	char *absolute;

	if (r < 0)
		return r;
	if (!*m->destination)
		return json_err(at, EINVAL, e, "destination: it is empty");
	if (*m->destination == '/')
		return 0;
	absolute = str_format("/%s", m->destination);
	if (!absolute)
		return err_set(e, ENOMEM, "read a mount");
	free(m->destination);
	m->destination = absolute;
	return 0;
}

static int read_mount(const struct json_at *at, void *item, struct err *e)
{
	struct oci_mount *m = item;
	int r;

	if ((r = read_destination(at, m, e)) < 0 ||
		(r = json_get_str(at, "type", &m->type, e)) < 0 ||
		(r = json_get_str(at, "source", &m->source, e)) < 0 ||
		(r = json_get_strv(at, "options", &m->options, e)) < 0 ||
		(r = oci_read_id_maps(at, "uidMappings", &m->uid_maps, &m->n_uid_maps, e)) < 0 ||
		(r = oci_read_id_maps(at, "gidMappings", &m->gid_maps, &m->n_gid_maps, e)) < 0)
		return r;
	if (m->type && !*m->type) {
		free(m->type);
		m->type = NULL;
	}
	if (is_bind(m) && (!m->source || !*m->source))
		return json_err(
			at, EINVAL, e, "a bind mount on '%s' needs a source", m->destination);
	return 0;
}

int oci_read_mounts(const struct json_at *root, struct oci *oci, struct err *e)
{
	const struct json_list how = {
		&oci->mounts, &oci->n_mounts, sizeof(*oci->mounts), read_mount};
	int r = json_get_list(root, "mounts", &how, e);

	for (size_t i = 0; r > 0 && i < oci->n_mounts; i++) {
		struct oci_mount *m = &oci->mounts[i];
		char *absolute;

		if (!is_bind(m) || *m->source == '/')
			continue;
		absolute = oci_absolute(oci->bundle, m->source);
		if (!absolute)
			return err_set(e, ENOMEM, "read a mount");
		free(m->source);
		m->source = absolute;
	}
	return r;
}
