#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/policy.h"
#include "bundle/policy_auth.h"
#include "bundle/policy_dlp.h"
#include "bundle/policy_limits.h"
#include "bundle/policy_match.h"
#include "bundle/policy_proxy.h"
#include "bundle/policy_route.h"

/* The slice of a plan that the egress process receives. */

void policy_egress_done(struct policy_egress *p)
{
	free(p->slug);
	free(p->sidecar_address);
	free(p->agent_address);
	strv_free(p->agent_names);
	for (size_t i = 0; i < p->n_routes; i++)
		policy_route_done(&p->routes[i]);
	free(p->routes);
	policy_proxy_done(&p->proxy);
	*p = (struct policy_egress){0};
}

static json_t *routes_to_json(
	const struct policy_egress *p, json_t *(*one)(const struct policy_route *))
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < p->n_routes; i++)
		if (json_array_append_new(list, one(&p->routes[i])) < 0)
			return NULL;
	return steal_ptr(&list);
}

json_t *policy_egress_to_json(const struct policy_egress *p)
{
	cleanup_json json_t *j = json_pack("{s:i, s:s*, s:s*, s:s*}", "log", p->log, "slug",
		p->slug, "sidecar_address", p->sidecar_address, "agent_address", p->agent_address);

	if (!j || json_object_set_new(j, "agent_names", json_from_strv(p->agent_names)) < 0 ||
		json_object_set_new(j, "routes", routes_to_json(p, policy_route_to_json)) < 0 ||
		policy_limits_to_json(&p->limits, j) < 0 || policy_proxy_to_json(&p->proxy, j) < 0)
		return NULL;
	return steal_ptr(&j);
}

static int read_egress(const struct json_at *root, struct policy_egress *p, struct err *e)
{
	const struct json_list routes = {
		&p->routes, &p->n_routes, sizeof(*p->routes), policy_route_read};
	static const char *const known[] = {"log", "slug", "sidecar_address", "agent_address",
		"agent_names", "routes", "limits", "proxy", NULL};
	int64_t log = 0;

	if (!json_is_object(root->j))
		return json_err(root, EINVAL, e, "the document must be an object");
	if (json_only(root, known, e) < 0 || json_get_int(root, "log", 0, 2, &log, e) < 0 ||
		json_get_str(root, "slug", &p->slug, e) < 0 ||
		json_get_str(root, "sidecar_address", &p->sidecar_address, e) < 0 ||
		json_get_str(root, "agent_address", &p->agent_address, e) < 0 ||
		json_get_strv(root, "agent_names", &p->agent_names, e) < 0 ||
		json_get_list(root, "routes", &routes, e) < 0 ||
		policy_limits_read(root, &p->limits, e) < 0 ||
		policy_proxy_read(root, &p->proxy, e) < 0)
		return -e->code;
	p->log = (int)log;
	return 0;
}

int policy_egress_parse(const char *json, struct policy_egress *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct policy_egress p = {0};
	struct json_at root;
	int r = json_parse(json, strlen(json), "egress policy", &j, e);

	if (r < 0)
		return r;
	root = json_root(j, "egress policy");
	r = read_egress(&root, &p, e);
	if (r < 0) {
		policy_egress_done(&p);
		return r;
	}
	*ret = p;
	return 0;
}

/* What the agent may know: hosts and what is allowed there, never where a token comes from. */
static json_t *route_for_agent(const struct policy_route *r)
{
	cleanup_free char *host = r->port ? str_format("%s:%d", r->host, r->port) : strdup(r->host);
	cleanup_json json_t *j = NULL;

	if (!host)
		return NULL;
	j = json_pack("{s:s}", r->tcp ? "tcp" : "host", host);
	if (!j || policy_auth_for_agent(&r->auth, j) < 0 ||
		policy_matchers_to_json("matches", r->matches, r->n_matches, j) < 0 ||
		policy_matchers_to_json("deny", r->deny, r->n_deny, j) < 0 ||
		policy_limits_to_json(&r->limits, j) < 0)
		return NULL;
	if (r->git_fetch && json_object_set_new(j, "git", json_pack("{s:b}", "fetch", 1)) < 0)
		return NULL;
	if (r->tcp && json_object_set_new(j, "scanned", json_false()) < 0)
		return NULL;
	if (!r->tcp && json_object_set_new(j, "dlp", policy_dlp_to_json(&r->dlp)) < 0)
		return NULL;
	return steal_ptr(&j);
}

json_t *policy_egress_allowlist(const struct policy_egress *p)
{
	cleanup_json json_t *j = json_pack("{s:i}", "log", p->log);

	if (!j || json_object_set_new(j, "routes", routes_to_json(p, route_for_agent)) < 0 ||
		policy_limits_to_json(&p->limits, j) < 0)
		return NULL;
	return steal_ptr(&j);
}
