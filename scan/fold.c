#include "scan/fold.h"

#include <stdint.h>
#include <string.h>

#include "base/ptr.h"
#include "scan/fold_table.h"

/* Sequences as in RFC 3629; its length and code point, 0: not complete, -1: not UTF-8. */
static int decode(const unsigned char *p, const unsigned char *end, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	int len = *p < 0xC2 ? -1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : *p < 0xF5 ? 4 : -1;
	uint32_t c;

	if (len < 0)
		return -1;
	c = *p & (0x7FU >> len);
	for (int i = 1; i < len; i++) {
		if (p + i == end)
			return 0;
		if ((p[i] & 0xC0) != 0x80)
			return -1;
		c = c << 6 | (p[i] & 0x3F);
	}
	if (c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		return -1;
	*ret = c;
	return len;
}

/* The last row of a sorted table whose first member is not above c; NULL: none. */
static const void *find(const void *table, size_t n, size_t size, uint32_t c)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (*(const uint32_t *)((const char *)table + middle * size) <= c)
			low = middle + 1;
		else
			n = middle;
	}
	return low > 0 ? (const char *)table + (low - 1) * size : NULL;
}

/* Unicode's default ignorable characters that are no marks, and Braille's blank. */
static bool is_invisible(uint32_t c)
{
	static const struct fold_range invisible[] = {
		{0xAD, 0xAD},
		{0x61C, 0x61C},
		{0x115F, 0x1160},
		{0x180B, 0x180F},
		{0x200B, 0x200F},
		{0x202A, 0x202E},
		{0x2060, 0x206F},
		{0x2800, 0x2800},
		{0x3164, 0x3164},
		{0xFEFF, 0xFEFF},
		{0xFFA0, 0xFFA0},
		{0xFFF0, 0xFFFB},
		{0x1BCA0, 0x1BCA3},
		{0x1D173, 0x1D17A},
		{0xE0000, 0xE0FFF},
	};
	const struct fold_range *r = find(invisible, ARRAY_LEN(invisible), sizeof(*r), c);

	return r && c <= r->last;
}

/* Variation selectors 1 to 256, which text renderers ignore, carry bytes; tags carry ASCII. */
static bool is_hidden(uint32_t c, unsigned char *ret)
{
	if (c >= 0xFE00 && c <= 0xFE0F)
		*ret = (unsigned char)(c - 0xFE00);
	else if (c >= 0xE0100 && c <= 0xE01EF)
		*ret = (unsigned char)(c - 0xE0100 + 16);
	else if (c >= 0xE0020 && c <= 0xE007E)
		*ret = (unsigned char)(c - 0xE0000);
	else
		return false;
	return true;
}

static bool is_space(uint32_t c)
{
	return c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
	       c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Han, Hangul's syllables, private use, emoji: most of what there is, and none of it mapped. */
static bool is_plain(uint32_t c)
{
	return (c >= 0x3400 && c < 0xA000) || (c >= 0xAC00 && c < 0xFB00) ||
	       (c >= 0x1F200 && c < 0x1FBF0) || (c >= 0x20000 && c < 0xE0000);
}

static bool is_mark(uint32_t c)
{
	const struct fold_range *r = find(fold_marks, fold_n_marks, sizeof(*r), c);

	return r && c <= r->last;
}

static void set(struct folded *ret, enum fold_kind kind, const char *text, size_t len)
{
	ret->kind = kind;
	ret->text = (const unsigned char *)text;
	ret->len = (unsigned char)len;
}

/* Latin letters up to U+024F and the additional ones are accented; Greek, Cyrillic … only look
 * alike; compatible characters are the rest. */
static enum fold_kind kind_of(uint32_t c)
{
	if (c < 0x250 || (c >= 0x1E00 && c < 0x1F00))
		return FOLD_ACCENT;
	if (c < 0x1D00 || (c >= 0x1F00 && c < 0x2000) || (c >= 0x2C80 && c < 0x2D00) ||
		(c >= 0xA4D0 && c < 0xA500))
		return FOLD_ALIEN;
	return FOLD_COMPAT;
}

static void map(uint32_t c, struct folded *ret)
{
	const struct fold_segment *s;
	const struct fold_long *l;
	const char *to = NULL;

	if (c < FOLD_LOW_END) {
		to = &fold_low[c - FOLD_LOW_FIRST];
	} else if (!is_plain(c)) {
		s = find(fold_segments, fold_n_segments, sizeof(*s), c);
		if (s && c - s->first < s->len)
			to = &s->text[c - s->first];
	}
	if (to && *to != ' ') {
		set(ret, kind_of(c), to, 1);
		return;
	}
	/* None of these stands for several. */
	if (c >= 0x370 && c < FOLD_LOW_END)
		return;
	l = is_plain(c) ? NULL : find(fold_longs, fold_n_longs, sizeof(*l), c);
	if (l && l->c == c)
		set(ret, FOLD_COMPAT, l->text, strlen(l->text));
}

size_t fold_next(const unsigned char *p, const unsigned char *end, struct folded *ret)
{
	uint32_t c = 0;
	int len;

	set(ret, *p < 0x80 ? FOLD_ASCII : FOLD_SAME, (const char *)p, 1);
	if (*p < 0x80)
		return 1;
	len = decode(p, end, &c);
	if (len <= 0)
		return len < 0 ? 1 : 0;
	ret->len = (unsigned char)len;
	/* What most texts that are not ASCII are made of. */
	if (is_plain(c) || (c >= 0xC0 && c < 0x300) || (c >= 0x370 && c < 0x483)) {
		if (!is_plain(c))
			map(c, ret);
		return (size_t)len;
	}
	if (is_hidden(c, &ret->hidden))
		set(ret, FOLD_HIDDEN, "", 0);
	else if (c >= 0x300 && !is_plain(c) && is_mark(c))
		set(ret, FOLD_MARK, "", 0);
	else if (is_invisible(c))
		set(ret, FOLD_DROP, "", 0);
	else if (is_space(c))
		set(ret, FOLD_SPACE, " ", 1);
	else
		map(c, ret);
	return (size_t)len;
}
