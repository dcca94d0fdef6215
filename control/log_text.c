#include <string.h>

#include "control/log_show.h"

/* ---- safe text */

/* The character at p[0..left) in UTF-8, *ret_len bytes long; -1: none begins there. */
static long character_at(const unsigned char *p, size_t left, size_t *ret_len)
{
	static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *p < 0x80   ? 1
		   : *p < 0xc2 ? 0
		   : *p < 0xe0 ? 2
		   : *p < 0xf0 ? 3
		   : *p < 0xf5 ? 4
			       : 0;
	long c = n > 1 ? *p & (0xff >> (n + 1)) : *p;

	*ret_len = 1;
	if (n == 0 || n > left)
		return -1;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return -1;
	*ret_len = n;
	return c;
}

/* Unicode's controls, and what turns, hides or joins text. */
static bool is_unsafe(long c)
{
	static const struct {
		long from, to;
	} ranges[] = {{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c}, {0x180e, 0x180e},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfe00, 0xfe0f},
		{0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

void log_put_safe(FILE *to, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	while (len > 0) {
		size_t n;
		long c = character_at(p, len, &n);

		if (c < 0)
			fprintf(to, "\\x%02x", *p);
		else if (c == '\t')
			putc(' ', to);
		else if (is_unsafe(c))
			fprintf(to, "\\u{%lx}", c);
		else
			fwrite(p, 1, n, to);
		p += n;
		len -= n;
	}
}

/* ---- time */

static bool is_time(const char *p, size_t left)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";

	if (left < sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? p[i] < '0' || p[i] > '9' : p[i] != form[i])
			return false;
	return true;
}

bool log_time(const struct log_line *l, char ret[20])
{
	/* Both forms have it near the front. */
	size_t most = l->len < 80 ? l->len : 80;

	for (size_t i = 0; i + 19 <= most; i++) {
		if (!is_time(l->text + i, l->len - i))
			continue;
		memcpy(ret, l->text + i, 19);
		ret[19] = '\0';
		return true;
	}
	return false;
}
