#include "scan/inline_list.h"

#include <string.h>

#include "base/secret.h"

#define NUMBERS_LEAST 24 /* characters of a list of decimal numbers */
#define LINE_MAX      128

void list_reset(struct list_reader *r, bool decimal)
{
	r->decimal = decimal;
	secret_wipe(r->bytes, r->n);
	r->n = 0;
	r->next = 0;
	r->open = false;
}

static int value_of(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* ---- elements */

/* What is gathered goes to text_take; more: the list goes on. */
static int take(struct list_reader *r, bool more, const struct inline_out *out)
{
	struct text_bytes b = {.p = r->bytes,
		.n = r->n,
		.at = r->at,
		.start = !r->taken,
		.final = !more,
		.least = TEXT_LEAST};
	int ret = 0;

	if (r->n >= LIST_LEAST || r->taken) {
		memset(r->bytes + r->n, 1, 64);
		ret = text_take(&r->lane, &b, out);
		r->taken = true;
	}
	secret_wipe(r->bytes, r->n);
	r->n = 0;
	return ret;
}

/* The element at i: the byte behind it, 0: none; *value. */
static size_t element(
	const struct list_reader *r, const struct inline_window *w, size_t i, int *value)
{
	size_t digits = 0, before = r->before[0] ? 2 : 0;

	*value = 0;
	if (before && (w->end - i < 2 || memcmp(w->p + i, r->before, 2) != 0))
		return 0;
	for (i += before; i < w->end && digits < 4; i++, digits++) {
		int v = value_of(w->p[i]);

		if (v < 0 || (r->decimal && v > 9))
			break;
		*value = *value * (r->decimal ? 10 : 16) + v;
	}
	if (r->decimal)
		return digits > 0 && digits < 4 && *value < 256 ? i : 0;
	/* Four digits are two bytes; xxd writes them so. */
	if (digits == 4 && r->between[0] == ' ' && !r->before[0]) {
		*value = value_of(w->p[i - 4]) * 16 + value_of(w->p[i - 3]);
		return i - 2;
	}
	return digits == 2 ? i : 0;
}

/* From the end of a dump's line to the first element of the next one; 0: there is none. */
static size_t next_line(const struct inline_window *w, size_t i)
{
	size_t limit = w->end - i < LINE_MAX ? w->end : i + LINE_MAX, from, digits;

	/* The column of text is set apart by two blanks. */
	if (i + 2 < limit && w->p[i] == ' ' && w->p[i + 1] == ' ')
		while (i < limit && w->p[i] != '\n')
			i++;
	while (i < limit && (w->p[i] == '\r' || w->p[i] == ' '))
		i++;
	if (i >= limit || w->p[i] != '\n')
		return 0;
	for (i++; i < limit && (w->p[i] == ' ' || w->p[i] == '\t');)
		i++;
	for (from = i; i < limit && value_of(w->p[i]) >= 0;)
		i++;
	digits = i - from;
	if (digits < 6 || digits > 16)
		return from;
	while (i < limit && (w->p[i] == ' ' || w->p[i] == ':'))
		i++;
	return i;
}

/* From the end of one element to the next one; 0: there is none. */
static size_t next_element(const struct list_reader *r, const struct inline_window *w, size_t i)
{
	size_t len = r->between[1] ? 2 : 1;
	bool dump = r->between[0] == ' ' && !r->decimal;

	if (dump && value_of(w->p[i]) >= 0)
		return i;
	if (w->end - i > len && w->p[i] == (unsigned char)r->between[0] &&
		(len == 1 || w->p[i + 1] == (unsigned char)r->between[1])) {
		/* hexdump -C has two blanks in the middle. */
		if (!dump || w->p[i + 1] != ' ')
			return i + len;
		if (w->end - i > 2 && value_of(w->p[i + 2]) >= 0 &&
			(w->end - i < 6 || w->p[i + 4] == ' '))
			return i + 2;
	}
	if (!dump && w->p[i] == (unsigned char)r->between[0]) {
		/* A line ends behind a separator. */
		size_t to = i + 1;

		while (to < w->end && w->p[to] && strchr(" \t\r\n", w->p[to]))
			to++;
		return to;
	}
	return next_line(w, i);
}

/* The list goes on at *i. Moves it behind what was read; r->open: it may go on there. */
static int read_list(struct list_reader *r, const struct inline_window *w, size_t *i)
{
	size_t end, next;
	int value, ret = 0;

	while (ret == 0) {
		if (w->end - *i < LINE_MAX && !w->last)
			return 0;
		end = element(r, w, *i, &value);
		if (end == 0)
			break;
		if (r->n == LIST_PART)
			ret = take(r, true, w->out);
		r->bytes[r->n] = (unsigned char)value;
		r->at[2 * r->n] = w->base + *i;
		r->at[2 * r->n + 1] = w->base + end - 1;
		r->n++;
		*i = end;
		if (end == w->end)
			break;
		next = next_element(r, w, end);
		if (next == 0 || next >= w->end)
			break;
		*i = next;
	}
	r->open = false;
	return ret == 0 ? take(r, false, w->out) : ret;
}

/* ---- beginnings */

/* A list of elements like the one with these digits, whose separator is what follows them; false:
 * none. Moves *at to where the element begins. */
static bool begin(struct list_reader *r, const struct inline_window *w, size_t *at)
{
	size_t i = *at, end = i, len = 0;

	r->before[0] = '\0';
	if (!r->decimal && i >= 2 && (w->p[i - 1] | 0x20) == 'x' && w->p[i - 2] == '0') {
		memcpy(r->before, w->p + i - 2, 2);
		r->before[2] = '\0';
		*at -= 2;
	}
	while (end < w->end && value_of(w->p[end]) >= 0 && end - i < 5)
		end++;
	while (end + len < w->end && len < 2 && w->p[end + len] &&
		strchr(" :-,._", w->p[end + len])) {
		r->between[len] = (char)w->p[end + len];
		len++;
	}
	r->between[len] = '\0';
	r->lane = (struct text_lane){.coding = INLINE_HEX, .chars = 2, .bytes = 1, .open = false};
	r->n = 0;
	r->taken = false;
	r->open = len > 0 && (len == 1 || r->between[1] == ' ');
	return r->open;
}

/* What stands `by` places behind each one of two words; of the words behind them. */
static inline __attribute__((always_inline)) bits_two ahead(
	bits_two low, bits_two high, const unsigned int by)
{
	return low >> by | high << (64 - by);
}

/* Where in two words groups of digits begin that no other digit stands beside. */
struct series {
	bits_two pairs, fours;
};

static inline struct series groups_of(const uint64_t *hex, bool is_first)
{
	bits_two low = bits_load(hex), high = bits_load(hex + 1);
	bits_two before = is_first ? (bits_two){0, hex[0]} : bits_load(hex - 1);
	bits_two begins = low & ~(low << 1 | before >> 63) & ahead(low, high, 1);
	bits_two third = ahead(low, high, 2), fourth = ahead(low, high, 3);

	return (struct series){
		.pairs = begins & ~third,
		.fours = begins & third & fourth & ~ahead(low, high, 4),
	};
}

/* Of two at the same distance, the first one; four: of four. */
static inline __attribute__((always_inline)) bits_two at_distance(
	bits_two of, bits_two next, unsigned int by, bool four)
{
	bits_two high = {of[1], next[0]}, ret = of & ahead(of, high, by);

	return four ? ret & ahead(of, high, 2 * by) & ahead(of, high, 3 * by) : ret;
}

static inline __attribute__((always_inline)) bits_two series_of(
	struct series of, struct series next, bool four)
{
	bits_two ret = at_distance(of.fours, next.fours, 5, four);

#pragma GCC unroll 4
	for (unsigned int by = 3; by <= 6; by++)
		ret |= at_distance(of.pairs, next.pairs, by, four);
	return ret;
}

/* The next place from which pairs (or fours) stand at the same distance. Words are looked at by
 * twos, the first of them even: what stands behind the text is never read together with it. */
static size_t next_series(const uint64_t *hex, size_t from, size_t end)
{
	size_t w = from / 64 & ~(size_t)1, skip = from - w * 64;
	bits_two keep = {skip < 64 ? ~0ULL << skip : 0, skip < 64 ? ~0ULL : ~0ULL << (skip - 64)};
	struct series next = groups_of(hex + w, w == 0);

	for (; w * 64 < end; w += 2, keep = (bits_two){~0ULL, ~0ULL}) {
		struct series now = next;
		bits_two found;

		next = groups_of(hex + w + 2, false);
		found = series_of(now, next, false) & keep;
		/* There are hardly ever so many. */
		if (!(found[0] | found[1]))
			continue;
		found = series_of(now, next, true) & keep;
		if (found[0] | found[1]) {
			size_t at = found[0] ? w * 64 + (size_t)__builtin_ctzll(found[0])
					     : w * 64 + 64 + (size_t)__builtin_ctzll(found[1]);

			return at < end ? at : end;
		}
	}
	return end;
}

/* The next place from i on at which a list may begin; the window's end: none. */
static size_t find(const struct list_reader *r, const struct inline_window *w, size_t i)
{
	if (!r->decimal)
		return next_series(w->masks[CLASS_HEX], i, w->end);
	/* Most of what is so long are blanks, behind which no number stands. */
	while ((i = bits_run(w->masks[CLASS_NUMBERS], i, w->end, NUMBERS_LEAST)) < w->end) {
		while (i < w->end && (w->p[i] == ' ' || w->p[i] == ','))
			i++;
		if (i < w->end && w->p[i] >= '0' && w->p[i] <= '9')
			break;
	}
	return i;
}

int list_scan(struct list_reader *r, const struct inline_window *w)
{
	size_t i = window_at(w, r->next), stop, at, from;
	int ret = 0;

	/* What begins near the end is looked at again. */
	stop = w->last ? w->end : w->end < LINE_MAX ? 0 : w->end - LINE_MAX;
	while (ret == 0) {
		if (!r->open) {
			at = find(r, w, i);
			if (at >= stop) {
				i = stop > i ? stop : i;
				break;
			}
			i = at + 1;
			if (!begin(r, w, &at))
				continue;
			r->next = w->base + at;
		}
		from = window_at(w, r->next);
		at = i;
		i = from;
		ret = read_list(r, w, &i);
		r->next = w->base + i;
		if (r->open)
			return ret;
		i = i > at ? i : at;
	}
	r->next = w->base + i;
	return ret;
}
