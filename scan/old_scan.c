#include "scan/old_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "scan/old_rules.h"

/*
 * Theory of operation. Two readers. The one for known secrets reads every piece as it comes
 * (scan/known.h). The one for rules needs text in one place: pieces are gathered in a window, NULs
 * left out, so that UTF-16 reads as what it says. A full window is searched; a match belongs to the
 * window in which it begins, and counts when it begins before the last SCAN_MATCH_MAX bytes, so
 * it is whole; those bytes and a few before them are the start of the next window. Windows are full
 * at the same places of a text however it was cut into pieces.
 */
#define WINDOW (128U << 10)

struct scan {
	const struct scan_rules *rules;
	scan_found_fn *found;
	void *arg;
	pcre2_match_data *match;
	struct old_known_state known;
	bool *told;   /* per known secret: once a text, its first place */
	size_t *last; /* per rule: offset of the last secret told, plus 1 */
	size_t base;  /* offset of the window in the text */
	size_t fill;  /* bytes in the window */
	size_t from;  /* where matches of this window may begin */
	size_t cut;   /* … and where they may no more */
	size_t at;    /* up to here the window's lines were counted: */
	size_t line;  /* the line at `at` */
	unsigned char window[WINDOW];
};

static void begin(struct scan *s)
{
	s->known = (struct old_known_state){.line = 1};
	memset(s->told, 0, s->rules->n_secrets * sizeof(*s->told));
	memset(s->last, 0, scan_table_len * sizeof(*s->last));
	s->base = s->fill = s->from = s->at = 0;
	s->line = 1;
}

int scan_open(const struct scan_rules *rules, scan_found_fn *found, void *arg, struct scan **ret,
	struct err *e)
{
	cleanup_scan struct scan *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, ENOMEM, "open a scan");
	s->rules = rules;
	s->found = found;
	s->arg = arg;
	s->match = pcre2_match_data_create(8, NULL);
	s->told = calloc(rules->n_secrets + 1, sizeof(*s->told));
	s->last = calloc(scan_table_len, sizeof(*s->last));
	if (!s->match || !s->told || !s->last)
		return err_set(e, ENOMEM, "open a scan");
	begin(s);
	*ret = steal_ptr(&s);
	return 0;
}

void scan_close(struct scan *s)
{
	if (!s)
		return;
	pcre2_match_data_free(s->match);
	free(s->told);
	free(s->last);
	secret_wipe(s->window, s->fill);
	free(s);
}

static size_t count_lines(const unsigned char *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += p[i] == '\n';
	return n;
}

/* Matches come nearly in order: count on from the last place. */
static size_t line_of(struct scan *s, size_t place)
{
	if (place < s->at)
		return s->line - count_lines(s->window + place, s->at - place);
	s->line += count_lines(s->window + s->at, place - s->at);
	s->at = place;
	return s->line;
}

static int tell_known(void *arg, unsigned int id, size_t line)
{
	struct scan *s = arg;
	struct scan_finding f = {
		.rule = SCAN_RULE_KNOWN, .what = s->rules->secrets[id].name, .line = line};

	if (s->told[id])
		return 0;
	s->told[id] = true;
	rules_excerpt(NULL, 0, f.excerpt);
	return s->found(s->arg, &f);
}

static int try_known(struct scan *s, unsigned int id, size_t place)
{
	const struct rules_secret *secret = &s->rules->secrets[id];

	/* One that is longer than the overlap has runs, which the other reader finds. */
	if (secret->len > s->fill - place ||
		memcmp(s->window + place, secret->value, secret->len) != 0)
		return 0;
	return tell_known(s, id, line_of(s, place));
}

static int tell_rule(struct scan *s, unsigned int row, size_t start, size_t end)
{
	const struct scan_rule *rule = &scan_table[row];
	struct scan_finding f = {.rule = rule->id, .what = rule->what};

	/* Two keywords may lead to one secret. */
	if (s->last[row] == s->base + start + 1 ||
		!rules_is_random(rule, s->window + start, end - start))
		return 0;
	s->last[row] = s->base + start + 1;
	f.line = line_of(s, start);
	rules_excerpt(s->window + start, end - start, f.excerpt);
	return s->found(s->arg, &f);
}

static int try_rule(struct scan *s, unsigned int row, size_t place)
{
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(s->match);
	int n = pcre2_match(s->rules->codes[row], s->window, s->fill, place, 0, s->match, NULL);

	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n < 0)
		return -EIO;
	return n > 1 ? tell_rule(s, row, v[2], v[3]) : tell_rule(s, row, v[0], v[1]);
}

static int on_literal(void *arg, unsigned int word, size_t start)
{
	struct scan *s = arg;
	const struct rules_literal *owner = &s->rules->owners[word];
	size_t place = s->from + start;

	if (place >= s->cut)
		return 0;
	return owner->known >= 0 ? try_known(s, (unsigned int)owner->known, place)
				 : try_rule(s, owner->rule, place);
}

static int search_window(struct scan *s, bool is_last)
{
	size_t keep;
	int r;

	s->cut = is_last ? s->fill : s->fill - SCAN_MATCH_MAX;
	r = literals_search(
		s->rules->literals, s->window + s->from, s->fill - s->from, on_literal, s);
	if (r < 0 || is_last)
		return r;
	line_of(s, s->cut);
	keep = s->cut - SCAN_BEHIND;
	memmove(s->window, s->window + keep, s->fill - keep);
	s->base += keep;
	s->fill -= keep;
	s->from = s->at = SCAN_BEHIND;
	return 0;
}

static int gather(struct scan *s, const unsigned char *p, size_t len)
{
	while (len > 0) {
		size_t n = len < WINDOW - s->fill ? len : WINDOW - s->fill;
		const unsigned char *nul = memchr(p, 0, n);
		int r;

		n = nul ? (size_t)(nul - p) : n;
		memcpy(s->window + s->fill, p, n);
		s->fill += n;
		p += n + !!nul;
		len -= n + !!nul;
		if (s->fill == WINDOW) {
			r = search_window(s, false);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int failed(int r, struct err *e)
{
	return r < 0 ? err_set(e, -r, "scan") : 0;
}

int scan_feed(struct scan *s, const void *data, size_t len, struct err *e)
{
	int r = old_known_search(s->rules->known, &s->known, data, len, tell_known, s);

	return failed(r < 0 ? r : gather(s, data, len), e);
}

int scan_finish(struct scan *s, struct err *e)
{
	int r = search_window(s, true);

	begin(s);
	return failed(r, e);
}
