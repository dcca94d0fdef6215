#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"
#include "bundle/policy_dlp.h"

/* dlp of a route: what is looked for in what passes, and what a match does. */

/*
 * To a model everything is sent again with each turn: a credential that once got into the
 * conversation would stop all that follows, so there it is starred out.
 */
static bool is_provider(const char *host)
{
	static const char *const hosts[] = {
		"api.anthropic.com", "api.openai.com", "chatgpt.com", NULL};

	for (size_t i = 0; hosts[i]; i++)
		if (str_eq(hosts[i], host))
			return true;
	return false;
}

static void read_detectors(struct frontmatter *f, const struct yaml_node *list, const char *allowed,
	unsigned int all, unsigned int *ret)
{
	unsigned int set = 0, one;
	const char *text;
	bool on;

	if (!list)
		return;
	if (list->type == YAML_BOOL) {
		if (yaml_bool(&f->problems, list, &on) && on)
			yaml_problem(&f->problems, list,
				"expected a list of %s, or false; without the key all are on",
				allowed);
		*ret = 0;
		return;
	}
	if (!yaml_is(&f->problems, list, YAML_LIST))
		return;
	for (const struct yaml_node *c = list->first; c; c = c->next) {
		if (!yaml_str(&f->problems, c, &text))
			continue;
		one = policy_detector_parse(text, all);
		if (one == 0)
			yaml_problem(
				&f->problems, c, "'%s' is no detector; allowed: %s", text, allowed);
		set |= one;
	}
	if (!list->first)
		yaml_problem(&f->problems, list,
			"an empty list; write false to look for nothing, or leave the key out to "
			"look for everything");
	*ret = set;
}

static void read_unreadable(struct frontmatter *f, const struct yaml_node *n, bool *ret)
{
	const char *text;

	if (!yaml_str(&f->problems, n, &text))
		return;
	*ret = str_eq(text, "allow");
	if (!*ret && !str_eq(text, "refuse"))
		yaml_problem(&f->problems, n, "'%s' is none of refuse, allow", text);
}

void manifest_read_dlp(struct frontmatter *f, struct yaml_node *dlp, struct policy_route *r)
{
	const struct yaml_node *match;
	const char *text;

	r->dlp = policy_dlp_default;
	if (r->host && is_provider(r->host))
		r->dlp.on_match = POLICY_REDACT;
	if (!dlp || !yaml_is(&f->problems, dlp, YAML_MAP))
		return;
	read_detectors(f, yaml_get(dlp, "outbound_detectors"), POLICY_OUTBOUND_WORDS,
		POLICY_OUTBOUND, &r->dlp.outbound);
	read_detectors(f, yaml_get(dlp, "inbound_detectors"), POLICY_INBOUND_WORDS, POLICY_INBOUND,
		&r->dlp.inbound);
	match = yaml_get(dlp, "outbound_on_match");
	if (yaml_str(&f->problems, match, &text) && !policy_on_match_parse(text, &r->dlp.on_match))
		yaml_problem(
			&f->problems, match, "'%s' is none of %s", text, POLICY_ON_MATCH_WORDS);
	read_unreadable(f, yaml_get(dlp, "unreadable"), &r->dlp.unreadable_ok);
	yaml_finish(&f->problems, dlp,
		"outbound_detectors, inbound_detectors, outbound_on_match, unreadable");
}
