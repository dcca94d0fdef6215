#ifndef BUNDLE_DEPLOY_KEY_H
#define BUNDLE_DEPLOY_KEY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"

/*
 * A deploy key that the monitor makes at an upstream's forge when the bottle is created, and
 * revokes at its end: `key` of a repository, in place of `identity`. The plan names slots; the
 * forge's token travels to the monitor as any secret does, and to no component but the scanner.
 */
enum deploy_provider { DEPLOY_GITEA, DEPLOY_FORGEJO, DEPLOY_GITHUB, DEPLOY_GITLAB };
#define DEPLOY_PROVIDER_WORDS "gitea, forgejo, github, gitlab"

struct plan_deploy_key {
	char *repo; /* its name in the manifest */
	enum deploy_provider provider;
	/*
	 * Where the forge's API begins, without a '/' at the end: Gitea, Forgejo and GitLab the
	 * host's root ("/api/v1", "/api/v4" come behind it), GitHub the root of the REST API
	 * ("https://api.github.com", "https://HOST/api/v3"). Always https.
	 */
	char *api_url;
	char *tls_ca;	  /* PEM text of private roots for api_url, or NULL */
	char *repository; /* "team/app": the upstream's path without '/' in front and ".git" */
	char *title;	  /* "bot-bottle:SLUG:NAME" */
	char *token_slot; /* slot of the forge's token */
	char *token_name; /* its name in the manifest (forge_token_env), for messages */
	char *key_slot;	  /* of the private key that is made: identity_slot of the repository */
};

/* false: no such provider. */
bool deploy_provider_parse(const char *name, enum deploy_provider *ret);
const char *deploy_provider_name(enum deploy_provider p);

/*
 * The default of api_url for an upstream of this host. Caller frees; NULL when memory ran out.
 */
char *deploy_api_url(enum deploy_provider p, const char *host);

void plan_deploy_key_done(struct plan_deploy_key *k);

/* An array, as `bottle-shim plan` shows it and the monitor reads it. New reference or NULL. */
json_t *plan_deploy_keys_to_json(const struct plan_deploy_key *list, size_t n);

/* Reader of one, as json_get_list calls it. */
int plan_deploy_key_read(const struct json_at *at, void *key, struct err *e);

#endif
