#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"

/* git-gate of a manifest: who commits, how the gate works, and the repositories that it mirrors. */

int manifest_read_user(struct frontmatter *f, struct yaml_node *user, char **name, char **email)
{
	if (!user || !yaml_is(&f->problems, user, YAML_MAP))
		return 0;
	if (manifest_read_text(f, yaml_get(user, "name"), name) < 0 ||
		manifest_read_text(f, yaml_get(user, "email"), email) < 0)
		return -ENOMEM;
	yaml_finish(&f->problems, user, "name, email");
	return 0;
}

#define DISK_MAX (1LL << 50)

static int read_repos(struct frontmatter *f, const struct yaml_node *repos, struct manifest *m)
{
	size_t n = 0;

	if (!repos || !yaml_is(&f->problems, repos, YAML_MAP))
		return 0;
	for (const struct yaml_node *c = repos->first; c; c = c->next)
		n++;
	m->clears_repos = n == 0;
	m->repos = calloc(n + 1, sizeof(*m->repos));
	if (!m->repos)
		return -ENOMEM;
	for (struct yaml_node *c = repos->first; c; c = c->next)
		if (manifest_read_repo(f, c, &m->repos[m->n_repos++]) < 0)
			return -ENOMEM;
	return 0;
}

static void read_seconds(struct frontmatter *f, const struct yaml_node *n, long max, int *ret)
{
	long s;

	if (yaml_int(&f->problems, n, 1, max, &s))
		*ret = (int)s;
}

static void read_timeouts(struct frontmatter *f, struct yaml_node *n, struct manifest_gate *g)
{
	if (!n || !yaml_is(&f->problems, n, YAML_MAP))
		return;
	read_seconds(f, yaml_get(n, "connect"), 3600, &g->connect_s);
	read_seconds(f, yaml_get(n, "idle"), 86400, &g->idle_s);
	read_seconds(f, yaml_get(n, "answer"), 86400, &g->answer_s);
	yaml_finish(&f->problems, n, "connect, idle, answer");
}

static enum manifest_said read_unreadable(struct frontmatter *f, const struct yaml_node *n)
{
	const char *text;

	if (!yaml_str(&f->problems, n, &text))
		return SAID_NOTHING;
	if (str_eq(text, "allow"))
		return SAID_YES;
	if (!str_eq(text, "refuse"))
		yaml_problem(&f->problems, n, "'%s' is neither refuse nor allow", text);
	return SAID_NO;
}

int manifest_read_gate(struct frontmatter *f, struct yaml_node *gate, struct manifest *m)
{
	if (!gate || !yaml_is(&f->problems, gate, YAML_MAP))
		return 0;
	if (manifest_read_user(f, yaml_get(gate, "user"), &m->user_name, &m->user_email) < 0 ||
		read_repos(f, yaml_get(gate, "repos"), m) < 0)
		return -ENOMEM;
	m->gate.gitleaks = manifest_read_switch(f, yaml_get(gate, "gitleaks"));
	m->gate.unreadable = read_unreadable(f, yaml_get(gate, "unreadable"));
	read_timeouts(f, yaml_get(gate, "timeouts"), &m->gate);
	manifest_read_size(f, yaml_get(gate, "max_disk"), DISK_MAX, &m->gate.max_disk);
	yaml_finish(&f->problems, gate, "user, repos, gitleaks, unreadable, timeouts, max_disk");
	return 0;
}
