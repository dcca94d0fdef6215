#include "scan/known_index.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "scan/known.h"

#define GROUP	   5
#define GROUP_MASK ((1ULL << (8 * GROUP)) - 1)
#define MULTIPLIER 0x9e3779b97f4a7c15ULL

/* Bits of the bitmap a needle: at most one five in two hundred is looked at in vain. */
#define GROUP_BITS	24
#define GROUP_WORDS_MAX 16 /* powers of two: half a MiB … */
#define HEADS_MAX	20 /* … and four */

void known_index_done(struct known_index *x)
{
	secret_done(&x->text);
	free(x->needles);
	free(x->heads);
	free(x->groups);
	*x = (struct known_index){0};
}

int known_index_text(struct known_index *x, const unsigned char *p, size_t len, uint32_t *ret_at)
{
	size_t used = x->text.len;
	struct err e;

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
	*ret_at = (uint32_t)used;
	return 0;
}

int known_index_add(struct known_index *x, const struct known_needle *needle)
{
	if (x->n == x->cap) {
		size_t cap = x->cap ? 2 * x->cap : 1024;
		struct known_needle *grown = reallocarray(x->needles, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		x->needles = grown;
		x->cap = cap;
	}
	x->needles[x->n++] = *needle;
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
	const struct known_index *x, const unsigned char *p, uint64_t **ret)
{
	uint64_t h = (load8(p) & GROUP_MASK) * MULTIPLIER;

	*ret = &x->groups[h >> x->group_shift];
	return 1ULL << (h >> 20 & 63) | 1ULL << (h >> 26 & 63);
}

static inline bool has_group(const struct known_index *x, const unsigned char *p)
{
	uint64_t *word, bits = group_bits(x, p, &word);

	return (*word & bits) == bits;
}

/* A window is 8 to 12 characters: its first eight and its last eight. */
static inline uint64_t window_of(const struct known_index *x, const unsigned char *p)
{
	uint64_t h = load8(p) * MULTIPLIER;

	h ^= h >> 32;
	h = (h + load8(p + x->window - 8)) * MULTIPLIER;
	return h >> x->head_shift;
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

static void measure(struct known_index *x)
{
	x->window = KNOWN_RUN;
	x->run_max = 0;
	for (size_t i = 0; i < x->n; i++) {
		unsigned int run = x->needles[i].run;

		x->window = run < x->window ? run : x->window;
		x->run_max = run > x->run_max ? run : x->run_max;
	}
	x->step = x->window - GROUP + 1;
}

/* Needles in the order of their windows' hashes, counted and put in place. */
static int sort_needles(struct known_index *x, unsigned int bits)
{
	struct known_needle *sorted = calloc(x->n, sizeof(*sorted));
	size_t heads = ((size_t)1 << bits) + 1;

	x->head_shift = 64 - bits;
	x->heads = calloc(heads + 1, sizeof(*x->heads));
	if (!sorted || !x->heads) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < x->n; i++)
		x->heads[window_of(x, needle_text(x, &x->needles[i])) + 2]++;
	for (size_t h = 2; h <= heads; h++)
		x->heads[h] += x->heads[h - 1];
	for (size_t i = 0; i < x->n; i++)
		sorted[x->heads[window_of(x, needle_text(x, &x->needles[i])) + 1]++] =
			x->needles[i];
	free(x->needles);
	x->needles = sorted;
	return 0;
}

/* Every group of the windows: a look at a window asks for its first and its last. */
static int fill_groups(struct known_index *x)
{
	unsigned int bits = bits_for(x->n * GROUP_BITS / 64, GROUP_WORDS_MAX);

	x->group_shift = 64 - bits;
	x->groups = calloc((size_t)1 << bits, sizeof(*x->groups));
	if (!x->groups)
		return -ENOMEM;
	for (size_t i = 0; i < x->n; i++)
		for (unsigned int g = 0; g + GROUP <= x->window; g++) {
			uint64_t *word,
				set = group_bits(x, needle_text(x, &x->needles[i]) + g, &word);

			*word |= set;
		}
	return 0;
}

int known_index_build(struct known_index *x)
{
	static const unsigned char behind[8];
	uint32_t at;
	int r;

	if (x->n == 0)
		return 0;
	/* So that eight bytes can be read anywhere. */
	r = known_index_text(x, behind, sizeof(behind), &at);
	if (r < 0)
		return r;
	measure(x);
	r = sort_needles(x, bits_for(x->n, HEADS_MAX));
	return r < 0 ? r : fill_groups(x);
}

/* The needles whose window stands at `start`. */
static int look_at(const struct known_index *x, const struct known_stretch *in, size_t start,
	known_found_fn *found, void *arg)
{
	const unsigned char *p = in->p + start;
	uint64_t h;
	int r = 0;

	if (!has_group(x, p) || !has_group(x, p + x->window - GROUP))
		return 0;
	h = window_of(x, p);
	for (uint32_t i = x->heads[h]; r >= 0 && i < x->heads[h + 1]; i++) {
		const struct known_needle *n = &x->needles[i];
		size_t end = start + n->run;

		if (end > in->fresh && end <= in->n && memcmp(p, needle_text(x, n), n->run) == 0)
			r = found(arg, n->id, start, end);
	}
	return r;
}

/* The windows that hold the group at `group`. */
static int look_around(const struct known_index *x, const struct known_stretch *in, size_t group,
	known_found_fn *found, void *arg)
{
	size_t start = group < x->step ? 0 : group - x->step + 1;
	int r = 0;

	for (; r >= 0 && start <= group && start + x->window <= in->n; start++)
		r = look_at(x, in, start, found, arg);
	return r;
}

/* The first group from `at` on that the bitmap has; `end` if none does. This is where time goes. */
static size_t next_group(const struct known_index *x, const unsigned char *p, size_t at, size_t end)
{
	const uint64_t *groups = x->groups;
	unsigned int shift = x->group_shift;
	size_t step = x->step;

	for (; at < end; at += step) {
		uint64_t h = (load8(p + at) & GROUP_MASK) * MULTIPLIER;
		uint64_t word = groups[h >> shift];

		if (word >> (h >> 20 & 63) & word >> (h >> 26 & 63) & 1)
			return at;
	}
	return end;
}

int known_index_look(const struct known_index *x, const struct known_stretch *in,
	known_found_fn *found, void *arg)
{
	/* What ends among the new ones begins no earlier, and its group is no earlier. */
	size_t first = in->fresh < x->run_max ? 0 : in->fresh - x->run_max + 1;
	size_t over = (in->before + first) % x->step;
	size_t end = in->n < GROUP ? 0 : in->n - GROUP + 1;
	int r = 0;

	first += over ? x->step - over : 0;
	while (r >= 0 && (first = next_group(x, in->p, first, end)) < end) {
		r = look_around(x, in, first, found, arg);
		first += x->step;
	}
	return r < 0 ? r : 0;
}
