#include <errno.h>
#include <string.h>

#include "scan/toml_reader.h"

/* Bytes of the UTF-8 character at p (RFC 3629), 0 if it is none. A NUL stands behind the text. */
static unsigned int utf8_len(const unsigned char *p)
{
	unsigned int n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (p[0] > 0xf4)
		return 0;
	for (unsigned int i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Too long, surrogates, beyond U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

int toml_check_text(struct toml_reader *r)
{
	const unsigned char *p = (const unsigned char *)r->p;
	const unsigned char *end = (const unsigned char *)r->end;

	while (p < end) {
		unsigned int n = 1;

		/* Nearly all of it; the NUL behind the text is none of these. */
		while ((unsigned char)(*p - 0x20) < 0x7f - 0x20)
			p++;
		if (p == end)
			break;
		if (*p == '\n')
			r->line++;
		else if (*p == '\r' && p[1] != '\n')
			return toml_wrong(r, "a carriage return without a line feed behind it");
		else if ((*p < 0x20 && *p != '\t' && *p != '\r') || *p == 0x7f)
			return toml_wrong(r,
				"the control character 0x%02x; in a string write \\u%04X", *p, *p);
		else if (*p >= 0x80)
			n = utf8_len(p);
		if (n == 0)
			return toml_wrong(
				r, "byte 0x%02x is not UTF-8, which the file must be", *p);
		p += n;
	}
	r->line = 1;
	return 0;
}

bool toml_newline(struct toml_reader *r)
{
	if (*r->p == '\r')
		r->p++;
	else if (*r->p != '\n')
		return false;
	r->p++;
	r->line++;
	return true;
}

/* Writes a code point as UTF-8. The number of bytes. */
static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* \uXXXX or \UXXXXXXXX; the reader stands behind the letter. The bytes written, or -EINVAL. */
static int read_code_point(struct toml_reader *r, unsigned int digits, char *to)
{
	uint32_t c = 0;

	for (unsigned int i = 0; i < digits; i++, r->p++) {
		char x = *r->p;

		if (x >= '0' && x <= '9')
			c = c << 4 | (uint32_t)(x - '0');
		else if ((x >= 'a' && x <= 'f') || (x >= 'A' && x <= 'F'))
			c = c << 4 | (uint32_t)((x | 0x20) - 'a' + 10);
		else
			return toml_wrong(r,
				"an escape of %u hexadecimal digits is cut short: "
				"\\u has 4, \\U has 8",
				digits);
	}
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return toml_wrong(r, "U+%04X is no Unicode character", (unsigned int)c);
	return (int)put_utf8(to, c);
}

/* The reader stands behind a backslash. The bytes written to `to`, or -EINVAL. */
static int read_escape(struct toml_reader *r, char *to)
{
	static const char from[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
	char c = *r->p;
	const char *at = c ? strchr(from, c) : NULL;

	if (at) {
		r->p++;
		*to = meant[at - from];
		return 1;
	}
	if (c == 'u' || c == 'U') {
		r->p++;
		return read_code_point(r, c == 'u' ? 4 : 8, to);
	}
	return toml_wrong(r,
		"\\%c is no escape: there are \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX "
		"\\UXXXXXXXX; a pattern stands in '''…'''",
		c >= 0x20 && c < 0x7f ? c : '?');
}

/* A backslash at the end of a line takes all white space with it up to the next other character. */
static bool skip_continued_line(struct toml_reader *r)
{
	char *p = r->p;

	while (*p == ' ' || *p == '\t')
		p++;
	if (*p != '\n' && *p != '\r')
		return false;
	r->p = p;
	while (*r->p == ' ' || *r->p == '\t' || toml_newline(r))
		if (*r->p == ' ' || *r->p == '\t')
			r->p++;
	return true;
}

static size_t count_quotes(const char *p, char quote)
{
	size_t n = 0;

	while (n < 5 && p[n] == quote)
		n++;
	return n;
}

/* Characters that mean nothing, up to the next one that may. */
static void copy_plain(struct toml_reader *r, char quote, char **to)
{
	size_t n = strcspn(r->p, quote == '"' ? "\"\\\n" : "'\n");

	if (*to != r->p)
		memmove(*to, r->p, n);
	*to += n;
	r->p += n;
}

/* What stands between three quotes; up to two more belong to it at its end. */
static int read_multiline(struct toml_reader *r, char quote, const char **ret, size_t *ret_len)
{
	unsigned int begun = r->line;
	char *to = r->p, *start = r->p;
	size_t quotes;
	int n;

	if (toml_newline(r))
		to = start = r->p;
	for (;;) {
		copy_plain(r, quote, &to);
		if (r->p >= r->end) {
			r->line = begun;
			return toml_wrong(r, "the string does not end: %c%c%c is missing", quote,
				quote, quote);
		}
		quotes = count_quotes(r->p, quote);
		if (quotes >= 3) {
			memmove(to, r->p, quotes - 3);
			to += quotes - 3;
			r->p += quotes;
			break;
		}
		if (*r->p == '\\' && quote == '"') {
			r->p++;
			if (skip_continued_line(r))
				continue;
			n = read_escape(r, to);
			if (n < 0)
				return n;
			to += n;
			continue;
		}
		if (*r->p == '\n')
			r->line++;
		*to++ = *r->p++;
	}
	*to = '\0';
	*ret = start;
	*ret_len = (size_t)(to - start);
	return 0;
}

static int read_line(struct toml_reader *r, char quote, const char **ret, size_t *ret_len)
{
	char *to = r->p, *start = r->p;
	int n;

	for (;;) {
		copy_plain(r, quote, &to);
		if (*r->p == quote)
			break;
		if (*r->p != '\\' || quote != '"')
			return toml_wrong(
				r, "the string does not end on its line: %c is missing", quote);
		r->p++;
		n = read_escape(r, to);
		if (n < 0)
			return n;
		to += n;
	}
	r->p++;
	*to = '\0';
	*ret = start;
	*ret_len = (size_t)(to - start);
	return 0;
}

int toml_read_string(struct toml_reader *r, bool multiline_ok, const char **ret, size_t *ret_len)
{
	char quote = *r->p;

	if (count_quotes(r->p, quote) < 3) {
		r->p++;
		return read_line(r, quote, ret, ret_len);
	}
	if (!multiline_ok)
		return toml_wrong(r, "a key cannot be a string of several lines");
	r->p += 3;
	return read_multiline(r, quote, ret, ret_len);
}
