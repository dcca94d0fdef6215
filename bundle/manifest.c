#include "bundle/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/policy_proxy.h"

/* One bottle manifest: its keys at the top, env and extends. */

void manifest_done(struct manifest *m)
{
	strv_free(m->extends);
	strv_free(m->env);
	free(m->user_name);
	free(m->user_email);
	for (size_t i = 0; i < m->n_repos; i++)
		manifest_repo_done(&m->repos[i]);
	free(m->repos);
	manifest_push_done(&m->push);
	for (size_t i = 0; i < m->n_routes; i++)
		manifest_route_done(&m->routes[i]);
	free(m->routes);
	policy_proxy_done(&m->proxy);
	*m = (struct manifest){0};
}

static int read_name(struct frontmatter *f, const struct yaml_node *n, char ***names)
{
	const char *text;

	if (!yaml_str(&f->problems, n, &text))
		return 0;
	if (!manifest_name_ok(text)) {
		yaml_problem(&f->problems, n, "'%s' is no name of a bottle", text);
		return 0;
	}
	return strv_add(names, text);
}

static int read_extends(struct frontmatter *f, const struct yaml_node *n, struct manifest *m)
{
	if (!n)
		return 0;
	if (n->type == YAML_STRING)
		return read_name(f, n, &m->extends);
	if (n->type != YAML_LIST) {
		yaml_problem(&f->problems, n, "expected the name of a bottle or a list of names");
		return 0;
	}
	for (const struct yaml_node *c = n->first; c; c = c->next)
		if (read_name(f, c, &m->extends) < 0)
			return -ENOMEM;
	return 0;
}

bool manifest_variable_ok(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				      "0123456789";

	return *name && !strchr("0123456789", *name) && !name[strspn(name, allowed)];
}

static int read_env(struct frontmatter *f, const struct yaml_node *n, struct manifest *m)
{
	const char *value;

	if (!n || !yaml_is(&f->problems, n, YAML_MAP))
		return 0;
	for (const struct yaml_node *c = n->first; c; c = c->next) {
		if (!manifest_variable_ok(c->key))
			yaml_problem(&f->problems, c,
				"no name of a variable: letters, digits and _ only");
		if (!yaml_str(&f->problems, c, &value))
			continue;
		if (*value == '?')
			yaml_problem(&f->problems, c,
				"a question needs a terminal, and the runtime has none to ask on; "
				"write the value");
		else if (env_set(&m->env, c->key, value) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Keys that mean something else than "unknown": old ones, and those that are yet to come. */
static void refuse_known(struct frontmatter *f)
{
	static const struct {
		const char *key, *say;
	} known[] = {
		{"runtime", "an old key; remove it: the runtime is this one"},
		{"ssh", "an old key; now git-gate.repos.NAME with url, identity and host_key"},
		{"git", "an old key; now git-gate.repos.NAME with url, identity and host_key"},
		{"git_user", "an old key; now git-gate.user with name and email"},
		{"cred_proxy", "an old key; now egress.routes with host and auth"},
		{"agent_provider", "not supported yet"},
		{"supervise", "not supported yet"},
		{"budget", "not supported yet"},
		{"shutdown", "not supported yet"},
		{"ports", "not supported yet"},
		{"workspace", "not supported yet"},
		{"isolation", "not supported yet"},
		{"agent_runtime", "not supported yet"},
		{"devices", "not supported yet"},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const struct yaml_node *n = yaml_get(f->root, known[i].key);

		if (n)
			yaml_problem(&f->problems, n, "%s", known[i].say);
	}
}

static int read_keys(struct frontmatter *f, struct manifest *m)
{
	struct yaml_node *root = f->root;

	refuse_known(f);
	if (read_extends(f, yaml_get(root, "extends"), m) < 0 ||
		read_env(f, yaml_get(root, "env"), m) < 0 ||
		manifest_read_gate(f, yaml_get(root, "git-gate"), m) < 0 ||
		manifest_read_push(f, yaml_get(root, "push"), &m->push) < 0 ||
		manifest_read_egress(f, yaml_get(root, "egress"), m) < 0)
		return -ENOMEM;
	yaml_finish(&f->problems, root, "extends, env, git-gate, push, egress");
	return 0;
}

int manifest_read(
	const struct operator_home *h, struct frontmatter *f, struct manifest *ret, struct err *e)
{
	struct manifest m = {0};
	int r = 0;

	if (f->root && read_keys(f, &m) < 0)
		r = err_set(e, ENOMEM, "read '%s'", f->path);
	if (r >= 0)
		r = frontmatter_finish(h, f, e);
	if (r < 0) {
		manifest_done(&m);
		return r;
	}
	*ret = m;
	return 0;
}

int manifest_load(
	const struct operator_home *h, const char *name, struct manifest *ret, struct err *e)
{
	struct frontmatter f;
	int r = frontmatter_load(h, "bottles", name, &f, e);

	if (r >= 0)
		r = manifest_read(h, &f, ret, e);
	frontmatter_done(&f);
	return r;
}
