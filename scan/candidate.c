#include "scan/candidate.h"

#include <errno.h>

/* A set of so many bytes still counts as a letter of a literal: both cases of one. */
#define LETTER_MAX 2

/* A literal of so many letters is rare enough to begin with. */
#define LITERAL_GOOD 4
#define LITERAL_MIN  2

void candidates_done(struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++)
		str_done(&c->list[i].expression);
	c->n = 0;
}

void pattern_flatten(const struct pattern_node *n, struct pattern_items *to)
{
	if (n->kind == PATTERN_ASSERT)
		return;
	if (n->kind == PATTERN_CAT || n->kind == PATTERN_GROUP) {
		for (const struct pattern_node *c = n->child; c; c = c->next)
			pattern_flatten(c, to);
	} else if (to->n < PATTERN_ITEMS_MAX) {
		to->list[to->n++] = n;
	}
}

/* What was written, with its least and greatest width. */
struct text {
	struct str *s;
	unsigned int min, max;
};

static void write_set(struct text *t, const struct pattern_node *n)
{
	bool class = pattern_set_size(n) != 1;

	if (class)
		str_add_char(t->s, '[');
	for (unsigned int c = 0; c < 256; c++) {
		unsigned int to = c;

		if (!pattern_has(n, c))
			continue;
		while (to < 255 && pattern_has(n, to + 1))
			to++;
		str_addf(t->s, to > c ? "\\x%02x-\\x%02x" : "\\x%02x", c, to);
		c = to;
	}
	if (class)
		str_add_char(t->s, ']');
	t->min++;
	t->max++;
}

static void write_whole(struct text *t, const struct pattern_node *n);

static void write_alternatives(struct text *t, const struct pattern_node *n)
{
	str_add(t->s, "(?:");
	for (const struct pattern_node *c = n->child; c; c = c->next) {
		struct text branch = {.s = t->s};

		write_whole(&branch, c);
		if (c->next)
			str_add_char(t->s, '|');
	}
	str_add_char(t->s, ')');
	t->min += pattern_min(n);
	t->max += pattern_max(n);
}

/* n of the child in a row, or n to m. */
static void write_repeat(
	struct text *t, const struct pattern_node *child, unsigned int min, unsigned int max)
{
	struct text one = {.s = t->s};

	if (!max || !pattern_max(child))
		return;
	str_add(t->s, "(?:");
	write_whole(&one, child);
	str_addf(t->s, min == max ? "){%u}" : "){%u,%u}", min, max);
	t->min += one.min * min;
	t->max += one.max * max;
}

/* A node of bounded width. */
static void write_whole(struct text *t, const struct pattern_node *n)
{
	switch (n->kind) {
	case PATTERN_SET:
		write_set(t, n);
		break;
	case PATTERN_ALT:
		write_alternatives(t, n);
		break;
	case PATTERN_REPEAT:
		write_repeat(t, n->child, n->min, n->max);
		break;
	default:
		for (const struct pattern_node *c = n->child; c; c = c->next)
			write_whole(t, c);
	}
}

static void write_row_head(
	struct text *t, const struct pattern_items *row, size_t from, unsigned int room);

static void write_alternatives_head(struct text *t, const struct pattern_node *n, unsigned int room)
{
	struct text all = {.min = PATTERN_INF};

	str_add(t->s, "(?:");
	for (const struct pattern_node *c = n->child; c; c = c->next) {
		struct pattern_items row = {.n = 0};
		struct text branch = {.s = t->s};

		pattern_flatten(c, &row);
		write_row_head(&branch, &row, 0, room);
		if (c->next)
			str_add_char(t->s, '|');
		all.min = branch.min < all.min ? branch.min : all.min;
		all.max = branch.max > all.max ? branch.max : all.max;
	}
	str_add_char(t->s, ')');
	t->min += all.min;
	t->max += all.max;
}

/* What each match of the node begins with, in at most `room` bytes. The node is not nullable. */
static void write_head(struct text *t, const struct pattern_node *n, unsigned int room)
{
	struct pattern_items row = {.n = 0};
	unsigned int width;

	if (!room)
		return;
	if (n->kind == PATTERN_SET) {
		write_set(t, n);
	} else if (n->kind == PATTERN_ALT) {
		write_alternatives_head(t, n, room);
	} else if (n->kind == PATTERN_REPEAT) {
		width = pattern_max(n->child);
		if (width <= room)
			write_repeat(t, n->child, n->min < room / width ? n->min : room / width,
				n->min < room / width ? n->min : room / width);
		else
			write_head(t, n->child, room);
	} else {
		pattern_flatten(n, &row);
		write_row_head(t, &row, 0, room);
	}
}

/* The same of items in a row: as many as there is room for; optional ones at the end left out. */
static void write_row_head(
	struct text *t, const struct pattern_items *row, size_t from, unsigned int room)
{
	size_t stop = from, last = row->n;
	unsigned int width = 0, w;

	for (; stop < row->n && width <= room; stop++) {
		if (pattern_min(row->list[stop]))
			last = stop;
		w = pattern_max(row->list[stop]);
		width = w > room ? room + 1 : width + w;
	}
	if (last == row->n)
		return;
	for (size_t i = from; i < last; i++) {
		struct text one = {.s = t->s};

		write_whole(&one, row->list[i]);
		t->min += one.min;
		t->max += one.max;
		room -= pattern_max(row->list[i]);
	}
	write_head(t, row->list[last], room);
}

static unsigned int literal_of_row(const struct pattern_items *row, size_t from);

/* Letters of the literal that an item begins with; *ret_on: it is nothing else. */
static unsigned int literal_of(const struct pattern_node *n, bool *ret_on)
{
	unsigned int least = PATTERN_INF;

	*ret_on = false;
	if (n->kind == PATTERN_SET)
		return *ret_on = pattern_set_size(n) <= LETTER_MAX;
	if (n->kind == PATTERN_REPEAT && n->child->kind == PATTERN_SET &&
		pattern_set_size(n->child) <= LETTER_MAX) {
		*ret_on = n->min == n->max;
		return n->min;
	}
	if (n->kind != PATTERN_ALT)
		return 0;
	*ret_on = true;
	for (const struct pattern_node *c = n->child; c; c = c->next) {
		struct pattern_items row = {.n = 0};
		unsigned int letters;

		pattern_flatten(c, &row);
		letters = literal_of_row(&row, 0);
		*ret_on = *ret_on && letters == pattern_max(c);
		least = letters < least ? letters : least;
	}
	return least;
}

static unsigned int literal_of_row(const struct pattern_items *row, size_t from)
{
	unsigned int letters = 0;
	bool on = true;

	for (size_t i = from; i < row->n && on; i++)
		letters += literal_of(row->list[i], &on);
	return letters;
}

unsigned int pattern_literal(const struct pattern_items *row)
{
	unsigned int most = 0, letters;

	for (size_t i = 0; i < row->n; i++) {
		letters = literal_of_row(row, i);
		most = letters > most ? letters : most;
	}
	return most;
}

/* The item to begin with: the first good literal, or the best, or what has to be there. */
static size_t choose(const struct pattern_items *row)
{
	size_t best = row->n;
	unsigned int best_letters = LITERAL_MIN - 1, letters;

	for (size_t i = 0; i < row->n && best_letters < LITERAL_GOOD; i++) {
		letters = literal_of_row(row, i);
		if (letters > best_letters) {
			best = i;
			best_letters = letters;
		}
	}
	for (size_t i = 0; i < row->n && best == row->n; i++)
		if (pattern_min(row->list[i]))
			best = i;
	return best;
}

static unsigned int limited(unsigned int a, unsigned int b)
{
	return a + b >= PATTERN_INF ? PATTERN_INF : a + b;
}

/* A repeat that the candidate begins with: only its last times are looked for. */
static void write_tail(
	struct text *t, const struct pattern_node *n, unsigned int room, struct candidate *c)
{
	unsigned int width = pattern_max(n->child), times;

	times = n->min < room / width ? n->min : room / width;
	write_repeat(t, n->child, times, times);
	c->left_min = limited(c->left_min, pattern_min(n) - pattern_min(n->child) * times);
	c->left_max = limited(
		c->left_max, n->max == PATTERN_INF ? PATTERN_INF : width * (n->max - times));
}

static int of_row(const struct pattern_items *row, unsigned int room, struct candidates *ret)
{
	struct candidate *c = &ret->list[ret->n];
	struct text t = {.s = &c->expression};
	size_t first = choose(row);
	const struct pattern_node *n;

	if (first == row->n || ret->n == CANDIDATES_MAX)
		return -ENOTSUP;
	*c = (struct candidate){.left_min = 0};
	for (size_t i = 0; i < first; i++) {
		c->left_min = limited(c->left_min, pattern_min(row->list[i]));
		c->left_max = limited(c->left_max, pattern_max(row->list[i]));
	}
	ret->n++;
	n = row->list[first];
	if (n->kind == PATTERN_REPEAT && pattern_max(n->child) && pattern_max(n->child) <= room) {
		write_tail(&t, n, room, c);
		first++;
	}
	if (t.max < room)
		write_row_head(&t, row, first, room - t.max);
	c->left_min = limited(c->left_min, t.min);
	c->left_max = limited(c->left_max, t.max);
	c->width = t.max;
	return t.min ? c->expression.failed ? -ENOMEM : 0 : -ENOTSUP;
}

static int of_node(const struct pattern_node *n, unsigned int room, struct candidates *ret)
{
	struct pattern_items row = {.n = 0};
	int r = 0;

	pattern_flatten(n, &row);
	if (row.n != 1 || row.list[0]->kind != PATTERN_ALT)
		return of_row(&row, room, ret);
	for (const struct pattern_node *c = row.list[0]->child; c && r == 0; c = c->next)
		r = of_node(c, room, ret);
	return r;
}

int candidates_of(const struct pattern *p, unsigned int width, struct candidates *ret)
{
	return of_node(p->root, width, ret);
}
