#include "scan/span_group.h"

#include <string.h>

#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

/* Spans of so different lengths have different groups: the shortest one sets the pace. */
#define LONG 24

/* More bytes in a set make runs of it common. */
#define WIDE 70

#define BLOCK 64

static unsigned int size(const uint64_t set[4])
{
	unsigned int n = 0;

	for (int i = 0; i < 4; i++)
		n += (unsigned int)__builtin_popcountll(set[i]);
	return n;
}

static inline bool in(const uint64_t set[4], unsigned char c)
{
	return set[c >> 6] >> (c & 63) & 1;
}

bool span_group_add(struct span_group *g, const struct span *s)
{
	uint64_t any[4];

	for (int i = 0; i < 4; i++)
		any[i] = g->any[i] | s->any[i];
	if (g->len && (size(any) > WIDE || g->len < LONG || s->len < LONG))
		return false;
	g->len = g->len && g->len < s->len ? g->len : s->len;
	memcpy(g->any, any, sizeof(any));
	for (unsigned int c = 0; c < 128; c++) {
		if (!in(any, (unsigned char)c))
			continue;
		g->low[c & 15] |= (unsigned char)(1 << (c >> 4));
		g->high[c >> 4] = (unsigned char)(1 << (c >> 4));
	}
	return true;
}

/* Where runs of at least n ones begin. */
static inline uint64_t runs_of(uint64_t mask, unsigned int n)
{
	for (unsigned int have = 1; have < n && mask;) {
		unsigned int step = have < n - have ? have : n - have;

		mask &= mask >> step;
		have += step;
	}
	return mask;
}

#if defined(__x86_64__)
/* Hyperscan needs SSSE3, too. */
#define WITH_SHUFFLE __attribute__((target("ssse3")))

WITH_SHUFFLE static inline uint64_t mask_of(const struct span_group *g, const unsigned char *p)
{
	const __m128i low = _mm_loadu_si128((const void *)g->low);
	const __m128i high = _mm_loadu_si128((const void *)g->high);
	const __m128i nibble = _mm_set1_epi8(15), zero = _mm_setzero_si128();
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++) {
		__m128i x = _mm_loadu_si128((const void *)(p + 16 * i));
		__m128i rows = _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(x, 4), nibble));
		__m128i hit = _mm_and_si128(_mm_shuffle_epi8(low, x), rows);
		unsigned int out = (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(hit, zero));

		mask |= (uint64_t)(~out & 0xffff) << (16 * i);
	}
	return mask;
}
#else
#define WITH_SHUFFLE

static inline uint64_t mask_of(const struct span_group *g, const unsigned char *p)
{
	uint64_t mask = 0;

	for (int i = 0; i < BLOCK; i++)
		mask |= (uint64_t)in(g->any, p[i]) << i;
	return mask;
}
#endif

/* The mask of the last bytes of a text, fewer than a block. */
static uint64_t mask_of_rest(const struct span_group *g, const unsigned char *p, size_t n)
{
	unsigned char rest[BLOCK] = {0};

	memcpy(rest, p, n);
	return mask_of(g, rest) & ((UINT64_C(1) << n) - 1);
}

/*
 * A place in the first run of at least g->len bytes that does not end in front of `at`; len: there
 * is none. A run that goes on from block to block is counted by the ones at the blocks' ends.
 */
WITH_SHUFFLE static size_t look(
	const struct span_group *g, const unsigned char *text, size_t at, size_t len)
{
	unsigned int before = 0;

	for (; at < len; at += BLOCK) {
		uint64_t mask = at + BLOCK <= len ? mask_of(g, text + at)
						  : mask_of_rest(g, text + at, len - at);
		unsigned int first = ~mask ? (unsigned int)__builtin_ctzll(~mask) : BLOCK;
		uint64_t runs;

		if (before + first >= g->len)
			return at - before;
		runs = runs_of(mask, g->len);
		if (runs)
			return at + (size_t)__builtin_ctzll(runs);
		before = ~mask ? (unsigned int)__builtin_clzll(~mask) : before + BLOCK;
	}
	return len;
}

bool span_group_next(const struct span_group *g, const unsigned char *text, size_t len, size_t *at,
	size_t *ret_start, size_t *ret_end)
{
	*ret_start = *ret_end = look(g, text, *at, len);
	while (*ret_end < len && in(g->any, text[*ret_end]))
		++*ret_end;
	*at = *ret_end;
	return *ret_start < len;
}
