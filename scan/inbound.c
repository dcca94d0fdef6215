#include "scan/inbound.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "scan/fold.h"
#include "scan/phrase.h"

/*
 * Theory of operation. Bytes become characters (invisible ones drop out, disguised ones say what
 * they look like, an escape such as \n is a space) and go through two walks: one reads everything,
 * so that comments and attributes count; one leaves tags out, so that a word may have some within
 * it. Each hit is compared with the walk's last one of the other family: hits come in the order
 * of their ends, so that is the nearest one. A family's first hit that has no partner is a warning.
 */
struct inbound_run {
	const unsigned char *p;
	size_t len;
};

enum walk_kind { WALK_ALL, WALK_UNTAGGED, WALKS };

struct inbound_reader {
	const struct phrase_words *words;
	struct phrase_walk walks[WALKS];
	struct phrase_hit last[WALKS][INBOUND_FAMILIES];
	bool warned[INBOUND_FAMILIES];
	uint64_t at;
	unsigned char part[FOLD_BYTES]; /* of a character that a cut goes through */
	size_t part_len;
	enum { TAG_NONE, TAG_OPEN, TAG_IN } tag; /* OPEN: within its name */
	char name[8];				 /* of the tag; longer ones are none of ours */
	size_t name_len;
	bool has_tags; /* until there was a '<', the two walks are the same, and only one is gone */
	bool escape;
};

struct inbound_reader *inbound_open(const struct phrase_words *words)
{
	struct inbound_reader *r = calloc(1, sizeof(*r));

	if (r)
		r->words = words;
	return r;
}

void inbound_close(struct inbound_reader *r)
{
	free(r);
}

void inbound_reset(struct inbound_reader *r)
{
	const struct phrase_words *words = r->words;

	memset(r, 0, sizeof(*r));
	r->words = words;
}

/* ---- hits */

static uint64_t between(const struct phrase_hit *a, const struct phrase_hit *b)
{
	if (a->start >= b->end)
		return a->start - b->end;
	return b->start >= a->end ? b->start - a->end : 0;
}

static int tell_pair(
	const struct phrase_hit *d, const struct phrase_hit *j, inbound_fn *fn, void *arg)
{
	const struct inbound_hit hit = {.verdict = INBOUND_REFUSE,
		.disclosure = d->name,
		.jailbreak = j->name,
		.start = d->from < j->from ? d->from : j->from,
		.end = d->to > j->to ? d->to : j->to};

	return fn(arg, &hit);
}

static int tell_one(struct inbound_reader *r, int family, inbound_fn *fn, void *arg)
{
	const struct phrase_hit *h = r->last[WALK_ALL][family].name
					     ? &r->last[WALK_ALL][family]
					     : &r->last[WALK_UNTAGGED][family];
	const struct inbound_hit hit = {.verdict = INBOUND_WARN,
		.disclosure = family == INBOUND_DISCLOSURE ? h->name : NULL,
		.jailbreak = family == INBOUND_JAILBREAK ? h->name : NULL,
		.start = h->from,
		.end = h->to};

	if (r->warned[family])
		return 0;
	r->warned[family] = true;
	return fn(arg, &hit);
}

static int on_hits(struct inbound_reader *r, enum walk_kind w,
	const struct phrase_hit hits[INBOUND_FAMILIES], inbound_fn *fn, void *arg)
{
	struct phrase_hit *last = r->last[w];
	int ret = 0;

	for (int f = 0; ret == 0 && f < INBOUND_FAMILIES; f++) {
		if (!hits[f].name)
			continue;
		last[f] = hits[f];
		if (last[!f].name && between(&last[f], &last[!f]) <= INBOUND_NEAR)
			ret = tell_pair(
				&last[INBOUND_DISCLOSURE], &last[INBOUND_JAILBREAK], fn, arg);
		else
			ret = tell_one(r, f, fn, arg);
	}
	return ret;
}

/* ---- characters */

static int walk(struct inbound_reader *r, enum walk_kind w, const struct inbound_run *run,
	inbound_fn *fn, void *arg)
{
	size_t done = 0;
	int ret = 0;

	while (ret == 0 && done < run->len) {
		struct phrase_hit hits[INBOUND_FAMILIES];

		done += phrase_read(
			r->words, &r->walks[w], run->p + done, run->len - done, r->at + done, hits);
		if (hits[INBOUND_DISCLOSURE].name || hits[INBOUND_JAILBREAK].name)
			ret = on_hits(r, w, hits, fn, arg);
	}
	return ret;
}

/* Tags that stand within words; all others end one. */
static bool is_within_words(const char *name)
{
	static const char *const names[] = {"a", "abbr", "b", "bdi", "bdo", "big", "code", "del",
		"em", "font", "i", "ins", "kbd", "mark", "s", "small", "span", "strike", "strong",
		"sub", "sup", "tt", "u", "var", "wbr"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool is_letter(unsigned char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/*
 * What c is without tags: itself, 0 for nothing, ' ' for the end of a tag that ends a word. "<"
 * before a letter or "/" opens a tag; "<!--" and "a < b" do not.
 */
static unsigned char untag(struct inbound_reader *r, unsigned char c)
{
	if (r->tag == TAG_NONE) {
		r->tag = c == '<' ? TAG_OPEN : TAG_NONE;
		r->name_len = 0;
		return c == '<' ? 0 : c;
	}
	if (r->tag == TAG_OPEN && r->name_len == 0 && !is_letter(c)) {
		r->tag = c == '/' ? TAG_OPEN : TAG_NONE;
		return c == '/' ? 0 : c;
	}
	r->tag = r->tag == TAG_OPEN && is_letter(c) ? TAG_OPEN : TAG_IN;
	if (r->tag == TAG_OPEN && r->name_len < sizeof(r->name) - 1)
		r->name[r->name_len++] = (char)(c | 0x20);
	if (c != '>')
		return 0;
	r->tag = TAG_NONE;
	r->name[r->name_len] = '\0';
	return is_within_words(r->name) ? 0 : ' ';
}

static void part_ways(struct inbound_reader *r)
{
	r->has_tags = true;
	r->walks[WALK_UNTAGGED] = r->walks[WALK_ALL];
	memcpy(r->last[WALK_UNTAGGED], r->last[WALK_ALL], sizeof(r->last[WALK_ALL]));
}

static int take(struct inbound_reader *r, unsigned char c, inbound_fn *fn, void *arg)
{
	unsigned char bare;
	int ret;

	/* In a string of JSON or a programming language, \n is no letter. */
	if (r->escape && strchr("nrtfbv", c) && c)
		c = ' ';
	r->escape = c == '\\' && !r->escape;
	/* The word before a tag may go on behind it. */
	if (c == '<' && !r->has_tags)
		part_ways(r);
	ret = walk(r, WALK_ALL, &(struct inbound_run){&c, 1}, fn, arg);
	if (!r->has_tags)
		return ret;
	bare = untag(r, c);
	return ret == 0 && bare ? walk(r, WALK_UNTAGGED, &(struct inbound_run){&bare, 1}, fn, arg)
				: ret;
}

/* One character of n bytes, folded. */
static int take_folded(
	struct inbound_reader *r, const struct folded *f, size_t n, inbound_fn *fn, void *arg)
{
	int ret = 0;

	if (f->kind == FOLD_HIDDEN)
		ret = take(r, f->hidden, fn, arg);
	for (size_t i = 0; ret == 0 && f->kind != FOLD_HIDDEN && i < f->len; i++)
		ret = take(r, f->text[i], fn, arg);
	r->at += n;
	return ret;
}

/* A character that the last piece ended in; *used bytes of p belong to it. */
static int take_part(struct inbound_reader *r, const unsigned char *p, size_t len, size_t *used,
	inbound_fn *fn, void *arg)
{
	struct folded f;
	size_t before = r->part_len, n = 0;

	*used = 0;
	while (n == 0 && *used < len && r->part_len < FOLD_BYTES) {
		r->part[r->part_len++] = p[(*used)++];
		n = fold_next(r->part, r->part + r->part_len, &f);
	}
	if (n == 0)
		return 0;
	/* What was kept may turn out to be more than one character: the rest of p is read again. */
	if (n >= before) {
		*used = n - before;
		r->part_len = 0;
		return take_folded(r, &f, n, fn, arg);
	}
	*used = 0;
	r->part_len = before - n;
	{
		int ret = take_folded(r, &f, n, fn, arg);

		memmove(r->part, r->part + n, r->part_len);
		return ret;
	}
}

/* ASCII without tags and escapes: all of it is what it is. */
static size_t plain_run(
	const struct inbound_reader *r, const unsigned char *p, const unsigned char *end)
{
	const unsigned char *at = p;

	if (r->escape || r->tag != TAG_NONE)
		return 0;
	while (at < end && *at < 0x80 && *at != '<' && *at != '\\')
		at++;
	return (size_t)(at - p);
}

static int take_run(
	struct inbound_reader *r, const struct inbound_run *run, inbound_fn *fn, void *arg)
{
	int ret = walk(r, WALK_ALL, run, fn, arg);

	if (ret == 0 && r->has_tags)
		ret = walk(r, WALK_UNTAGGED, run, fn, arg);
	r->at += run->len;
	return ret;
}

/* One character that is not plain, or may not be. *used: its bytes, or all when it is cut. */
static int take_one(struct inbound_reader *r, const struct inbound_run *rest, size_t *used,
	inbound_fn *fn, void *arg)
{
	struct folded f;
	int ret;

	*used = 1;
	if (*rest->p < 0x80) {
		ret = take(r, *rest->p, fn, arg);
		r->at++;
		return ret;
	}
	*used = fold_next(rest->p, rest->p + rest->len, &f);
	if (*used > 0)
		return take_folded(r, &f, *used, fn, arg);
	r->part_len = rest->len;
	memcpy(r->part, rest->p, rest->len);
	*used = rest->len;
	return 0;
}

int inbound_feed(
	struct inbound_reader *r, const unsigned char *p, size_t len, inbound_fn *fn, void *arg)
{
	const unsigned char *end = p + len;
	int ret = 0;

	while (ret == 0 && p < end) {
		const struct inbound_run rest = {p, (size_t)(end - p)};
		const struct inbound_run run = {p, plain_run(r, p, end)};
		size_t used = run.len;

		if (r->part_len > 0)
			ret = take_part(r, p, rest.len, &used, fn, arg);
		else if (run.len > 0)
			ret = take_run(r, &run, fn, arg);
		else
			ret = take_one(r, &rest, &used, fn, arg);
		p += used;
	}
	return ret;
}

int inbound_finish(struct inbound_reader *r, inbound_fn *fn, void *arg)
{
	r->part_len = 0;
	return take(r, ' ', fn, arg);
}
