#include "bundle/deploy_key.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "base/str.h"

static const char *const names[] = {
	[DEPLOY_GITEA] = "gitea",
	[DEPLOY_FORGEJO] = "forgejo",
	[DEPLOY_GITHUB] = "github",
	[DEPLOY_GITLAB] = "gitlab",
};

bool deploy_provider_parse(const char *name, enum deploy_provider *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(names[i], name)) {
			*ret = (enum deploy_provider)i;
			return true;
		}
	}
	return false;
}

const char *deploy_provider_name(enum deploy_provider p)
{
	return names[p];
}

/* GitHub's own service has its API, and ssh on port 443, at hosts of their own. */
char *deploy_api_url(enum deploy_provider p, const char *host)
{
	if (p != DEPLOY_GITHUB)
		return str_format("https://%s", host);
	if (str_eq(host, "github.com") || str_eq(host, "ssh.github.com"))
		return str_format("https://api.github.com");
	return str_format("https://%s/api/v3", host);
}

void plan_deploy_key_done(struct plan_deploy_key *k)
{
	free(k->repo);
	free(k->api_url);
	free(k->tls_ca);
	free(k->repository);
	free(k->title);
	free(k->token_slot);
	free(k->token_name);
	free(k->key_slot);
	*k = (struct plan_deploy_key){0};
}

json_t *plan_deploy_keys_to_json(const struct plan_deploy_key *list, size_t n)
{
	cleanup_json json_t *j = json_array();

	for (size_t i = 0; j && i < n; i++) {
		const struct plan_deploy_key *k = &list[i];

		if (json_array_append_new(j,
			    json_pack("{s:s, s:s, s:s, s:s*, s:s, s:s, s:s, s:s, s:s}", "repo",
				    k->repo, "provider", deploy_provider_name(k->provider),
				    "api_url", k->api_url, "tls_ca", k->tls_ca, "repository",
				    k->repository, "title", k->title, "token_slot", k->token_slot,
				    "token_name", k->token_name, "key_slot", k->key_slot)) < 0)
			return NULL;
	}
	return steal_ptr(&j);
}

int plan_deploy_key_read(const struct json_at *at, void *key, struct err *e)
{
	struct plan_deploy_key *k = key;
	cleanup_free char *provider = NULL;

	if (json_need_str(at, "repo", &k->repo, e) < 0 ||
		json_need_str(at, "provider", &provider, e) < 0 ||
		json_need_str(at, "api_url", &k->api_url, e) < 0 ||
		json_get_str(at, "tls_ca", &k->tls_ca, e) < 0 ||
		json_need_str(at, "repository", &k->repository, e) < 0 ||
		json_need_str(at, "title", &k->title, e) < 0 ||
		json_need_str(at, "token_slot", &k->token_slot, e) < 0 ||
		json_need_str(at, "token_name", &k->token_name, e) < 0 ||
		json_need_str(at, "key_slot", &k->key_slot, e) < 0)
		return -e->code;
	if (!deploy_provider_parse(provider, &k->provider))
		return json_err(at, EINVAL, e, "provider: '%s' is none of " DEPLOY_PROVIDER_WORDS,
			provider);
	return 0;
}
