#include "scan/finding.h"

#include <stdio.h>
#include <string.h>

#include "scan/state.h"

static uint64_t hash(const unsigned char *p, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

/* Whether the one is the other, found by another reader; of two in plain sight only one within it.
 */
static bool is_same(const struct findings_told *t, const struct findings_told *f)
{
	if (t->rule != f->rule || t->hash != f->hash)
		return false;
	if (f->end == 0 || t->end == 0)
		return true;
	if (f->exact && t->exact)
		return f->start >= t->start && f->end <= t->end;
	return f->start < t->end && t->start < f->end;
}

static bool was_told(struct findings *all, const struct findings_told *f)
{
	for (size_t i = 0; i < all->n && i < FINDINGS_BACK; i++)
		if (is_same(&all->told[i], f))
			return true;
	all->told[all->n++ % FINDINGS_BACK] = *f;
	return false;
}

/* Names of the codings, from the outside in. */
static void write_via(const struct node *n, char ret[SCAN_VIA_MAX])
{
	const char *names[NODE_DEPTH_MAX + 2];
	size_t count = 0, len = 0;

	for (; n->parent && count < NODE_DEPTH_MAX + 2; n = n->parent)
		names[count++] = n->coding;
	ret[0] = '\0';
	while (count-- > 0 && len < SCAN_VIA_MAX)
		len += (size_t)snprintf(
			ret + len, SCAN_VIA_MAX - len, "%s%s", len ? " > " : "", names[count]);
}

static char shown(unsigned char c)
{
	return c >= 0x20 && c < 0x7f ? (char)c : '?';
}

/* Two characters from either end of what is long enough to keep the rest to itself. */
static void write_excerpt(const unsigned char *secret, size_t len, char ret[SCAN_EXCERPT_MAX])
{
	if (len < 16 || !secret) {
		snprintf(ret, SCAN_EXCERPT_MAX, "…");
		return;
	}
	snprintf(ret, SCAN_EXCERPT_MAX, "%c%c…%c%c", shown(secret[0]), shown(secret[1]),
		shown(secret[len - 2]), shown(secret[len - 1]));
}

/* Up the tree, as far as each coding knows which bytes said what. */
static void find_place(const struct node *n, uint64_t *start, uint64_t *end)
{
	bool known = *end > *start;

	for (; known && n->parent; n = n->parent)
		known = origin_of(&n->origin, start, end);
	if (!known)
		*start = *end = 0;
}

int finding_tell(struct node *n, const struct finding_raw *raw)
{
	struct scan *s = n->scan;
	struct scan_finding f = {.rule = raw->rule,
		.what = raw->what,
		.confidence = raw->confidence,
		.place = s->place ? s->place : "",
		.start = raw->start,
		.end = raw->end};
	struct findings_told told = {.rule = raw->rule};

	find_place(n, &f.start, &f.end);
	told.hash = raw->secret ? hash(raw->secret, raw->secret_len)
				: hash((const void *)raw->what, strlen(raw->what));
	told.start = f.start;
	told.end = f.end;
	told.exact = !n->parent;
	if (was_told(&s->findings, &told))
		return 0;
	f.line = f.end > 0 ? lines_of(&s->lines, f.start) : 0;
	/* What stands in the name that we put in front is no part of the text. */
	if (f.start < s->prefix)
		f.start = f.end = 0;
	else if (f.end > 0) {
		f.start -= s->prefix;
		f.end -= s->prefix;
	}
	write_via(n, f.via);
	write_excerpt(raw->secret, raw->secret_len, f.excerpt);
	return s->found(s->arg, &f);
}

int finding_unreadable(struct node *n, const char *what)
{
	struct finding_raw f = {
		.rule = SCAN_RULE_UNREADABLE, .what = what, .confidence = SCAN_MEDIUM};

	return finding_tell(n, &f);
}
