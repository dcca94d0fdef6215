#include "scan/known_index.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "scan/known.h"

#define GROUP	   5
#define GROUP_MASK ((1ULL << (8 * GROUP)) - 1)
#define MULTIPLIER 0x9e3779b97f4a7c15ULL

/* Bits of the bitmap a needle: at most one five in two hundred is looked at in vain. */
#define GROUP_BITS	24
#define GROUP_WORDS_MAX 17 /* powers of two: one MiB … */
#define HEADS_MAX	20 /* … and four */

void known_index_done(struct known_index *x)
{
	secret_done(&x->text);
	for (size_t i = 0; i < ARRAY_LEN(x->tables); i++) {
		free(x->tables[i].needles);
		free(x->tables[i].heads);
		free(x->tables[i].groups);
	}
	*x = (struct known_index){0};
}

int known_index_text(struct known_index *x, const unsigned char *p, size_t len, uint32_t *ret_at)
{
	size_t used = x->text.len;
	struct err e;

	*ret_at = (uint32_t)used;
	if (len == 0)
		return 0;
	if (len > UINT32_MAX / 2 - used)
		return -ENOMEM;
	if (used + len > x->room) {
		size_t room = 2 * (used + len) + 4096;
		unsigned char *grown = calloc(1, room);
		int r;

		if (!grown)
			return -ENOMEM;
		if (used > 0)
			memcpy(grown, x->text.bytes, used);
		r = secret_set(&x->text, grown, room, &e);
		secret_wipe(grown, used);
		free(grown);
		if (r < 0)
			return -ENOMEM;
		x->room = room;
	}
	memcpy(x->text.bytes + used, p, len);
	x->text.len = used + len;
	return 0;
}

int known_index_add(struct known_index *x, const struct known_needle *needle)
{
	struct known_table *t = &x->tables[needle->run < KNOWN_RUN];

	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 1024;
		struct known_needle *grown = reallocarray(t->needles, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->needles = grown;
		t->cap = cap;
	}
	t->needles[t->n++] = *needle;
	x->n++;
	return 0;
}

static inline uint64_t load8(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Two bits of one word of the bitmap tell of a group. */
static inline uint64_t group_bits(
	const struct known_table *t, const unsigned char *p, uint64_t **ret)
{
	uint64_t h = (load8(p) & GROUP_MASK) * MULTIPLIER;

	*ret = &t->groups[h >> t->group_shift];
	return 1ULL << (h >> 20 & 63) | 1ULL << (h >> 26 & 63);
}

static inline bool has_group(const struct known_table *t, const unsigned char *p)
{
	uint64_t *word, bits = group_bits(t, p, &word);

	return (*word & bits) == bits;
}

/* A window is 8 to 12 characters: its first eight and its last eight. */
static inline uint64_t window_of(const struct known_table *t, const unsigned char *p)
{
	uint64_t h = load8(p) * MULTIPLIER;

	h ^= h >> 32;
	h = (h + load8(p + t->window - 8)) * MULTIPLIER;
	return h >> t->head_shift;
}

static const unsigned char *needle_text(const struct known_index *x, const struct known_needle *n)
{
	return (const unsigned char *)x->text.bytes + n->at;
}

static unsigned int bits_for(size_t n, unsigned int max)
{
	unsigned int bits = 8;

	while (bits < max && ((size_t)1 << bits) < n)
		bits++;
	return bits;
}

static void measure(struct known_table *t)
{
	t->window = KNOWN_RUN;
	t->run_max = 0;
	for (size_t i = 0; i < t->n; i++) {
		unsigned int run = t->needles[i].run;

		t->window = run < t->window ? run : t->window;
		t->run_max = run > t->run_max ? run : t->run_max;
	}
	t->step = t->window - GROUP + 1;
}

/* Needles in the order of their windows' hashes, counted and put in place. */
static int sort_needles(struct known_table *t, const struct known_index *x)
{
	unsigned int bits = bits_for(t->n / 2, HEADS_MAX);
	struct known_needle *sorted = calloc(t->n, sizeof(*sorted));
	size_t heads = ((size_t)1 << bits) + 1;

	t->head_shift = 64 - bits;
	t->heads = calloc(heads + 1, sizeof(*t->heads));
	if (!sorted || !t->heads) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < t->n; i++)
		t->heads[window_of(t, needle_text(x, &t->needles[i])) + 2]++;
	for (size_t h = 2; h <= heads; h++)
		t->heads[h] += t->heads[h - 1];
	for (size_t i = 0; i < t->n; i++)
		sorted[t->heads[window_of(t, needle_text(x, &t->needles[i])) + 1]++] =
			t->needles[i];
	free(t->needles);
	t->needles = sorted;
	return 0;
}

/* Every group of the windows: a look at a window asks for its first and its last. */
static int fill_groups(struct known_table *t, const struct known_index *x)
{
	unsigned int bits = bits_for(t->n * GROUP_BITS / 64, GROUP_WORDS_MAX);

	t->group_shift = 64 - bits;
	t->groups = calloc((size_t)1 << bits, sizeof(*t->groups));
	if (!t->groups)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		for (unsigned int g = 0; g + GROUP <= t->window; g++) {
			uint64_t *word,
				set = group_bits(t, needle_text(x, &t->needles[i]) + g, &word);

			*word |= set;
		}
	return 0;
}

int known_index_build(struct known_index *x)
{
	static const unsigned char behind[8];
	uint32_t at;
	int r = 0;

	/* So that eight bytes can be read anywhere. */
	if (x->n > 0)
		r = known_index_text(x, behind, sizeof(behind), &at);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(x->tables); i++) {
		struct known_table *t = &x->tables[i];

		if (t->n == 0)
			continue;
		measure(t);
		r = sort_needles(t, x);
		if (r == 0)
			r = fill_groups(t, x);
	}
	return r;
}

/* What one look goes through. */
struct look {
	const struct known_index *x;
	const struct known_table *t;
	const struct known_stretch *in;
	known_found_fn *found;
	void *arg;
};

/* The needles whose window stands at `start`. */
static int look_at(const struct look *l, size_t start)
{
	const struct known_table *t = l->t;
	const unsigned char *p = l->in->p + start;
	uint64_t h;
	int r = 0;

	if (!has_group(t, p) || !has_group(t, p + t->window - GROUP))
		return 0;
	h = window_of(t, p);
	for (uint32_t i = t->heads[h]; r >= 0 && i < t->heads[h + 1]; i++) {
		const struct known_needle *n = &t->needles[i];
		size_t end = start + n->run;

		if (end > l->in->fresh && end <= l->in->n &&
			memcmp(p, needle_text(l->x, n), n->run) == 0)
			r = l->found(l->arg, n->id, start, end);
	}
	return r;
}

/* The windows that hold the group at `group`. */
static int look_around(const struct look *l, size_t group)
{
	size_t start = group < l->t->step ? 0 : group - l->t->step + 1;
	int r = 0;

	for (; r >= 0 && start <= group && start + l->t->window <= l->in->n; start++)
		r = look_at(l, start);
	return r;
}

/* The first group from `at` on that the bitmap has; `end` if none does. This is where time goes. */
static size_t next_group(const struct known_table *t, const unsigned char *p, size_t at, size_t end)
{
	const uint64_t *groups = t->groups;
	unsigned int shift = t->group_shift;
	size_t step = t->step;

	for (; at < end; at += step) {
		uint64_t h = (load8(p + at) & GROUP_MASK) * MULTIPLIER;
		uint64_t word = groups[h >> shift];

		if (word >> (h >> 20 & 63) & word >> (h >> 26 & 63) & 1)
			return at;
	}
	return end;
}

static int look_through(const struct look *l)
{
	const struct known_table *t = l->t;
	const struct known_stretch *in = l->in;
	/* What ends among the new ones begins no earlier, and its group is no earlier. Which group
	 * out of `step` is looked at does not matter, as long as one of a window is. */
	size_t first = in->fresh < t->run_max ? 0 : in->fresh - t->run_max + 1;
	size_t end = in->n < GROUP ? 0 : in->n - GROUP + 1;
	int r = 0;

	while (r >= 0 && (first = next_group(t, in->p, first, end)) < end) {
		r = look_around(l, first);
		first += t->step;
	}
	return r < 0 ? r : 0;
}

int known_index_look(const struct known_index *x, const struct known_stretch *in,
	known_found_fn *found, void *arg)
{
	struct look l = {.x = x, .in = in, .found = found, .arg = arg};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(x->tables); i++) {
		l.t = &x->tables[i];
		if (l.t->n > 0)
			r = look_through(&l);
	}
	return r;
}
