#include "scan/inline_reference.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/ptr.h"

static int digit_of(unsigned char c, unsigned int base)
{
	unsigned int v = c >= '0' && c <= '9'			  ? c - 0U - '0'
			 : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20U) - 'a' + 10
								  : 16;

	return v < base ? (int)v : -1;
}

/* Up to max digits; how many there are, -1: the end comes first. */
static int number(
	const unsigned char *p, const unsigned char *end, unsigned int base, int max, uint32_t *ret)
{
	uint32_t v = 0;
	int n = 0;

	for (; n < max; n++) {
		int d;

		if (p + n == end)
			return -1;
		d = digit_of(p[n], base);
		if (d < 0)
			break;
		v = v * base + (uint32_t)d;
	}
	*ret = v;
	return n;
}

/* As UTF-8; what is no character becomes a question mark. */
static void put(uint32_t c, unsigned char *to, size_t *len)
{
	if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		c = '?';
	*len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = *len; i-- > 1; c >>= 6)
		to[i] = (unsigned char)(0x80 | (c & 0x3F));
	to[0] = (unsigned char)(*len == 1 ? c : c | (0xF00 >> *len & 0xFF));
}

/* `skip` bytes, then exactly n digits: a byte or a character. */
static int fixed(const unsigned char *p, const unsigned char *end, int skip, int n,
	unsigned int base, uint32_t *ret)
{
	int have;

	if (end - p < skip)
		return -1;
	have = number(p + skip, end, base, n, ret);
	return have < 0 ? -1 : have == n ? skip + n : 0;
}

static int put_byte(int r, const uint32_t *c, unsigned char *to, size_t *len)
{
	if (r > 0) {
		*to = (unsigned char)*c;
		*len = 1;
	}
	return r;
}

static int put_char(int r, const uint32_t *c, unsigned char *to, size_t *len)
{
	if (r > 0)
		put(*c, to, len);
	return r;
}

/* ---- one function for each kind */

static int read_percent(
	const unsigned char *p, const unsigned char *end, unsigned char *to, size_t *len)
{
	uint32_t c = 0;

	if (end - p < 2)
		return -1;
	/* What JavaScript's escape() wrote. */
	if (p[1] == 'u')
		return put_char(fixed(p, end, 2, 4, 16, &c), &c, to, len);
	return put_byte(fixed(p, end, 1, 2, 16, &c), &c, to, len);
}

/* Names of ASCII characters in HTML 5; those of old need no semicolon. */
static int read_name(
	const unsigned char *p, const unsigned char *end, unsigned char *to, size_t *len)
{
	static const struct {
		const char *name;
		char c;
		bool old;
	} names[] = {{"amp", '&', true}, {"AMP", '&', true}, {"lt", '<', true}, {"LT", '<', true},
		{"gt", '>', true}, {"GT", '>', true}, {"quot", '"', true}, {"QUOT", '"', true},
		{"nbsp", ' ', true}, {"apos", '\'', false}, {"excl", '!', false},
		{"num", '#', false}, {"dollar", '$', false}, {"percnt", '%', false},
		{"lpar", '(', false}, {"rpar", ')', false}, {"ast", '*', false},
		{"midast", '*', false}, {"plus", '+', false}, {"comma", ',', false},
		{"hyphen", '-', false}, {"dash", '-', false}, {"period", '.', false},
		{"sol", '/', false}, {"colon", ':', false}, {"semi", ';', false},
		{"equals", '=', false}, {"quest", '?', false}, {"commat", '@', false},
		{"lsqb", '[', false}, {"lbrack", '[', false}, {"bsol", '\\', false},
		{"rsqb", ']', false}, {"rbrack", ']', false}, {"Hat", '^', false},
		{"lowbar", '_', false}, {"UnderBar", '_', false}, {"grave", '`', false},
		{"lcub", '{', false}, {"lbrace", '{', false}, {"verbar", '|', false},
		{"vert", '|', false}, {"rcub", '}', false}, {"rbrace", '}', false},
		{"Tab", '\t', false}, {"NewLine", '\n', false}};
	size_t n = 1, have = (size_t)(end - p);

	while (n < have && n < 10 && ((p[n] | 0x20) >= 'a' && (p[n] | 0x20) <= 'z'))
		n++;
	if (n == have)
		return -1;
	if (n < 3 || (p[n] != ';' && !strchr("alqgnALGQ", p[1])))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t size = strlen(names[i].name);
		bool whole = p[n] == ';' && size == n - 1;

		if (size >= n || memcmp(p + 1, names[i].name, size) != 0)
			continue;
		if (whole || names[i].old)
			return put_byte((int)(1 + size + whole),
				&(uint32_t){(unsigned char)names[i].c}, to, len);
	}
	return 0;
}

static int read_reference(
	const unsigned char *p, const unsigned char *end, unsigned char *to, size_t *len)
{
	uint32_t c = 0;
	int skip, n;

	if (end - p < 3)
		return -1;
	if (p[1] != '#')
		return read_name(p, end, to, len);
	skip = (p[2] | 0x20) == 'x' ? 3 : 2;
	n = number(p + skip, end, skip == 3 ? 16 : 10, 8, &c);
	if (n <= 0)
		return n;
	if (p + skip + n == end)
		return -1;
	return put_char(skip + n + (p[skip + n] == ';'), &c, to, len);
}

/* \uD83D\uDE00: two halves of one character. */
static int read_unicode(
	const unsigned char *p, const unsigned char *end, unsigned char *to, size_t *len)
{
	uint32_t c = 0, low = 0;
	int n, r;

	if (end - p < 3)
		return -1;
	if (p[2] == '{') {
		n = number(p + 3, end, 16, 8, &c);
		if (n <= 0 || p + 3 + n == end)
			return n > 0 ? -1 : n;
		return put_char(p[3 + n] == '}' ? 4 + n : 0, &c, to, len);
	}
	n = fixed(p, end, 2, 4, 16, &c);
	if (n <= 0 || c < 0xD800 || c >= 0xDC00)
		return put_char(n, &c, to, len);
	if (p + n == end || (p[n] == '\\' && p + n + 1 == end))
		return -1;
	if (p[n] == '\\' && p[n + 1] == 'u') {
		r = fixed(p + n, end, 2, 4, 16, &low);
		if (r < 0)
			return -1;
		if (r > 0 && low >= 0xDC00 && low < 0xE000)
			n += r;
		if (n > 6)
			c = 0x10000 + ((c - 0xD800) << 10) + low - 0xDC00;
	}
	return put_char(n, &c, to, len);
}

static int read_letter(unsigned char c, unsigned char *to, size_t *len)
{
	static const char letters[] = "n\nr\rt\tb\bf\fv\v//\"\"''\\\\";

	for (size_t i = 0; i + 1 < sizeof(letters) - 1; i += 2)
		if ((unsigned char)letters[i] == c)
			return put_byte(2, &(uint32_t){(unsigned char)letters[i + 1]}, to, len);
	return 0;
}

static int read_backslash(
	const unsigned char *p, const unsigned char *end, unsigned char *to, size_t *len)
{
	uint32_t c = 0;

	if (end - p < 2)
		return -1;
	switch (p[1]) {
	case 'u':
		return read_unicode(p, end, to, len);
	case 'U':
		return put_char(fixed(p, end, 2, 8, 16, &c), &c, to, len);
	case 'x':
		return put_byte(fixed(p, end, 2, 2, 16, &c), &c, to, len);
	case '0' ... '3':
		return put_byte(fixed(p, end, 1, 3, 8, &c), &c, to, len);
	default:
		return read_letter(p[1], to, len);
	}
}

/* From the end of one quoted string to the beginning of the next one. */
static int read_join(const unsigned char *p, const unsigned char *end, size_t *len)
{
	const unsigned char *at = p + 1;

	*len = 0;
	at += at < end && *at == ' ';
	if (at < end && *at != '+')
		return 0;
	at += at < end;
	at += at < end && *at == ' ';
	if (at == end)
		return -1;
	return *at == *p ? (int)(at + 1 - p) : 0;
}

int reference_read(const unsigned char *p, const unsigned char *end, unsigned char *to, size_t *len)
{
	if (*p == '%')
		return read_percent(p, end, to, len);
	if (*p == '&')
		return read_reference(p, end, to, len);
	if (*p == '"' || *p == '\'')
		return read_join(p, end, len);
	return *p == '\\' ? read_backslash(p, end, to, len) : 0;
}

int reference_read_quoted(
	const unsigned char *p, const unsigned char *end, unsigned char *to, size_t *len)
{
	uint32_t c = 0;

	*len = 0;
	if (*p != '=')
		return 0;
	if (end - p < 3)
		return -1;
	if (p[1] == '\r' || p[1] == '\n')
		return p[1] == '\r' && p[2] == '\n' ? 3 : 2;
	/* Lower case is not allowed there, and much else. */
	if (p[1] >= 'a' || p[2] >= 'a')
		return 0;
	return put_byte(fixed(p, end, 1, 2, 16, &c), &c, to, len);
}
