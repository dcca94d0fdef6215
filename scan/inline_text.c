#include "scan/inline_text.h"

#include <string.h>

#include "base/secret.h"
#include "scan/inline_magic.h"
#include "scan/inline_masks.h"

#define WORDS	 (TEXT_MAX / 64 + 2)
#define PIECES	 32
#define NULS_MAX 3 /* in a row: UTF-32 */

/* ---- writing */

/* The character that begins byte i; the one behind which byte i - 1 ends. */
static size_t char_of(const struct text_lane *l, const struct text_bytes *b, size_t i)
{
	return b->first + i * l->chars / l->bytes;
}

static size_t char_end(const struct text_lane *l, const struct text_bytes *b, size_t i)
{
	return b->first + (i * l->chars + l->bytes - 1) / l->bytes;
}

/* Bytes from i on, before end, whose characters stand in the text without a gap. */
static size_t unbroken(const struct text_lane *l, const struct text_bytes *b, size_t i, size_t end)
{
	size_t c = char_of(l, b, i), c_end = char_end(l, b, end);

	if (b->at[c_end - 1] - b->at[c] == c_end - 1 - c)
		return end;
	while (i + 1 < end) {
		size_t next = char_end(l, b, i + 1);

		if (b->at[next - 1] - b->at[c] != next - 1 - c)
			break;
		i++;
	}
	return i + 1;
}

static int write_stretch(struct text_lane *l, const struct text_bytes *b, size_t from, size_t end,
	const struct inline_out *out)
{
	unsigned char text[TEXT_MAX] __attribute__((uninitialized));
	struct inline_piece pieces[PIECES] __attribute__((uninitialized));
	size_t n = 0, len = 0;
	int r = 0;

	while (r == 0 && from < end) {
		size_t to = unbroken(l, b, from, end), before = len;
		struct inline_piece *piece = &pieces[n];

		piece->even = true;
		piece->from = l->open ? l->last_to : b->at[char_of(l, b, from)];
		piece->to = l->last_to = b->at[char_end(l, b, to) - 1] + 1;
		for (; from < to; from++)
			if (b->p[from] != '\0')
				text[len++] = b->p[from];
		piece->len = len - before;
		l->open = true;
		if (++n < PIECES && from < end)
			continue;
		r = out->write(out->arg, l->coding, pieces, n, text, len);
		secret_wipe(text, len);
		n = len = 0;
	}
	return r;
}

static int write_binary(
	struct text_lane *l, const struct text_bytes *b, size_t from, const struct inline_out *out)
{
	uint64_t place, to;

	if (from >= b->n)
		return 0;
	place = l->binary ? l->last_to : b->at[char_of(l, b, from)];
	to = b->at[char_end(l, b, b->n) - 1] + 1;
	l->binary = true;
	l->last_to = to;
	return out->binary(out->arg, l->coding, place, to, b->p + from, b->n - from);
}

/* ---- finding */

/* Which bytes can be part of a text: ASCII, NUL, and UTF-8 whose neighbours are as they must be. */
struct readable {
	uint64_t any[WORDS], count[WORDS]; /* … and what counts as a character */
};

static void read_bytes(const struct text_lane *l, const struct text_bytes *b, struct readable *ret)
{
	uint64_t masks[TEXTS][WORDS] __attribute__((uninitialized));
	uint64_t *cont = masks[TEXT_CONT], *lead = masks[TEXT_LEAD];
	size_t words = (b->n + 63) / 64, last = (b->n - 1) / 64;
	uint64_t high = l->open; /* a sequence may have begun before */

	inline_classify_text(b->p, words, masks[0], WORDS);
	cont[words] = 0;
	for (size_t w = 0; w < words; w++) {
		uint64_t multi = lead[w] | cont[w];
		uint64_t next = cont[w] >> 1 | cont[w + 1] << 63;

		/* What follows the last byte is not known yet. */
		if (w == last && !b->final)
			next |= 1ULL << (b->n - 1) % 64;
		ret->any[w] = masks[TEXT_ASCII][w] | masks[TEXT_NUL][w] |
			      (cont[w] & (multi << 1 | high)) | (lead[w] & next);
		ret->count[w] = masks[TEXT_ASCII][w] | lead[w];
		high = multi >> 63;
	}
	for (size_t w = words; w < words + 2; w++)
		ret->any[w] = ret->count[w] = 0;
}

/* The first byte behind `from` at which more NULs stand in a row than a text has. */
static size_t before_nuls(const unsigned char *p, size_t from, size_t end)
{
	size_t nuls = 0;

	for (size_t i = from; i < end; i++) {
		nuls = p[i] == '\0' ? nuls + 1 : 0;
		if (nuls > NULS_MAX)
			return i - NULS_MAX;
	}
	return end;
}

/* The stretch [from, end), or its parts between NULs. */
static int take_stretch(struct text_lane *l, const struct text_bytes *b, const struct readable *m,
	size_t from, size_t end, const struct inline_out *out)
{
	int r = 0;

	while (r == 0 && from < end) {
		size_t to = before_nuls(b->p, from, end);
		unsigned int least = l->open ? 0 : b->least;

		if (to > from && bits_count(m->count, from, to) >= least)
			r = write_stretch(l, b, from, to, out);
		l->open = l->open && to == b->n;
		l->stretch = to - from;
		for (from = to; from < end && b->p[from] == '\0';)
			from++;
	}
	return r;
}

int text_take(struct text_lane *l, const struct text_bytes *b, const struct inline_out *out)
{
	struct readable m __attribute__((uninitialized));
	size_t from = 0, magic = l->binary ? 0 : magic_find(b->p, b->n, b->start);
	int r = 0;

	if (b->n == 0)
		return 0;
	read_bytes(l, b, &m);
	if (l->open) {
		from = bits_zero(m.any, 0, b->n);
		l->open = from > 0;
		if (from > 0)
			r = take_stretch(l, b, &m, 0, from, out);
	}
	while (r == 0 && (from = bits_run(m.any, from, b->n, TEXT_LEAST)) < b->n) {
		size_t end = bits_zero(m.any, from, b->n);

		r = take_stretch(l, b, &m, from, end, out);
		from = end;
	}
	return r == 0 ? write_binary(l, b, magic, out) : r;
}
