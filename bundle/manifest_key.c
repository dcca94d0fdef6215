#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/deploy_key.h"
#include "bundle/git_url.h"
#include "bundle/manifest.h"

/* key of a repository: a deploy key that is made at its forge for the bottle's life. */

/* A forge on the machine itself, which nobody is on the way to. */
static bool is_loopback(const char *url)
{
	static const char *const local[] = {"http://127.0.0.1", "http://localhost"};

	for (size_t i = 0; i < ARRAY_LEN(local); i++) {
		size_t len = strlen(local[i]);
		cleanup_free char *https = str_starts(url, local[i]) && strchr(":/", url[len])
						   ? str_format("https%s", url + strlen("http"))
						   : NULL;

		if (https && git_url_is_base(https))
			return true;
	}
	return false;
}

int manifest_read_key(struct frontmatter *f, struct yaml_node *key, struct manifest_key *ret)
{
	const struct yaml_node *provider = yaml_get(key, "provider");
	const struct yaml_node *api_url = yaml_get(key, "api_url");
	enum deploy_provider ignored;

	if (manifest_read_text(f, provider, &ret->provider) < 0 ||
		manifest_read_secret(f, yaml_get(key, "forge_token_env"), &ret->forge_token) < 0 ||
		manifest_read_text(f, api_url, &ret->api_url) < 0 ||
		manifest_read_tls(f, yaml_get(key, "tls"), &ret->tls_ca) < 0)
		return -ENOMEM;
	if (ret->provider && !deploy_provider_parse(ret->provider, &ignored))
		yaml_problem(&f->problems, provider,
			"'%s' is no forge that is known; allowed: " DEPLOY_PROVIDER_WORDS,
			ret->provider);
	if (ret->api_url && !git_url_is_base(ret->api_url) && !is_loopback(ret->api_url))
		yaml_problem(&f->problems, api_url,
			"expected https://HOST[:PORT][/PATH], without a user and without '/' at "
			"the end");
	yaml_finish(&f->problems, key, "provider, forge_token_env, api_url, tls");
	return 0;
}
