#include "bundle/policy_route.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/policy_auth.h"
#include "bundle/policy_dlp.h"

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

void policy_matcher_done(struct policy_matcher *m)
{
	for (size_t i = 0; i < m->n_paths; i++)
		free(m->paths[i].value);
	free(m->paths);
	strv_free(m->methods);
	for (size_t i = 0; i < m->n_headers; i++) {
		free(m->headers[i].name);
		free(m->headers[i].value);
	}
	free(m->headers);
	*m = (struct policy_matcher){0};
}

void policy_route_done(struct policy_route *r)
{
	free(r->host);
	policy_auth_done(&r->auth);
	for (size_t i = 0; i < r->n_matches; i++)
		policy_matcher_done(&r->matches[i]);
	free(r->matches);
	strv_free(r->addresses);
	free(r->tls_ca);
	*r = (struct policy_route){0};
}

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

static json_t *headers_to_json(const struct policy_matcher *m)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < m->n_headers; i++)
		if (json_array_append_new(
			    list, json_pack("{s:s, s:s, s:s}", "name", m->headers[i].name, "type",
					  match_names[m->headers[i].type], "value",
					  m->headers[i].value)) < 0)
			return NULL;
	return steal_ptr(&list);
}

/* A field that is not there matches everything, so one that was lost must be an error. */
static json_t *matcher_to_json(const struct policy_matcher *m)
{
	cleanup_json json_t *j = json_object();

	if (!j || (m->n_paths > 0 && json_object_set_new(j, "paths", paths_to_json(m)) < 0) ||
		(m->methods && json_object_set_new(j, "methods", json_from_strv(m->methods)) < 0) ||
		(m->n_headers > 0 && json_object_set_new(j, "headers", headers_to_json(m)) < 0))
		return NULL;
	return steal_ptr(&j);
}

json_t *policy_matches_to_json(const struct policy_route *r)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < r->n_matches; i++)
		if (json_array_append_new(list, matcher_to_json(&r->matches[i])) < 0)
			return NULL;
	return steal_ptr(&list);
}

json_t *policy_route_to_json(const struct policy_route *r)
{
	cleanup_json json_t *j = json_pack("{s:s, s:i, s:b, s:s*}", "host", r->host, "port",
		(int)r->port, "git_fetch", (int)r->git_fetch, "tls_ca", r->tls_ca);

	if (!j || policy_auth_to_json(&r->auth, j) < 0 ||
		(r->n_matches > 0 &&
			json_object_set_new(j, "matches", policy_matches_to_json(r)) < 0))
		return NULL;
	if (r->addresses && json_object_set_new(j, "addresses", json_from_strv(r->addresses)) < 0)
		return NULL;
	if (json_object_set_new(j, "dlp", policy_dlp_to_json(&r->dlp)) < 0)
		return NULL;
	return steal_ptr(&j);
}

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
	struct policy_path *p = item;
	int r = read_type(at, &p->type, e);

	return r < 0 ? r : json_need_str(at, "value", &p->value, e);
}

static int read_header(const struct json_at *at, void *item, struct err *e)
{
	struct policy_header *h = item;
	int r = read_type(at, &h->type, e);

	if (r >= 0)
		r = json_need_str(at, "name", &h->name, e);
	return r < 0 ? r : json_need_str(at, "value", &h->value, e);
}

static int read_matcher(const struct json_at *at, void *item, struct err *e)
{
	struct policy_matcher *m = item;
	const struct json_list paths = {&m->paths, &m->n_paths, sizeof(*m->paths), read_path};
	const struct json_list headers = {
		&m->headers, &m->n_headers, sizeof(*m->headers), read_header};
	int r = json_get_list(at, "paths", &paths, e);

	if (r >= 0)
		r = json_get_strv(at, "methods", &m->methods, e);
	return r < 0 ? r : json_get_list(at, "headers", &headers, e);
}

int policy_route_read(const struct json_at *at, void *route, struct err *e)
{
	struct policy_route *r = route;
	const struct json_list matches = {
		&r->matches, &r->n_matches, sizeof(*r->matches), read_matcher};
	int64_t port = 0;

	if (json_need_str(at, "host", &r->host, e) < 0 ||
		json_get_int(at, "port", 0, UINT16_MAX, &port, e) < 0 ||
		policy_auth_read(at, &r->auth, e) < 0 ||
		json_get_list(at, "matches", &matches, e) < 0 ||
		json_get_bool(at, "git_fetch", &r->git_fetch, e) < 0 ||
		json_get_strv(at, "addresses", &r->addresses, e) < 0 ||
		json_get_str(at, "tls_ca", &r->tls_ca, e) < 0 ||
		policy_dlp_read(at, &r->dlp, e) < 0)
		return -e->code;
	r->port = (uint16_t)port;
	return 0;
}
