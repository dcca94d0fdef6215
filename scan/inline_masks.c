#include "scan/inline_masks.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define BIT(c) (1U << (c))

static bool portable;

void inline_masks_portable(bool yes)
{
	portable = yes;
}

/* ---- by table: eight classes of eight bytes are a square of bits, which is turned */

static uint16_t class_of(unsigned char c)
{
	bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
	bool digit = c >= '0' && c <= '9', low = (c | 0x20) >= 'a' && (c | 0x20) <= 'f';
	bool alnum = upper || lower || digit;
	uint16_t ret = 0;

	ret |= alnum || (c && strchr("+/-_", c)) ? BIT(CLASS_BASE64) | BIT(CLASS_RUN) : 0;
	ret |= c == '\n' || c == '\r' ? BIT(CLASS_RUN) : 0;
	ret |= digit || ((upper || lower) && low) ? BIT(CLASS_HEX) : 0;
	ret |= c > ' ' && c < 0x7F ? BIT(CLASS_VISIBLE) : 0;
	ret |= c == '%' || c == '=' ? BIT(CLASS_PERCENT) : 0;
	ret |= c == '&' || c == '\\' ? BIT(CLASS_AMP) : 0;
	ret |= upper || (c >= '2' && c <= '7') ? BIT(CLASS_UPPER) : 0;
	ret |= lower || (c >= '2' && c <= '7') ? BIT(CLASS_LOWER) : 0;
	ret |= digit || c == ',' || c == ' ' ? BIT(CLASS_NUMBERS) : 0;
	ret |= alnum && !strchr("0OIl", c) ? BIT(CLASS_BASE58) : 0;
	/* Of values 10 to 41, since the group's highest byte is 0x20 to 0x7E. */
	ret |= c >= '+' && c <= 'J' ? BIT(CLASS_ADOBE) : 0;
	ret |= lower || (c >= 'A' && c <= 'F') ? BIT(CLASS_Z85) : 0;
	ret |= upper || (c >= 'a' && c <= 'f') ? BIT(CLASS_GIT) : 0;
	ret |= c >= 0x80 || c == 0 ? BIT(CLASS_HIGH) : 0;
	ret |= c == '+' ? BIT(CLASS_PLUS) : 0;
	return ret;
}

static uint16_t text_of(unsigned char c)
{
	if (c == '\0')
		return BIT(TEXT_NUL);
	if ((c >= ' ' && c < 0x7F) || c == '\t' || c == '\n' || c == '\r')
		return BIT(TEXT_ASCII);
	if (c >= 0x80 && c < 0xC0)
		return BIT(TEXT_CONT);
	return c >= 0xC2 && c <= 0xF4 ? BIT(TEXT_LEAD) : 0;
}

/* Hacker's Delight, 7-3: byte i's bit c becomes byte c's bit i. */
static uint64_t turn(uint64_t x)
{
	uint64_t t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AAULL;

	x ^= t ^ (t << 7);
	t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCCULL;
	x ^= t ^ (t << 14);
	t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0ULL;
	return x ^ t ^ (t << 28);
}

static void by_table(const unsigned char *p, size_t words, uint64_t *masks, size_t stride,
	size_t classes, const uint16_t table[256])
{
	for (size_t c = 0; c < classes; c++)
		memset(masks + c * stride, 0, words * sizeof(*masks));
	for (size_t i = 0; i < words * 8; i++) {
		uint64_t low = 0, high = 0;

		for (int b = 0; b < 8; b++) {
			uint64_t bits = table[p[i * 8 + (size_t)b]];

			low |= (bits & 0xFF) << (8 * b);
			high |= (bits >> 8) << (8 * b);
		}
		low = turn(low);
		high = turn(high);
		for (size_t c = 0; c < classes; c++)
			masks[c * stride + i / 8] |=
				((c < 8 ? low >> (8 * c) : high >> (8 * (c - 8))) & 0xFF)
				<< (i % 8 * 8);
	}
}

static void classify_portable(const unsigned char *p, size_t words, uint64_t *masks, size_t stride)
{
	static uint16_t table[256];
	static bool made;

	if (!__atomic_load_n(&made, __ATOMIC_ACQUIRE)) {
		for (int c = 0; c < 256; c++)
			table[c] = class_of((unsigned char)c);
		__atomic_store_n(&made, true, __ATOMIC_RELEASE);
	}
	by_table(p, words, masks, stride, CLASSES, table);
}

static void text_portable(const unsigned char *p, size_t words, uint64_t *masks, size_t stride)
{
	static uint16_t table[256];
	static bool made;

	if (!__atomic_load_n(&made, __ATOMIC_ACQUIRE)) {
		for (int c = 0; c < 256; c++)
			table[c] = text_of((unsigned char)c);
		__atomic_store_n(&made, true, __ATOMIC_RELEASE);
	}
	by_table(p, words, masks, stride, TEXTS, table);
}

/* ---- AVX2 */
#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2")))

/* Bytes from first to last, none of which is above 0x7F. */
static inline AVX2 __m256i in(__m256i x, char first, char last)
{
	/* Moved so that the range ends at 127, where signed comparison ends, too. */
	return _mm256_cmpgt_epi8(_mm256_add_epi8(x, _mm256_set1_epi8((char)(127 - last))),
		_mm256_set1_epi8((char)(127 - last + first - 1)));
}

static inline AVX2 __m256i or (__m256i a, __m256i b)
{
	return _mm256_or_si256(a, b);
}

/* Members of a set whose low halves differ: each is looked up by its own. */
static inline AVX2 __m256i among(__m256i x, const char set[16])
{
	__m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set));

	return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, x), x);
}

static inline AVX2 uint64_t bits(__m256i x)
{
	return (uint32_t)_mm256_movemask_epi8(x);
}

/* A slot that no member has holds a value of another slot, which then never matches. */
static const char percent_set[16] = {1, 0, 0, 0, 0, '%', 0, 0, 0, 0, 0, 0, 0, '=', 0, 0};
static const char amp_set[16] = {1, 0, 0, 0, 0, 0, '&', 0, 0, 0, 0, 0, '\\', 0, 0, 0};
static const char line_set[16] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\n', 0, 0, '\r', 0, 0};
static const char list_set[16] = {' ', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ',', 0, 0, 0};
static const char sign_set[16] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '+', 0, '-', 0, '/'};
static const char unlike_set[16] = {'0', 0, 0, 0, 0, 0, 0, 0, 0, 'I', 0, 0, 'l', 0, 0, 'O'};

/* Each class of 32 bytes. */
static inline __attribute__((always_inline)) AVX2 void classes_of(
	const unsigned char *p, __m256i of[CLASSES])
{
	__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i upper = in(x, 'A', 'Z'), lower = in(x, 'a', 'z'), digit = in(x, '0', '9');
	__m256i five = in(x, '2', '7'), alnum = or (or (upper, lower), digit);
	__m256i up_to_f = in(x, 'A', 'F'), low_to_f = in(x, 'a', 'f');

	of[CLASS_BASE64] =
		or (or (alnum, among(x, sign_set)), _mm256_cmpeq_epi8(x, _mm256_set1_epi8('_')));
	of[CLASS_RUN] = or (of[CLASS_BASE64], among(x, line_set));
	of[CLASS_HEX] = or (digit, or (up_to_f, low_to_f));
	of[CLASS_VISIBLE] = in(x, '!', '~');
	of[CLASS_PERCENT] = among(x, percent_set);
	of[CLASS_AMP] = among(x, amp_set);
	of[CLASS_UPPER] = or (upper, five);
	of[CLASS_LOWER] = or (lower, five);
	of[CLASS_NUMBERS] = or (digit, among(x, list_set));
	of[CLASS_BASE58] = _mm256_andnot_si256(among(x, unlike_set), alnum);
	of[CLASS_ADOBE] = in(x, '+', 'J');
	of[CLASS_Z85] = or (lower, up_to_f);
	of[CLASS_GIT] = or (upper, low_to_f);
	of[CLASS_HIGH] = or (x, _mm256_cmpeq_epi8(x, _mm256_setzero_si256()));
	of[CLASS_PLUS] = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('+'));
}

AVX2 static void classify_avx2(const unsigned char *p, size_t words, uint64_t *masks, size_t stride)
{
	for (size_t w = 0; w < words; w++, p += 64) {
		__m256i low[CLASSES], high[CLASSES];

		classes_of(p, low);
		classes_of(p + 32, high);
#pragma GCC unroll 16
		for (size_t c = 0; c < CLASSES; c++)
			masks[c * stride + w] = bits(low[c]) | bits(high[c]) << 32;
	}
}

static inline __attribute__((always_inline)) AVX2 void texts_of(
	const unsigned char *p, __m256i of[TEXTS])
{
	static const char white_set[16] = {1, 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0};
	__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)p);

	of[TEXT_ASCII] = or (in(x, ' ', '~'), among(x, white_set));
	of[TEXT_NUL] = _mm256_cmpeq_epi8(x, _mm256_setzero_si256());
	/* Below 0xC0 is below -64; C2 to F4 are -62 to -12. */
	of[TEXT_CONT] = _mm256_cmpgt_epi8(_mm256_set1_epi8(-64), x);
	of[TEXT_LEAD] = _mm256_and_si256(_mm256_cmpgt_epi8(x, _mm256_set1_epi8(-63)),
		_mm256_cmpgt_epi8(_mm256_set1_epi8(-11), x));
}

AVX2 static void text_avx2(const unsigned char *p, size_t words, uint64_t *masks, size_t stride)
{
	for (size_t w = 0; w < words; w++, p += 64) {
		__m256i low[TEXTS], high[TEXTS];

		texts_of(p, low);
		texts_of(p + 32, high);
#pragma GCC unroll 4
		for (size_t c = 0; c < TEXTS; c++)
			masks[c * stride + w] = bits(low[c]) | bits(high[c]) << 32;
	}
}

bool inline_masks_fast(void)
{
	return !portable && __builtin_cpu_supports("avx2");
}

void inline_classify(const unsigned char *p, size_t words, uint64_t *masks, size_t stride)
{
	(inline_masks_fast() ? classify_avx2 : classify_portable)(p, words, masks, stride);
}

void inline_classify_text(const unsigned char *p, size_t words, uint64_t *masks, size_t stride)
{
	(inline_masks_fast() ? text_avx2 : text_portable)(p, words, masks, stride);
}
#else
bool inline_masks_fast(void)
{
	return false;
}

void inline_classify(const unsigned char *p, size_t words, uint64_t *masks, size_t stride)
{
	classify_portable(p, words, masks, stride);
}

void inline_classify_text(const unsigned char *p, size_t words, uint64_t *masks, size_t stride)
{
	text_portable(p, words, masks, stride);
}
#endif
