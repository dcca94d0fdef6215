#include "scan/origin.h"

void origin_reset(struct origin *o)
{
	o->n = 0;
}

void origin_add(struct origin *o, const struct origin_piece *piece)
{
	struct origin_piece *last = o->n > 0 ? &o->pieces[(o->n - 1) % ORIGIN_BACK] : NULL;

	/* Pieces of one span that follow each other closely are one, as long as it stays small. */
	if (last && last->end == piece->at && last->to == piece->from &&
		piece->to - last->from <= 64) {
		last->end = piece->end;
		last->to = piece->to;
		return;
	}
	o->pieces[o->n++ % ORIGIN_BACK] = *piece;
}

bool origin_of(const struct origin *o, uint64_t *start, uint64_t *end)
{
	uint64_t from = UINT64_MAX, to = 0, first = UINT64_MAX;

	for (size_t i = 0; i < o->n && i < ORIGIN_BACK; i++) {
		const struct origin_piece *p = &o->pieces[i];

		if (p->at < first)
			first = p->at;
		if (p->end <= *start || p->at >= *end)
			continue;
		from = p->from < from ? p->from : from;
		to = p->to > to ? p->to : to;
	}
	if (first > *start || from >= to)
		return false;
	*start = from;
	*end = to;
	return true;
}
