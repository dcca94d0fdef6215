#include "scan/possess.h"

#include <stdlib.h>
#include <string.h>

/* The bytes that what is left of a pattern may begin with. */
struct first {
	uint64_t set[4];
};

static const struct first anything = {{~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0)}};

static struct first both(struct first a, const struct first *b)
{
	for (int i = 0; i < 4; i++)
		a.set[i] |= b->set[i];
	return a;
}

static bool is_disjoint(const uint64_t a[4], const struct first *b)
{
	for (int i = 0; i < 4; i++)
		if (a[i] & b->set[i])
			return false;
	return true;
}

struct possessing {
	const struct pattern *p;
	bool lines;	      /* "$" may also stand in front of a newline */
	unsigned char *marks; /* by place in the text: a '+' belongs in front of it */
};

/* (?m), alone or with other flags. */
static bool has_lines(const char *text)
{
	for (const char *s = strstr(text, "(?"); s; s = strstr(s + 2, "(?")) {
		size_t n = strspn(s + 2, "imsUx-");

		if (memchr(s + 2, 'm', n))
			return true;
	}
	return false;
}

/* Written without a mark of its own. */
static bool is_greedy(const struct possessing *x, const struct pattern_node *n)
{
	const char *text = x->p->text;

	return !n->lazy && n->min < n->max && !strchr("+*?", text[n->end]) &&
	       (text[n->end - 1] == '}' || n->end == n->child->end + 1);
}

static struct first visit(
	const struct possessing *x, const struct pattern_node *n, struct first then);

static struct first visit_row(
	const struct possessing *x, const struct pattern_node *n, struct first then)
{
	return n ? visit(x, n, visit_row(x, n->next, then)) : then;
}

static struct first visit_repeat(
	const struct possessing *x, const struct pattern_node *n, struct first then)
{
	struct first again;

	if (n->child->kind != PATTERN_SET) {
		again = visit(x, n->child, anything);
	} else {
		memcpy(again.set, n->child->set, sizeof(again.set));
		if (is_greedy(x, n) && is_disjoint(again.set, &then))
			x->marks[n->end] = 1;
	}
	return n->min ? again : both(again, &then);
}

/* What the node and what follows it begin with. */
static struct first visit(
	const struct possessing *x, const struct pattern_node *n, struct first then)
{
	struct first all = {{0}}, one;

	switch (n->kind) {
	case PATTERN_SET:
		memcpy(all.set, n->set, sizeof(all.set));
		return all;
	case PATTERN_ALT:
		for (const struct pattern_node *c = n->child; c; c = c->next) {
			one = visit(x, c, then);
			all = both(all, &one);
		}
		return all;
	case PATTERN_REPEAT:
		return visit_repeat(x, n, then);
	case PATTERN_ASSERT:
		/* Behind the end of the text there is no byte at all. */
		return x->p->text[n->at] == '$' && !x->lines ? all : then;
	case PATTERN_OPAQUE:
		return anything;
	default:
		return visit_row(x, n->child, then);
	}
}

void possess_pattern(const struct pattern *p, struct str *to)
{
	size_t len = strlen(p->text);
	struct possessing x = {.p = p, .lines = has_lines(p->text), .marks = calloc(len + 1, 1)};

	if (!x.marks) {
		to->failed = true;
		return;
	}
	visit(&x, p->root, anything);
	for (size_t i = 0; i <= len; i++) {
		if (x.marks[i])
			str_add_char(to, '+');
		if (i < len)
			str_add_char(to, p->text[i]);
	}
	free(x.marks);
}
