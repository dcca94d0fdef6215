#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "scan/matcher_impl.h"

/* How often a pattern may take many steps: so many times, and once more for so many bytes. */
#define PATIENCE       8
#define PATIENCE_BYTES 65536

struct deciding {
	struct matcher_stream *s;
	struct confirm *confirm;
	const struct image_rule *rule;
	struct rule_state *state;
	uint32_t number;
	enum matcher_until until;
	match_fn *fn;
	void *arg;
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Begins in [lo, hi], within what is in reach of hi. Places in the search count from *ret_at. */
static int search(const struct deciding *d, uint64_t lo, uint64_t hi, struct confirm_search *ret,
	uint64_t *ret_at)
{
	struct matcher_stream *s = d->s;
	uint64_t at = lo > s->base + MATCHER_CONTEXT ? lo - MATCHER_CONTEXT : s->base;
	uint64_t end = smaller(matcher_fed(s), hi + d->rule->reach);
	int r;

	*ret_at = at;
	ret->text = s->text + (at - s->base);
	ret->len = (size_t)(end - at);
	ret->from = (size_t)(lo - at);
	ret->to = (size_t)(hi - at);
	ret->more = end < matcher_fed(s) || d->until == MATCHER_GOES_ON;
	ret->partial = d->until == MATCHER_FLUSH;
	ret->patient = false;
	r = confirm_run(d->confirm, s->scratch->room, ret);
	if (r == -EIO && s->patience < PATIENCE + hi / PATIENCE_BYTES) {
		s->patience++;
		ret->patient = true;
		r = confirm_run(d->confirm, s->scratch->room, ret);
	}
	return r;
}

/* ---- keywords */

static bool has_word(const unsigned char *p, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++) {
		size_t k = 0;

		while (k < n && tolower(p[i + k]) == (unsigned char)word[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static bool has_keyword(char *const *keywords, const unsigned char *p, size_t len)
{
	for (; *keywords; keywords++)
		if (has_word(p, len, *keywords))
			return true;
	return false;
}

/* One of the rule's keywords stands in the match, or in the window around it. */
static bool keyword_near(const struct deciding *d, const struct match *m)
{
	char *const *keywords = d->s->m->rules->rules[d->number].keywords;

	return !keywords || !*keywords ||
	       has_keyword(keywords, m->text + m->at, m->at_end - m->at) ||
	       has_keyword(keywords, m->text, m->len);
}

/* ---- matches */

static void fill_secret(const struct deciding *d, const struct confirm_search *found, uint64_t at,
	uint64_t window, struct match *m)
{
	unsigned int group = d->s->m->rules->rules[d->number].secret_group;
	size_t shift = (size_t)(at - window);

	m->secret_at = m->at;
	m->secret_end = m->at_end;
	for (unsigned int i = group ? group : 1; i < found->n_spans && (!group || i == group);
		i++) {
		if (found->spans[2 * i] == (size_t)-1)
			continue;
		m->secret_at = found->spans[2 * i] + shift;
		m->secret_end = found->spans[2 * i + 1] + shift;
		return;
	}
}

/* How far the lead that was left out of the pattern goes in front of the match. */
static uint64_t lead(const struct deciding *d, uint64_t start)
{
	const struct matcher_stream *s = d->s;
	uint64_t from = start;

	while (from > s->base && from > d->state->end && start - from < d->rule->lead_max) {
		unsigned char c = s->text[from - 1 - s->base];

		if (!(d->rule->lead_set[c >> 6] >> (c & 63) & 1))
			break;
		from--;
	}
	return from;
}

static int tell(const struct deciding *d, const struct confirm_search *found, uint64_t at)
{
	const struct matcher_stream *s = d->s;
	uint64_t start = at + found->spans[0], window, end;
	struct match m = {.rule = d->number, .start = lead(d, start), .end = at + found->spans[1]};

	window = m.start > s->base + MATCHER_LINE ? m.start - MATCHER_LINE : s->base;
	end = smaller(matcher_fed(s), start + d->rule->reach);
	/* A look ahead's \K may lead out of the window. */
	if (m.end > end || m.end < m.start)
		return 0;
	m.text = s->text + (window - s->base);
	m.len = (size_t)(end - window);
	m.at = (size_t)(m.start - window);
	m.at_end = (size_t)(m.end - window);
	fill_secret(d, found, at, window, &m);
	d->state->end = m.end;
	return keyword_near(d, &m) ? d->fn(d->arg, &m) : 0;
}

/*
 * A match without a limit is one only if it lies within reach of its own begin: a search from
 * several places sees more.
 */
static int confine(const struct deciding *d, struct confirm_search *found, uint64_t *at)
{
	uint64_t start = *at + found->spans[0];

	if (!(d->rule->flags & IMAGE_OPEN) || found->len <= found->spans[0] + d->rule->reach)
		return 1;
	return search(d, start, start, found, at);
}

/* The matches that begin in [from, hi]; 1: more text could make one. */
static int decide_range(const struct deciding *d, uint64_t hi)
{
	struct confirm_search found;
	uint64_t at, start;
	int r = 0;

	while (d->state->from <= hi && r >= 0) {
		r = search(d, d->state->from, hi, &found, &at);
		if (r == -EAGAIN)
			return 1;
		if (r <= 0)
			break;
		start = at + found.spans[0];
		r = confine(d, &found, &at);
		if (r == 1) {
			d->state->from = at + found.spans[1];
			r = tell(d, &found, at);
		} else if (r == 0 || r == -EAGAIN) {
			d->state->from = start + 1;
			r = 0;
		}
	}
	if (r >= 0 && d->state->from <= hi)
		d->state->from = hi + 1;
	return r < 0 ? r : 0;
}

/* Removes what is decided from the list. */
static void sweep(struct matcher_stream *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_pending; i++)
		s->states[s->pending[i].rule].last = 0;
	for (size_t i = 0; i < s->n_pending; i++) {
		struct pending p = s->pending[i];
		struct rule_state *state = &s->states[p.rule];

		if (p.lo > p.hi || state->from > p.hi)
			continue;
		p.lo = p.lo > state->from ? p.lo : state->from;
		p.before = state->last;
		s->pending[kept++] = p;
		state->last = (uint32_t)kept;
	}
	s->n_pending = kept;
}

static int decide_one(struct matcher_stream *s, const struct pending *p, struct deciding *d)
{
	uint64_t hi = p->hi;
	int r;

	d->number = p->rule;
	d->rule = &s->m->image_rules[p->rule];
	d->state = &s->states[p->rule];
	if (d->until == MATCHER_GOES_ON) {
		if (matcher_fed(s) < p->lo + d->rule->reach)
			return 0;
		hi = smaller(hi, matcher_fed(s) - d->rule->reach);
	}
	if (d->state->from < p->lo)
		d->state->from = p->lo;
	if (d->state->from > hi)
		return 0;
	r = matcher_confirm(s->scratch, p->rule, &d->confirm);
	return r < 0 ? r : decide_range(d, hi);
}

int matcher_decide(struct matcher_stream *s, enum matcher_until until, match_fn *fn, void *arg)
{
	struct deciding d = {.s = s, .until = until, .fn = fn, .arg = arg};
	int r = 0;

	if (!s->n_pending)
		return 0;
	for (size_t i = 0; i < s->n_pending && r >= 0; i++)
		if (s->pending[i].lo <= s->pending[i].hi)
			r = decide_one(s, &s->pending[i], &d);
	sweep(s);
	return r < 0 ? r : 0;
}
