#include "scan/known_keep.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

void known_keep_init(struct known_keep *keep)
{
	for (unsigned int kept = 0; kept < 256; kept++) {
		unsigned int n = 0;

		memset(keep->shuffles[kept], 0x80, 8);
		for (unsigned char bit = 0; bit < 8; bit++)
			if (kept >> bit & 1)
				keep->shuffles[kept][n++] = bit;
	}
}

/* Branch-free: every byte is written, and the next one over it where it is not kept. */
static size_t keep_bytes(unsigned char *out, const unsigned char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i] | 0x20;

		out[n] = c;
		n += (unsigned char)(c - 'a') < 26 || (unsigned char)(text[i] - '0') < 10;
	}
	return n;
}

#if defined(__x86_64__)
#define SSSE3 __attribute__((target("ssse3,popcnt")))

/* 0xff where low <= byte < low + n */
SSSE3 static inline __m128i within(__m128i bytes, char low, char n)
{
	__m128i from = _mm_sub_epi8(bytes, _mm_set1_epi8(low));

	return _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8((char)(n - 1))), from);
}

SSSE3 static inline size_t put_half(
	const struct known_keep *keep, unsigned char *out, __m128i half, unsigned int kept)
{
	__m128i order = _mm_loadl_epi64((const __m128i *)keep->shuffles[kept]);

	_mm_storel_epi64((__m128i *)out, _mm_shuffle_epi8(half, order));
	return (size_t)__builtin_popcount(kept);
}

/* Of sixteen, those that `of` has. Written with sixteen bytes: that is the slack. */
SSSE3 static inline size_t put_sixteen(
	const struct known_keep *keep, unsigned char *out, __m128i raw, unsigned int of)
{
	__m128i low = _mm_or_si128(raw, _mm_set1_epi8(0x20));
	unsigned int kept = of & (unsigned int)_mm_movemask_epi8(
					 _mm_or_si128(within(low, 'a', 26), within(raw, '0', 10)));
	size_t n;

	if (kept == 0xffff) {
		_mm_storeu_si128((__m128i *)out, low);
		return 16;
	}
	n = put_half(keep, out, low, kept & 0xff);
	return n + put_half(keep, out + n, _mm_srli_si128(low, 8), kept >> 8);
}

/* Sixteen at a time; the last ones again together with what stands in front of them. */
SSSE3 static size_t keep_sixteens(
	const struct known_keep *keep, unsigned char *out, const unsigned char *text, size_t len)
{
	size_t n = 0, i = 0, rest = len % 16;

	for (; i + 16 <= len; i += 16)
		n += put_sixteen(
			keep, out + n, _mm_loadu_si128((const __m128i *)(text + i)), 0xffff);
	if (rest)
		n += put_sixteen(keep, out + n, _mm_loadu_si128((const __m128i *)(text + len - 16)),
			0xffffU << (16 - rest) & 0xffff);
	return n;
}

/* Eight to fifteen: the first eight, and the last eight without those. */
SSSE3 static size_t keep_few(
	const struct known_keep *keep, unsigned char *out, const unsigned char *text, size_t len)
{
	__m128i first = _mm_loadl_epi64((const __m128i *)text);
	__m128i last = _mm_loadl_epi64((const __m128i *)(text + len - 8));

	return put_sixteen(keep, out, _mm_unpacklo_epi64(first, last),
		0xff | (0xff00U << (16 - len) & 0xff00));
}
#endif

size_t known_keep(
	const struct known_keep *keep, unsigned char *out, const unsigned char *text, size_t len)
{
#if defined(__x86_64__)
	if (len >= 8 && __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("popcnt"))
		return len < 16 ? keep_few(keep, out, text, len)
				: keep_sixteens(keep, out, text, len);
#else
	(void)keep;
#endif
	return keep_bytes(out, text, len);
}
