#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "scan/matcher_impl.h"

/*
 * A stream's text is copied into a window, of which Hyperscan sees blocks: from as far back as a
 * candidate is long to the end. Blocks cost less than Hyperscan's own streams (no state to keep and
 * to reset), and each match is confirmed in the same window.
 */

/* So many bytes are gathered before Hyperscan is called: pieces of one byte cost no call each. */
#define GATHER 2048

/* What is added to the window at once, at most: it stays in the processor's cache. */
#define BLOCK 16384

/* How much of the window is held at most when it moves on. */
static size_t held_max(const struct matcher *m)
{
	return (size_t)m->head.overlap + m->head.left + m->head.reach + GATHER +
	       2 * MATCHER_CONTEXT + MATCHER_LINE;
}

int matcher_open(const struct matcher *m, struct matcher_scratch *scratch,
	struct matcher_stream **ret, struct err *e)
{
	struct matcher_stream *s = calloc(1, sizeof(*s));

	if (s) {
		s->m = m;
		s->scratch = scratch;
		s->cap = held_max(m) + BLOCK;
		s->text = malloc(s->cap + SPAN_PAD);
	}
	if (!s || !s->text) {
		free(s);
		return err_set(e, ENOMEM, "a text to be scanned");
	}
	*ret = s;
	return 0;
}

void matcher_close(struct matcher_stream *s)
{
	if (!s)
		return;
	secret_wipe(s->text, s->used);
	free(s->text);
	free(s->states);
	free(s->pending);
	free(s);
}

void matcher_reset(struct matcher_stream *s)
{
	s->len = 0;
	s->base = s->scanned = s->patience = 0;
	s->n_pending = 0;
	s->failed = 0;
	if (s->touched)
		memset(s->states, 0, s->m->head.n_rules * sizeof(*s->states));
	s->touched = false;
}

/* ---- candidates */

/*
 * Places of a rule that are no further apart are looked at in one go: PCRE2 passes what lies
 * between quicker than it is called again, and finds nothing there that has no candidate.
 */
#define NEAR 64

static bool is_near(const struct pending *before, uint64_t lo)
{
	return before->hi + NEAR >= lo;
}

static int append_pending(struct matcher_stream *s, uint32_t rule, uint64_t lo, uint64_t hi)
{
	struct rule_state *state = &s->states[rule];

	if (s->n_pending == s->pending_cap) {
		size_t cap = s->pending_cap ? s->pending_cap * 2 : 16;
		struct pending *p = reallocarray(s->pending, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		s->pending = p;
		s->pending_cap = cap;
	}
	s->pending[s->n_pending++] =
		(struct pending){.rule = rule, .before = state->last, .lo = lo, .hi = hi};
	state->last = (uint32_t)s->n_pending;
	return 0;
}

/* The rule's last entry now begins earlier: those that it reaches become one. */
static void join_pending(struct matcher_stream *s, struct rule_state *state)
{
	struct pending *last = &s->pending[state->last - 1], *before;

	while (last->before) {
		before = &s->pending[last->before - 1];
		if (!is_near(before, last->lo))
			return;
		before->hi = before->hi > last->hi ? before->hi : last->hi;
		before->lo = before->lo < last->lo ? before->lo : last->lo;
		/* Nothing is left of it, so nobody decides it. */
		last->lo = 1;
		last->hi = 0;
		state->last = last->before;
		last = before;
	}
}

static int add_pending(struct matcher_stream *s, uint32_t rule, uint64_t lo, uint64_t hi)
{
	struct rule_state *state = &s->states[rule];
	struct pending *last;

	lo = lo > state->from ? lo : state->from;
	if (lo > hi)
		return 0;
	if (!state->last || !is_near(&s->pending[state->last - 1], lo))
		return append_pending(s, rule, lo, hi);
	last = &s->pending[state->last - 1];
	last->hi = last->hi > hi ? last->hi : hi;
	if (lo < last->lo) {
		last->lo = lo;
		join_pending(s, state);
	}
	return 0;
}

/* Makes room for what is pending at the first candidate of a text. */
static int touch(struct matcher_stream *s)
{
	if (!s->states)
		s->states = calloc(s->m->head.n_rules, sizeof(*s->states));
	s->touched = s->states != NULL;
	return s->states ? 0 : -ENOMEM;
}

struct block {
	struct matcher_stream *s;
	uint64_t at;
	int r;
};

static int on_candidate(unsigned int id, unsigned long long from, unsigned long long to,
	unsigned int flags, void *arg)
{
	struct block *b = arg;
	struct matcher_stream *s = b->s;
	const struct image_expression *x = &s->m->expressions[id];
	uint64_t end = b->at + to;

	(void)from;
	(void)flags;
	if (end <= s->scanned || end < x->left_min)
		return 0; /* the block before has told */
	b->r = touch(s);
	if (b->r == 0)
		b->r = add_pending(
			s, x->rule, end > x->left_max ? end - x->left_max : 0, end - x->left_min);
	return b->r < 0;
}

/* Where a span begins within a run. */
static int look_for_span(struct matcher_stream *s, uint32_t number, size_t start, size_t end)
{
	const struct image_span *x = &s->m->spans[number];
	size_t found;
	uint64_t at;
	int r = 0;

	while (r == 0 &&
		span_probe_next(&x->is, &s->m->probes[number], s->text, end, &start, &found)) {
		at = s->base + found;
		if (at < x->is.left_min)
			continue;
		r = touch(s);
		if (r == 0)
			r = add_pending(s, x->rule, at > x->is.left_max ? at - x->is.left_max : 0,
				at - x->is.left_min);
	}
	return r;
}

/* Spans of a group that end in what was not looked at so far; others may come again. */
static int look_for_group(struct matcher_stream *s, uint32_t group)
{
	uint64_t from = s->scanned > s->base + SPAN_MAX ? s->scanned - SPAN_MAX : s->base;
	size_t at = (size_t)(from - s->base), start, end;
	int r = 0;

	while (r == 0 && span_group_next(&s->m->groups[group], s->text, s->len, &at, &start, &end))
		for (uint32_t i = 0; i < s->m->head.n_spans && r == 0; i++)
			if (s->m->group_of[i] == group)
				r = look_for_span(s, i, start, end);
	return r;
}

/* Hyperscan over what it has not seen, and what needs no Hyperscan. */
static int look(struct matcher_stream *s)
{
	uint64_t from = s->scanned > s->m->head.overlap ? s->scanned - s->m->head.overlap : 0;
	struct block b = {.s = s, .at = from > s->base ? from : s->base};
	hs_error_t r;

	if (s->scanned == matcher_fed(s))
		return 0;
	r = hs_scan(s->m->database, (const char *)s->text + (b.at - s->base),
		(unsigned int)(matcher_fed(s) - b.at), 0, s->scratch->hs, on_candidate, &b);
	if (b.r < 0)
		return b.r;
	if (r != HS_SUCCESS)
		return -EIO;
	for (uint32_t i = 0; i < s->m->n_groups && b.r == 0; i++)
		b.r = look_for_group(s, i);
	if (b.r < 0)
		return b.r;
	s->scanned = matcher_fed(s);
	return 0;
}

/* ---- the window */

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* The first byte that is still needed. */
static uint64_t needed(const struct matcher_stream *s)
{
	uint64_t at = less(s->scanned, (uint64_t)s->m->head.overlap + s->m->head.left);

	for (size_t i = 0; i < s->n_pending; i++)
		at = s->pending[i].lo < at ? s->pending[i].lo : at;
	return less(at, 2 * MATCHER_CONTEXT + MATCHER_LINE);
}

static void move_on(struct matcher_stream *s)
{
	uint64_t at = needed(s);
	size_t gone = at > s->base ? (size_t)(at - s->base) : 0;

	memmove(s->text, s->text + gone, s->len - gone);
	s->len -= gone;
	s->base += gone;
}

static int failed(struct matcher_stream *s, int r)
{
	if (r < 0)
		s->failed = r;
	return r;
}

int matcher_feed(struct matcher_stream *s, const void *data, size_t len, match_fn *fn, void *arg)
{
	const unsigned char *p = data;
	int r = s->failed;

	while (len && r == 0) {
		size_t n = len < s->cap - s->len ? len : s->cap - s->len;

		memcpy(s->text + s->len, p, n);
		s->len += n;
		s->used = s->len > s->used ? s->len : s->used;
		p += n;
		len -= n;
		if (matcher_fed(s) - s->scanned < GATHER && s->len < s->cap)
			continue;
		r = look(s);
		if (r == 0)
			r = matcher_decide(s, MATCHER_GOES_ON, fn, arg);
		if (r == 0 && s->len == s->cap)
			move_on(s);
	}
	return failed(s, r);
}

static int decide_all(struct matcher_stream *s, enum matcher_until until, match_fn *fn, void *arg)
{
	int r = s->failed;

	if (r == 0)
		r = look(s);
	if (r == 0)
		r = matcher_decide(s, until, fn, arg);
	return failed(s, r);
}

int matcher_flush(struct matcher_stream *s, match_fn *fn, void *arg)
{
	return decide_all(s, MATCHER_FLUSH, fn, arg);
}

int matcher_finish(struct matcher_stream *s, match_fn *fn, void *arg)
{
	return decide_all(s, MATCHER_END, fn, arg);
}

uint64_t matcher_decided(const struct matcher_stream *s)
{
	uint64_t at = less(s->scanned, s->m->head.left);

	for (size_t i = 0; i < s->n_pending; i++)
		at = s->pending[i].lo < at ? s->pending[i].lo : at;
	return less(at, MATCHER_CONTEXT);
}
