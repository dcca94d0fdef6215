#include "scan/span.h"

#include "scan/candidate.h"

/* A set of more bytes than this is in most texts all the time. */
#define WIDE 70

static void add(uint64_t to[4], const uint64_t from[4])
{
	for (int i = 0; i < 4; i++)
		to[i] |= from[i];
}

static unsigned int size(const uint64_t set[4])
{
	unsigned int n = 0;

	for (int i = 0; i < 4; i++)
		n += (unsigned int)__builtin_popcountll(set[i]);
	return n;
}

/* All bytes that a node takes. */
static void add_bytes(const struct pattern_node *n, uint64_t to[4])
{
	if (n->kind == PATTERN_OPAQUE)
		for (int i = 0; i < 4; i++)
			to[i] = ~UINT64_C(0);
	if (n->kind == PATTERN_SET)
		add(to, n->set);
	for (const struct pattern_node *c = n->child; c; c = c->next)
		add_bytes(c, to);
}

/*
 * Adds what a node takes to the sets of the places where it can stand. Places are bits: from where
 * it can begin, returned where it can end. What lies beyond the last place is dropped.
 */
static unsigned int place(
	const struct pattern_node *n, unsigned int places, uint64_t first[SPAN_FIRST][4])
{
	unsigned int ends = 0;

	switch (n->kind) {
	case PATTERN_SET:
		for (unsigned int i = 0; i < SPAN_FIRST; i++)
			if (places >> i & 1)
				add(first[i], n->set);
		return places << 1;
	case PATTERN_ALT:
		for (const struct pattern_node *c = n->child; c; c = c->next)
			ends |= place(c, places, first);
		return ends;
	case PATTERN_REPEAT:
		ends = n->min ? 0 : places;
		/* Once each place was tried, more times add nothing. */
		for (unsigned int i = 1; i <= n->max && i <= n->min + SPAN_FIRST; i++) {
			places = place(n->child, places, first);
			ends |= i >= n->min ? places : 0;
			if (!(places & ((1U << SPAN_FIRST) - 1)))
				break;
		}
		return ends | places;
	default:
		for (const struct pattern_node *c = n->child; c; c = c->next)
			places = place(c, places, first);
		return places;
	}
}

/* Takes items as long as their bytes are few. */
static void take(const struct pattern_items *row, size_t from, struct span *s)
{
	unsigned int places = 1, len = 0;

	for (size_t i = from; i < row->n && len < SPAN_MAX; i++) {
		uint64_t any[4] = {s->any[0], s->any[1], s->any[2], s->any[3]};

		add_bytes(row->list[i], any);
		if (size(any) > WIDE || any[2] || any[3])
			break;
		add(s->any, any);
		places = place(row->list[i], places, s->first);
		len += pattern_min(row->list[i]);
	}
	s->len = len < SPAN_MAX ? len : SPAN_MAX;
	/* Behind what every match has, the text is anything's. */
	for (unsigned int i = 0; i < SPAN_FIRST; i++)
		if (i >= s->len)
			for (int k = 0; k < 4; k++)
				s->first[i][k] = ~UINT64_C(0);
}

/* Items in front that may be missing, or be nearly anything. */
static size_t skip(const struct pattern_items *row, struct span *s)
{
	size_t i = 0;

	for (; i < row->n; i++) {
		uint64_t any[4] = {0};

		add_bytes(row->list[i], any);
		if (pattern_min(row->list[i]) && size(any) <= WIDE)
			break;
		s->left_min += pattern_min(row->list[i]);
		s->left_max += pattern_max(row->list[i]);
		if (s->left_max >= PATTERN_INF)
			break;
	}
	return i;
}

bool span_of(const struct pattern *p, struct span *ret)
{
	struct pattern_items row = {.n = 0};

	*ret = (struct span){0};
	pattern_flatten(p->root, &row);
	if (row.n == PATTERN_ITEMS_MAX || pattern_literal(&row) >= 3)
		return false;
	take(&row, skip(&row, ret), ret);
	return ret->len >= SPAN_MIN && ret->left_max < PATTERN_INF;
}
