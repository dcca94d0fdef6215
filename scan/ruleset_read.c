#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/rule_pattern.h"
#include "scan/ruleset_edit.h"

/* A rule as it was read. */
struct rule_draft {
	struct rule rule;
	bool entropy, group; /* were given */
	bool skip;	     /* is reported only through another rule */
};

static void read_regex(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	struct rule_draft *d = to;
	char **to_pattern = strcasecmp(v->key, "path") == 0 ? &d->rule.path : &d->rule.pattern;
	bool wider = false;
	struct err e;

	if (strlen(v->s) != v->len)
		ruleset_wrong(rd, v->line, "'%s' with a NUL in it: write \\x00", v->key);
	else if (*v->s && rule_pattern_of_re2(v->s, to_pattern, &wider, &e) < 0)
		ruleset_wrong(rd, v->line, "'%s': %s", v->key, e.msg);
	if (wider)
		ruleset_warn(rd, v->line,
			"'%s' is taken to mean all characters beyond ASCII where it means some",
			v->key);
}

static void read_group(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	struct rule_draft *d = to;

	if (v->integer < 0 || v->integer > 99)
		ruleset_wrong(rd, v->line, "secretGroup is %lld, expected 0 to 99",
			(long long)v->integer);
	d->rule.secret_group = (unsigned int)v->integer;
	d->group = v->integer != 0;
}

static void read_entropy(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	double bits = v->type == TOML_INTEGER ? (double)v->integer : v->real;
	struct rule_draft *d = to;

	if (!(bits >= 0 && bits <= 8)) {
		ruleset_wrong(rd, v->line, "entropy is %g, expected 0 to 8 bits", bits);
		return;
	}
	d->rule.entropy_floor = (unsigned int)(bits * 1000 + 0.5);
	d->entropy = bits != 0;
}

static void read_word(struct ruleset_reading *rd, const struct toml *v, const char *const *words,
	size_t n, size_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v->s, words[i])) {
			*ret = i;
			return;
		}
	ruleset_wrong(rd, v->line, "%s \"%.20s\" is not known", v->key, v->s);
}

static void read_confidence(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	static const char *const words[] = {"low", "medium", "high"};
	struct rule_draft *d = to;
	size_t i = SCAN_MEDIUM;

	read_word(rd, v, words, ARRAY_LEN(words), &i);
	d->rule.confidence = (enum scan_confidence)i;
}

static void read_validator(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	static const char *const words[] = {"", "github", "luhn", "iban", "jwt", "bip39", "aws"};
	struct rule_draft *d = to;
	size_t i = RULE_VALID_NONE;

	read_word(rd, v, words, ARRAY_LEN(words), &i);
	d->rule.validator = (enum rule_validator)i;
}

static void read_allows(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	struct rule_draft *d = to;

	ruleset_read_allows(rd, &d->rule, v);
}

static void read_skip(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	struct rule_draft *d = to;

	(void)rd;
	d->skip = v->integer;
}

static void read_required(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	(void)to;
	ruleset_warn(rd, v->line,
		"'required' is ignored: the rule counts without what it requires "
		"nearby");
}

static const struct ruleset_key rule_keys[] = {
	{"id", TOML_STRING, .offset = offsetof(struct rule_draft, rule.id)},
	{"description", TOML_STRING, .offset = offsetof(struct rule_draft, rule.what)},
	{"regex", TOML_STRING, .read = read_regex},
	{"path", TOML_STRING, .read = read_regex},
	{"secretGroup", TOML_INTEGER, .read = read_group},
	{"entropy", TOML_FLOAT, .read = read_entropy},
	{"keywords", TOML_ARRAY, .offset = offsetof(struct rule_draft, rule.keywords)},
	{"tags", TOML_ARRAY, .read = ruleset_read_nothing},
	{"allowlists", TOML_ARRAY, .read = read_allows},
	{"allowlist", TOML_TABLE, .read = read_allows},
	{"skipReport", TOML_BOOLEAN, .read = read_skip},
	{"required", TOML_ARRAY, .read = read_required},
	{"doc", TOML_STRING, true, .offset = offsetof(struct rule_draft, rule.doc)},
	{"confidence", TOML_STRING, true, .read = read_confidence},
	{"validator", TOML_STRING, true, .read = read_validator},
	{"example", TOML_ARRAY, true, .offset = offsetof(struct rule_draft, rule.examples)},
	{"near", TOML_ARRAY, true, .offset = offsetof(struct rule_draft, rule.near)},
	{"also", TOML_ARRAY, true, .offset = offsetof(struct rule_draft, rule.also)},
	{NULL},
};

static void remove_rule(struct ruleset_reading *rd, size_t at)
{
	struct ruleset *to = rd->to;

	rule_done(&to->rules[at]);
	memmove(&to->rules[at], &to->rules[at + 1], (to->n - at - 1) * sizeof(*to->rules));
	to->n--;
	rd->own--;
}

static void append_words(struct ruleset_reading *rd, char ***to, char **from)
{
	for (; from && *from; from++)
		if (!strv_has(*to, *from) && strv_add(to, *from) < 0)
			rd->no_memory = true;
}

static void swap_strings(char **a, char **b)
{
	char *was = *a;

	*a = *b;
	*b = was;
}

/*
 * As gitleaks extends its default rules. A rule that needed no keyword gets none: it would find
 * less than before.
 */
static void extend_rule(struct ruleset_reading *rd, struct rule *base, struct rule_draft *d)
{
	struct rule_allow *grown;

	base->builtin = false;
	base->line = d->rule.line;
	if (d->rule.what)
		swap_strings(&base->what, &d->rule.what);
	if (d->rule.path)
		swap_strings(&base->path, &d->rule.path);
	if (d->entropy)
		base->entropy_floor = d->rule.entropy_floor;
	if (d->group || d->rule.pattern)
		base->secret_group = d->rule.secret_group;
	if (base->keywords)
		append_words(rd, &base->keywords, d->rule.keywords);
	if (d->rule.pattern) {
		swap_strings(&base->pattern, &d->rule.pattern);
		base->validator = RULE_VALID_NONE;
	}
	if (d->rule.n_allows == 0)
		return;
	grown = reallocarray(base->allows, base->n_allows + d->rule.n_allows, sizeof(*grown));
	if (!grown) {
		rd->no_memory = true;
		return;
	}
	memcpy(grown + base->n_allows, d->rule.allows, d->rule.n_allows * sizeof(*grown));
	base->allows = grown;
	base->n_allows += d->rule.n_allows;
	d->rule.n_allows = 0;
}

static void append_rule(struct ruleset_reading *rd, struct rule *rule)
{
	struct rule *grown = reallocarray(rd->to->rules, rd->to->n + 1, sizeof(*grown));

	if (!grown) {
		rd->no_memory = true;
		return;
	}
	rd->to->rules = grown;
	if (!rule->what && !ruleset_copy(rd, rule->id, &rule->what))
		return;
	grown[rd->to->n++] = *rule;
	memset(rule, 0, sizeof(*rule));
}

/* What our own rules must have beside a pattern. */
static void check_builtin(struct ruleset_reading *rd, const struct rule *r)
{
	if (!r->what || !r->doc)
		ruleset_wrong(
			rd, r->line, "rule '%s' has no %s", r->id, r->what ? "doc" : "description");
	if (strv_len(r->examples) < 1 || strv_len(r->near) < 2)
		ruleset_wrong(rd, r->line, "rule '%s' needs an example and two near misses", r->id);
}

static void put_rule(struct ruleset_reading *rd, struct rule_draft *d)
{
	struct rule *r = &d->rule;
	size_t same = rd->own > 0 ? ruleset_find(rd->to, r->id) : 0;
	bool known = same < rd->own;

	if (rd->builtin)
		check_builtin(rd, r);
	if (d->skip) {
		ruleset_warn(rd, r->line,
			"rule '%s' is left out: with skipReport it serves other "
			"rules only",
			r->id);
	} else if (known && rd->extends) {
		extend_rule(rd, &rd->to->rules[same], d);
	} else if (!r->pattern && r->path) {
		ruleset_warn(rd, r->line,
			"rule '%s' is left out: a path alone is not looked for, "
			"only what is in a text",
			r->id);
	} else if (!r->pattern && (rd->extends || rd->elsewhere)) {
		ruleset_warn(rd, r->line,
			"rule '%s' is left out: there is none of that id here that it could change",
			r->id);
	} else if (!r->pattern) {
		ruleset_wrong(rd, r->line, "rule '%s' has no regex", r->id);
	} else {
		if (known) {
			ruleset_warn(rd, r->line, "rule '%s' takes the place of the built-in one",
				r->id);
			remove_rule(rd, same);
		}
		append_rule(rd, r);
	}
}

static void read_rule(struct ruleset_reading *rd, const struct toml *table)
{
	struct rule_draft d = {.rule = {.line = table->line,
				       .confidence = SCAN_MEDIUM,
				       .builtin = rd->builtin,
				       .spares = rd->builtin || rd->extends}};
	size_t errors = rd->n_errors;

	ruleset_read_keys(rd, rule_keys, table, &d, "a rule");
	for (char **word = d.rule.keywords; word && *word; word++)
		for (char *p = *word; *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p |= 0x20;
	if (!d.rule.id || !*d.rule.id)
		ruleset_wrong(rd, table->line, "a rule has no id");
	else if (rd->n_errors == errors)
		put_rule(rd, &d);
	rule_done(&d.rule);
}

static void read_rules(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	(void)to;
	rd->own = rd->to->n;
	for (const struct toml *table = v->first; table; table = table->next)
		if (table->type == TOML_TABLE)
			read_rule(rd, table);
		else
			ruleset_wrong(rd, table->line, "a rule is %s, expected a table: [[rules]]",
				toml_type_name(table));
}

/* ---- [extend] */

static void read_use_default(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	(void)to;
	rd->extends = v->integer;
}

static void read_elsewhere(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	(void)to;
	rd->elsewhere = true;
	ruleset_warn(
		rd, v->line, "extend.%s is not followed: put those rules into this file", v->key);
}

static void read_disabled(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	(void)to;
	for (const struct toml *item = v->first; item; item = item->next) {
		size_t at = item->type == TOML_STRING ? ruleset_find(rd->to, item->s) : rd->to->n;

		if (item->type != TOML_STRING)
			ruleset_wrong(rd, item->line, "disabledRules holds %s, expected strings",
				toml_type_name(item));
		else if (at == rd->to->n)
			ruleset_warn(rd, item->line,
				"disabledRules: there is no built-in rule "
				"'%.60s'",
				item->s);
		else
			remove_rule(rd, at);
	}
}

static void read_extend(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	static const struct ruleset_key keys[] = {
		{"useDefault", TOML_BOOLEAN, .read = read_use_default},
		{"path", TOML_STRING, .read = read_elsewhere},
		{"url", TOML_STRING, .read = read_elsewhere},
		{"disabledRules", TOML_ARRAY, .read = read_disabled},
		{NULL},
	};

	(void)to;
	ruleset_read_keys(rd, keys, v, NULL, "extend");
}

static void read_global_allows(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	(void)to;
	ruleset_read_global_allows(rd, v);
}

/* In the order in which they depend on each other, wherever they stand. */
static const struct ruleset_key root_keys[] = {
	{"extend", TOML_TABLE, .read = read_extend},
	{"rules", TOML_ARRAY, .read = read_rules},
	{"allowlists", TOML_ARRAY, .read = read_global_allows},
	{"allowlist", TOML_TABLE, .read = read_global_allows},
	{"title", TOML_STRING, .read = ruleset_read_nothing},
	{"description", TOML_STRING, .read = ruleset_read_nothing},
	{"minVersion", TOML_STRING, .read = ruleset_read_nothing},
	{NULL},
};

static void read_root(struct ruleset_reading *rd, const struct toml *root)
{
	for (const struct ruleset_key *key = root_keys; key->name; key++) {
		const struct toml *v = ruleset_get(root, key->name);

		if (v)
			ruleset_read_key(rd, key, v, NULL);
	}
	for (const struct toml *v = root->first; v; v = v->next)
		if (!ruleset_find_key(root_keys, v->key))
			ruleset_warn(rd, v->line, "unknown key '%s' is ignored", v->key);
}

int ruleset_read(struct ruleset *to, const char *text, size_t len, const char *name, bool builtin,
	struct err *e)
{
	struct ruleset_reading rd = {.to = to, .name = name, .builtin = builtin, .own = to->n};
	cleanup_toml struct toml_doc *doc = NULL;
	int rc = toml_parse(text, len, name, &doc, e);

	if (rc < 0)
		return rc;
	read_root(&rd, toml_root(doc));
	return ruleset_reading_end(&rd, e);
}
