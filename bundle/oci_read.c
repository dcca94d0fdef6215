#include "bundle/oci_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

int oci_read_map(const struct json_at *at, const char *key, char ***ret, struct err *e)
{
	struct json_at map, value;
	const char *name;
	json_t *j;
	int r = json_member(at, key, JSON_OBJECT, &map, e);

	if (r <= 0)
		return r;
	if (json_count(&map) > JSON_LIST_MAX)
		return json_err(&map, E2BIG, e, "more than %d members", JSON_LIST_MAX);
	json_object_foreach (map.j, name, j) {
		r = json_member(&map, name, JSON_STRING, &value, e);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (!*name || strchr(name, '='))
			return json_err(
				&map, EINVAL, e, "'%s': a name must be there, without '='", name);
		if (strv_push(ret, str_format("%s=%s", name, json_string_value(value.j))) < 0)
			return err_set(e, ENOMEM, "read '%s'", key);
	}
	return 1;
}

int oci_read_u32(const struct json_at *at, const char *key, uint32_t *ret, struct err *e)
{
	int64_t v = 0;
	int r = json_get_int(at, key, 0, UINT32_MAX, &v, e);

	if (r > 0)
		*ret = (uint32_t)v;
	return r;
}

int oci_read_id(const struct json_at *at, const char *key, uint32_t *ret, struct err *e)
{
	int64_t v = 0;
	/* setresuid(-1) changes nothing: the process would stay root. */
	int r = json_get_int(at, key, 0, (int64_t)UINT32_MAX - 1, &v, e);

	if (r > 0)
		*ret = (uint32_t)v;
	return r;
}

int oci_read_has_u32(
	const struct json_at *at, const char *key, uint32_t *ret, bool *has, struct err *e)
{
	int r = oci_read_u32(at, key, ret, e);

	if (r > 0)
		*has = true;
	return r;
}

static int need(const struct json_at *at, const char *key, int r, struct err *e)
{
	return r ? r : json_err(at, EINVAL, e, "the member '%s' is missing", key);
}

static int read_id_map(const struct json_at *at, void *item, struct err *e)
{
	struct oci_id_map *m = item;
	int r;

	r = need(at, "containerID", oci_read_u32(at, "containerID", &m->container_id, e), e);
	if (r >= 0)
		r = need(at, "hostID", oci_read_u32(at, "hostID", &m->host_id, e), e);
	if (r >= 0)
		r = need(at, "size", oci_read_u32(at, "size", &m->size, e), e);
	if (r >= 0 && m->size == 0)
		r = json_err(at, EINVAL, e, "a mapping of size 0 maps nothing");
	return r;
}

int oci_read_id_maps(const struct json_at *at, const char *key, struct oci_id_map **ret, size_t *n,
	struct err *e)
{
	const struct json_list how = {ret, n, sizeof(**ret), read_id_map};
	int r = json_get_list(at, key, &how, e);

	/* The kernel takes 340 lines (user_namespaces(7)). */
	if (r > 0 && *n > 340)
		return json_err(at, E2BIG, e, "%s: the kernel takes at most 340 mappings", key);
	return r;
}

char *oci_absolute(const char *bundle, const char *path)
{
	return *path == '/' ? strdup(path) : str_format("%s/%s", bundle, path);
}
