#include "scan/inline_groups.h"

#include <stdint.h>
#include <string.h>

#include "base/ptr.h"
#include "scan/inline_pairs.h"

#define NOT 0x80 /* in no alphabet */

static unsigned char base64_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : NOT;
}

/* Letters carry their case, since a group has only one. */
#define UPPER 0x20
#define LOWER 0x40

static unsigned char base32_value(unsigned char c)
{
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	if (c >= 'A' && c <= 'Z')
		return (unsigned char)(c - 'A') | UPPER;
	return c >= 'a' && c <= 'z' ? (unsigned char)(c - 'a') | LOWER : NOT;
}

static unsigned char hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c &= 0xDF;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : NOT;
}

struct values {
	unsigned char base64[256], base32[256], hex[256];
};

/* Made once; two at once make the same. */
static const struct values *values(void)
{
	static struct values v;
	static bool made;

	if (!__atomic_load_n(&made, __ATOMIC_ACQUIRE)) {
		for (int c = 0; c < 256; c++) {
			v.base64[c] = base64_value((unsigned char)c);
			v.base32[c] = base32_value((unsigned char)c);
			v.hex[c] = hex_value((unsigned char)c);
		}
		__atomic_store_n(&made, true, __ATOMIC_RELEASE);
	}
	return &v;
}

void base64_decode(const unsigned char *c, size_t groups, unsigned char *out)
{
	const unsigned char *v = values()->base64;

	for (; groups > 0; groups--, c += 4, out += 3) {
		uint32_t x = (uint32_t)v[c[0]] << 18 | (uint32_t)v[c[1]] << 12 |
			     (uint32_t)v[c[2]] << 6 | v[c[3]];

		out[0] = (unsigned char)(x >> 16);
		out[1] = (unsigned char)(x >> 8);
		out[2] = (unsigned char)x;
	}
}

/* Letters of one case, and digits. */
static inline bool is_base32(unsigned char all)
{
	return !(all & NOT) && (all & (UPPER | LOWER)) != (UPPER | LOWER);
}

void base32_decode(const unsigned char *c, size_t groups, unsigned char *out)
{
	const unsigned char *v = values()->base32;

	for (; groups > 0; groups--, c += 8, out += 5) {
		unsigned char a[8];
		uint64_t x = 0;

#pragma GCC unroll 8
		for (int i = 0; i < 8; i++) {
			a[i] = v[c[i]];
			x = x << 5 | (a[i] & 0x1F);
		}
		if (!is_base32(a[0] | a[1] | a[2] | a[3] | a[4] | a[5] | a[6] | a[7]))
			x = 0x0101010101;
		x = __builtin_bswap64(x << 24);
		memcpy(out, &x, 5);
	}
}

void hex_decode(const unsigned char *c, size_t groups, unsigned char *out)
{
	const unsigned char *v = values()->hex;

	for (; groups > 0; groups--, c += 2, out++) {
		unsigned char high = v[c[0]], low = v[c[1]];

		*out = (high | low) & NOT ? 1 : (unsigned char)(high << 4 | low);
	}
}

/* ---- what may be said */

/* How containers begin, at a run's start: zlib, xz, 7z, bzip2, rar. */
static bool may_start_container(const unsigned char *c, size_t n)
{
	static const char starts[][3] = {"eJ", "eA", "eN", "eF", "/T", "_T", "N3", "Ql", "Um"};

	for (size_t phase = 0; phase < 4 && phase + 2 <= n; phase++)
		for (size_t i = 0; i < ARRAY_LEN(starts); i++)
			if (memcmp(c + phase, starts[i], 2) == 0)
				return true;
	return false;
}

/* The bytes 1F 8B 08, PK 03 and 28 B5 2F begin gzip, zip and zstd. */
static bool is_magic(uint32_t x)
{
	return x == 0x1F8B08 || x == 0x504B03 || x == 0x28B52F;
}

enum { ASCII = 1, MULTI = 2 };
#define SAME 64 /* characters, which are more than any answer needs */

/* Tab and line ends make a group too, and so do sequences of UTF-8, for which more of them are
 * asked. */
static unsigned int group_of(uint32_t x, const unsigned char kinds[256])
{
	unsigned int a = kinds[x >> 16], b = kinds[x >> 8 & 0xFF], c = kinds[x & 0xFF];

	if (a & b & c & ASCII)
		return ASCII | MULTI;
	return a && b && c ? MULTI : 0;
}

/* The same of at most 64 characters, in which there is no room for much that is not ASCII. */
static bool few_may_say(const unsigned char *chars, size_t n)
{
	unsigned char all[64] __attribute__((uninitialized));

	for (size_t i = 0; i + 4 <= n; i++)
		if (memcmp(chars + i, "H4sI", 4) == 0 || memcmp(chars + i, "UEsD", 4) == 0 ||
			memcmp(chars + i, "KLUv", 4) == 0)
			return true;
	memcpy(all, chars, n);
	memset(all + n, 0, sizeof(all) - n);
	return base64_pairs(all, n) != 0;
}

bool base64_may_say(const unsigned char *chars, size_t n, bool start)
{
	const unsigned char *v = values()->base64;
	static const unsigned char kinds[256] = {[0] = ASCII,
		['\t'] = ASCII,
		['\n'] = ASCII,
		['\r'] = ASCII,
		[0x20 ... 0x7E] = ASCII,
		[0x80 ... 0xBF] = MULTI,
		[0xC2 ... 0xF4] = MULTI};
	unsigned int before[4] = {0};
	uint32_t x = 0;

	if (start && may_start_container(chars, n))
		return true;
	if (n <= 64 && !few_may_say(chars, n))
		return false;
	/* A line of one character says the same from its first groups on. */
	if (n > 2 * SAME && memcmp(chars, chars + 1, n - 1) == 0)
		n = 2 * SAME;
	for (size_t i = 0; i < n; i++) {
		unsigned int *lane = &before[i % 4], group;

		x = (x << 6 | v[chars[i]]) & 0xFFFFFF;
		if (i < 3)
			continue;
		/* Zeros are only a part of what they stand between. */
		group = x ? group_of(x, kinds) : 0;
		/* Two groups of ASCII in a row, or eight that may be UTF-8. */
		if (is_magic(x) || (group & ASCII && *lane & 0x80) || (*lane & 0x7F) >= 7)
			return true;
		*lane = group ? (((*lane & 0x7F) + 1) | (group & ASCII ? 0x80 : 0)) : 0;
	}
	return false;
}

/* The highest bit of each byte that is printable ASCII. */
static inline uint64_t printable(uint64_t x)
{
	const uint64_t high = 0x8080808080ULL;

	return ((x & ~high) + 0x6060606060ULL) & ~x & high;
}

bool base32_may_say(const unsigned char *chars, size_t n)
{
	const unsigned char *v = values()->base32;
	uint64_t x = 0;

	/* Of eight bytes in a row, four are the first or the last ones of a group. */
	for (size_t i = 0; i < n; i++) {
		uint64_t ok;

		x = (x << 5 | (v[chars[i]] & 0x1F)) & 0xFFFFFFFFFFULL;
		ok = printable(x);
		if (i >= 7 && ((ok & 0x8080808000ULL) == 0x8080808000ULL ||
				      (ok & 0x80808080ULL) == 0x80808080ULL))
			return true;
	}
	return false;
}
