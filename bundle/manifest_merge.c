#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"

/* A child over its parents. */

void manifest_take(char **into, char **child)
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
			if (manifest_merge_repo(same, &child->repos[i]) < 0)
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

static void merge_gate(struct manifest_gate *into, const struct manifest_gate *child)
{
	if (child->gitleaks)
		into->gitleaks = child->gitleaks;
	if (child->unreadable)
		into->unreadable = child->unreadable;
	if (child->connect_s)
		into->connect_s = child->connect_s;
	if (child->idle_s)
		into->idle_s = child->idle_s;
	if (child->answer_s)
		into->answer_s = child->answer_s;
	if (child->max_disk)
		into->max_disk = child->max_disk;
}

int manifest_merge(struct manifest *into, struct manifest *child)
{
	manifest_take(&into->user_name, &child->user_name);
	manifest_take(&into->user_email, &child->user_email);
	manifest_merge_push(&into->push, &child->push);
	merge_gate(&into->gate, &child->gate);
	if (child->has_log) {
		into->has_log = true;
		into->log = child->log;
	}
	manifest_merge_limits(&into->limits, &child->limits);
	manifest_merge_proxy(into, child);
	if (merge_env(&into->env, child->env) < 0 || merge_repos(into, child) < 0 ||
		merge_routes(into, child) < 0)
		return -ENOMEM;
	return 0;
}
