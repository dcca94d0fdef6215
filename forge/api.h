#ifndef FORGE_API_H
#define FORGE_API_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"
#include "bundle/deploy_key.h"

/*
 * The requests about deploy keys, as each forge publishes its API: Gitea's and Forgejo's swagger
 * (/repos/{owner}/{repo}/keys), docs.github.com "REST API endpoints for deploy keys",
 * docs.gitlab.com "Deploy keys API".
 */

/* The URL of a repository's list of keys. Caller frees. -EINVAL: the path is none of a repository.
 */
int api_keys_url(const struct plan_deploy_key *k, char **ret, struct err *e);

/* A page of that list, counted from 1, and of one key. Caller frees; NULL: out of memory. */
char *api_page_url(const struct plan_deploy_key *k, const char *keys_url, int page);
char *api_key_url(const char *keys_url, int64_t id);

/* The body that registers the public key, with the right to write. Caller frees; NULL as above. */
char *api_make_body(const struct plan_deploy_key *k, const char *public_line);

/*
 * The headers beside Content-Type, NULL-terminated, at most API_HEADERS_MAX. The first holds the
 * token: the caller wipes it. -ENOMEM.
 */
#define API_HEADERS_MAX 4
int api_headers(const struct plan_deploy_key *k, const struct secret *token,
	char *ret[API_HEADERS_MAX], struct err *e);
void api_headers_done(char *headers[API_HEADERS_MAX]);

#endif
