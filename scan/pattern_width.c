#include "scan/pattern.h"

/* How long what a pattern matches can be. */

static unsigned int sum(unsigned int a, unsigned int b)
{
	return a + b >= PATTERN_INF ? PATTERN_INF : a + b;
}

static unsigned int times(unsigned int a, unsigned int n)
{
	return !a || !n ? 0 : (uint64_t)a * n >= PATTERN_INF ? PATTERN_INF : a * n;
}

unsigned int pattern_min(const struct pattern_node *n)
{
	unsigned int width = 0, least = PATTERN_INF;

	switch (n->kind) {
	case PATTERN_SET:
		return 1;
	case PATTERN_CAT:
	case PATTERN_GROUP:
		for (const struct pattern_node *c = n->child; c; c = c->next)
			width = sum(width, pattern_min(c));
		return width;
	case PATTERN_ALT:
		for (const struct pattern_node *c = n->child; c; c = c->next) {
			width = pattern_min(c);
			least = width < least ? width : least;
		}
		return least;
	case PATTERN_REPEAT:
		return times(pattern_min(n->child), n->min);
	default:
		return 0;
	}
}

unsigned int pattern_max(const struct pattern_node *n)
{
	unsigned int width = 0, most = 0;

	switch (n->kind) {
	case PATTERN_SET:
		return 1;
	case PATTERN_CAT:
	case PATTERN_GROUP:
		for (const struct pattern_node *c = n->child; c; c = c->next)
			width = sum(width, pattern_max(c));
		return width;
	case PATTERN_ALT:
		for (const struct pattern_node *c = n->child; c; c = c->next) {
			width = pattern_max(c);
			most = width > most ? width : most;
		}
		return most;
	case PATTERN_REPEAT:
		return times(pattern_max(n->child), n->max);
	case PATTERN_OPAQUE:
		return PATTERN_INF;
	default:
		return 0;
	}
}
