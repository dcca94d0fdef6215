#include "egress/matching.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "egress/criteria.h"
#include "egress/rules.h"

struct matching {
	const struct policy_route *route;
	struct criteria **allow, **deny;   /* as many as n_matches, n_deny */
	bool by_method, by_path, by_query; /* some entry speaks of them */
};

static int add(struct matching *m, const struct policy_matcher *from, enum criteria_kind kind,
	struct criteria **ret, struct err *e)
{
	m->by_method |= from->methods && from->methods[0];
	m->by_path |= from->n_paths > 0;
	m->by_query |= from->n_query > 0;
	return criteria_new(from, kind, ret, e);
}

static int fill(struct matching *m, struct err *e)
{
	const struct policy_route *r = m->route;

	m->allow = calloc(r->n_matches + 1, sizeof(*m->allow));
	m->deny = calloc(r->n_deny + 1, sizeof(*m->deny));
	if (!m->allow || !m->deny)
		return err_set(e, ENOMEM, "the matches of a route");
	for (size_t i = 0; i < r->n_matches; i++)
		if (add(m, &r->matches[i], CRITERIA_ALLOW, &m->allow[i], e) < 0)
			return err_wrap(e, "matches[%zu]", i);
	for (size_t i = 0; i < r->n_deny; i++)
		if (add(m, &r->deny[i], CRITERIA_DENY, &m->deny[i], e) < 0)
			return err_wrap(e, "deny[%zu]", i);
	return 0;
}

int matching_new(const struct policy_route *route, struct matching **ret, struct err *e)
{
	struct matching *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return err_set(e, ENOMEM, "the matches of a route");
	m->route = route;
	r = fill(m, e);
	if (r < 0) {
		matching_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

void matching_free(struct matching *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->allow && i < m->route->n_matches; i++)
		criteria_free(m->allow[i]);
	for (size_t i = 0; m->deny && i < m->route->n_deny; i++)
		criteria_free(m->deny[i]);
	free(m->allow);
	free(m->deny);
	free(m);
}

/* Under this name, or one that a server takes for it. */
static bool has_field(const struct http1_head *head, const char *name)
{
	for (size_t i = 0; i < head->n_fields; i++)
		if (http1_is_alike(head->fields[i].name, name))
			return true;
	return false;
}

/* Headers by which a server may be told to take another method or path than the one checked. */
static int check_headers(
	const struct matching *m, const struct rule_request *q, struct refusal *why)
{
	static const char *const methods[] = {
		"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"};
	static const char *const paths[] = {"X-Original-URL", "X-Rewrite-URL"};

	for (size_t i = 0; m->by_method && i < ARRAY_LEN(methods); i++)
		if (has_field(q->head, methods[i]))
			return refusal_set(why, 403, "method_override", "matches: methods",
				"the header %s would change the method that was checked",
				methods[i]);
	for (size_t i = 0; m->by_path && i < ARRAY_LEN(paths); i++)
		if (has_field(q->head, paths[i]))
			return refusal_set(why, 403, "path_override", "matches: paths",
				"the header %s would change the path that was checked", paths[i]);
	return 0;
}

/* … and the parameter that does so in Rails, Laravel and Symfony. */
static int check_query(const struct matching *m, const struct rule_request *q,
	const struct parameters *query, struct refusal *why)
{
	for (size_t i = 0; m->by_method && i < query->n; i++)
		if (parameters_alike(query->pairs[i].name, "_method"))
			return refusal_set(why, 403, "method_override", "matches: methods",
				"the parameter _method would change the method that was checked");
	if (query->crowded || (m->by_query && query->ambiguous))
		return refusal_set(why, 403, "ambiguous_query", "matches: query",
			"the route for %s speaks of methods or parameters, and the query could be "
			"read in two ways: %s",
			q->host, query->ambiguous);
	return 0;
}

static int check_readings(const struct matching *m, const struct rule_request *q,
	const struct parameters *query, struct refusal *why)
{
	if (m->by_path && q->target->ambiguous)
		return refusal_set(why, 403, "ambiguous_path", "matches: paths",
			"the route for %s speaks of paths, and the path could be read in two ways: "
			"%s",
			q->host, q->target->ambiguous);
	if (check_headers(m, q, why) < 0)
		return -EACCES;
	return check_query(m, q, query, why);
}

static int check_entries(const struct matching *m, const struct rule_request *q,
	const struct criteria_request *c, size_t *ret_entry, struct refusal *why)
{
	for (size_t i = 0; i < m->route->n_deny; i++)
		if (criteria_fits(m->deny[i], c))
			return refusal_set(why, 403, "denied", "egress.routes: deny",
				"the route for %s refuses such requests (deny[%zu])", q->host, i);
	for (size_t i = 0; i < m->route->n_matches; i++) {
		if (!criteria_fits(m->allow[i], c))
			continue;
		if (ret_entry)
			*ret_entry = i;
		return 0;
	}
	if (m->route->n_matches > 0)
		return refusal_set(why, 403, "no_match", "egress.routes: matches",
			"the route for %s allows no such %s request (method, path, headers or "
			"query)",
			q->host, q->head->method);
	if (ret_entry)
		*ret_entry = 0;
	return 0;
}

int matching_check(const struct matching *m, const struct rule_request *q, size_t *ret_entry,
	struct refusal *why)
{
	const char *mark = q->target->text + q->target->path_len;
	cleanup_free char *path = NULL;
	struct parameters query = {0};
	struct criteria_request c = {.head = q->head, .query = &query};
	int r;

	if (ret_entry)
		*ret_entry = 0;
	if (m->route->n_matches == 0 && m->route->n_deny == 0)
		return 0;
	path = target_decoded(q->target, &c.path_len);
	c.path = path;
	if (!path || ((m->by_query || m->by_method) &&
			     parameters_parse(*mark == '?' ? mark + 1 : "", &query) < 0))
		return refusal_set(why, 503, "no_memory", "egress.routes: matches",
			"no memory to check the request");
	r = check_readings(m, q, &query, why);
	if (r == 0)
		r = check_entries(m, q, &c, ret_entry, why);
	parameters_done(&query);
	return r;
}
