#include "scan/ruleset.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "scan/ruleset_edit.h"

void rule_allow_done(struct rule_allow *a)
{
	strv_free(a->regexes);
	strv_free(a->stopwords);
	strv_free(a->paths);
}

static void free_allows(struct rule_allow *allows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rule_allow_done(&allows[i]);
	free(allows);
}

void rule_done(struct rule *r)
{
	free(r->id);
	free(r->what);
	free(r->pattern);
	free(r->path);
	free(r->doc);
	strv_free(r->keywords);
	strv_free(r->examples);
	strv_free(r->near);
	strv_free(r->also);
	free_allows(r->allows, r->n_allows);
}

void ruleset_done(struct ruleset *r)
{
	for (size_t i = 0; i < r->n; i++)
		rule_done(&r->rules[i]);
	free(r->rules);
	free_allows(r->allows, r->n_allows);
	strv_free(r->warnings);
	memset(r, 0, sizeof(*r));
}

size_t ruleset_find(const struct ruleset *r, const char *id)
{
	size_t i = 0;

	while (i < r->n && strcmp(r->rules[i].id, id) != 0)
		i++;
	return i;
}
