#include "scan/redact.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"

/* A tag or an entity that stands in a place is no longer than this. */
#define MARKUP_MAX 64
/* The longest escape: &#x10ffff; */
#define ESCAPE_MAX 10

int redaction_add(struct redaction *r, const struct scan_finding *f)
{
	if (f->end <= f->start || strcmp(f->rule, SCAN_RULE_UNREADABLE) == 0) {
		r->why = f->end <= f->start
				 ? "it stands where it cannot be rewritten: compressed, or split"
				 : "a part of it cannot be read";
		return 0;
	}
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 16;
		struct redaction_span *grown = reallocarray(r->spans, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		r->spans = grown;
		r->cap = cap;
	}
	r->spans[r->n++] = (struct redaction_span){f->start, f->end};
	return 0;
}

void redaction_done(struct redaction *r)
{
	free(r->spans);
	*r = (struct redaction){0};
}

/* ---- the text around a place */

struct writing {
	unsigned char *text;
	size_t len;
	size_t at; /* everything in front of it was looked at: */
	bool is_json;
	bool in_string; /* of JSON, at `at` */
};

static bool is_hex(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool begins_json(const unsigned char *p, size_t len)
{
	while (len > 0 && *p && strchr(" \t\r\n", *p)) {
		p++;
		len--;
	}
	return len > 0 && (*p == '{' || *p == '[' || (len > 5 && memcmp(p, "data:", 5) == 0) ||
				  (len > 6 && memcmp(p, "event:", 6) == 0));
}

/* Follows JSON's strings up to `to`; a line ends one, as in scan/values_json.c. */
static void follow(struct writing *w, size_t to)
{
	for (; w->at < to; w->at++) {
		unsigned char c = w->text[w->at];

		if (c == '"')
			w->in_string = !w->in_string;
		else if (c == '\n')
			w->in_string = false;
		else if (c == '\\' && w->in_string)
			w->at++;
	}
}

/* Length of the percent escape, JSON escape or numeric entity that begins at i; 0: none does. */
static size_t escape_at(const struct writing *w, size_t i)
{
	const unsigned char *p = w->text + i;
	size_t left = w->len - i, n = 2;

	if (left < 2)
		return 0;
	if (*p == '%')
		return left >= 3 && is_hex(p[1]) && is_hex(p[2]) ? 3 : 0;
	if (*p == '\\') {
		if (p[1] == 'u')
			while (n < 6 && n < left && is_hex(p[n]))
				n++;
		return p[1] && strchr("\"\\/bfnrtu", p[1]) ? n : 0;
	}
	if (*p != '&' || p[1] != '#')
		return 0;
	while (n < left && n < ESCAPE_MAX && is_alnum(p[n]))
		n++;
	return n < left && p[n] == ';' ? n + 1 : 0;
}

/* Backslashes in front of i: an odd number of them escapes it. */
static bool is_escaped(const struct writing *w, size_t i)
{
	size_t n = 0;

	while (n < i && w->text[i - 1 - n] == '\\')
		n++;
	return n % 2 == 1;
}

/* The start of the character or escape that byte i is of. */
static size_t start_of(const struct writing *w, size_t i)
{
	size_t from = i;

	while (from > 0 && i - from < 3 && (w->text[from] & 0xc0) == 0x80)
		from--;
	if (is_escaped(w, from))
		return from - 1;
	for (size_t back = 1; back < ESCAPE_MAX && back <= from; back++) {
		unsigned char c = w->text[from - back];

		if (c == '\\' && is_escaped(w, from - back))
			continue;
		if ((c == '%' || c == '\\' || c == '&') && escape_at(w, from - back) > back)
			return from - back;
	}
	return from;
}

/* ---- starring */

/* Stays as it is, whatever stands around it. */
static bool is_structure(unsigned char c)
{
	return c <= ' ' || strchr("\"'\\&=;%{}[]():,<>/?#", c);
}

/* Markup that stays whole: a tag, a named entity, the rest of a line that begins with "--". */
static size_t markup_at(const struct writing *w, size_t i)
{
	const unsigned char *p = w->text + i, *end;
	size_t left = w->len - i;

	if (*p == '\n' && left >= 3 && p[1] == '-' && p[2] == '-') {
		end = memchr(p + 1, '\n', left - 1);
		return end ? (size_t)(end - p) : left;
	}
	left = left < MARKUP_MAX ? left : MARKUP_MAX;
	if (*p == '<' && left > 1 && (is_alnum(p[1]) || p[1] == '/' || p[1] == '!')) {
		end = memchr(p, '>', left);
		return end ? (size_t)(end - p) + 1 : 0;
	}
	for (const char *const *name =
			(const char *const[]){"&amp;", "&lt;", "&gt;", "&quot;", "&apos;", NULL};
		*p == '&' && *name; name++)
		if (left >= strlen(*name) && memcmp(p, *name, strlen(*name)) == 0)
			return strlen(*name);
	return 0;
}

static void star_one(struct writing *w, size_t i)
{
	unsigned char *c = &w->text[i];

	if (w->is_json && !w->in_string) {
		if (*c >= '0' && *c <= '9')
			*c = '1';
	} else if (!is_structure(*c)) {
		*c = '*';
	}
}

/* What stands at i, which is left behind; the next place. */
static size_t star_at(struct writing *w, size_t i)
{
	bool in_text = !w->is_json || w->in_string;
	size_t n = in_text ? escape_at(w, i) : 0;

	if (n > 0) {
		memset(w->text + i, '*', n);
		follow(w, i + n);
		return i + n;
	}
	n = markup_at(w, i);
	if (n == 0) {
		star_one(w, i);
		n = 1;
	}
	follow(w, i + n);
	return i + n;
}

static void star(struct writing *w, size_t start, size_t end)
{
	start = start_of(w, start);
	follow(w, start);
	while (start < end)
		start = star_at(w, start);
	/* The rest of a character of UTF-8. */
	for (int n = 0; n < 3 && end < w->len && (w->text[end] & 0xc0) == 0x80; n++)
		w->text[end++] = '*';
}

static int by_start(const void *a, const void *b)
{
	const struct redaction_span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int redaction_apply(struct redaction *r, char *text, size_t len)
{
	struct writing w = {.text = (unsigned char *)text, .len = len};
	uint64_t done = 0;

	if (r->n == 0) {
		r->why = r->why ? r->why : "nothing was found in it";
		return -EACCES;
	}
	w.is_json = begins_json(w.text, len);
	qsort(r->spans, r->n, sizeof(*r->spans), by_start);
	for (size_t i = 0; i < r->n; i++) {
		uint64_t start = r->spans[i].start > done ? r->spans[i].start : done;
		uint64_t end = r->spans[i].end < len ? r->spans[i].end : len;

		if (start >= end)
			continue;
		star(&w, start, end);
		done = end;
	}
	return 0;
}
