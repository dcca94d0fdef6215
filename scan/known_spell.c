#include "scan/known_spell.h"

#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "scan/known.h"

/* Bases that are no power of two take the square of the length. */
#define BASE58_MAX 128

void spelling_done(struct spelling *s)
{
	if (s->c)
		secret_wipe(s->c, s->cap);
	free(s->c);
	free(s->from);
	*s = (struct spelling){0};
}

static void grow(struct spelling *s)
{
	struct spelling grown = {.cap = 2 * s->cap + 256, .n = s->n, .run = s->run};

	grown.c = calloc(1, grown.cap);
	grown.from = calloc(grown.cap, sizeof(*grown.from));
	grown.failed = !grown.c || !grown.from;
	if (!grown.failed && s->n > 0) {
		memcpy(grown.c, s->c, s->n);
		memcpy(grown.from, s->from, s->n * sizeof(*s->from));
	}
	spelling_done(s);
	*s = grown;
	if (grown.failed) {
		free(s->c);
		free(s->from);
		*s = (struct spelling){.failed = true};
	}
}

static void put(struct spelling *s, unsigned char c, uint32_t from)
{
	if (s->n == s->cap && !s->failed)
		grow(s);
	if (s->failed)
		return;
	s->c[s->n] = c;
	s->from[s->n++] = from;
}

/* ---- codings: each writes `in` anew */

static void code_reversed(struct spelling *out, const struct spelling *in, int arg)
{
	(void)arg;
	for (size_t i = in->n; i-- > 0;)
		put(out, in->c[i], in->from[i]);
}

static void code_rot13(struct spelling *out, const struct spelling *in, int arg)
{
	(void)arg;
	for (size_t i = 0; i < in->n; i++) {
		unsigned char c = in->c[i], low = c | 0x20;

		if (low >= 'a' && low <= 'z')
			c = (unsigned char)(low < 'n' ? c + 13 : c - 13);
		put(out, c, in->from[i]);
	}
}

/* RFC 4648; `before` bytes of something else stand in front. */
static void code_bits(
	struct spelling *out, const struct spelling *in, size_t before, const char *digits)
{
	size_t width = digits[32] ? 6 : 5;
	size_t first = (8 * before + width - 1) / width, last = 8 * (before + in->n) / width;

	for (size_t d = first; d < last; d++) {
		unsigned int bits = 0;

		for (size_t b = width * d; b < width * (d + 1); b++)
			bits = bits << 1 | (in->c[b / 8 - before] >> (7 - b % 8) & 1);
		put(out, (unsigned char)digits[bits], in->from[width * d / 8 - before]);
	}
}

static void code_base64(struct spelling *out, const struct spelling *in, int before)
{
	code_bits(out, in, (size_t)before,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}

static void code_base32(struct spelling *out, const struct spelling *in, int before)
{
	code_bits(out, in, (size_t)before, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
}

/* Bitcoin's, of the whole value. */
static void code_base58(struct spelling *out, const struct spelling *in, int arg)
{
	static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	unsigned char number[BASE58_MAX * 2];
	size_t n = 0;

	(void)arg;
	if (in->n > BASE58_MAX)
		return;
	for (size_t i = 0; i < in->n; i++) {
		unsigned int carry = in->c[i];

		for (size_t d = 0; d < n || carry > 0; d++) {
			carry += d < n ? 256U * number[d] : 0;
			number[d] = (unsigned char)(carry % 58);
			n = d < n ? n : d + 1;
			carry /= 58;
		}
	}
	for (size_t d = n; d-- > 0;)
		put(out, (unsigned char)digits[number[d]], in->from[(n - 1 - d) * in->n / n]);
	secret_wipe(number, sizeof(number));
}

enum byte_form { HEX, HEX_UPPER, HEX_X, HEX_0X, HEX_U, DECIMAL, OCTAL };

static size_t spell_byte(unsigned char c, enum byte_form form, char ret[6])
{
	static const char *const before[] = {
		[HEX] = "", [HEX_UPPER] = "", [HEX_X] = "x", [HEX_0X] = "0x", [HEX_U] = "u00"};
	const char *digits = form == HEX_UPPER ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t n = 0;

	if (form == DECIMAL) {
		if (c >= 100)
			ret[n++] = (char)('0' + c / 100);
		if (c >= 10)
			ret[n++] = (char)('0' + c / 10 % 10);
		ret[n++] = (char)('0' + c % 10);
	} else if (form == OCTAL) {
		for (int shift = 6; shift >= 0; shift -= 3)
			ret[n++] = (char)('0' + (c >> shift & 7));
	} else {
		for (const char *p = before[form]; *p; p++)
			ret[n++] = *p;
		ret[n++] = digits[c >> 4];
		ret[n++] = digits[c & 15];
	}
	return n;
}

static void code_bytes(struct spelling *out, const struct spelling *in, int form)
{
	for (size_t i = 0; i < in->n; i++) {
		char spelled[6];
		size_t n = spell_byte(in->c[i], (enum byte_form)form, spelled);

		for (size_t j = 0; j < n; j++)
			put(out, (unsigned char)spelled[j], in->from[i]);
	}
}

/* RFC 3986, of what needs it; of every byte, it is hexadecimal here, as '%' is dropped. */
static void code_percent(struct spelling *out, const struct spelling *in, int arg)
{
	(void)arg;
	for (size_t i = 0; i < in->n; i++) {
		unsigned char c = in->c[i], low = c | 0x20;
		struct spelling one = {.c = &c, .from = &in->from[i], .n = 1};

		if (memchr("-._~", c, 4) || (c >= '0' && c <= '9') || (low >= 'a' && low <= 'z')) {
			put(out, c, in->from[i]);
			continue;
		}
		put(out, '%', in->from[i]);
		code_bytes(out, &one, HEX);
	}
}

static void code_utf16(struct spelling *out, const struct spelling *in, int big)
{
	for (size_t i = 0; i < in->n; i++)
		for (int half = 0; half < 2; half++)
			put(out, half == big ? in->c[i] : 0, in->from[i]);
}

/* ---- the table */

struct coding {
	void (*code)(struct spelling *out, const struct spelling *in, int arg);
	int arg;
};

#define REVERSED                                                                                   \
	{                                                                                          \
		code_reversed, 0                                                                   \
	}
#define BASE64(n)                                                                                  \
	{                                                                                          \
		code_base64, n                                                                     \
	}
#define BASE32(n)                                                                                  \
	{                                                                                          \
		code_base32, n                                                                     \
	}
#define BYTES(f)                                                                                   \
	{                                                                                          \
		code_bytes, f                                                                      \
	}
#define UTF16(big)                                                                                 \
	{                                                                                          \
		code_utf16, big                                                                    \
	}
#define PERCENT                                                                                    \
	{                                                                                          \
		code_percent, 0                                                                    \
	}
#define THEN_BASE64(...)                                                                           \
	{{__VA_ARGS__, BASE64(0)}, KNOWN_RUN}, {{__VA_ARGS__, BASE64(1)}, KNOWN_RUN},              \
	{                                                                                          \
		{__VA_ARGS__, BASE64(2)}, KNOWN_RUN                                                \
	}

/*
 * Digits are everywhere, so more of them are needed: ten characters in hexadecimal, eight in other
 * numbers. Case does not count, so one case of each suffices but for what is coded again.
 */
static const struct {
	struct coding steps[2];
	unsigned int run;
} table[] = {
	{{{0}}, KNOWN_RUN},
	{{REVERSED}, KNOWN_RUN},
	{{{code_rot13, 0}}, KNOWN_RUN},
	{{BASE64(0)}, KNOWN_RUN},
	{{BASE64(1)}, KNOWN_RUN},
	{{BASE64(2)}, KNOWN_RUN},
	{{PERCENT}, KNOWN_RUN},
	{{BYTES(HEX)}, 20},
	{{BASE32(0)}, KNOWN_RUN},
	{{BASE32(1)}, KNOWN_RUN},
	{{BASE32(2)}, KNOWN_RUN},
	{{BASE32(3)}, KNOWN_RUN},
	{{BASE32(4)}, KNOWN_RUN},
	/* From here on not of long values. */
	{{{code_base58, 0}}, KNOWN_RUN},
	{{BYTES(HEX_X)}, 24},
	{{BYTES(HEX_0X)}, 24},
	{{BYTES(HEX_U)}, 24},
	{{BYTES(DECIMAL)}, 24},
	{{BYTES(OCTAL)}, 24},
	{{PERCENT, PERCENT}, KNOWN_RUN},
	{{REVERSED, BYTES(HEX)}, 20},
	THEN_BASE64(REVERSED),
	THEN_BASE64(BASE64(0)),
	THEN_BASE64(BASE64(1)),
	THEN_BASE64(BASE64(2)),
	THEN_BASE64(BYTES(HEX)),
	THEN_BASE64(BYTES(HEX_UPPER)),
	THEN_BASE64(UTF16(0)),
	THEN_BASE64(UTF16(1)),
	{{BASE64(0), BYTES(HEX)}, 24},
	{{BASE64(1), BYTES(HEX)}, 24},
	{{BASE64(2), BYTES(HEX)}, 24},
};

#define SHORT_ROWS 13

const size_t spellings = ARRAY_LEN(table);

static bool is_percent_in_vain(size_t row, const unsigned char *value, size_t len)
{
	if (table[row].steps[0].code != code_percent)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char low = value[i] | 0x20;

		if (!memchr("-._~", value[i], 4) && !(value[i] >= '0' && value[i] <= '9') &&
			!(low >= 'a' && low <= 'z'))
			return false;
	}
	return true;
}

void spelling_of(struct spelling *ret, size_t row, const unsigned char *value, size_t len)
{
	cleanup_spelling struct spelling in = {0};

	if (is_percent_in_vain(row, value, len) || (row >= SHORT_ROWS && len > SPELLING_CHAIN_MAX))
		return;
	for (size_t i = 0; i < len; i++)
		put(&in, value[i], (uint32_t)i);
	for (size_t s = 0; s < ARRAY_LEN(table[row].steps) && table[row].steps[s].code; s++) {
		struct spelling out = {0};

		table[row].steps[s].code(&out, &in, table[row].steps[s].arg);
		out.failed |= in.failed;
		spelling_done(&in);
		in = out;
	}
	*ret = in;
	ret->run = table[row].run;
	in = (struct spelling){0};
}
