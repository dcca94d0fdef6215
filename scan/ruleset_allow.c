#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/ruleset_edit.h"

static void read_commits(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	struct allow_draft *d = to;

	(void)rd;
	d->commits = v->type != TOML_ARRAY || v->first;
}

static void read_target(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	static const char *const names[] = {"secret", "match", "line"};
	struct allow_draft *d = to;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(v->s, names[i]) == 0) {
			d->allow.target = (enum rule_target)i;
			return;
		}
	if (*v->s)
		ruleset_wrong(rd, v->line,
			"regexTarget \"%.20s\": expected \"secret\", \"match\" or \"line\"", v->s);
}

static void read_condition(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	struct allow_draft *d = to;

	d->allow.all = strcasecmp(v->s, "AND") == 0 || str_eq(v->s, "&&");
	if (!d->allow.all && *v->s && strcasecmp(v->s, "OR") != 0 && !str_eq(v->s, "||"))
		ruleset_wrong(rd, v->line, "condition \"%.20s\": expected \"OR\" or \"AND\"", v->s);
}

static const struct ruleset_key allow_keys[] = {
	{"description", TOML_STRING, .read = ruleset_read_nothing},
	{"condition", TOML_STRING, .read = read_condition},
	{"commits", TOML_ARRAY, .read = read_commits},
	{"paths", TOML_ARRAY, .offset = offsetof(struct allow_draft, allow.paths)},
	{"regexTarget", TOML_STRING, .read = read_target},
	{"regexes", TOML_ARRAY, .offset = offsetof(struct allow_draft, allow.regexes)},
	{"stopwords", TOML_ARRAY, .offset = offsetof(struct allow_draft, allow.stopwords)},
	{"targetRules", TOML_ARRAY, .offset = offsetof(struct allow_draft, targets)},
	{NULL},
};

static void lower_all(char **words)
{
	for (; words && *words; words++)
		for (char *p = *words; *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p |= 0x20;
}

static void draft_done(struct allow_draft *d)
{
	rule_allow_done(&d->allow);
	strv_free(d->targets);
}

/*
 * False: it can never hold, so nothing is to be kept. Commits are not known here: where one of
 * several conditions is enough, it is another one's turn; where all must hold, none ever does.
 */
static bool read_draft(struct ruleset_reading *rd, const struct toml *table, struct allow_draft *d)
{
	size_t errors = rd->n_errors;
	size_t warnings = strv_len(rd->to->warnings);
	const struct rule_allow *a = &d->allow;

	d->line = table->line;
	ruleset_read_keys(rd, allow_keys, table, d, "an allowlist");
	ruleset_rewrite(rd, a->regexes, d->line);
	ruleset_rewrite(rd, a->paths, d->line);
	lower_all(d->allow.stopwords);
	if (rd->n_errors > errors)
		return false;
	if (a->all && strv_len(rd->to->warnings) > warnings) {
		ruleset_wrong(rd, d->line,
			"an allowlist with condition AND and a key that is not "
			"understood would allow too much");
		return false;
	}
	if (d->commits)
		ruleset_warn(rd, d->line,
			a->all ? "an allowlist that demands a commit is "
				 "left out: rules are asked without one"
			       : "commits of an allowlist are ignored: rules are "
				 "asked without one");
	if (!a->regexes && !a->stopwords && !a->paths && !d->commits)
		ruleset_warn(rd, d->line,
			"an allowlist without regexes, stopwords or paths "
			"allows nothing");
	return (a->regexes || a->stopwords || a->paths) && !(a->all && d->commits);
}

/* Takes what is in *a. */
static void add_allow(
	struct ruleset_reading *rd, struct rule_allow **list, size_t *n, struct rule_allow *a)
{
	struct rule_allow *grown = reallocarray(*list, *n + 1, sizeof(*grown));

	if (!grown) {
		rd->no_memory = true;
		return;
	}
	*list = grown;
	grown[(*n)++] = *a;
	memset(a, 0, sizeof(*a));
}

typedef void take_fn(struct ruleset_reading *rd, struct allow_draft *d, void *arg);

static void read_each(struct ruleset_reading *rd, const struct toml *v, take_fn *take, void *arg)
{
	const struct toml *table = v->type == TOML_ARRAY ? v->first : v;

	for (; table; table = v->type == TOML_ARRAY ? table->next : NULL) {
		struct allow_draft d = {0};

		if (table->type != TOML_TABLE)
			ruleset_wrong(rd, table->line, "an allowlist is %s, expected a table",
				toml_type_name(table));
		else if (read_draft(rd, table, &d))
			take(rd, &d, arg);
		draft_done(&d);
	}
}

static void take_for_rule(struct ruleset_reading *rd, struct allow_draft *d, void *arg)
{
	struct rule *rule = arg;

	if (d->targets)
		ruleset_warn(rd, d->line, "targetRules of a rule's own allowlist is ignored");
	add_allow(rd, &rule->allows, &rule->n_allows, &d->allow);
}

void ruleset_read_allows(struct ruleset_reading *rd, struct rule *rule, const struct toml *v)
{
	read_each(rd, v, take_for_rule, rule);
}

static void copy_allow(struct ruleset_reading *rd, const struct rule_allow *from, struct rule *to)
{
	struct rule_allow a = {
		.regexes = strv_copy(from->regexes),
		.stopwords = strv_copy(from->stopwords),
		.paths = strv_copy(from->paths),
		.target = from->target,
		.all = from->all,
	};

	if (!!a.regexes != !!from->regexes || !!a.stopwords != !!from->stopwords ||
		!!a.paths != !!from->paths)
		rd->no_memory = true;
	else
		add_allow(rd, &to->allows, &to->n_allows, &a);
	rule_allow_done(&a);
}

static void give_to_targets(struct ruleset_reading *rd, const struct allow_draft *d)
{
	for (char **id = d->targets; *id; id++) {
		bool found = false;

		for (size_t i = 0; i < rd->to->n; i++) {
			if (strcmp(rd->to->rules[i].id, *id) != 0)
				continue;
			copy_allow(rd, &d->allow, &rd->to->rules[i]);
			found = true;
		}
		if (!found)
			ruleset_warn(rd, d->line, "targetRules: there is no rule '%.60s'", *id);
	}
}

static void take_for_all(struct ruleset_reading *rd, struct allow_draft *d, void *arg)
{
	(void)arg;
	if (d->targets)
		give_to_targets(rd, d);
	else
		add_allow(rd, &rd->to->allows, &rd->to->n_allows, &d->allow);
}

void ruleset_read_global_allows(struct ruleset_reading *rd, const struct toml *v)
{
	read_each(rd, v, take_for_all, NULL);
}
