#include "scan/lines.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

void lines_reset(struct lines *l)
{
	l->at = l->count = 0;
}

static uint64_t newlines_of(const unsigned char *p, size_t len)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < len; i++)
		mask |= (uint64_t)(p[i] == '\n') << i;
	return mask;
}

/* Of 64 bytes. */
static uint64_t newlines_of_block(const unsigned char *p)
{
#ifdef __SSE2__
	const __m128i newline = _mm_set1_epi8('\n');
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++) {
		__m128i part = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
		unsigned int bits = (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(part, newline));

		mask |= (uint64_t)bits << 16 * i;
	}
	return mask;
#else
	return newlines_of(p, 64);
#endif
}

void lines_feed(struct lines *l, const unsigned char *p, size_t len)
{
	while (len > 0) {
		size_t block = (l->at / 64) % LINES_BLOCKS, in = l->at % 64;
		size_t n = len < 64 - in ? len : 64 - in;
		uint64_t mask = n == 64 ? newlines_of_block(p) : newlines_of(p, n) << in;

		if (in == 0) {
			l->ends[block] = 0;
			l->before[block] = l->count;
		}
		l->ends[block] |= mask;
		for (; mask; mask &= mask - 1)
			l->count++;
		l->at += n;
		p += n;
		len -= n;
	}
}

size_t lines_of(const struct lines *l, uint64_t place)
{
	size_t block = (place / 64) % LINES_BLOCKS;
	uint64_t below = ((uint64_t)1 << place % 64) - 1;

	/* The block that is being written has overwritten the oldest one. */
	if (place >= l->at || l->at - place > LINES_BACK - 64)
		return 0;
	return l->before[block] + (size_t)__builtin_popcountll(l->ends[block] & below) + 1;
}
