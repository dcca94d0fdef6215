#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "egress/oauth_parts.h"

/*
 * Agents that ask a token endpoint themselves, as programs with a login do when they believe that
 * it expires. What they send there is worth nothing, and what it is answered may not reach them: so
 * we answer, nothing goes upstream, and the route's next request renews what needs it.
 */
#define EXPIRES_S 3600

const char *oauth_url(const struct policy_auth *auth)
{
	const struct login_provider *p =
		auth->provider ? login_provider_find(auth->provider) : NULL;

	if (auth->token_url)
		return auth->token_url;
	return p ? p->token_url : "";
}

const struct policy_auth *oauth_endpoint(
	const struct rules *rules, const char *host, uint16_t port, const char *path)
{
	const struct policy_egress *p = rules_policy(rules);
	struct fetch_url url;
	struct err e;

	for (size_t i = 0; i < p->n_routes; i++) {
		const struct policy_auth *a = &p->routes[i].auth;

		if (!oauth_is_for(a) || fetch_url_parse(oauth_url(a), &url, &e) < 0)
			continue;
		url.path[strcspn(url.path, "?")] = '\0';
		if (url.port == port && strcmp(url.host, host) == 0 &&
			(!path || (strncmp(path, url.path, strlen(url.path)) == 0 &&
					  strchr("?", path[strlen(url.path)]))))
			return a;
	}
	return NULL;
}

static char *made_up(const struct policy_auth *auth, const char *kind)
{
	const struct login_provider *p =
		auth->provider ? login_provider_find(auth->provider) : NULL;

	if (p)
		return login_made_up(p, kind, auth->placeholder);
	if (auth->placeholder && strcmp(kind, "access") == 0)
		return strdup(auth->placeholder);
	return str_format("bottle-oauth-%s-token-made-up", kind);
}

char *oauth_answer(const struct policy_auth *auth)
{
	cleanup_free char *access = made_up(auth, "access"), *refresh = made_up(auth, "refresh");
	cleanup_free char *id = NULL;
	cleanup_json json_t *j = NULL;

	if (auth->provider && strcmp(auth->provider, "codex") == 0)
		id = made_up(auth, "id");
	if (!access || !refresh)
		return NULL;
	j = json_pack("{s:s, s:s, s:i, s:s, s:s*, s:s*}", "access_token", access, "token_type",
		"Bearer", "expires_in", EXPIRES_S, "refresh_token", refresh, "id_token", id,
		"scope", auth->scope);
	return j ? json_dumps(j, JSON_COMPACT) : NULL;
}
