#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "scan/values_reader.h"

/*
 * RFC 8259, read loosely: what stands outside of strings is skipped but for brackets, commas,
 * colons and numbers, so lines of SSE and texts in a row need nothing of their own. A line ends a
 * string, which may not hold one: so what follows a broken line is read right again.
 */

#if defined(__SSE2__)
/* As far as whole sixteens go, or up to the first one that is not plain. */
static size_t plain_sixteens(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i + 16 <= len; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(p + i));
		__m128i quotes = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
			_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
		__m128i ends = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')),
			_mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));
		unsigned int found = (unsigned int)_mm_movemask_epi8(_mm_or_si128(quotes, ends));

		if (found)
			return i + (size_t)__builtin_ctz(found);
	}
	return len - len % 16;
}
#else
static size_t plain_sixteens(const unsigned char *p, size_t len)
{
	(void)p;
	(void)len;
	return 0;
}
#endif

/* Bytes up to the next one that a string does not hold as it is. */
static size_t plain_length(const unsigned char *p, size_t len)
{
	size_t i = plain_sixteens(p, len);

	while (i < len && p[i] != '"' && p[i] != '\\' && p[i] != '\n' && p[i] != '\r')
		i++;
	return i;
}

static bool in_object(const struct values_reader *r)
{
	unsigned int level = r->depth - 1;

	return r->depth > 0 && level < VALUES_DEPTH_MAX && r->objects[level / 64] >> level % 64 & 1;
}

static void go_down(struct values_reader *r, bool is_object)
{
	if (r->depth < VALUES_DEPTH_MAX) {
		uint64_t bit = 1ULL << r->depth % 64, *word = &r->objects[r->depth / 64];

		*word = is_object ? *word | bit : *word & ~bit;
	}
	if (r->depth < UINT32_MAX)
		r->depth++;
	r->wants_name = is_object;
}

static void go_up(struct values_reader *r)
{
	if (r->depth > 0)
		r->depth--;
	r->wants_name = false;
}

/* What bytes mean between values; nothing: they are skipped. */
enum meaning { NOTHING, STRING, OPEN_OBJECT, OPEN_LIST, CLOSE, COMMA, COLON, NUMBER };

static const unsigned char meanings[256] = {
	['"'] = STRING,
	['{'] = OPEN_OBJECT,
	['['] = OPEN_LIST,
	['}'] = CLOSE,
	[']'] = CLOSE,
	[','] = COMMA,
	[':'] = COLON,
	['-'] = NUMBER,
	['0'] = NUMBER,
	['1'] = NUMBER,
	['2'] = NUMBER,
	['3'] = NUMBER,
	['4'] = NUMBER,
	['5'] = NUMBER,
	['6'] = NUMBER,
	['7'] = NUMBER,
	['8'] = NUMBER,
	['9'] = NUMBER,
};

/* Up to where a value begins; how many bytes were read. */
static size_t read_outside(struct values_reader *r, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (meanings[p[i]]) {
		case STRING:
			r->state = VALUES_INSIDE;
			values_begin(r, r->wants_name);
			r->wants_name = false;
			return i + 1;
		case NUMBER:
			if (r->depth == 0 || r->wants_name)
				break;
			r->state = VALUES_NUMBER;
			values_begin(r, false);
			return i;
		case OPEN_OBJECT:
			go_down(r, true);
			break;
		case OPEN_LIST:
			go_down(r, false);
			break;
		case CLOSE:
			go_up(r);
			break;
		case COMMA:
			r->wants_name = in_object(r);
			break;
		case COLON:
			r->wants_name = false;
			break;
		}
	}
	return len;
}

static int read_number(struct values_reader *r, const unsigned char *p, size_t len,
	size_t *ret_read, const struct values_out *out)
{
	size_t i = 0;
	int rc;

	while (i < len && ((p[i] >= '0' && p[i] <= '9') || (p[i] && strchr("+-.eE", p[i]))))
		i++;
	rc = values_write(r, p, i, out);
	*ret_read = i;
	if (i == len || rc != 0)
		return rc;
	r->state = VALUES_OUTSIDE;
	return values_end(r, out);
}

static int read_string(struct values_reader *r, const unsigned char *p, size_t len,
	size_t *ret_read, const struct values_out *out)
{
	size_t plain = plain_length(p, len);
	int rc = values_write(r, p, plain, out);

	*ret_read = plain;
	if (plain == len || rc != 0)
		return rc;
	*ret_read = plain + 1;
	if (p[plain] == '\\') {
		r->state = VALUES_ESCAPE;
		return 0;
	}
	r->state = VALUES_OUTSIDE;
	return values_end(r, out);
}

/* As UTF-8; halves of surrogates each as they are. */
static int write_code(struct values_reader *r, const struct values_out *out)
{
	unsigned int c = r->code;
	unsigned char utf8[3] = {(unsigned char)c};
	size_t n = 1;

	if (c >= 0x800) {
		utf8[0] = (unsigned char)(0xe0 | c >> 12);
		utf8[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		utf8[2] = (unsigned char)(0x80 | (c & 0x3f));
		n = 3;
	} else if (c >= 0x80) {
		utf8[0] = (unsigned char)(0xc0 | c >> 6);
		utf8[1] = (unsigned char)(0x80 | (c & 0x3f));
		n = 2;
	}
	return values_write(r, utf8, n, out);
}

static int read_escape(struct values_reader *r, unsigned char c, const struct values_out *out)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *found = c ? strchr(letters, c) : NULL;

	if (c == 'u') {
		r->state = VALUES_UNICODE;
		r->code = r->digits = 0;
		return 0;
	}
	r->state = VALUES_INSIDE;
	if (found)
		c = (unsigned char)meant[found - letters];
	return values_write(r, &c, 1, out);
}

/* 1: the byte was read; 0: it is no digit, the string goes on with it. */
static int read_unicode(struct values_reader *r, unsigned char c, const struct values_out *out)
{
	unsigned char low = c | 0x20;
	unsigned int digit;
	int rc;

	if (c >= '0' && c <= '9') {
		digit = c - '0';
	} else if (low >= 'a' && low <= 'f') {
		digit = low - 'a' + 10U;
	} else {
		r->state = VALUES_INSIDE;
		return 0;
	}
	r->code = r->code << 4 | digit;
	if (++r->digits < 4)
		return 1;
	r->state = VALUES_INSIDE;
	rc = write_code(r, out);
	return rc < 0 ? rc : 1;
}

int values_feed_json(
	struct values_reader *r, const unsigned char *p, size_t len, const struct values_out *out)
{
	int rc = 0;

	for (size_t i = 0, n; rc >= 0 && i < len; i += n) {
		n = 1;
		if (r->state == VALUES_OUTSIDE)
			n = read_outside(r, p + i, len - i);
		else if (r->state == VALUES_INSIDE)
			rc = read_string(r, p + i, len - i, &n, out);
		else if (r->state == VALUES_NUMBER)
			rc = read_number(r, p + i, len - i, &n, out);
		else if (r->state == VALUES_ESCAPE)
			rc = read_escape(r, p[i], out);
		else
			n = (rc = read_unicode(r, p[i], out)) > 0;
	}
	return rc < 0 ? rc : 0;
}
