#include "scan/rules.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "base/str.h"

static int add_secret(struct scan_rules *r, size_t id, const struct scan_secret *s, struct err *e)
{
	if (strv_add(&r->names, s->name) < 0)
		return err_set(e, ENOMEM, "secret '%s'", s->name);
	return known_add(r->known, (unsigned int)id, s->value, s->len, e) < 0
		       ? err_wrap(e, "secret '%s'", s->name)
		       : 0;
}

static int add_known(struct scan_rules *rules, const struct scan_sources *from, struct err *e)
{
	int r = 0;

	if (from->n_known == 0)
		return 0;
	rules->known = known_new();
	if (!rules->known)
		return err_set(e, ENOMEM, "known secrets");
	for (size_t i = 0; r == 0 && i < from->n_known; i++)
		r = add_secret(rules, i, &from->known[i], e);
	if (r == 0 && known_compile(rules->known) < 0)
		r = err_set(e, ENOMEM, "known secrets");
	return r;
}

static int add_rules(struct scan_rules *rules, int cache_fd, struct err *e)
{
	const struct scan_cache *c = &rules->cache;
	int r = scan_cache_map(cache_fd, &rules->cache, e);

	if (r == 0)
		r = ruleset_read(&rules->set, ruleset_builtin, ruleset_builtin_len,
			"built-in rules", true, e);
	if (r == 0 && c->rules_text)
		r = ruleset_read(&rules->set, c->rules_text, c->rules_len, "rules", false, e);
	if (r == 0)
		r = matcher_new(&rules->set, c->compiled, c->compiled_len, &rules->matcher, e);
	return r == 0 ? verdicts_new(&rules->set, &rules->verdicts, e) : r;
}

int scan_rules_new(const struct scan_sources *from, struct scan_rules **ret, struct err *e)
{
	cleanup_scan_rules struct scan_rules *rules = calloc(1, sizeof(*rules));
	int r;

	if (!rules)
		return err_set(e, ENOMEM, "load the scanner's rules");
	rules->phrases = phrase_words_new();
	if (!rules->phrases)
		return err_set(e, ENOMEM, "load the scanner's rules");
	r = add_rules(rules, from->cache_fd, e);
	if (r == 0)
		r = add_known(rules, from, e);
	if (r == 0)
		*ret = steal_ptr(&rules);
	return r;
}

int scan_rules_with(const struct scan_rules *base, const struct scan_sources *from,
	struct scan_rules **ret, struct err *e)
{
	cleanup_scan_rules struct scan_rules *rules = malloc(sizeof(*rules));
	int r;

	if (!rules)
		return err_set(e, ENOMEM, "known secrets");
	*rules = *base;
	rules->base = base;
	rules->known = NULL;
	rules->names = NULL;
	r = add_known(rules, from, e);
	if (r == 0)
		*ret = steal_ptr(&rules);
	return r;
}

void scan_rules_free(struct scan_rules *r)
{
	if (!r)
		return;
	known_free(r->known);
	strv_free(r->names);
	if (!r->base) {
		phrase_words_free(r->phrases);
		verdicts_free(r->verdicts);
		matcher_free(r->matcher);
		ruleset_done(&r->set);
		scan_cache_unmap(&r->cache);
	}
	free(r);
}

int scan_rule_about(const struct scan_rules *r, const char *id, struct scan_rule_about *ret)
{
	for (size_t i = 0; i < r->set.n; i++) {
		const struct rule *rule = &r->set.rules[i];

		if (!str_eq(rule->id, id))
			continue;
		*ret = (struct scan_rule_about){rule->what, rule->doc, rule->confidence};
		return 0;
	}
	return -ENOENT;
}
