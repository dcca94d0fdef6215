#include "scan/span_group.h"

#include <string.h>

#include "scan/inline_masks.h"

#if defined(__x86_64__)
#include <immintrin.h>
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

static struct span_set set_of(const uint64_t any[4])
{
	struct span_set s = {{0}, {0}};

	for (unsigned int c = 0; c < 128; c++) {
		if (!in(any, (unsigned char)c))
			continue;
		s.low[c & 15] |= (unsigned char)(1 << (c >> 4));
		s.high[c >> 4] = (unsigned char)(1 << (c >> 4));
	}
	return s;
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
	g->set = set_of(any);
	return true;
}

void span_probe_of(const struct span *s, struct span_probe *ret)
{
	unsigned int taken = 0;

	for (int i = 0; i < SPAN_PROBES; i++) {
		unsigned int best = SPAN_FIRST;

		for (unsigned int k = 0; k < SPAN_FIRST; k++)
			if (!(taken >> k & 1) &&
				(best == SPAN_FIRST || size(s->first[k]) < size(s->first[best])))
				best = k;
		taken |= 1U << best;
		ret->places[i] = best;
		ret->sets[i] = set_of(s->first[best]);
	}
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

/* Which of BLOCK bytes are in a set. */
typedef uint64_t mask_fn(const struct span_set *s, const unsigned char *p);

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))
/* Hyperscan needs SSSE3, too. */
#define SSSE3 __attribute__((target("ssse3")))

AVX2 static inline uint64_t mask_avx2(const struct span_set *s, const unsigned char *p)
{
	const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)s->low));
	const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)s->high));
	const __m256i nibble = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
	uint64_t out = 0;

	for (int i = 0; i < 2; i++) {
		__m256i x = _mm256_loadu_si256((const void *)(p + 32 * i));
		__m256i rows = _mm256_shuffle_epi8(
			high, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));
		__m256i hit = _mm256_and_si256(_mm256_shuffle_epi8(low, x), rows);

		out |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(hit, zero))
		       << (32 * i);
	}
	return ~out;
}

SSSE3 static inline uint64_t mask_ssse3(const struct span_set *s, const unsigned char *p)
{
	const __m128i low = _mm_loadu_si128((const void *)s->low);
	const __m128i high = _mm_loadu_si128((const void *)s->high);
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
static inline uint64_t mask_portable(const struct span_set *s, const unsigned char *p)
{
	uint64_t mask = 0;

	for (int i = 0; i < BLOCK; i++)
		mask |= (uint64_t)(p[i] < 128 && (s->low[p[i] & 15] & s->high[p[i] >> 4])) << i;
	return mask;
}
#endif

/* The bits of the bytes that are there. */
static inline uint64_t mask_within(size_t at, size_t len)
{
	return at + BLOCK <= len ? ~UINT64_C(0) : (UINT64_C(1) << (len - at)) - 1;
}

/*
 * A place in the first run of at least g->len bytes that does not end in front of `at`; len: there
 * is none. A run that goes on from block to block is counted by the ones at the blocks' ends.
 */
static inline __attribute__((always_inline)) size_t look_by(mask_fn *mask_of,
	const struct span_group *g, const unsigned char *text, size_t at, size_t len)
{
	unsigned int before = 0;

	for (; at < len; at += BLOCK) {
		uint64_t mask = mask_of(&g->set, text + at) & mask_within(at, len);
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

/* Where a span may begin, as bits from `at` on. */
static inline __attribute__((always_inline)) uint64_t probe_by(mask_fn *mask_of,
	const struct span_probe *p, const unsigned char *text, size_t at, size_t end)
{
	uint64_t mask = at < end ? mask_within(at, end) : 0;

	for (int i = 0; i < SPAN_PROBES && mask; i++)
		mask &= mask_of(&p->sets[i], text + at + p->places[i]);
	return mask;
}

/* The same by what the processor has, each with its masks inlined. */
#if defined(__x86_64__)
AVX2 static size_t look_avx2(
	const struct span_group *g, const unsigned char *text, size_t at, size_t len)
{
	return look_by(mask_avx2, g, text, at, len);
}

SSSE3 static size_t look_ssse3(
	const struct span_group *g, const unsigned char *text, size_t at, size_t len)
{
	return look_by(mask_ssse3, g, text, at, len);
}

AVX2 static uint64_t probe_avx2(
	const struct span_probe *p, const unsigned char *text, size_t at, size_t end)
{
	return probe_by(mask_avx2, p, text, at, end);
}

SSSE3 static uint64_t probe_ssse3(
	const struct span_probe *p, const unsigned char *text, size_t at, size_t end)
{
	return probe_by(mask_ssse3, p, text, at, end);
}

static size_t look(const struct span_group *g, const unsigned char *text, size_t at, size_t len)
{
	return (inline_masks_fast() ? look_avx2 : look_ssse3)(g, text, at, len);
}

static uint64_t probe(const struct span_probe *p, const unsigned char *text, size_t at, size_t end)
{
	return (inline_masks_fast() ? probe_avx2 : probe_ssse3)(p, text, at, end);
}
#else
static size_t look(const struct span_group *g, const unsigned char *text, size_t at, size_t len)
{
	return look_by(mask_portable, g, text, at, len);
}

static uint64_t probe(const struct span_probe *p, const unsigned char *text, size_t at, size_t end)
{
	return probe_by(mask_portable, p, text, at, end);
}
#endif

bool span_group_next(const struct span_group *g, const unsigned char *text, size_t len, size_t *at,
	size_t *ret_start, size_t *ret_end)
{
	*ret_start = *ret_end = look(g, text, *at, len);
	while (*ret_end < len && in(g->any, text[*ret_end]))
		++*ret_end;
	*at = *ret_end;
	return *ret_start < len;
}

static bool all_in(const struct span *s, const unsigned char *p)
{
	for (uint32_t i = 0; i < s->len; i++)
		if (!in(s->any, p[i]))
			return false;
	return true;
}

bool span_probe_next(const struct span *s, const struct span_probe *p, const unsigned char *text,
	size_t end, size_t *at, size_t *ret)
{
	size_t stop = end >= s->len ? end - s->len + 1 : 0;

	while (*at < stop) {
		uint64_t mask = probe(p, text, *at, stop);

		if (!mask) {
			*at += BLOCK;
			continue;
		}
		*ret = *at + (size_t)__builtin_ctzll(mask);
		*at = *ret + 1;
		if (all_in(s, text + *ret))
			return true;
	}
	return false;
}
