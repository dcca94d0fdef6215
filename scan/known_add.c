#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "scan/known.h"
#include "scan/known_document.h"
#include "scan/known_set.h"
#include "scan/known_spell.h"
#include "scan/known_value.h"

/*
 * Which runs of a secret's spellings are needles.
 *
 * Of a value that says something in runs of 12: each such run, in each spelling. Of a short one or
 * one of words only: nothing but the whole (24 in a row, if it is longer), and when even that is a
 * plain word or has next to no letters, its bytes as they are.
 */
#define VALUE_MIN	8
#define WHOLE_CODES_MIN 16 /* letters and digits of words only, to be told from a phrase */
#define NUMBER_RUN	16 /* of a secret that is a number */

enum needles {
	NEEDLES_RUNS,
	NEEDLES_WHOLE, /* of letters and digits */
	NEEDLES_BYTES, /* of the first spelling, the others as above */
};

struct adding {
	struct known *k;
	unsigned int id;
	struct known_value value;
	enum needles needles;
	bool is_number;
};

/* The letters and digits of a spelling, in lower case. */
static void keep_codes(struct spelling *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		unsigned char c = s->c[i], low = c | 0x20;

		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9'))
			continue;
		s->c[n] = low;
		s->from[n++] = s->from[i];
	}
	s->n = n;
}

static bool is_number(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

/* How many characters from the i-th on are a needle; 0: none are. */
static unsigned int run_at(const struct adding *a, const struct spelling *s, size_t i)
{
	unsigned int run = s->run;
	size_t first, last;

	if (a->needles != NEEDLES_RUNS)
		run = s->n < KNOWN_CARRY ? (unsigned int)s->n : KNOWN_CARRY;
	else if (run < NUMBER_RUN && a->is_number)
		run = NUMBER_RUN;
	if (run < VALUE_MIN || i + run > s->n)
		return 0;
	first = s->from[i];
	last = s->from[i + run - 1];
	if (first > last) {
		first = last;
		last = s->from[i];
	}
	/* A whole value tells nothing new to whoever has all of it. */
	if (a->needles != NEEDLES_RUNS && run == s->n)
		return run;
	if (!known_value_is_private(&a->value, first, last))
		return 0;
	if (a->needles == NEEDLES_RUNS && !known_value_is_random(&a->value, first, last))
		return 0;
	return run;
}

static int add_runs(const struct adding *a, struct known_index *x, const struct spelling *s)
{
	struct known_needle needle = {.id = a->id};
	uint32_t at;
	int r = known_index_text(x, s->c, s->n, &at);

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		needle.at = at + (uint32_t)i;
		needle.run = run_at(a, s, i) & 0xff;
		if (needle.run > 0)
			r = known_index_add(x, &needle);
	}
	return r;
}

static int add_spelling(const struct adding *a, size_t row)
{
	cleanup_spelling struct spelling s = {0};
	bool is_reversed = row == 1; /* of bytes, too */

	spelling_of(&s, row, a->value.bytes, a->value.len);
	if (s.failed)
		return -ENOMEM;
	if (row <= is_reversed && a->needles == NEEDLES_BYTES)
		return add_runs(a, &a->k->bytes, &s);
	keep_codes(&s);
	return add_runs(a, &a->k->codes, &s);
}

/* What can be looked for, by the value as it is. */
static int choose(struct adding *a)
{
	cleanup_spelling struct spelling s = {0};
	bool is_random = known_value_is_random(&a->value, 0, a->value.len - 1);

	spelling_of(&s, 0, a->value.bytes, a->value.len);
	if (s.failed)
		return -ENOMEM;
	keep_codes(&s);
	a->is_number = is_number(s.c, s.n);
	a->needles = NEEDLES_RUNS;
	for (size_t i = 0; i < s.n; i++)
		if (run_at(a, &s, i) > 0)
			return 0;
	if (s.n >= WHOLE_CODES_MIN ||
		(s.n >= VALUE_MIN && is_random && (s.n >= KNOWN_RUN || !a->is_number)))
		a->needles = NEEDLES_WHOLE;
	else
		a->needles = NEEDLES_BYTES;
	return 0;
}

static int add_value(struct known *k, unsigned int id, const unsigned char *p, size_t len)
{
	struct adding a = {.k = k, .id = id};
	int r = known_value_init(&a.value, p, len);

	if (r == 0)
		r = choose(&a);
	for (size_t row = 0; r == 0 && row < spellings; row++)
		r = add_spelling(&a, row);
	known_value_done(&a.value);
	return r;
}

struct adding_all {
	struct known *k;
	unsigned int id;
};

static int on_string(void *arg, const unsigned char *p, size_t len)
{
	struct adding_all *a = arg;

	return add_value(a->k, a->id, p, len);
}

static int add_all(struct known *k, unsigned int id, const unsigned char *p, size_t len)
{
	struct adding_all a = {k, id};
	size_t n = 0;
	int r = 0;

	if (known_document_is(p, len))
		r = known_document_each(p, len, on_string, &a, &n);
	return r < 0 || n > 0 ? r : add_value(k, id, p, len);
}

int known_add(struct known *k, unsigned int id, const char *value, size_t len, struct err *e)
{
	if (len < VALUE_MIN)
		return err_say(e, EINVAL,
			"a secret of %zu bytes cannot be told from other text; at least %d are "
			"needed",
			len, VALUE_MIN);
	if (add_all(k, id, (const unsigned char *)value, len) < 0)
		return err_set(e, ENOMEM, "add a known secret");
	return 0;
}
