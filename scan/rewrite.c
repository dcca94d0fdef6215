#include "scan/rewrite.h"

#include <string.h>

/* Escapes whose last character is one of a word, as a look behind: \n, %0A, \x0a, \u000a. */
#define BEHIND_ESCAPE "(?<=\\\\[abefnrtv0]|%[0-9A-Fa-f]{2}|\\\\x[0-9A-Fa-f]{2}|\\\\u[0-9A-Fa-f]{4})"

struct rewriting {
	const struct pattern *p;
	struct str *to;
	size_t done; /* bytes of the text that were copied or left out */
};

static void copy_to(struct rewriting *r, size_t at)
{
	str_add_bytes(r->to, r->p->text + r->done, at - r->done);
	r->done = at;
}

static void loosen(struct rewriting *r, const struct pattern_node *n)
{
	copy_to(r, n->at);
	str_add(r->to, "(?:");
	copy_to(r, n->end);
	str_add(r->to, "|" BEHIND_ESCAPE ")");
}

/*
 * Loosens the conditions with which the node begins, in the order of the text. beside: the node is
 * one of several alternatives, so that "^" is no anchor.
 */
static void loosen_first(struct rewriting *r, const struct pattern_node *n, bool beside)
{
	if (n->kind == PATTERN_ASSERT) {
		if (n->assert == PATTERN_WORD || n->assert == PATTERN_NOT_BEHIND ||
			(n->assert == PATTERN_BEGIN && beside))
			loosen(r, n);
	} else if (n->kind == PATTERN_ALT) {
		for (const struct pattern_node *c = n->child; c; c = c->next)
			loosen_first(r, c, true);
	} else if (n->kind == PATTERN_CAT || n->kind == PATTERN_GROUP) {
		const struct pattern_node *c = n->child;

		/* Groups of flags alone are nothing. */
		while (c && c->kind == PATTERN_CAT && !c->child)
			c = c->next;
		if (c)
			loosen_first(r, c, beside);
	}
}

static const struct pattern_node *lead_of(const struct pattern *p, unsigned int max)
{
	const struct pattern_node *n = p->root;

	if (n->kind != PATTERN_CAT)
		return NULL;
	n = n->child;
	while (n && n->kind == PATTERN_CAT && !n->child)
		n = n->next;
	if (n && n->next && n->kind == PATTERN_REPEAT && n->lazy && !n->min && n->max <= max &&
		n->child->kind == PATTERN_SET)
		return n;
	return NULL;
}

void rewrite_pattern(const struct pattern *p, unsigned int lead_max, struct str *to,
	struct rewrite_lead *ret_lead)
{
	struct rewriting r = {.p = p, .to = to};
	const struct pattern_node *lead = lead_of(p, lead_max);

	*ret_lead = (struct rewrite_lead){0};
	if (lead) {
		ret_lead->max = lead->max;
		memcpy(ret_lead->set, lead->child->set, sizeof(ret_lead->set));
		copy_to(&r, lead->at);
		r.done = lead->end;
	} else {
		loosen_first(&r, p->root, false);
	}
	copy_to(&r, strlen(p->text));
}
