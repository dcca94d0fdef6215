#include "bundle/policy_route.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/policy_auth.h"
#include "bundle/policy_dlp.h"
#include "bundle/policy_limits.h"
#include "bundle/policy_match.h"

void policy_route_done(struct policy_route *r)
{
	free(r->host);
	policy_auth_done(&r->auth);
	for (size_t i = 0; i < r->n_matches; i++)
		policy_matcher_done(&r->matches[i]);
	free(r->matches);
	for (size_t i = 0; i < r->n_deny; i++)
		policy_matcher_done(&r->deny[i]);
	free(r->deny);
	strv_free(r->addresses);
	free(r->tls_ca);
	free(r->tls_cert);
	free(r->tls_key_slot);
	*r = (struct policy_route){0};
}

json_t *policy_route_to_json(const struct policy_route *r)
{
	cleanup_json json_t *j = json_pack("{s:s, s:i, s:b, s:s*, s:s*, s:s*}", "host", r->host,
		"port", (int)r->port, "git_fetch", (int)r->git_fetch, "tls_ca", r->tls_ca,
		"tls_cert", r->tls_cert, "tls_key_slot", r->tls_key_slot);

	if (!j || policy_auth_to_json(&r->auth, j) < 0 ||
		policy_matchers_to_json("matches", r->matches, r->n_matches, j) < 0 ||
		policy_matchers_to_json("deny", r->deny, r->n_deny, j) < 0 ||
		policy_limits_to_json(&r->limits, j) < 0)
		return NULL;
	if (r->addresses && json_object_set_new(j, "addresses", json_from_strv(r->addresses)) < 0)
		return NULL;
	/* For the people who read a plan, too: nothing is looked for in what passes here. */
	if (r->tcp && (json_object_set_new(j, "tcp", json_true()) < 0 ||
			      json_object_set_new(j, "scanned", json_false()) < 0))
		return NULL;
	if (!r->tcp && json_object_set_new(j, "dlp", policy_dlp_to_json(&r->dlp)) < 0)
		return NULL;
	return steal_ptr(&j);
}

/* A member that nobody reads could be one that was to restrict the route. */
static int check_members(const struct json_at *route, struct err *e)
{
	static const char *const known[] = {"host", "port", "tcp", "scanned", "matches", "deny",
		"git_fetch", "addresses", "tls_ca", "tls_cert", "tls_key_slot", "limits", "dlp",
		"auth_pass", "auth_scheme", "auth_slot", "token_ref", "name", "prefix",
		"placeholder", "places", "require", "region", "service", "access_key_slot",
		"session_slot", "grant", "token_url", "client_id", "client_secret_slot", "scope",
		"audience", "provider", NULL};

	return json_only(route, known, e);
}

/* Of bytes that nobody reads nothing can be asked but where they go. */
static int check_tcp(const struct json_at *at, const struct policy_route *r, struct err *e)
{
	static const char *const misplaced[] = {"matches", "deny", "git_fetch", "dlp", "tls_ca",
		"tls_cert", "tls_key_slot", "auth_scheme", "auth_slot", NULL};

	if (!r->tcp)
		return 0;
	if (r->port == 0)
		return json_err(at, EINVAL, e, "a tcp route needs the member 'port'");
	for (size_t i = 0; misplaced[i]; i++) {
		const json_t *j = json_object_get(at->j, misplaced[i]);

		if (j && !json_is_null(j) && !json_is_false(j))
			return json_err(
				at, EINVAL, e, "'%s' cannot stand in a tcp route", misplaced[i]);
	}
	return 0;
}

static int read_lists(const struct json_at *at, struct policy_route *r, struct err *e)
{
	const struct policy_matchers matches = {&r->matches, &r->n_matches};
	const struct policy_matchers deny = {&r->deny, &r->n_deny};

	if (policy_matchers_read(at, "matches", &matches, e) < 0 ||
		policy_matchers_read(at, "deny", &deny, e) < 0 ||
		json_get_strv(at, "addresses", &r->addresses, e) < 0)
		return -e->code;
	return 0;
}

static int read_tls(const struct json_at *at, struct policy_route *r, struct err *e)
{
	if (json_get_str(at, "tls_ca", &r->tls_ca, e) < 0 ||
		json_get_str(at, "tls_cert", &r->tls_cert, e) < 0 ||
		json_get_str(at, "tls_key_slot", &r->tls_key_slot, e) < 0)
		return -e->code;
	if (!r->tls_cert != !r->tls_key_slot)
		return json_err(at, EINVAL, e, "tls_cert and tls_key_slot stand together only");
	return 0;
}

int policy_route_read(const struct json_at *at, void *route, struct err *e)
{
	struct policy_route *r = route;
	int64_t port = 0;

	if (check_members(at, e) < 0 || json_need_str(at, "host", &r->host, e) < 0 ||
		json_get_int(at, "port", 0, UINT16_MAX, &port, e) < 0 ||
		json_get_bool(at, "tcp", &r->tcp, e) < 0 || policy_auth_read(at, &r->auth, e) < 0 ||
		read_lists(at, r, e) < 0 || json_get_bool(at, "git_fetch", &r->git_fetch, e) < 0 ||
		read_tls(at, r, e) < 0 || policy_limits_read(at, &r->limits, e) < 0)
		return -e->code;
	r->port = (uint16_t)port;
	if (check_tcp(at, r, e) < 0)
		return -e->code;
	return r->tcp ? 0 : policy_dlp_read(at, &r->dlp, e);
}
