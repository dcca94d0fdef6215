#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"
#include "bundle/ssh_url.h"

/* A child over its parents, and what must hold for the whole. */

/* The later value wins where it was declared. */
static void take(char **into, char **child)
{
	if (!*child)
		return;
	free(*into);
	*into = steal_ptr(child);
}

static int merge_env(char ***into, char *const *child)
{
	for (size_t i = 0; child && child[i]; i++) {
		const char *eq = strchr(child[i], '=');
		cleanup_free char *name = strndup(child[i], (size_t)(eq - child[i]));

		if (!name || env_set(into, name, eq + 1) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int merge_repo(struct manifest_repo *into, struct manifest_repo *child)
{
	take(&into->url, &child->url);
	take(&into->host_key, &child->host_key);
	take(&into->identity, &child->identity);
	take(&into->where, &child->where);
	return merge_env(&into->extra_hosts, child->extra_hosts);
}

static struct manifest_repo *find_repo(struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->n_repos; i++)
		if (str_eq(m->repos[i].name, name))
			return &m->repos[i];
	return NULL;
}

static void clear_repos(struct manifest *m)
{
	struct manifest old = {.repos = m->repos, .n_repos = m->n_repos};

	manifest_done(&old);
	m->repos = NULL;
	m->n_repos = 0;
}

static int merge_repos(struct manifest *into, struct manifest *child)
{
	struct manifest_repo *grown, *same;

	if (child->clears_repos)
		clear_repos(into);
	grown = reallocarray(into->repos, into->n_repos + child->n_repos + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	into->repos = grown;
	for (size_t i = 0; i < child->n_repos; i++) {
		same = find_repo(into, child->repos[i].name);
		if (same) {
			if (merge_repo(same, &child->repos[i]) < 0)
				return -ENOMEM;
			continue;
		}
		into->repos[into->n_repos++] = child->repos[i];
		child->repos[i] = (struct manifest_repo){0};
	}
	return 0;
}

static int merge_routes(struct manifest *into, struct manifest *child)
{
	struct manifest_route *grown =
		reallocarray(into->routes, into->n_routes + child->n_routes + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	into->routes = grown;
	for (size_t i = 0; i < child->n_routes; i++) {
		into->routes[into->n_routes++] = child->routes[i];
		child->routes[i] = (struct manifest_route){0};
	}
	return 0;
}

int manifest_merge(struct manifest *into, struct manifest *child)
{
	take(&into->user_name, &child->user_name);
	take(&into->user_email, &child->user_email);
	if (child->has_log) {
		into->has_log = true;
		into->log = child->log;
	}
	if (merge_env(&into->env, child->env) < 0 || merge_repos(into, child) < 0 ||
		merge_routes(into, child) < 0)
		return -ENOMEM;
	return 0;
}

static int check_repo(const struct manifest_repo *r, struct err *e)
{
	const char *missing = !r->url	     ? "url"
			      : !r->host_key ? "host_key"
			      : !r->identity ? "identity"
					     : NULL;

	if (missing)
		return err_say(e, EINVAL, "%s: git-gate.repos.%s: the key '%s' is missing",
			r->where, r->name, missing);
	return 0;
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

static int check_routes(const struct manifest *m, struct err *e)
{
	for (size_t i = 0; i < m->n_routes; i++)
		for (size_t k = 0; k < i; k++)
			if (same_host(&m->routes[i].route, &m->routes[k].route))
				return err_say(e, EINVAL,
					"%s: egress.routes: the host '%s' stands there twice; "
					"first "
					"in %s",
					m->routes[i].where, m->routes[i].route.host,
					m->routes[k].where);
	return 0;
}

int manifest_check(const struct manifest *m, struct err *e)
{
	int r;

	for (size_t i = 0; i < m->n_repos; i++) {
		r = check_repo(&m->repos[i], e);
		for (size_t k = 0; r >= 0 && k < i; k++)
			r = check_extra_hosts(&m->repos[k], &m->repos[i], e);
		if (r < 0)
			return r;
	}
	return check_routes(m, e);
}
