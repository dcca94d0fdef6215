#include "gate/sanitize.h"

#include "base/str.h"

#define LINE_MAX_BYTES 400

/* Length of the valid UTF-8 sequence at p, 0 when there is none (Unicode, table 3-7). */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t n = p[0] >= 0xc2 && p[0] <= 0xdf	  ? 2
		   : p[0] >= 0xe0 && p[0] <= 0xef ? 3
		   : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
						  : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	/* U+0080 to U+009F: a terminal takes them for ESC and a letter. */
	if (p[0] == 0xc2 && p[1] < 0xa0)
		return 0;
	/* U+202A to U+202E, U+2066 to U+2069: they show what follows in another order. */
	if (p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
				    (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
		return 0;
	return n;
}

char *sanitize_text(const char *text, size_t len, size_t max)
{
	const unsigned char *p = (const unsigned char *)text;
	struct str out = {0};
	size_t n;

	for (size_t i = 0; i < len && out.len < max; i += n) {
		n = p[i] >= 0x80 ? utf8_len(p + i, len - i) : 1;
		if (n == 0 || (n == 1 && (p[i] < 0x20 || p[i] == 0x7f))) {
			str_add_char(&out, p[i] == '\t' ? ' ' : '?');
			n = 1;
		} else {
			str_add_bytes(&out, p + i, n);
		}
	}
	return str_take(&out);
}

char *sanitize_line(const char *text, size_t len)
{
	return sanitize_text(text, len, LINE_MAX_BYTES);
}
