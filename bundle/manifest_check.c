#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/git_url.h"
#include "bundle/manifest.h"

/* What must hold for all files of a bottle together. */

static int missing(const struct manifest_repo *r, const char *key, struct err *e)
{
	return err_say(e, EINVAL, "%s: git-gate.repos.%s: the key '%s' is missing", r->where,
		r->name, key);
}

static int misplaced(
	const struct manifest_repo *r, const char *key, const char *kind, struct err *e)
{
	return err_say(e, EINVAL,
		"%s: git-gate.repos.%s: the key '%s' is for %s upstreams, which '%s' is not",
		r->where, r->name, key, kind, r->url);
}

/* "OWNER/NAME": what a forge knows a repository by. */
static int check_key(const struct manifest_repo *r, const struct git_url *u, struct err *e)
{
	const char *path = u->path + (*u->path == '/');

	if (!r->key.provider)
		return missing(r, "key.provider", e);
	if (!r->key.forge_token)
		return missing(r, "key.forge_token_env", e);
	if (*path == '~' || !strchr(path, '/'))
		return err_say(e, EINVAL,
			"%s: git-gate.repos.%s: a deploy key needs a url with OWNER/REPOSITORY of "
			"a forge; found '%s'",
			r->where, r->name, u->path);
	return 0;
}

static int check_ssh(const struct manifest_repo *r, const struct git_url *u, struct err *e)
{
	/* First, since it tells that the url is meant to be another. */
	if (r->has_auth)
		return misplaced(r, "auth", "https", e);
	if (!r->host_key)
		return missing(r, "host_key", e);
	if (!r->identity && !r->has_key)
		return missing(r, "identity' or 'key", e);
	return r->has_key ? check_key(r, u, e) : 0;
}

static int check_https(const struct manifest_repo *r, struct err *e)
{
	const char *wrong = r->host_key	  ? "host_key"
			    : r->identity ? "identity"
			    : r->has_key  ? "key"
					  : NULL;

	if (wrong)
		return misplaced(r, wrong, "ssh", e);
	return r->has_auth && !r->token_ref ? missing(r, "auth.token_ref", e) : 0;
}

static int check_repo(const struct manifest_repo *r, struct err *e)
{
	struct git_url u = {0};
	int ret;

	if (!r->url)
		return missing(r, "url", e);
	ret = git_url_parse(r->url, &u, e);
	if (ret >= 0)
		ret = u.transport == POLICY_HTTPS ? check_https(r, e) : check_ssh(r, &u, e);
	git_url_done(&u);
	return ret;
}

/* One name, one address: the gate has one idea of what a host is. */
static int check_extra_hosts(
	const struct manifest_repo *a, const struct manifest_repo *b, struct err *e)
{
	for (size_t i = 0; a->extra_hosts && a->extra_hosts[i]; i++) {
		const char *address = strchr(a->extra_hosts[i], '=') + 1;
		cleanup_free char *host =
			strndup(a->extra_hosts[i], (size_t)(address - 1 - a->extra_hosts[i]));
		const char *other = host ? env_get(b->extra_hosts, host) : NULL;

		if (!host)
			return err_set(e, ENOMEM, "check extra_hosts");
		if (other && !str_eq(other, address))
			return err_say(e, EINVAL,
				"git-gate.repos: extra_hosts: %s is %s for %s (%s) and %s for %s "
				"(%s)",
				host, address, a->name, a->where, other, b->name, b->where);
	}
	return 0;
}

static bool same_host(const struct policy_route *a, const struct policy_route *b)
{
	if (!str_eq(a->host, b->host))
		return false;
	/* Without a port a route is for 443 and 80. */
	return a->port == b->port || (a->port == 0 && (b->port == 443 || b->port == 80)) ||
	       (b->port == 0 && (a->port == 443 || a->port == 80));
}

/* The first route before this one with its host and port; NULL: none. */
static const struct manifest_route *find_twin(const struct manifest *m, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_host(&m->routes[i].route, &m->routes[at].route))
			return &m->routes[i];
	return NULL;
}

/* All of them: each is a line of its own for whoever has to mend it. */
static int check_routes(const struct manifest *m, struct str *problems, struct err *e)
{
	cleanup_free char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < m->n_routes; i++) {
		const struct manifest_route *twin = find_twin(m, i);
		cleanup_free char *say = NULL;

		if (!twin)
			continue;
		say = str_format("%s: egress.routes: the host '%s' stands there twice; first in %s",
			m->routes[i].where, m->routes[i].route.host, twin->where);
		if (!say)
			return err_set(e, ENOMEM, "check the routes");
		if (problems)
			str_addf(problems, "%s\n", say);
		if (n++ == 0)
			first = steal_ptr(&say);
	}
	if (n == 0)
		return 0;
	if (n == 1)
		return err_say(e, EINVAL, "%s", first);
	return err_say(e, EINVAL, "%s; and %zu more", first, n - 1);
}

int manifest_check(const struct manifest *m, struct str *problems, struct err *e)
{
	int r;

	for (size_t i = 0; i < m->n_repos; i++) {
		r = check_repo(&m->repos[i], e);
		for (size_t k = 0; r >= 0 && k < i; k++)
			r = check_extra_hosts(&m->repos[k], &m->repos[i], e);
		if (r < 0)
			return r;
	}
	return check_routes(m, problems, e);
}
