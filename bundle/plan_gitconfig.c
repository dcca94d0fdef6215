#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/git_url.h"
#include "bundle/plan_parts.h"

/*
 * The agent's git finds a declared repository under every address that its upstream has. git knows
 * prefixes only (git-config(1), url.<base>.insteadOf): the longest wins, of equal ones the first.
 */

/* A value in the syntax of git-config(1). */
static void add_quoted(struct str *s, const char *value)
{
	str_add_char(s, '"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			str_add_char(s, '\\');
		str_add_char(s, *value);
	}
	str_add_char(s, '"');
}

static void add_pair(struct str *s, const char *name, const char *value)
{
	str_addf(s, "\t%s = ", name);
	add_quoted(s, value);
	str_add_char(s, '\n');
}

/* Whether egress lets the agent fetch from this host by itself. */
static bool is_fetched(const struct policy_egress *e, const struct policy_repo *r)
{
	for (size_t i = 0; i < e->n_routes; i++) {
		const struct policy_route *route = &e->routes[i];
		const char *host = route->host;

		if (route->git_fetch &&
			(str_eq(host, r->host) ||
				(str_starts(host, "*.") && str_ends(r->host, host + 1))))
			return true;
	}
	return false;
}

/*
 * "https://host/org/app" is the beginning of "https://host/org/app-two", which the agent may fetch
 * by itself. Only of the plainest spelling, the first: these are many lines.
 */
static void keep_namesakes(struct str *s, char *const *spellings)
{
	static const char behind[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789._-";

	while (*spellings && (!str_starts(*spellings, "https://") || str_ends(*spellings, ".git")))
		spellings++;
	for (const char *c = behind; *spellings && *c; c++) {
		cleanup_free char *other = str_format("%s%c", *spellings, *c);

		if (!other) {
			s->failed = true;
			return;
		}
		str_add(s, "[url ");
		add_quoted(s, other);
		str_add(s, "]\n");
		add_pair(s, "insteadOf", other);
	}
}

static void add_section(struct str *s, const struct policy_repo *r, char *const *spellings)
{
	str_addf(s, "[url \"git://git-gate/%s.git\"]\n", r->name);
	for (size_t i = 0; spellings[i]; i++)
		add_pair(s, "insteadOf", spellings[i]);
}

static int add_repo(
	struct str *s, const struct plan_bottle *b, const struct policy_repo *r, bool own)
{
	const struct git_url url = {r->transport, r->user, r->host, r->port, r->path};
	cleanup_strv char **list = NULL;
	int ret = own ? git_url_spell(r->url, &url, &list) : git_url_spell_other(&url, &list);

	if (ret < 0 || !list)
		return ret;
	add_section(s, r, list);
	if (is_fetched(&b->egress, r))
		keep_namesakes(s, list);
	return 0;
}

int plan_gitconfig_text(const struct plan_bottle *b, const char *image, struct str *s)
{
	const struct policy_gate *g = &b->gate;

	/*
	 * The image's own file first, since ours is mounted over it. It is the agent's to spoil: a
	 * line that it leaves open ends before ours begins.
	 */
	if (image && *image)
		str_addf(s, "%s\n\n", image);
	if (g->user_name || g->user_email)
		str_add(s, "[user]\n");
	if (g->user_name)
		add_pair(s, "name", g->user_name);
	if (g->user_email)
		add_pair(s, "email", g->user_email);
	/*
	 * git-lfs makes its address of a git:// remote's; egress leads it from there to the gate's
	 * port. The gate answers an upload when the upstream has it all: for as long nothing comes.
	 */
	if (g->n_repos > 0)
		str_add(s, "[lfs]\n\tgitprotocol = http\n\tactivitytimeout = 0\n");
	/* What a manifest says goes before what follows from it. */
	for (size_t i = 0; i < 2 * g->n_repos; i++)
		if (add_repo(s, b, &g->repos[i % g->n_repos], i < g->n_repos) < 0)
			return -ENOMEM;
	return s->failed ? -ENOMEM : 0;
}
