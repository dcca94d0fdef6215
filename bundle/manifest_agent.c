#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"

/* One agent manifest: who works in the bottle, never what the bottle allows. */

void manifest_agent_done(struct manifest_agent *a)
{
	free(a->bottle);
	free(a->user_name);
	free(a->user_email);
	*a = (struct manifest_agent){0};
}

static bool is_kebab(const char *s)
{
	return *s && *s != '-' && !str_ends(s, "-") && !strstr(s, "--") &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static void check_skills(struct frontmatter *f, const struct yaml_node *n)
{
	const char *name;

	if (!n || !yaml_is(&f->problems, n, YAML_LIST))
		return;
	for (const struct yaml_node *c = n->first; c; c = c->next)
		if (yaml_str(&f->problems, c, &name) && !is_kebab(name))
			yaml_problem(&f->problems, c,
				"'%s': the name of a skill is lower-case words joined by '-'",
				name);
}

static int read_gate(struct frontmatter *f, struct yaml_node *gate, struct manifest_agent *a)
{
	const struct yaml_node *repos;

	if (!gate || !yaml_is(&f->problems, gate, YAML_MAP))
		return 0;
	repos = yaml_get(gate, "repos");
	if (repos)
		yaml_problem(&f->problems, repos,
			"an agent cannot name repositories; they belong into its bottle");
	if (manifest_read_user(f, yaml_get(gate, "user"), &a->user_name, &a->user_email) < 0)
		return -ENOMEM;
	yaml_finish(&f->problems, gate, "user");
	return 0;
}

static int read_keys(struct frontmatter *f, struct manifest_agent *a)
{
	static const char *const unused[] = {"name", "description", "model", "color", "memory"};
	struct yaml_node *n = yaml_get(f->root, "bottle");
	const char *text;

	if (yaml_str(&f->problems, n, &text)) {
		if (!manifest_name_ok(text))
			yaml_problem(&f->problems, n, "'%s' is no name of a bottle", text);
		a->bottle = strdup(text);
		if (!a->bottle)
			return -ENOMEM;
	}
	check_skills(f, yaml_get(f->root, "skills"));
	if (read_gate(f, yaml_get(f->root, "git-gate"), a) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(unused); i++)
		(void)yaml_get(f->root, unused[i]);
	n = yaml_get(f->root, "budget");
	if (n)
		yaml_problem(&f->problems, n, "not supported yet");
	yaml_finish(&f->problems, f->root,
		"bottle, skills, git-gate, name, description, model, color, memory");
	return 0;
}

int manifest_agent_load(
	const struct operator_home *h, const char *name, struct manifest_agent *ret, struct err *e)
{
	struct manifest_agent a = {0};
	struct frontmatter f;
	int r = frontmatter_load(h, "agents", name, &f, e);

	if (r >= 0 && f.root && read_keys(&f, &a) < 0)
		r = err_set(e, ENOMEM, "read '%s'", f.path);
	if (r >= 0)
		r = frontmatter_finish(h, &f, e);
	frontmatter_done(&f);
	if (r < 0) {
		manifest_agent_done(&a);
		return r;
	}
	*ret = a;
	return 0;
}
