#include "bundle/policy_match.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "base/str.h"

static const char *const match_names[] = {
	[POLICY_EXACT] = "exact",
	[POLICY_PREFIX] = "prefix",
	[POLICY_REGEX] = "regex",
};

bool policy_match_parse(const char *name, enum policy_match *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(match_names); i++) {
		if (str_eq(match_names[i], name)) {
			*ret = (enum policy_match)i;
			return true;
		}
	}
	return false;
}

static void pairs_free(struct policy_header *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].name);
		free(list[i].value);
	}
	free(list);
}

void policy_matcher_done(struct policy_matcher *m)
{
	for (size_t i = 0; i < m->n_paths; i++)
		free(m->paths[i].value);
	free(m->paths);
	strv_free(m->methods);
	pairs_free(m->headers, m->n_headers);
	pairs_free(m->query, m->n_query);
	*m = (struct policy_matcher){0};
}

/* ---- out */

static json_t *paths_to_json(const struct policy_matcher *m)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < m->n_paths; i++)
		if (json_array_append_new(
			    list, json_pack("{s:s, s:s}", "type", match_names[m->paths[i].type],
					  "value", m->paths[i].value)) < 0)
			return NULL;
	return steal_ptr(&list);
}

static json_t *pairs_to_json(const struct policy_header *pairs, size_t n)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++)
		if (json_array_append_new(
			    list, json_pack("{s:s, s:s, s:s}", "name", pairs[i].name, "type",
					  match_names[pairs[i].type], "value", pairs[i].value)) < 0)
			return NULL;
	return steal_ptr(&list);
}

/* A field that is not there matches everything, so one that was lost must be an error. */
static json_t *matcher_to_json(const struct policy_matcher *m)
{
	cleanup_json json_t *j = json_object();

	if (!j || (m->n_paths > 0 && json_object_set_new(j, "paths", paths_to_json(m)) < 0) ||
		(m->methods && json_object_set_new(j, "methods", json_from_strv(m->methods)) < 0) ||
		(m->n_headers > 0 && json_object_set_new(j, "headers",
					     pairs_to_json(m->headers, m->n_headers)) < 0) ||
		(m->n_query > 0 &&
			json_object_set_new(j, "query", pairs_to_json(m->query, m->n_query)) < 0))
		return NULL;
	return steal_ptr(&j);
}

int policy_matchers_to_json(
	const char *key, const struct policy_matcher *list, size_t n, json_t *route)
{
	cleanup_json json_t *j = json_array();

	for (size_t i = 0; j && i < n; i++)
		if (json_array_append_new(j, matcher_to_json(&list[i])) < 0)
			return -ENOMEM;
	if (!j)
		return -ENOMEM;
	return n > 0 && json_object_set_new(route, key, steal_ptr(&j)) < 0 ? -ENOMEM : 0;
}

/* ---- in */

static int read_type(const struct json_at *at, enum policy_match *ret, struct err *e)
{
	cleanup_free char *name = NULL;
	int r = json_need_str(at, "type", &name, e);

	if (r >= 0 && !policy_match_parse(name, ret))
		return json_err(at, EINVAL, e, "type: '%s' is none of exact, prefix, regex", name);
	return r;
}

static int read_path(const struct json_at *at, void *item, struct err *e)
{
	static const char *const known[] = {"type", "value", NULL};
	struct policy_path *p = item;
	int r = json_only(at, known, e);

	if (r >= 0)
		r = read_type(at, &p->type, e);
	return r < 0 ? r : json_need_str(at, "value", &p->value, e);
}

static int read_pair(const struct json_at *at, void *item, struct err *e)
{
	static const char *const known[] = {"name", "type", "value", NULL};
	struct policy_header *h = item;
	int r = json_only(at, known, e);

	if (r >= 0)
		r = read_type(at, &h->type, e);
	if (r >= 0 && h->type == POLICY_PREFIX)
		return json_err(at, EINVAL, e, "type: 'prefix' is for paths only");
	if (r >= 0)
		r = json_need_str(at, "name", &h->name, e);
	return r < 0 ? r : json_need_str(at, "value", &h->value, e);
}

static int check_fields(const struct json_at *at, struct err *e)
{
	static const char *const known[] = {"paths", "methods", "headers", "query", NULL};
	struct json_at list;
	int r = json_only(at, known, e), fields = 0;

	for (size_t i = 0; r >= 0 && known[i]; i++) {
		r = json_member(at, known[i], JSON_ARRAY, &list, e);
		if (r > 0 && json_count(&list) == 0)
			return json_err(&list, EINVAL, e, "an empty list would match everything");
		fields += r > 0;
	}
	if (r >= 0 && fields == 0)
		return json_err(at, EINVAL, e, "without any field it would match everything");
	return r;
}

static int read_matcher(const struct json_at *at, void *item, struct err *e)
{
	struct policy_matcher *m = item;
	const struct json_list paths = {&m->paths, &m->n_paths, sizeof(*m->paths), read_path};
	const struct json_list headers = {
		&m->headers, &m->n_headers, sizeof(*m->headers), read_pair};
	const struct json_list query = {&m->query, &m->n_query, sizeof(*m->query), read_pair};

	if (check_fields(at, e) < 0 || json_get_list(at, "paths", &paths, e) < 0 ||
		json_get_strv(at, "methods", &m->methods, e) < 0 ||
		json_get_list(at, "headers", &headers, e) < 0 ||
		json_get_list(at, "query", &query, e) < 0)
		return -e->code;
	return 0;
}

int policy_matchers_read(const struct json_at *route, const char *key,
	const struct policy_matchers *ret, struct err *e)
{
	const struct json_list how = {ret->list, ret->n, sizeof(**ret->list), read_matcher};
	struct json_at list;
	int r = json_member(route, key, JSON_ARRAY, &list, e);

	if (r > 0 && json_count(&list) == 0)
		return json_err(&list, EINVAL, e, "an empty list would match everything");
	return r <= 0 ? r : json_get_list(route, key, &how, e);
}
