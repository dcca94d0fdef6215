#ifndef SCAN_INLINE_BITS_H
#define SCAN_INLINE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bits in words. Positions are counted from the first word's lowest bit. */

/* The next place in [from, end) where `run` (8, 16, 20 or 24) ones in a row begin; end: none. The
 * two words behind the last one are read and must be there. */
size_t bits_run(const uint64_t *mask, size_t from, size_t end, unsigned int run);
/* The next zero (one) in [from, end), or end. */
size_t bits_zero(const uint64_t *mask, size_t from, size_t end);
size_t bits_one(const uint64_t *mask, size_t from, size_t end);
/* Ones in [from, end). */
size_t bits_count(const uint64_t *mask, size_t from, size_t end);

/* Two words side by side, on what every machine of 64 bits has. */
typedef uint64_t bits_two __attribute__((vector_size(16)));

static inline bits_two bits_load(const uint64_t *mask)
{
	bits_two ret;

	memcpy(&ret, mask, sizeof(ret));
	return ret;
}

/* Where eight ones in a row begin in this word. */
static inline uint64_t bits_eight(uint64_t x)
{
	x &= x >> 1;
	x &= x >> 2;
	return x & x >> 4;
}

/* The 64 bits from a place on. */
static inline uint64_t bits_from(const uint64_t *mask, size_t at)
{
	const uint64_t *w = mask + at / 64;

	return at % 64 ? w[0] >> at % 64 | w[1] << (64 - at % 64) : w[0];
}

static inline bool bits_at(const uint64_t *mask, size_t at)
{
	return mask[at / 64] >> at % 64 & 1;
}

#endif
