#include "scan/split_line.h"

#include <string.h>

#include "base/secret.h"

/* What one join looks through: the line's end, and the value's. */
struct joint {
	unsigned char codes[KNOWN_CARRY + SPLIT_ENDS + 8];
	uint64_t starts[2]; /* bits, as of a line */
	size_t n;
	known_hit_fn *hit;
	void *arg;
};

static void mark(struct joint *j, size_t at)
{
	j->starts[at / 64] |= 1ULL << at % 64;
}

static int is_marked(const struct joint *j, size_t at)
{
	return j->starts[at / 64] >> at % 64 & 1;
}

static int found(void *arg, unsigned int id, size_t start, size_t end)
{
	struct joint *j = arg;

	for (size_t i = start + 1; i < end; i++)
		if (is_marked(j, i))
			return j->hit(j->arg, id, 0, 0);
	return 0;
}

static void reverse(unsigned char *to, const unsigned char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[n - 1 - i];
}

/* The end of the value that is joined to the line. */
static size_t near_end(unsigned char *to, const struct split_part *part, enum split_order order)
{
	size_t n = part->n < SPLIT_ENDS ? part->n : SPLIT_ENDS;

	if (order == SPLIT_FORWARD)
		memcpy(to, part->first, n);
	else if (part->n <= SPLIT_ENDS)
		reverse(to, part->first, n);
	else
		reverse(to, part->last, n = KNOWN_CARRY);
	return n;
}

/* A value that is longer than its ends: nothing reaches back beyond the one that is left. */
static void leave_far_end(
	struct split_line *line, const struct split_part *part, enum split_order order)
{
	if (order == SPLIT_FORWARD)
		memcpy(line->codes, part->last, KNOWN_CARRY);
	else
		reverse(line->codes, part->first, KNOWN_CARRY);
	line->n = KNOWN_CARRY;
	line->starts = 0;
}

static void leave(struct split_line *line, const struct joint *j)
{
	size_t from = j->n < KNOWN_CARRY ? 0 : j->n - KNOWN_CARRY;

	line->n = (uint32_t)(j->n - from);
	memcpy(line->codes, j->codes + from, line->n);
	line->starts = 0;
	for (size_t i = 0; i < line->n; i++)
		line->starts |= (uint32_t)is_marked(j, from + i) << i;
}

int split_line_join(struct split_line *line, const struct known_index *x,
	const struct split_part *part, enum split_order order, known_hit_fn *hit, void *arg)
{
	struct joint j = {.starts = {line->starts}, .hit = hit, .arg = arg};
	struct known_stretch in = {.p = j.codes, .fresh = line->n};
	int r = 0;

	if (part->n == 0 || x->n == 0)
		return 0;
	memcpy(j.codes, line->codes, line->n);
	mark(&j, line->n);
	j.n = in.n = line->n + near_end(j.codes + line->n, part, order);
	if (line->n > 0)
		r = known_index_look(x, &in, found, &j);
	if (part->n > SPLIT_ENDS)
		leave_far_end(line, part, order);
	else
		leave(line, &j);
	secret_wipe(j.codes, j.n);
	return r;
}
