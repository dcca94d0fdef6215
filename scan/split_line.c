#include "scan/split_line.h"

#include <string.h>

#include "base/secret.h"

void split_part_add_last(struct split_part *part, const unsigned char *p, size_t n)
{
	if (n >= KNOWN_CARRY) {
		memcpy(part->last, p + n - KNOWN_CARRY, KNOWN_CARRY);
		return;
	}
	memmove(part->last, part->last + n, KNOWN_CARRY - n);
	memcpy(part->last + KNOWN_CARRY - n, p, n);
}

void split_part_add(struct split_part *part, const unsigned char *p, size_t n)
{
	size_t room = part->n < SPLIT_ENDS ? SPLIT_ENDS - part->n : 0;

	if (n > room) {
		if (part->n <= SPLIT_ENDS)
			split_part_add_last(part, part->first, part->n);
		split_part_add_last(part, p, n);
	}
	memcpy(part->first + (SPLIT_ENDS - room), p, n < room ? n : room);
	part->n += n;
}

uint64_t split_part_hash(struct split_part *part)
{
	size_t n = part->n < SPLIT_ENDS ? part->n : SPLIT_ENDS;
	uint64_t h = part->n, word;

	memset(part->first + n, 0, sizeof(word));
	for (size_t i = 0; i < n; i += sizeof(word)) {
		memcpy(&word, part->first + i, sizeof(word));
		h = (h ^ h >> 29 ^ word) * 0x9e3779b97f4a7c15ULL;
	}
	return h;
}

/* What one join looks through: the line's end, and the value's. */
struct joint {
	unsigned char codes[KNOWN_CARRY + SPLIT_ENDS + 8];
	unsigned __int128 starts; /* bits, as of a line */
	known_hit_fn *hit;
	void *arg;
};

static int found(void *arg, unsigned int id, size_t start, size_t end)
{
	struct joint *j = arg;
	unsigned __int128 inner = j->starts >> (start + 1);

	/* A value that begins within the run. */
	if (inner & (((unsigned __int128)1 << (end - start - 1)) - 1))
		return j->hit(j->arg, id, 0, 0);
	return 0;
}

static void reverse(unsigned char *to, const unsigned char *from, size_t n)
{
	for (; n >= 8; n -= 8, to += 8) {
		uint64_t eight;

		memcpy(&eight, from + n - 8, 8);
		eight = __builtin_bswap64(eight);
		memcpy(to, &eight, 8);
	}
	for (; n > 0; n--)
		*to++ = from[n - 1];
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

static void leave(struct split_line *line, const struct joint *j, size_t n)
{
	size_t from = n < KNOWN_CARRY ? 0 : n - KNOWN_CARRY;

	line->n = (uint32_t)(n - from);
	memcpy(line->codes, j->codes + from, line->n);
	line->starts = (uint32_t)(j->starts >> from);
}

int split_line_join(struct split_line *line, const struct known_index *x,
	const struct split_part *part, enum split_order order, known_hit_fn *hit, void *arg)
{
	struct joint j KNOWN_UNSET;
	struct known_stretch in = {.p = j.codes, .fresh = line->n};
	int r = 0;

	if (part->n == 0 || x->n == 0)
		return 0;
	memcpy(j.codes, line->codes, KNOWN_CARRY);
	j.starts = line->starts | (unsigned __int128)1 << line->n;
	j.hit = hit;
	j.arg = arg;
	in.n = line->n + near_end(j.codes + line->n, part, order);
	if (line->n > 0)
		r = known_index_look(x, &in, found, &j);
	if (part->n > SPLIT_ENDS)
		leave_far_end(line, part, order);
	else
		leave(line, &j, in.n);
	secret_wipe(j.codes, in.n);
	return r;
}
