#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "bundle/oci_read.h"

/* linux.intelRdt: the container's class of service in resctrl. */

void oci_rdt_free(struct oci_rdt *rdt)
{
	if (!rdt)
		return;
	free(rdt->clos_id);
	free(rdt->l3_cache_schema);
	free(rdt->mem_bw_schema);
	strv_free(rdt->schemata);
	free(rdt);
}

/* A directory's name below resctrl's root, or "/", which is the root. */
static bool is_clos_id(const char *id)
{
	if (str_eq(id, "/"))
		return true;
	return *id && !strpbrk(id, "/\n") && !str_eq(id, ".") && !str_eq(id, "..");
}

static int check_line(const struct json_at *at, const char *key, const char *line, struct err *e)
{
	if (line && (!*line || strchr(line, '\n')))
		return json_err(at, EINVAL, e, "%s: '%s' must be one line", key, line);
	return 0;
}

static int check(const struct json_at *at, const struct oci_rdt *rdt, struct err *e)
{
	int r = check_line(at, "l3CacheSchema", rdt->l3_cache_schema, e);

	if (rdt->clos_id && !is_clos_id(rdt->clos_id))
		return json_err(at, EINVAL, e,
			"closID: '%s' must be \"/\" or a name without '/', neither . nor ..",
			rdt->clos_id);
	if (r == 0)
		r = check_line(at, "memBwSchema", rdt->mem_bw_schema, e);
	if (r == 0 && rdt->mem_bw_schema && !str_starts(rdt->mem_bw_schema, "MB:"))
		r = json_err(at, EINVAL, e, "memBwSchema: '%s' must begin with \"MB:\"",
			rdt->mem_bw_schema);
	for (size_t i = 0; r == 0 && rdt->schemata && rdt->schemata[i]; i++)
		r = check_line(at, "schemata", rdt->schemata[i], e);
	return r;
}

/* An empty text counts as absent, as everywhere in Go's documents. */
static void drop_empty(char **text)
{
	if (*text && !**text) {
		free(*text);
		*text = NULL;
	}
}

int oci_read_rdt(const struct json_at *up, struct oci *oci, struct err *e)
{
	struct oci_rdt *rdt;
	struct json_at at;
	int r = json_member(up, "intelRdt", JSON_OBJECT, &at, e);

	if (r <= 0)
		return r;
	rdt = oci->rdt = calloc(1, sizeof(*rdt));
	if (!rdt)
		return err_set(e, ENOMEM, "read intelRdt");
	if ((r = json_get_str(&at, "closID", &rdt->clos_id, e)) < 0 ||
		(r = json_get_str(&at, "l3CacheSchema", &rdt->l3_cache_schema, e)) < 0 ||
		(r = json_get_str(&at, "memBwSchema", &rdt->mem_bw_schema, e)) < 0 ||
		(r = json_get_strv(&at, "schemata", &rdt->schemata, e)) < 0 ||
		(r = json_get_bool(&at, "enableMonitoring", &rdt->monitoring, e)) < 0)
		return r;
	drop_empty(&rdt->clos_id);
	drop_empty(&rdt->l3_cache_schema);
	drop_empty(&rdt->mem_bw_schema);
	return check(&at, rdt, e);
}
