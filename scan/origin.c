#include "scan/origin.h"

void origin_reset(struct origin *o)
{
	o->n = 0;
}

void origin_add(struct origin *o, uint64_t at, const struct inline_piece *pieces, size_t n_pieces)
{
	for (size_t i = 0; i < n_pieces; i++) {
		o->pieces[o->n++ % ORIGIN_BACK] = (struct origin_piece){at, pieces[i]};
		at += pieces[i].len;
	}
}

/* Where [start, end) of the text, cut to this piece, stands in the parent. */
static void place(
	const struct origin_piece *p, uint64_t start, uint64_t end, uint64_t *from, uint64_t *to)
{
	uint64_t width = p->piece.to - p->piece.from, len = p->piece.len;

	*from = p->piece.from;
	*to = p->piece.to;
	if (!p->piece.even)
		return;
	if (start > p->at)
		*from = p->piece.from + (start - p->at) * width / len;
	if (end < p->at + len)
		*to = p->piece.from + ((end - p->at) * width + len - 1) / len;
}

bool origin_of(const struct origin *o, uint64_t *start, uint64_t *end)
{
	uint64_t from = UINT64_MAX, to = 0, first = UINT64_MAX;

	for (size_t i = 0; i < o->n && i < ORIGIN_BACK; i++) {
		const struct origin_piece *p = &o->pieces[i];
		uint64_t a, b;

		if (p->at < first)
			first = p->at;
		if (p->at + p->piece.len <= *start || p->at >= *end)
			continue;
		place(p, *start, *end, &a, &b);
		from = a < from ? a : from;
		to = b > to ? b : to;
	}
	if (first > *start || from >= to)
		return false;
	*start = from;
	*end = to;
	return true;
}
