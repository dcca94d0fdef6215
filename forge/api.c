#include "forge/api.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"

/* Most forges give no more than 100 a page, Gitea 50 by default: a larger one is cut, not refused.
 */
#define PAGE_SIZE "50"

struct dialect {
	const char *root;      /* between api_url and the repository */
	const char *list;      /* behind it */
	const char *page_size; /* name of the query's parameter */
	const char *auth;      /* the header, up to the token */
	const char *accept;    /* NULL: JSON is what it speaks */
	const char *version;   /* a header, or NULL */
	bool whole_path;       /* the repository's path is one part of the URL, '/' encoded */
};

static const struct dialect gitea = {
	.root = "/api/v1/repos/",
	.list = "/keys",
	.page_size = "limit",
	.auth = "Authorization: token ",
};

static const struct dialect github = {
	.root = "/repos/",
	.list = "/keys",
	.page_size = "per_page",
	.auth = "Authorization: Bearer ",
	.accept = "Accept: application/vnd.github+json",
	.version = "X-GitHub-Api-Version: 2022-11-28",
};

static const struct dialect gitlab = {
	.root = "/api/v4/projects/",
	.list = "/deploy_keys",
	.page_size = "per_page",
	.auth = "PRIVATE-TOKEN: ",
	.whole_path = true,
};

static const struct dialect *dialect_of(const struct plan_deploy_key *k)
{
	static const struct dialect *const dialects[] = {
		[DEPLOY_GITEA] = &gitea,
		[DEPLOY_FORGEJO] = &gitea,
		[DEPLOY_GITHUB] = &github,
		[DEPLOY_GITLAB] = &gitlab,
	};

	return dialects[k->provider];
}

/* RFC 3986, section 2.3: what is not unreserved is encoded; '/' as the caller says. */
static void add_encoded(struct str *to, const char *text, bool keep_slash)
{
	for (const char *c = text; *c; c++)
		if (isalnum((unsigned char)*c) || strchr("-._~", *c) || (*c == '/' && keep_slash))
			str_add_char(to, *c);
		else
			str_addf(to, "%%%02X", (unsigned char)*c);
}

/* "owner/name", for GitLab of any depth; a part "." or ".." would lead to another of its API. */
static bool path_ok(const char *path, bool any_depth)
{
	size_t parts = 0;

	for (const char *p = path;; p++) {
		size_t len = strcspn(p, "/");

		if (len == 0 || (len == 1 && *p == '.') || (len == 2 && !strncmp(p, "..", 2)))
			return false;
		parts++;
		p += len;
		if (!*p)
			return parts == 2 || (any_depth && parts > 2);
	}
}

int api_keys_url(const struct plan_deploy_key *k, char **ret, struct err *e)
{
	const struct dialect *d = dialect_of(k);
	cleanup_str struct str url = {0};

	if (!str_starts(k->api_url, "https://"))
		return err_say(
			e, EINVAL, "api_url '%s': a token is sent over https only", k->api_url);
	if (!path_ok(k->repository, d->whole_path))
		return err_say(e, EINVAL, "'%s' is no repository's path at %s: expected %s",
			k->repository, deploy_provider_name(k->provider),
			d->whole_path ? "GROUP/…/NAME" : "OWNER/NAME");
	str_add(&url, k->api_url);
	str_add(&url, d->root);
	add_encoded(&url, k->repository, !d->whole_path);
	str_add(&url, d->list);
	*ret = str_take(&url);
	return *ret ? 0 : err_set(e, ENOMEM, "a URL");
}

char *api_page_url(const struct plan_deploy_key *k, const char *keys_url, int page)
{
	return str_format("%s?%s=" PAGE_SIZE "&page=%d", keys_url, dialect_of(k)->page_size, page);
}

char *api_key_url(const char *keys_url, int64_t id)
{
	return str_format("%s/%" PRId64, keys_url, id);
}

char *api_make_body(const struct plan_deploy_key *k, const char *public_line)
{
	bool gitlab_words = dialect_of(k) == &gitlab;
	cleanup_json json_t *j = json_pack("{s:s, s:s, s:b}", "title", k->title, "key", public_line,
		gitlab_words ? "can_push" : "read_only", gitlab_words);

	return j ? json_dumps(j, JSON_COMPACT) : NULL;
}

int api_headers(const struct plan_deploy_key *k, const struct secret *token,
	char *ret[API_HEADERS_MAX], struct err *e)
{
	const struct dialect *d = dialect_of(k);
	size_t n = 0;

	memset(ret, 0, API_HEADERS_MAX * sizeof(*ret));
	ret[n++] = str_format("%s%s", d->auth, token->bytes);
	ret[n++] = str_format("%s", d->accept ? d->accept : "Accept: application/json");
	if (d->version)
		ret[n++] = str_format("%s", d->version);
	for (size_t i = 0; i < n; i++) {
		if (ret[i])
			continue;
		api_headers_done(ret);
		return err_set(e, ENOMEM, "a request");
	}
	return 0;
}

void api_headers_done(char *headers[API_HEADERS_MAX])
{
	for (size_t i = 0; i < API_HEADERS_MAX; i++) {
		if (headers[i])
			secret_wipe(headers[i], strlen(headers[i]));
		free(steal_ptr(&headers[i]));
	}
}
