#include "scan/inline_span.h"

#include <string.h>

#include "base/secret.h"

void span_begin(struct inline_span *s, uint64_t at)
{
	s->open = true;
	s->to = at;
	s->n_pieces = s->len = 0;
}

int span_write(struct inline_span *s, const struct inline_out *out)
{
	int r = 0;

	if (s->len > 0)
		r = out->write(out->arg, s->coding, s->pieces, s->n_pieces, s->bytes, s->len);
	s->n_pieces = s->len = 0;
	return r;
}

void span_drop(struct inline_span *s)
{
	secret_wipe(s->bytes, sizeof(s->bytes));
	s->open = false;
	s->n_pieces = s->len = 0;
}

int span_end(struct inline_span *s, const struct inline_out *out)
{
	int r = s->open ? span_write(s, out) : 0;

	if (s->open)
		span_drop(s);
	return r;
}

/* The piece to which n bytes of the text are added, which say len. */
static int piece_for(struct inline_span *s, bool even, size_t n, size_t len,
	struct inline_piece **ret, const struct inline_out *out)
{
	struct inline_piece *p = s->n_pieces > 0 ? &s->pieces[s->n_pieces - 1] : NULL;
	int r = 0;

	if (s->len + len > SPAN_BYTES) {
		r = span_write(s, out);
		p = NULL;
	}
	/* What stands between two escapes that are close is not worth a piece. */
	if (p && (p->even == even ? even || p->to - p->from + n <= SPAN_GRAIN
				  : !p->even && n < SPAN_GRAIN / 3 &&
					    p->to - p->from + n <= SPAN_GRAIN)) {
		*ret = p;
		return r;
	}
	if (s->n_pieces == SPAN_PIECES)
		r = r < 0 ? r : span_write(s, out);
	*ret = &s->pieces[s->n_pieces++];
	**ret = (struct inline_piece){.from = s->to, .to = s->to, .even = even};
	return r;
}

static int add(struct inline_span *s, bool even, size_t n, const unsigned char *p, size_t len,
	const struct inline_out *out)
{
	struct inline_piece *piece;
	int r = piece_for(s, even, n, len, &piece, out);

	memcpy(s->bytes + s->len, p, len);
	s->len += len;
	s->to += n;
	piece->to = s->to;
	piece->len += len;
	return r;
}

int span_same(struct inline_span *s, const unsigned char *p, size_t n, const struct inline_out *out)
{
	int r = 0;

	while (r == 0 && n > 0) {
		size_t room = SPAN_BYTES - s->len, some;

		if (room == 0)
			room = SPAN_BYTES;
		some = n < room ? n : room;
		r = add(s, true, some, p, some, out);
		p += some;
		n -= some;
	}
	return r;
}

int span_other(struct inline_span *s, size_t n, const unsigned char *p, size_t len,
	const struct inline_out *out)
{
	return add(s, false, n, p, len, out);
}

int span_reach(struct inline_span *s, const struct inline_window *w, size_t to)
{
	uint64_t place = w->base + to, until = s->until < place ? s->until : place;
	int r = 0;

	if (!s->open)
		return 0;
	if (until > s->to)
		r = span_same(s, w->p + window_at(w, s->to), (size_t)(until - s->to), w->out);
	return r == 0 && s->until <= place ? span_end(s, w->out) : r;
}
