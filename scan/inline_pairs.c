#include "scan/inline_pairs.h"

#include <stdbool.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "scan/inline_masks.h"

#define PLACES 3

/*
 * By the six bits v of a character: the first byte of a group is text when v is 8 to 31 (or what
 * begins NUL, tab and line ends), the second one when its higher half, v's lower bits, is 0 or 2 to
 * 7, the third one when v's lowest two bits are below 2.
 */
static uint8_t place_of(unsigned char c)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == '-' ? letters + 62 : c == '_' ? letters + 63 : strchr(letters, c);
	unsigned int v;

	if (!c || !at)
		return 0;
	v = (unsigned int)(at - letters);
	return (uint8_t)((((v >= 8 && v < 32) || v == 0 || v == 2 || v == 3) ? 1 : 0) |
			 (((v & 15) == 0 || ((v & 15) >= 2 && (v & 15) < 8)) ? 2 : 0) |
			 ((v & 3) < 2 ? 4 : 0));
}

/* The places that a character may take; and for each place the characters by their lower half, a
 * bit for each upper half. */
struct places {
	uint8_t of[256];
	uint8_t rows[PLACES][16];
};

/* Made once; two at once make the same. */
static const struct places *places(void)
{
	static struct places ret;
	static bool made;

	if (__atomic_load_n(&made, __ATOMIC_ACQUIRE))
		return &ret;
	for (unsigned int c = 0; c < 128; c++) {
		uint8_t of = place_of((unsigned char)c);

		ret.of[c] = of;
		for (int i = 0; i < PLACES; i++)
			if (of >> i & 1)
				ret.rows[i][c & 15] |= (uint8_t)(1U << (c >> 4));
	}
	__atomic_store_n(&made, true, __ATOMIC_RELEASE);
	return &ret;
}

static void read_portable(const unsigned char p[64], uint64_t masks[PLACES])
{
	const uint8_t *of = places()->of;

	memset(masks, 0, PLACES * sizeof(*masks));
	for (size_t i = 0; i < 64; i += 8) {
		uint64_t x = 0;

		for (int b = 0; b < 8; b++)
			x |= (uint64_t)of[p[i + (size_t)b]] << (8 * b);
		/* The lowest bits of eight bytes, side by side. */
		for (int k = 0; k < PLACES; k++)
			masks[k] |=
				(x >> k & 0x0101010101010101ULL) * 0x0102040810204080ULL >> 56 << i;
	}
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void read_avx2(
	const unsigned char p[64], uint64_t masks[PLACES])
{
	/* A byte of 80 or more has a row that no member is in. */
	static const uint8_t uppers[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 1, 1, 1, 1, 1, 1, 1};
	const struct places *t = places();
	__m256i row_of = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)uppers));

	memset(masks, 0, PLACES * sizeof(*masks));
	for (int half = 0; half < 64; half += 32) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(p + half));
		__m256i upper = _mm256_and_si256(_mm256_srli_epi16(x, 4), _mm256_set1_epi8(0x0F));
		__m256i row = _mm256_shuffle_epi8(row_of, upper);

		for (int k = 0; k < PLACES; k++) {
			__m256i rows = _mm256_broadcastsi128_si256(
				_mm_loadu_si128((const __m128i *)t->rows[k]));
			__m256i in = _mm256_and_si256(_mm256_shuffle_epi8(rows, x), row);

			masks[k] |=
				(uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(in, row))
				<< half;
		}
	}
}
#else
#define read_avx2 read_portable
#endif

uint64_t base64_pairs(const unsigned char p[64], size_t n)
{
	uint64_t of[PLACES], all = n < 64 ? (1ULL << n) - 1 : ~0ULL, groups, before, behind;

	(inline_masks_fast() ? read_avx2 : read_portable)(p, of);
	for (int k = 0; k < PLACES; k++)
		of[k] &= all;
	groups = of[0] & of[1] >> 1 & of[2] >> 2;
	/* The two bytes more: both behind, both before, or one of each. */
	behind = of[0] >> 8;
	before = of[2] << 2;
	return groups & groups >> 4 &
	       ((behind & of[1] >> 9) | (before & of[1] << 3) | (before & behind));
}
