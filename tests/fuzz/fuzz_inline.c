/*
 * The reader of codings within a text: what is written must not depend on how the text is cut, nor
 * on the processor. The first two bytes are the size of a piece; the text is also repeated, to be
 * longer than a window.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "scan/inline.h"
#include "scan/inline_masks.h"

/* All that was written, as a sum for each coding; spans' beginnings count, too. */
struct sum {
	uint64_t text[INLINE_CODINGS], binary[INLINE_CODINGS];
	uint64_t last[INLINE_CODINGS], last_binary[INLINE_CODINGS];
	uint64_t fed;
};

static void add(uint64_t *sum, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*sum = *sum * 1099511628211ULL + p[i] + 1;
}

static int on_write(void *arg, enum inline_coding c, const struct inline_piece *pieces,
	size_t n_pieces, const unsigned char *p, size_t len)
{
	struct sum *s = arg;
	size_t bytes = 0;

	if (n_pieces == 0 || len == 0)
		abort();
	for (size_t i = 0; i < n_pieces; i++) {
		if (pieces[i].from > pieces[i].to || pieces[i].to > s->fed ||
			(i > 0 && pieces[i].from != pieces[i - 1].to))
			abort();
		bytes += pieces[i].len;
	}
	if (bytes != len)
		abort();
	if (s->last[c] != pieces[0].from)
		s->text[c] = s->text[c] * 31 + pieces[0].from;
	s->last[c] = pieces[n_pieces - 1].to;
	add(&s->text[c], p, len);
	return 0;
}

static int on_binary(void *arg, enum inline_coding c, uint64_t from, uint64_t to,
	const unsigned char *p, size_t len)
{
	struct sum *s = arg;

	if (from >= to || to > s->fed || len == 0)
		abort();
	if (s->last_binary[c] != from)
		s->binary[c] = s->binary[c] * 31 + from;
	s->last_binary[c] = to;
	add(&s->binary[c], p, len);
	return 0;
}

static struct sum read_in(const uint8_t *text, size_t size, size_t rounds, size_t piece)
{
	struct inline_reader *r = inline_open((1U << INLINE_CODINGS) - 1);
	struct sum s = {0};
	const struct inline_out out = {on_write, on_binary, &s};

	if (!r)
		abort();
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < size; i += piece) {
			size_t some = piece < size - i ? piece : size - i;

			s.fed += some;
			if (inline_feed(r, text + i, some, &out) < 0)
				abort();
		}
	if (inline_finish(r, &out) < 0)
		abort();
	inline_close(r);
	s.fed = 0;
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole, cut;
	size_t piece, rounds;

	if (size < 4)
		return 0;
	piece = (size_t)(data[0] << 8 | data[1]) + 1;
	rounds = data[2] % 2 ? 20000 / size + 1 : 1;
	whole = read_in(data + 3, size - 3, rounds, size);
	cut = read_in(data + 3, size - 3, rounds, piece);
	if (memcmp(&whole, &cut, sizeof(whole)) != 0)
		abort();
	inline_masks_portable(true);
	cut = read_in(data + 3, size - 3, rounds, piece);
	inline_masks_portable(false);
	if (memcmp(&whole, &cut, sizeof(whole)) != 0)
		abort();
	return 0;
}
