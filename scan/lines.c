#include "scan/lines.h"

#include <string.h>

void lines_reset(struct lines *l)
{
	l->at = l->count = 0;
}

/* A vector compare of 64 bytes; compilers know how. */
static uint64_t newlines_of(const unsigned char *p, size_t len)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < len; i++)
		mask |= (uint64_t)(p[i] == '\n') << i;
	return mask;
}

void lines_feed(struct lines *l, const unsigned char *p, size_t len)
{
	while (len > 0) {
		size_t block = (l->at / 64) % LINES_BLOCKS, in = l->at % 64;
		size_t n = len < 64 - in ? len : 64 - in;
		uint64_t mask = memchr(p, '\n', n) ? newlines_of(p, n) << in : 0;

		if (in == 0) {
			l->ends[block] = 0;
			l->before[block] = l->count;
		}
		l->ends[block] |= mask;
		l->count += (unsigned int)__builtin_popcountll(mask);
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
